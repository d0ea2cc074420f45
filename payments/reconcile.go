package payments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tollhouse/tenant"
)

// Run follows what is open of all tenants until ctx ends: payments, refunds and processors' messages. Any number of nodes may run at once.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Tick)
	defer tick.Stop()
	b := bench{most: s.cfg.Parallel, busy: map[tenant.ID]int{}, ended: make(chan struct{}, 1)}
	defer b.running.Wait()
	for {
		if err := s.takeUp(ctx, &b); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("looking after payments", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-b.ended:
		}
	}
}

// bench is where one Run works: so many looks at once, and at most half of them one tenant's, whose processor may be slow.
type bench struct {
	most    int
	mu      sync.Mutex
	busy    map[tenant.ID]int
	all     int
	ended   chan struct{} // one was done
	running sync.WaitGroup
}

// free is how many more looks there is room for.
func (b *bench) free() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.most - b.all
}

// enter takes a place for a tenant's look; false when it has its share.
func (b *bench) enter(t tenant.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[t] >= max(1, b.most/2) {
		return false
	}
	b.busy[t]++
	b.all++
	return true
}

func (b *bench) leave(t tenant.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.busy[t]--; b.busy[t] == 0 {
		delete(b.busy, t)
	}
	select {
	case b.ended <- struct{}{}:
	default:
	}
}

// shareWait is how long a look waits whose tenant has its share under way.
const shareWait = 2 * time.Second

// takeUp begins with as many looks as there is room for.
func (s *Service) takeUp(ctx context.Context, b *bench) error {
	room := b.free()
	if room == 0 {
		return nil
	}
	looks, err := s.cfg.Store.TakeLooks(ctx, s.now(), lookHold, room)
	if err != nil {
		return fmt.Errorf("taking what is due: %w", err)
	}
	for _, l := range looks {
		if !b.enter(l.Tenant) {
			if err := s.cfg.Store.PutOff(ctx, l, s.now().Add(shareWait), l.Status); err != nil {
				return err
			}
			continue
		}
		b.running.Go(func() {
			defer b.leave(l.Tenant)
			s.deal(ctx, l)
		})
	}
	return nil
}

// Work deals with what is due now, as Run does but once, and returns how many looks that were. It is for those who have a clock of their own.
func (s *Service) Work(ctx context.Context) (int, error) {
	looks, err := s.cfg.Store.TakeLooks(ctx, s.now(), lookHold, s.cfg.Parallel)
	if err != nil {
		return 0, fmt.Errorf("taking what is due: %w", err)
	}
	if len(looks) == 1 { // here, so that one after the other is just that
		s.deal(ctx, looks[0])
		return 1, ctx.Err()
	}
	var running sync.WaitGroup
	for _, l := range looks {
		running.Go(func() { s.deal(ctx, l) })
	}
	running.Wait()
	return len(looks), ctx.Err()
}

// deal takes one look. An error is of ours or the database's: the look is put off and nothing else changes.
func (s *Service) deal(ctx context.Context, l Look) {
	ctx, cancel := context.WithTimeout(ctx, 2*lookTime)
	defer cancel()
	var err error
	switch l.Kind {
	case LookPayment:
		err = s.followPayment(ctx, l)
	case LookRefund:
		err = s.followRefund(ctx, l)
	case LookEvent:
		err = s.followEvent(ctx, l)
	case LookConnection:
		err = s.nightly(ctx, l)
	}
	if err == nil || ctx.Err() != nil {
		return // what was cut short is due again when its hold has run out
	}
	s.cfg.Log.Error("a look failed", "tenant", l.Tenant, "kind", l.Kind, "ref", l.Ref, "error", err)
	if err := s.cfg.Store.PutOff(ctx, l, s.now().Add(time.Minute), l.Status); err != nil {
		s.cfg.Log.Error("putting a look off", "tenant", l.Tenant, "kind", l.Kind, "ref", l.Ref, "error", err)
	}
}

// followPayment asks what became of a payment and writes it.
func (s *Service) followPayment(ctx context.Context, l Look) error {
	f, err := s.cfg.Store.File(ctx, l.Tenant, l.Ref)
	if errors.Is(err, ErrNotFound) {
		return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
	}
	if err != nil {
		return err
	}
	age := s.now().Sub(f.Payment.ChangedAt)
	switch status := f.Payment.Status; {
	case status == Reserved && f.Attempt == nil && age >= submitTime:
		return s.reap(ctx, l.Tenant, l.Ref)
	case f.Attempt == nil, !Live(status) && status != Succeeded:
		return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
	case status == Submitting && age < submitTime:
		return s.cfg.Store.PutOff(ctx, l, f.Payment.ChangedAt.Add(submitTime), status)
	case status == Submitting:
		if err := s.apply(ctx, l.Tenant, l.Ref, Outcome{Status: Unknown}, false); err != nil {
			return err
		}
		if f, err = s.cfg.Store.File(ctx, l.Tenant, l.Ref); err != nil || f.Payment.Status != Unknown {
			return err
		}
	case status == RequiresAction && age >= actionTime:
		return s.giveUp(ctx, l.Tenant, &f, true)
	}
	out, err := s.find(ctx, l.Tenant, &f)
	if err != nil {
		s.cfg.Log.Warn("a payment was not found out", "tenant", l.Tenant, "payment", l.Ref, "status", f.Payment.Status, "error", err)
		out = Outcome{Status: f.Payment.Status}
	}
	return s.apply(ctx, l.Tenant, l.Ref, out, true)
}

