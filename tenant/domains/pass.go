package domains

import (
	"context"
	"errors"
	"fmt"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// errClock counts as trouble of ours; another node does it meanwhile.
var errClock = fmt.Errorf("no domain is judged while this node's clock is wrong: %w", tenant.ErrUnavailable)

// pass takes one domain through one examination and one judgement. Nothing is locked while the network is asked.
func (s *Service) pass(ctx context.Context, d tenant.Domain, asked bool) (tenant.Domain, error) {
	if !s.cfg.ClockRight() {
		return d, errClock
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timing.PassTime)
	defer cancel()
	e, err := s.gather(ctx, d, asked)
	if err != nil {
		return d, fmt.Errorf("examining domain %s: %w", d.ID, err)
	}
	after, err := s.decide(ctx, d, e)
	if err != nil {
		return d, err
	}
	if d.BadSince.IsZero() && !after.BadSince.IsZero() {
		if _, err := s.braked(ctx); err != nil {
			return after, err
		}
	}
	if after.Status == tenant.DomainClaimConflict && e.holder != nil {
		return s.contend(ctx, after, e)
	}
	return after, nil
}

// gather learns what a judgement needs.
func (s *Service) gather(ctx context.Context, d tenant.Domain, asked bool) (evidence, error) {
	kept := readReport(d.Report)
	e := evidence{now: s.cfg.Now(), asked: asked || kept.Hurried}
	if s.rules.lookDue(&d, kept, e.asked, e.now) {
		seen := s.cfg.Doctor.Examine(ctx, d.Host, s.proof(d))
		if ctx.Err() != nil {
			return e, ctx.Err() // an examination that was cut short says nothing
		}
		e.seen, e.now = &seen, s.cfg.Now()
		s.metrics.checked(seen.Verdict)
	}
	if err := s.addCertificate(ctx, d, &e); err != nil {
		return e, err
	}
	if !d.ProvenAt.IsZero() && e.disproven(&d) || d.Status == tenant.DomainClaimConflict && e.proven() {
		braked, err := s.braked(ctx)
		if err != nil {
			return e, err
		}
		e.braked = braked
	}
	if d.Status == tenant.DomainClaimConflict && e.proven() {
		return e, s.addHolder(ctx, d, &e)
	}
	return e, nil
}

func (s *Service) addCertificate(ctx context.Context, d tenant.Domain, e *evidence) error {
	certificates, err := s.cfg.Certificates.Certificates(ctx, []tenant.Hostname{d.Host})
	if err != nil {
		return err
	}
	e.cert = certificates[d.Host]
	return nil
}

// decide judges under the domain's lock, by the row as it is then. A name that turns out to be somebody else's is judged again as such.
func (s *Service) decide(ctx context.Context, d tenant.Domain, e evidence) (tenant.Domain, error) {
	judge := func(fresh *tenant.Domain) error { return s.rules.judge(fresh, e.about(d, fresh)) }
	after, err := s.update(ctx, Ref{d.Tenant, d.ID}, judge)
	if errors.Is(err, tenant.ErrTaken) {
		e.taken = true
		after, err = s.update(ctx, Ref{d.Tenant, d.ID}, judge)
	}
	return after, err
}

// about is the evidence as far as it is about the claim that is judged, and not older than what that one was judged by already.
func (e evidence) about(examined tenant.Domain, fresh *tenant.Domain) evidence {
	if e.seen == nil {
		return e
	}
	other := fresh.Host != examined.Host || fresh.Label != examined.Label || fresh.Token != examined.Token
	stale := fresh.CheckedAt.After(e.seen.CheckedAt) && fresh.CheckedAt.Sub(e.seen.CheckedAt) < clockError
	if other || stale {
		e.seen = nil
	}
	return e
}

// update is the store's, and counts the steps that were really taken.
func (s *Service) update(ctx context.Context, ref Ref, change func(d *tenant.Domain) error) (tenant.Domain, error) {
	var steps []tenant.DomainStep
	d, err := s.cfg.Store.Update(ctx, ref.Tenant, ref.ID, func(d *tenant.Domain) error {
		err := change(d)
		steps = d.Steps()
		return err
	})
	if err == nil {
		s.metrics.stepped(steps)
	}
	return d, err
}

// proof is what a domain is proven by; nothing for one that the operator vouches for.
func (s *Service) proof(d tenant.Domain) domaindoctor.Proof {
	if d.Label == "" {
		return domaindoctor.Proof{}
	}
	own, err := tenant.ParseHostname(target(d, s.cfg.Edge))
	if err != nil {
		return domaindoctor.Proof{TXTToken: d.Token}
	}
	return domaindoctor.Proof{CNAMETarget: own, TXTToken: d.Token}
}
