package domains

import (
	"context"
	"slices"
	"time"

	"tollhouse/tenant"
)

// Check examines a domain now and returns what came of it. Too often, of one domain on all nodes together, is a *TooSoonError. A domain that
// was given up for waiting too long begins anew. It takes as long as an examination, at most Timing.CheckTime: what cannot be looked at by then stays
// as it is, and the loop looks at it next.
func (s *Service) Check(ctx context.Context, t tenant.ID, id string) (View, error) {
	ref := Ref{t, id}
	d, err := s.update(ctx, ref, s.reserve)
	if err != nil {
		return View{}, err
	}
	if s.rules.watched(d.Status) {
		if d, err = s.lookNow(ctx, d); err != nil {
			return View{}, err
		}
	}
	return s.show(ctx, d)
}

// lookNow is a pass while somebody waits. One that takes too long is left to the loop, which begins with it at once.
func (s *Service) lookNow(ctx context.Context, d tenant.Domain) (tenant.Domain, error) {
	waiting, cancel := context.WithTimeout(ctx, s.cfg.Timing.CheckTime)
	defer cancel()
	after, err := s.pass(waiting, d, true)
	if err == nil || ctx.Err() != nil || waiting.Err() == nil {
		return after, err
	}
	return s.update(ctx, Ref{d.Tenant, d.ID}, s.hurry)
}

// reserve notes under the domain's lock that somebody checks it, so that of many who ask at once, anywhere, one does. The loop leaves it
// alone meanwhile, and takes it up should this process die.
func (s *Service) reserve(d *tenant.Domain) error {
	now, kept := s.cfg.Now(), readReport(d.Report)
	kept.Asked = ofTheLastHour(kept.Asked, now)
	if wait := s.cfg.Limits.wait(kept.Asked, now); wait > 0 {
		return &TooSoonError{After: wait}
	}
	kept.Asked = append(kept.Asked, now)
	if err := s.rules.rearm(d, now); err != nil {
		return err
	}
	if s.rules.watched(d.Status) {
		d.NextCheckAt = now.Add(s.cfg.Timing.Hold)
	}
	raw, err := kept.encode()
	d.Report = raw
	return err
}

func ofTheLastHour(asked []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(asked, func(at time.Time) bool { return now.Sub(at).Abs() >= time.Hour })
}

// canCheckAt is when Check is taken again; zero: now.
func (s *Service) canCheckAt(asked []time.Time) time.Time {
	now := s.cfg.Now()
	if wait := s.cfg.Limits.wait(ofTheLastHour(asked, now), now); wait > 0 {
		return now.Add(wait)
	}
	return time.Time{}
}

// wait is how long the next check that somebody asks for has to wait after those of the last hour. The clock of another node may be ahead.
func (l Limits) wait(asked []time.Time, now time.Time) time.Duration {
	if len(asked) == 0 {
		return 0
	}
	if since := now.Sub(asked[len(asked)-1]).Abs(); since < l.CheckEvery {
		return l.CheckEvery - since
	}
	if len(asked) < l.ChecksPerHour {
		return 0
	}
	return max(asked[0].Add(time.Hour).Sub(now), time.Second)
}
