package domains

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"tollhouse/tenant"
)

const (
	countEvery = 15 * time.Second // between two counts of all domains
	clockError = time.Minute      // two examinations that are further apart than this did not overlap: a clock is wrong
)

// Run takes up domains whose check is due until ctx ends. Any number of nodes may run at once. A domain that could not be dealt with is taken
// up again when its hold has run out.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Tick)
	defer tick.Stop()
	b := bench{slots: make(chan struct{}, s.cfg.Parallel), ended: make(chan struct{}, 1)}
	defer b.running.Wait()
	var counted time.Time
	for {
		s.metrics.beginRound()
		if now := s.cfg.Now(); counted.IsZero() || now.Sub(counted).Abs() >= countEvery {
			counted = now
			s.outage.note(s.cfg.Log, s.watch(ctx))
		}
		s.outage.note(s.cfg.Log, s.takeUp(ctx, &b))
		if !s.fill(ctx, &b, tick.C) {
			return nil
		}
	}
}

// bench is where one Run works on domains.
type bench struct {
	slots   chan struct{} // one for each that is worked on
	ended   chan struct{} // one was done
	running sync.WaitGroup
}

// fill waits for the next round and takes up more whenever a domain is done: its tenant may have others waiting that were beyond its share. It
// is false when ctx has ended.
func (s *Service) fill(ctx context.Context, b *bench, round <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-round:
			return true
		case <-b.ended:
			s.outage.note(s.cfg.Log, s.takeUp(ctx, b))
		}
	}
}

// watch keeps what is known of all domains together.
func (s *Service) watch(ctx context.Context) error {
	counts, err := s.cfg.Store.Counts(ctx)
	if err != nil {
		return fmt.Errorf("counting domains: %w", err)
	}
	s.metrics.count(counts)
	return s.easeBrake(ctx)
}

// takeUp begins with all domains that are due. It takes no more than it can begin with at once: one that waited here would be held for nothing
// while other nodes are free.
func (s *Service) takeUp(ctx context.Context, b *bench) error {
	if !s.cfg.ClockRight() {
		return nil // the operator is told of it by whoever compared the clocks
	}
	for {
		free := acquire(ctx, b.slots)
		if free == 0 {
			return nil
		}
		refs, err := s.cfg.Store.Take(ctx, free, s.cfg.Timing.Hold, Work{Share: max(s.cfg.Parallel/2, 1), Busy: s.atWork.now()})
		release(b.slots, free-len(refs))
		if err != nil {
			return fmt.Errorf("taking domains that are due: %w", err)
		}
		for _, ref := range refs {
			s.atWork.add(ref.Tenant, 1)
			b.running.Go(func() {
				defer b.leave()
				defer s.atWork.add(ref.Tenant, -1)
				s.work(ctx, ref)
			})
		}
		if len(refs) < free {
			return nil
		}
	}
}

func (b *bench) leave() {
	release(b.slots, 1)
	select {
	case b.ended <- struct{}{}:
	default: // somebody said so already
	}
}

// acquire waits for a slot and takes all that are free; none when ctx has ended.
func acquire(ctx context.Context, slots chan struct{}) (taken int) {
	select {
	case <-ctx.Done():
		return 0
	case slots <- struct{}{}:
	}
	for taken = 1; ; taken++ {
		select {
		case slots <- struct{}{}:
		default:
			return taken
		}
	}
}

func release(slots chan struct{}, n int) {
	for range n {
		<-slots
	}
}

// work checks one domain. Trouble with it is told of and stops no other.
func (s *Service) work(ctx context.Context, ref Ref) {
	d, err := s.cfg.Store.Domain(ctx, ref.Tenant, ref.ID)
	if err == nil {
		s.metrics.late(d.NextCheckAt, s.cfg.Now())
		_, err = s.pass(ctx, d, false)
	}
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, tenant.ErrNotFound):
	case errors.Is(err, tenant.ErrUnavailable):
		s.outage.note(s.cfg.Log, err)
	default:
		s.cfg.Log.Error("a custom domain could not be checked; it is tried again", "tenant", ref.Tenant, "domain", ref.ID, "err", err)
	}
}

// atWork counts the domains of each tenant that are being checked.
type atWork struct {
	mu   sync.Mutex
	busy map[tenant.ID]int
}

func (a *atWork) add(t tenant.ID, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy == nil {
		a.busy = map[tenant.ID]int{}
	}
	if a.busy[t] += n; a.busy[t] == 0 {
		delete(a.busy, t)
	}
}

func (a *atWork) now() map[tenant.ID]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.busy)
}

// outage tells of trouble with the record once, and of its end.
type outage struct {
	mu sync.Mutex
	on bool
}

func (o *outage) note(log *slog.Logger, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil && !o.on:
		o.on = true
		log.Error("the record of domains cannot be reached; checks wait", "err", err)
	case err == nil && o.on:
		o.on = false
		log.Info("the record of domains is back")
	}
}
