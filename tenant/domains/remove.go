package domains

import (
	"context"

	"tollhouse/tenant"
)

// Remove gives a domain up. One that never held its name is deleted at once; one that does is served no more, and the name goes to nobody else
// for Timing.Quarantine unless its DNS proves another claim. Removing twice changes nothing more; a deleted one may be tenant.ErrNotFound. One that
// the operator has suspended is ErrSuspended.
func (s *Service) Remove(ctx context.Context, t tenant.ID, id string) (View, error) {
	d, err := s.update(ctx, Ref{t, id}, func(d *tenant.Domain) error { return s.rules.giveUp(d, s.cfg.Now()) })
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, d)
}

// TakeAway is Remove on the operator's word, and ends a suspended domain too.
func (s *Service) TakeAway(ctx context.Context, t tenant.ID, id string) (View, error) {
	d, err := s.update(ctx, Ref{t, id}, func(d *tenant.Domain) error { return s.rules.remove(d, s.cfg.Now()) })
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, d)
}

// Suspend takes a domain that holds its name off the air, on the operator's word, and keeps the name. Suspending twice changes nothing more.
// A domain that holds no name is an error.
func (s *Service) Suspend(ctx context.Context, t tenant.ID, id string) (View, error) {
	d, err := s.update(ctx, Ref{t, id}, func(d *tenant.Domain) error { return s.rules.suspend(d, s.cfg.Now()) })
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, d)
}

// Resume puts a suspended domain back to where it was, to be checked at once. One that is not suspended is left as it is.
func (s *Service) Resume(ctx context.Context, t tenant.ID, id string) (View, error) {
	d, err := s.update(ctx, Ref{t, id}, func(d *tenant.Domain) error { return s.rules.resume(d, s.cfg.Now()) })
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, d)
}

// Retry is the operator's "check now": the loop examines the domain at once, with its patience renewed. It is not limited.
func (s *Service) Retry(ctx context.Context, t tenant.ID, id string) (View, error) {
	d, err := s.update(ctx, Ref{t, id}, s.hurry)
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, d)
}

func (s *Service) hurry(d *tenant.Domain) error {
	now, kept := s.cfg.Now(), readReport(d.Report)
	if err := s.rules.rearm(d, now); err != nil {
		return err
	}
	if !s.rules.watched(d.Status) {
		return nil
	}
	kept.Hurried, d.NextCheckAt = true, now
	raw, err := kept.encode()
	d.Report = raw
	return err
}
