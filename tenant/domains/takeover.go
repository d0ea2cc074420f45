package domains

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// warnFor is how long a holder is warned after the last time that a claimant was seen proven.
const warnFor = 48 * time.Hour

var errStays = errors.New("the holder keeps the name")

// addHolder learns who stands in a proven claimant's way, and whether the name's CNAME is still that one's.
func (s *Service) addHolder(ctx context.Context, d tenant.Domain, e *evidence) error {
	holder, err := s.cfg.Store.Holder(ctx, d.Host)
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return nil
	case err != nil:
		return err
	case holder.Tenant == d.Tenant:
		return nil // its own, given up: the store ends it with the step
	}
	e.holder = &holder
	return s.addLead(ctx, holder, e)
}

// addLead asks whether the name leads to the holder's own target. Then its DNS still speaks for the holder, whatever TXT record stands beside.
func (s *Service) addLead(ctx context.Context, holder tenant.Domain, e *evidence) error {
	if e.seen.By == domaindoctor.ByCNAME || holder.Label == "" {
		return nil
	}
	proof := s.proof(holder)
	proof.TXTToken = ""
	lead := s.cfg.Doctor.Examine(ctx, holder.Host, proof)
	e.holderLeads = !lead.Disproven()
	return ctx.Err()
}

// contend gives a name to its claimant where the rules say so, and else warns its holder.
func (s *Service) contend(ctx context.Context, claimant tenant.Domain, e evidence) (tenant.Domain, error) {
	if !s.rules.yields(e.holder, &claimant, e) {
		return claimant, s.warn(ctx, *e.holder, e.now)
	}
	var steps []tenant.DomainStep
	lose := func(holder *tenant.Domain) error {
		if !s.rules.yields(holder, &claimant, e) {
			return errStays // it was found well, or suspended, since
		}
		return nil
	}
	win := func(fresh *tenant.Domain) error {
		mine := e.about(claimant, fresh)
		mine.won = true
		if !s.rules.yields(e.holder, fresh, mine) {
			return errStays
		}
		err := s.rules.judge(fresh, mine)
		steps = fresh.Steps()
		return err
	}
	err := s.cfg.Store.TakeOver(ctx, Ref{e.holder.Tenant, e.holder.ID}, Ref{claimant.Tenant, claimant.ID}, lose, win)
	switch {
	case errors.Is(err, errStays), errors.Is(err, tenant.ErrNotFound), errors.Is(err, tenant.ErrTaken):
		return claimant, nil // the next check sees how things are now
	case err != nil:
		return claimant, fmt.Errorf("taking over for domain %s: %w", claimant.ID, err)
	}
	s.metrics.stepped(steps)
	return s.cfg.Store.Domain(ctx, claimant.Tenant, claimant.ID)
}

// warn lets a holder see that somebody else proves the name. It is written once a day, not at every check; the audit log has one entry for each
// time that it begins.
func (s *Service) warn(ctx context.Context, holder tenant.Domain, now time.Time) error {
	if readReport(holder.Report).Contested.After(now.Add(warnFor / 2)) {
		return nil
	}
	_, err := s.update(ctx, Ref{holder.Tenant, holder.ID}, func(d *tenant.Domain) error {
		kept := readReport(d.Report)
		if !now.Before(kept.Contested) {
			d.Tell("contested")
		}
		kept.Contested = now.Add(warnFor)
		if d.NextCheckAt.IsZero() && s.rules.watched(d.Status) {
			d.NextCheckAt = now // it was never checked
		}
		if d.Reason == "" {
			d.Reason, d.BlockingOn = ConflictClaimed, tenant.BlockingOnTenant
		}
		raw, err := kept.encode()
		d.Report = raw
		return err
	})
	if errors.Is(err, tenant.ErrNotFound) {
		return nil
	}
	return err
}
