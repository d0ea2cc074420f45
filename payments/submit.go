package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tollhouse/tenant"
)

// submit asks the processor for the money and writes what it says. Whoever asked may be gone: that must not cut a charge in two.
func (s *Service) submit(ctx context.Context, t tenant.ID, p Processor, a Attempt) (Payment, error) {
	ctx = context.WithoutCancel(ctx)
	called, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	out, err := s.ask(called, t, p, &a, true)
	s.cfg.Crash(CrashAfterSubmit)
	if err != nil {
		out = Outcome{Status: Unknown}
	}
	if err := s.apply(ctx, t, a.PaymentID, out, false); err != nil {
		return Payment{}, err
	}
	s.cfg.Crash(CrashAfterApply)
	return s.read(ctx, t, "", a.PaymentID)
}

// ask takes an attempt through Begin and Submit. first says that nothing of it was ever sent: then a processor that was not reached, or that refused, is proof
// that nothing happened. Otherwise every error leaves open what happened.
func (s *Service) ask(ctx context.Context, t tenant.ID, p Processor, a *Attempt, first bool) (Outcome, error) {
	if a.ObjectID == "" {
		id, err := p.Begin(ctx, *a)
		s.cfg.Crash(CrashAfterBegin)
		switch {
		case err != nil:
			return s.unbegun(ctx, t, a, err, first)
		case id != "":
			// Before any money can move we know whom to ask about it.
			if err := s.cfg.Store.SetObject(ctx, t, a.PaymentID, id); err != nil {
				return Outcome{}, fmt.Errorf("keeping the object of %s: %w", a.PaymentID, err)
			}
			a.ObjectID = id
		}
	}
	s.cfg.Crash(CrashAfterObject)
	out, err := p.Submit(ctx, *a)
	switch {
	case err == nil:
		return out, nil
	case a.ObjectID == "":
		return s.unbegun(ctx, t, a, err, first)
	case errors.Is(err, ErrRefused): // it has an object, which must end before the money is free
		s.noteTrouble(ctx, t, a.PaymentID, err)
		return s.cancelled(ctx, p, *a, refusedFailure(err))
	}
	return Outcome{}, err
}

// unbegun judges an error of a call before which the processor knew nothing of the attempt.
func (s *Service) unbegun(ctx context.Context, t tenant.ID, a *Attempt, err error, first bool) (Outcome, error) {
	if errors.Is(err, ErrRefused) {
		s.noteTrouble(ctx, t, a.PaymentID, err)
	}
	switch {
	case !first:
		return Outcome{}, err
	case errors.Is(err, ErrNotAsked):
		return Outcome{Status: Failed, Failure: Failure{Kind: FailedUnavailable, Code: "not_asked"}}, nil
	case errors.Is(err, ErrRefused):
		return Outcome{Status: Failed, Failure: refusedFailure(err)}, nil
	}
	return Outcome{}, err
}

func refusedFailure(err error) Failure {
	f := Failure{Kind: FailedUnavailable, Code: "refused"}
	var refused *RefusedError
	if errors.As(err, &refused) {
		f.Code = cut(refused.Code, 60)
	}
	return f
}

// cancelled ends an attempt at the processor; why is told to the payer if that says nothing itself.
func (s *Service) cancelled(ctx context.Context, p Processor, a Attempt, why Failure) (Outcome, error) {
	out, err := p.Cancel(ctx, a)
	if err == nil && (out.Status == Canceled || out.Status == Failed) && (out.Failure.Kind == "" || out.Failure.Kind == FailedAbandoned) {
		out.Failure = why
	}
	return out, err
}

// noteTrouble is trouble for the connection of a payment.
func (s *Service) noteTrouble(ctx context.Context, t tenant.ID, paymentID string, cause error) {
	f, err := s.cfg.Store.File(ctx, t, paymentID)
	if err != nil {
		s.cfg.Log.Error("noting trouble", "tenant", t, "payment", paymentID, "error", err)
		return
	}
	s.trouble(ctx, t, f.Payment.ConnectionID, cause)
}

// apply writes what a processor said. counted says that it was asked by the schedule.
func (s *Service) apply(ctx context.Context, t tenant.ID, paymentID string, o Outcome, counted bool) error {
	err := s.cfg.Store.Turn(ctx, t, paymentID, func(f *File) (*Turn, error) { return s.judge(f, o, counted) })
	if errors.Is(err, ErrStale) { // somebody else was faster: what they wrote holds
		s.cfg.Log.Warn("a payment changed meanwhile", "tenant", t, "payment", paymentID, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing what became of payment %s: %w", paymentID, err)
	}
	return nil
}

// ActionPlace binds what lets a payer go on with a payment to its row.
func ActionPlace(paymentID string) []byte {
	return []byte("payment_attempts\x00action\x00" + paymentID)
}

func (s *Service) sealAction(f *File, a Action) ([]byte, error) {
	said, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("sealing an action: %w", err)
	}
	return s.cfg.Ring.Seal(said, ActionPlace(f.Payment.ID)), nil
}

// openAction reads it; what does not open any more is none: the payer asks again.
func (s *Service) openAction(f *File) (a Action) {
	if len(f.Sealed) == 0 {
		return Action{}
	}
	said, err := s.cfg.Ring.Open(f.Sealed, ActionPlace(f.Payment.ID))
	if err == nil {
		err = json.Unmarshal(said, &a)
	}
	if err != nil {
		s.cfg.Log.Warn("an action does not open", "payment", f.Payment.ID, "error", err)
		return Action{}
	}
	return a
}
