package senders

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"tollhouse/tenant"
)

const (
	soon      = 10 * time.Minute // while somebody is likely to be at it
	hourly    = time.Hour
	daily     = 24 * time.Hour
	patience  = 30 * daily  // how long an unseen key is looked for each hour
	trust     = 72 * hourly // how long a key counts as seen that no resolver can say anything of
	claimFor  = 5 * time.Minute
	round     = time.Minute
	perRound  = 200
	atOnce    = 8
	roundTime = 10 * time.Minute
)

// errTaken says that another node checks already, or that nothing is due any more.
var errTaken = errors.New("not due")

// Check looks at the records now, which takes seconds, and returns what came out. Errors: tenant.ErrNotFound without a sender, *TooSoonError.
func (s *Service) Check(ctx context.Context, t tenant.ID) (View, error) {
	return s.check(ctx, t, func(cur *Sender, now time.Time) error {
		if cur.off() {
			return tenant.ErrNotFound
		}
		if wait := checkPause - now.Sub(cur.AskedAt); wait > 0 {
			return &TooSoonError{After: wait}
		}
		return nil
	})
}

// check takes the sender up, looks with no lock held, and writes what it saw unless the sender changed meanwhile.
func (s *Service) check(ctx context.Context, t tenant.ID, may func(cur *Sender, now time.Time) error) (View, error) {
	now := s.cfg.Now()
	taken, err := s.cfg.Store.Change(ctx, t, func(cur *Sender) ([]Event, error) {
		if err := may(cur, now); err != nil {
			return nil, err
		}
		cur.AskedAt, cur.NextCheckAt = now, now.Add(claimFor)
		return nil, nil
	})
	if err != nil {
		return View{}, err
	}
	seen := s.look(ctx, taken)
	if ctx.Err() != nil {
		return View{}, ctx.Err()
	}
	s.checks.WithLabelValues(string(seen[0].Result)).Inc()
	var events []Event
	v, err := s.change(ctx, t, func(cur *Sender) ([]Event, error) {
		if events = nil; cur.same(taken) {
			events = cur.conclude(seen, s.cfg.Now())
		}
		return events, nil
	})
	if err == nil {
		s.count(events)
	}
	return v, err
}

// same reports whether what was looked at is still what is wanted.
func (s Sender) same(taken Sender) bool {
	return s.Domain() == taken.Domain() && s.Key.Selector == taken.Key.Selector && s.Next.Selector == taken.Next.Selector && s.State == taken.State
}

// look asks for all records at once. The first result is that of the key that signs.
func (s *Service) look(ctx context.Context, of Sender) []Check {
	wanted := of.records(s.cfg.SPF)
	seen := make([]Check, len(wanted))
	var wait sync.WaitGroup
	for i, r := range wanted {
		wait.Go(func() { seen[i] = s.lookAt(ctx, r) })
	}
	wait.Wait()
	return seen
}

func (s *Service) lookAt(ctx context.Context, r Record) Check {
	c := judge(r, s.cfg.Resolver.Texts(ctx, r.Name))
	if r.Purpose == "dmarc" && c.Result == Missing {
		c = s.inherited(ctx, r, c)
	}
	c.Name, c.Value = r.Name, r.Value
	return c
}

// inherited looks for the policy of the registered domain, which counts below it (RFC 7489 section 6.6.3).
func (s *Service) inherited(ctx context.Context, r Record, missing Check) Check {
	domain := strings.TrimPrefix(r.Name, "_dmarc.")
	above, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil || above == domain {
		return missing
	}
	r.Name, r.Inherited = "_dmarc."+above, true
	c := judge(r, s.cfg.Resolver.Texts(ctx, r.Name))
	if c.Result == Missing {
		return missing
	}
	if c.Result != Undecided { // a silent resolver is never taken for an absent record
		c.Seen += " at " + r.Name
	}
	return c
}

// conclude draws the consequences of what was seen.
func (s *Sender) conclude(seen []Check, now time.Time) []Event {
	s.Checks, s.CheckedAt = seen, now
	events := s.promote(now)
	switch key := s.checkOf(s.Key.record("")); {
	case key.Result == OK:
		s.SeenAt = now
		if s.State != Verified {
			events = append(events, s.turn(Verified, "sender.verified", now))
		}
	case s.State == Verified && key.Result != Undecided:
		events = append(events, s.turn(Failing, "sender.lost", now))
	case s.State == Verified && now.Sub(s.SeenAt) > trust:
		events = append(events, s.turn(Failing, "sender.lost", now))
	}
	s.NextCheckAt = now.Add(s.pause(now))
	return events
}

// promote makes the next key the one that signs, once it is seen.
func (s *Sender) promote(now time.Time) []Event {
	if s.Next.Selector == "" || s.checkOf(s.Next.record("")).Result != OK {
		return nil
	}
	s.Key, s.Next, s.ChangedAt = s.Next, Key{}, now
	return []Event{{Kind: "sender.key_changed", Details: map[string]string{"domain": s.Domain(), "selector": s.Key.Selector}}}
}

func (s *Sender) turn(to State, kind string, now time.Time) Event {
	s.State, s.ChangedAt = to, now
	return Event{Kind: kind, Details: map[string]string{"domain": s.Domain(), "selector": s.Key.Selector}}
}

// pause is how long the next check may wait.
func (s *Sender) pause(now time.Time) time.Duration {
	settled := s.State == Verified && s.Next.Selector == ""
	switch age := now.Sub(s.ChangedAt); {
	case settled && s.SeenAt.Equal(now):
		return daily
	case settled:
		return hourly
	case age < daily:
		return soon
	case age < patience:
		return hourly
	}
	return daily
}

func (s *Service) count(events []Event) {
	for _, e := range events {
		switch e.Kind {
		case "sender.verified":
			s.changes.WithLabelValues(string(Verified)).Inc()
		case "sender.lost":
			s.changes.WithLabelValues(string(Failing)).Inc()
		}
	}
}

// Run checks what is due, each minute, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(round)
	defer tick.Stop()
	for {
		if err := s.CheckDue(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "sender domains were not checked; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// CheckDue checks what is due now. A node that another is ahead of does nothing.
func (s *Service) CheckDue(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	due, err := s.cfg.Store.Due(ctx, s.cfg.Now(), perRound)
	if err != nil {
		return err
	}
	var errs []error
	for some := range slices.Chunk(due, atOnce) {
		errs = append(errs, s.checkAll(ctx, some))
	}
	return errors.Join(errs...)
}

func (s *Service) checkAll(ctx context.Context, due []tenant.ID) error {
	errs := make([]error, len(due))
	var wait sync.WaitGroup
	for i, t := range due {
		wait.Go(func() {
			_, err := s.check(ctx, t, stillDue)
			if !errors.Is(err, errTaken) {
				errs[i] = err
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func stillDue(cur *Sender, now time.Time) error {
	if cur.off() || cur.NextCheckAt.After(now) {
		return errTaken
	}
	return nil
}
