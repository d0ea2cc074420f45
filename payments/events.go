package payments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// TakeEvent checks a processor's message and keeps it; Run deals with it. ErrForged is counted. A message that is known already is no error.
// After nil answer 200: the message will not be lost.
func (s *Service) TakeEvent(ctx context.Context, t tenant.ID, c Connection, header map[string][]string, body []byte) error {
	p, err := s.cfg.Open(ctx, t, c)
	if err != nil {
		return fmt.Errorf("opening connection %s: %w", c.ID, err)
	}
	e, err := p.ReadEvent(header, body)
	if errors.Is(err, ErrForged) {
		s.forged.Add(1)
		if err := s.cfg.Store.CountForged(ctx, t, c.ID); err != nil {
			s.cfg.Log.Error("counting a forged message", "tenant", t, "connection", c.ID, "error", err)
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("reading a message of connection %s: %w", c.ID, err)
	}
	if e.About == "" || e.Live != c.Live || e.Account != "" && e.Account != c.AccountID {
		return nil // not about us: another account's, or a rehearsal's
	}
	e.ID, e.Kind, e.ObjectID = cut(e.ID, 120), cut(e.Kind, 100), cut(e.ObjectID, 120)
	if _, err := s.cfg.Store.AddEvent(ctx, t, c.ID, e, s.now()); err != nil {
		return fmt.Errorf("keeping a message of connection %s: %w", c.ID, err)
	}
	return nil
}

// followEvent deals with a kept message. What it claims is not believed: what it is about is asked for.
func (s *Service) followEvent(ctx context.Context, l Look) error {
	connectionID, eventID, _ := strings.Cut(l.Ref, " ")
	e, err := s.cfg.Store.Event(ctx, l.Tenant, connectionID, eventID)
	if errors.Is(err, ErrNotFound) || err == nil && e.Done {
		return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
	}
	if err != nil {
		return err
	}
	if err := s.dealEvent(ctx, l.Tenant, connectionID, e); err != nil {
		return s.failEvent(ctx, l, connectionID, eventID, e, err)
	}
	if err := s.cfg.Store.EventDone(ctx, l.Tenant, connectionID, eventID, s.now(), "", true); err != nil {
		return err
	}
	return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
}

// failEvent has a message tried again later, or parks it: it never holds up others.
func (s *Service) failEvent(ctx context.Context, l Look, connectionID, eventID string, e KeptEvent, cause error) error {
	s.cfg.Log.Warn("a processor's message could not be dealt with", "tenant", l.Tenant, "connection", connectionID, "event", eventID, "try", e.Tries+1, "error", cause)
	if e.Tries < len(eventSchedule) {
		if err := s.cfg.Store.EventDone(ctx, l.Tenant, connectionID, eventID, s.now(), "", false); err != nil {
			return err
		}
		return s.cfg.Store.PutOff(ctx, l, s.now().Add(eventSchedule[e.Tries]), l.Status)
	}
	s.cfg.Log.Error("a processor's message is parked", "tenant", l.Tenant, "connection", connectionID, "event", eventID, "error", cause)
	if err := s.cfg.Store.EventDone(ctx, l.Tenant, connectionID, eventID, s.now(), cut(cause.Error(), 200), false); err != nil {
		return err
	}
	return s.cfg.Store.PutOff(ctx, l, never, LookParked)
}

// LookParked is the status of a message that is parked: a person must look.
const LookParked = "parked"

// never is when a parked message is due.
var never = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

func (s *Service) dealEvent(ctx context.Context, t tenant.ID, connectionID string, e KeptEvent) error {
	c, err := s.cfg.Store.Connection(ctx, t, connectionID)
	if err != nil {
		return err
	}
	p, err := s.cfg.Open(ctx, t, c)
	if err != nil {
		return err
	}
	switch e.About {
	case "payment", "refund", "dispute":
		return s.followObject(ctx, t, c, p, e.ObjectID)
	case "method":
		return s.followMethod(ctx, t, c, p, e.ObjectID)
	case "connection":
		_, err := p.Describe(ctx)
		s.trouble(ctx, t, c.ID, err)
		if errors.Is(err, ErrRefused) {
			return nil
		}
		return err
	}
	return nil
}

// followObject refetches an object and writes what it says of its payment. One that belongs to none is kept for the tenant to match, if it took money.
func (s *Service) followObject(ctx context.Context, t tenant.ID, c Connection, p Processor, objectID string) error {
	if objectID == "" {
		return nil
	}
	id, err := s.cfg.Store.FindPayment(ctx, t, c.ID, objectID, "")
	if err == nil {
		return s.refresh(ctx, t, p, id)
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	out, err := p.Look(ctx, Attempt{ObjectID: objectID, Live: c.Live, Account: c.AccountID})
	if err != nil {
		return err
	}
	if out.Code != "" {
		id, err := s.cfg.Store.FindPayment(ctx, t, c.ID, "", out.Code)
		if err == nil {
			return s.followCode(ctx, t, c, p, id, out)
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if out.Received <= 0 {
		return nil
	}
	return s.cfg.Store.AddOrphans(ctx, t, c.ID, []Orphan{{ObjectID: objectID, Kind: "charge", Money: ledger.Money{Amount: out.Received, Currency: out.Currency},
		Why: "made at the processor", FoundAt: s.now()}})
}

// followCode deals with an object that carries the code of a payment, and is not known as its object: it was made, and the process that knew it died. If the payment has
// taken its money with another one, this money is nobody's.
func (s *Service) followCode(ctx context.Context, t tenant.ID, c Connection, p Processor, paymentID string, out Outcome) error {
	err := s.refresh(ctx, t, p, paymentID)
	if errors.Is(err, ErrAbsent) && out.Received == 0 {
		return nil // nothing was taken, and the schedule looks after the payment
	}
	if err != nil || out.Received <= 0 {
		return err
	}
	f, err := s.cfg.Store.File(ctx, t, paymentID)
	if err != nil || f.Payment.ChargeID == "" || f.Payment.ChargeID == out.ChargeID {
		return err
	}
	return s.cfg.Store.AddOrphans(ctx, t, c.ID, []Orphan{{ObjectID: out.ChargeID, Kind: "charge", Money: ledger.Money{Amount: out.Received, Currency: out.Currency},
		Why: "a second charge for payment " + paymentID, PaymentID: paymentID, FoundAt: s.now()}})
}

// refresh refetches a payment and writes what the processor says now.
func (s *Service) refresh(ctx context.Context, t tenant.ID, p Processor, paymentID string) error {
	f, err := s.cfg.Store.File(ctx, t, paymentID)
	if err != nil {
		return err
	}
	if f.Attempt == nil {
		return nil
	}
	out, err := p.Look(ctx, *f.Attempt)
	if err != nil {
		return err
	}
	return s.apply(ctx, t, paymentID, out, false)
}

func (s *Service) followMethod(ctx context.Context, t tenant.ID, c Connection, p Processor, ref string) error {
	customer, err := s.cfg.Store.MethodOwner(ctx, t, c.ID, ref)
	if errors.Is(err, ErrNotFound) {
		return nil // none that we keep
	}
	if err != nil {
		return err
	}
	facts, err := p.LookMethod(ctx, customer, ref)
	switch {
	case errors.Is(err, ErrAbsent):
		return s.cfg.Store.RefreshMethod(ctx, t, c.ID, ref, nil, s.now())
	case err != nil:
		return err
	}
	return s.cfg.Store.RefreshMethod(ctx, t, c.ID, ref, &facts, s.now())
}