// reap ends a reservation that has no attempt: nothing can have been asked.
func (s *Service) reap(ctx context.Context, t tenant.ID, paymentID string) error {
	return s.cfg.Store.Turn(ctx, t, paymentID, func(f *File) (*Turn, error) {
		if f.Payment.Status != Reserved || f.Attempt != nil {
			return nil, nil
		}
		turn := &Turn{Payment: f.Payment, Notes: []string{"payment." + Rejected}}
		turn.Payment.Status, turn.Payment.ChangedAt = Rejected, s.now()
		return turn, nil
	})
}

// find asks the processor what became of an attempt, and takes one that got stuck halfway on, or ends it.
func (s *Service) find(ctx context.Context, t tenant.ID, f *File) (Outcome, error) {
	p, err := s.processorOf(ctx, t, f.Payment.ConnectionID)
	if err != nil {
		return Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	out, err := p.Look(ctx, *f.Attempt)
	switch {
	case err == nil && out.Status == Submitting && f.Payment.Status == Unknown:
		return s.unsubmitted(ctx, t, p, f, out.ObjectID)
	case errors.Is(err, ErrAbsent) && f.Payment.Status == Unknown:
		return s.absent(ctx, t, p, f)
	case err != nil:
		s.trouble(ctx, t, f.Payment.ConnectionID, err)
	}
	return out, err
}

// unsubmitted goes on with an attempt whose object was never submitted, or ends it when its payer is gone.
func (s *Service) unsubmitted(ctx context.Context, t tenant.ID, p Processor, f *File, objectID string) (Outcome, error) {
	a := *f.Attempt
	if a.ObjectID == "" && objectID != "" {
		if err := s.cfg.Store.SetObject(ctx, t, a.PaymentID, objectID); err != nil {
			return Outcome{}, err
		}
		a.ObjectID = objectID
	}
	if s.now().Sub(a.CreatedAt) <= confirmTime {
		return s.ask(ctx, t, p, &a, false)
	}
	return s.cancelled(ctx, p, a, Failure{Kind: FailedUnavailable, Code: "not_submitted"})
}

// absent judges an attempt that the processor does not know. That is no proof that it never will: the same key makes the same object, as long as the key is
// remembered; after that only time and many looks prove it.
func (s *Service) absent(ctx context.Context, t tenant.ID, p Processor, f *File) (Outcome, error) {
	a := *f.Attempt
	age := s.now().Sub(a.CreatedAt)
	switch {
	case a.ObjectID != "":
		return Outcome{}, fmt.Errorf("object %s is not there any more: %w", a.ObjectID, ErrAbsent)
	case age <= confirmTime:
		return s.ask(ctx, t, p, &a, false)
	case age <= replayTime:
		id, err := p.Begin(ctx, a)
		if err == nil && id == "" && a.Kind == Hosted { // its page was handed to nobody: the processor says when nobody can pay on it any more
			return s.cancelled(ctx, p, a, Failure{Kind: FailedUnavailable, Code: "not_submitted"})
		}
		if err != nil || id == "" {
			return Outcome{}, errors.Join(ErrAbsent, err)
		}
		return s.unsubmitted(ctx, t, p, f, id)
	case s.now().Sub(f.Payment.ChangedAt) >= proofTime && f.Payment.Looks+1 >= proofLooks:
		return Outcome{Status: Canceled, Failure: Failure{Kind: FailedUnavailable, Code: neverSeen}}, nil
	}
	return Outcome{}, ErrAbsent
}

// neverSeen is the code of an attempt that was given up because no list of the processor has it.
const neverSeen = "never_seen"

// followRefund is followPayment for a refund, whose Ref is its payment's id and its own.
func (s *Service) followRefund(ctx context.Context, l Look) error {
	paymentID, refundID, _ := strings.Cut(l.Ref, " ")
	f, err := s.cfg.Store.File(ctx, l.Tenant, paymentID)
	if err != nil {
		return err
	}
	r := f.refund(refundID)
	if r == nil || len(refundSchedule[r.Status]) == 0 || f.Attempt == nil {
		return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
	}
	if r.Status == Submitting && s.now().Sub(r.ChangedAt) >= submitTime {
		if err := s.applyRefund(ctx, l.Tenant, paymentID, refundID, RefundOutcome{Status: Unknown}, false); err != nil {
			return err
		}
		r.Status = Unknown
	}
	out, err := s.findRefund(ctx, l.Tenant, &f, *r)
	if err != nil {
		s.cfg.Log.Warn("a refund was not found out", "tenant", l.Tenant, "refund", refundID, "error", err)
		out = RefundOutcome{Status: r.Status}
	}
	return s.applyRefund(ctx, l.Tenant, paymentID, refundID, out, true)
}

func (f *File) refund(id string) *Refund {
	for i := range f.Payment.Refunds {
		if f.Payment.Refunds[i].ID == id {
			return &f.Payment.Refunds[i]
		}
	}
	return nil
}

func (s *Service) findRefund(ctx context.Context, t tenant.ID, f *File, r Refund) (RefundOutcome, error) {
	p, err := s.processorOf(ctx, t, f.Payment.ConnectionID)
	if err != nil {
		return RefundOutcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	request := refundRequest(f, r)
	out, err := p.LookRefund(ctx, request)
	if !errors.Is(err, ErrAbsent) || r.Status != Unknown || r.ObjectID != "" {
		return out, err
	}
	switch age := s.now().Sub(r.CreatedAt); {
	case age <= replayTime:
		return p.Refund(ctx, request)
	case age >= replayTime+proofTime && r.Looks+1 >= proofLooks:
		return RefundOutcome{Status: Failed, Code: neverSeen}, nil
	}
	return RefundOutcome{}, err
}
