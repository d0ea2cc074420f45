package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// RefundInput is a refund to make.
type RefundInput struct {
	PaymentID string
	Amount    int64  // 0: all that is left
	Reason    string // up to 500 characters, for the tenant and the audit log
	Key       string // up to 255 characters; the same key again is the same refund. "" for none
	Reopen    bool   // what is given back is owed again: the invoices are open again. Otherwise it is the tenant's concession
}

// Refund gives money back. It is written down first; a lost answer leaves it Unknown, which blocks that amount and any other refund of the payment
// (ErrRefunding). Too much is a *ValidationError, a payment that was not received by a processor ErrNotRefundable, a key that stood for another refund
// ErrKeyReused.
func (s *Service) Refund(ctx context.Context, t *tenant.Tenant, in RefundInput) (Refund, error) {
	var wrong faults
	wrong.text("reason", in.Reason, 0, 500, oneLine)
	wrong.text("key", in.Key, 0, 255, oneLine)
	if in.Amount < 0 {
		wrong.add("amount", "out_of_range", "The amount must be above zero.")
	}
	if err := wrong.err(); err != nil {
		return Refund{}, err
	}
	if !tenant.ValidID("pay", in.PaymentID) {
		return Refund{}, ErrNotFound
	}
	var made Refund
	var again bool
	err := s.cfg.Store.Turn(ctx, t.ID, in.PaymentID, func(f *File) (turn *Turn, err error) {
		made, again, turn, err = s.planRefund(f, in)
		return turn, err
	})
	if err != nil {
		return Refund{}, fmt.Errorf("refunding payment %s: %w", in.PaymentID, err)
	}
	if again {
		return made, nil
	}
	s.cfg.Crash(CrashAfterReserve)
	return s.submitRefund(context.WithoutCancel(ctx), t.ID, in.PaymentID, made)
}

// planRefund decides under the payment's lock.
func (s *Service) planRefund(f *File, in RefundInput) (made Refund, again bool, t *Turn, err error) {
	if at := slices.IndexFunc(f.Payment.Refunds, func(r Refund) bool { return in.Key != "" && r.Key == in.Key }); at >= 0 {
		made = f.Payment.Refunds[at]
		if in.Amount != 0 && in.Amount != made.Amount || in.Reopen != made.Reopen {
			return Refund{}, false, nil, ErrKeyReused
		}
		return made, true, nil, nil
	}
	if f.Attempt == nil || f.Payment.Status != Succeeded || f.Payment.Quarantine != "" {
		return Refund{}, false, nil, ErrNotRefundable
	}
	if slices.ContainsFunc(f.Payment.Refunds, func(r Refund) bool { return r.Status == Submitting || r.Status == Unknown }) {
		return Refund{}, false, nil, ErrRefunding
	}
	left := f.Payment.Refundable()
	amount := in.Amount
	if amount == 0 {
		amount = left
	}
	if amount > left || amount == 0 {
		return Refund{}, false, nil, &ValidationError{[]FieldError{{"amount", "exceeds_balance",
			fmt.Sprintf("%s of the payment can still be given back.", ledger.Money{Amount: left, Currency: f.Payment.Currency})}}}
	}
	now := s.now()
	made = Refund{ID: tenant.NewID("ref", now), PaymentID: f.Payment.ID, Amount: amount, Currency: f.Payment.Currency, Status: Submitting, Reason: in.Reason,
		Key: in.Key, Reopen: in.Reopen, CreatedAt: now, ChangedAt: now}
	t = &Turn{Payment: f.Payment, Sealed: f.Sealed, Look: f.Payment.NextLook, Refunds: []Refund{made}, RefundLooks: []RefundLook{refundLook(made, 0, now)},
		Notes: []string{"refund." + Submitting}}
	t.Payment.Refunding += amount
	return made, false, t, nil
}

func (s *Service) submitRefund(ctx context.Context, t tenant.ID, paymentID string, r Refund) (Refund, error) {
	f, err := s.cfg.Store.File(ctx, t, paymentID)
	if err != nil {
		return Refund{}, err
	}
	out := RefundOutcome{Status: Unknown}
	if p, err := s.processorOf(ctx, t, f.Payment.ConnectionID); err == nil {
		called, cancel := context.WithTimeout(ctx, callTime)
		defer cancel()
		answer, err := p.Refund(called, refundRequest(&f, r))
		s.cfg.Crash(CrashAfterSubmit)
		switch {
		case err == nil:
			out = answer
		case errors.Is(err, ErrNotAsked), errors.Is(err, ErrRefused):
			s.trouble(ctx, t, f.Payment.ConnectionID, err)
			out = RefundOutcome{Status: Failed, Code: refundCode(err)}
		}
	}
	if err := s.applyRefund(ctx, t, paymentID, r.ID, out, false); err != nil {
		return Refund{}, err
	}
	s.cfg.Crash(CrashAfterApply)
	if f, err = s.cfg.Store.File(ctx, t, paymentID); err != nil {
		return Refund{}, err
	}
	return *f.refund(r.ID), nil
}

func refundCode(err error) string {
	if errors.Is(err, ErrNotAsked) {
		return "not_asked"
	}
	return refusedFailure(err).Code
}

func refundRequest(f *File, r Refund) RefundRequest {
	return RefundRequest{ID: r.ID, Attempt: *f.Attempt, ChargeID: f.Payment.ChargeID, Amount: r.Amount, Whole: r.Amount == f.Payment.Amount,
		Last4: f.Payment.Last4, ObjectID: r.ObjectID}
}

// applyRefund writes what a processor said of a refund.
func (s *Service) applyRefund(ctx context.Context, t tenant.ID, paymentID, refundID string, o RefundOutcome, counted bool) error {
	err := s.cfg.Store.Turn(ctx, t, paymentID, func(f *File) (*Turn, error) {
		r := f.refund(refundID)
		if r == nil {
			return nil, ErrNotFound
		}
		now := s.now()
		turn := &Turn{Payment: f.Payment, Sealed: f.Sealed, Look: f.Payment.NextLook}
		b := newBooks(f, ledger.DateIn(now, f.Zone))
		before := r.Status
		s.refund(turn, b, r, o, now)
		if r.Status == before {
			if counted {
				r.Looks++
			}
			turn.Refunds, turn.RefundLooks = []Refund{*r}, []RefundLook{refundLook(*r, r.Looks, now)}
		}
		turn.Entries, turn.Payment.Credited = b.fresh, b.standing("")
		turn.Payment.Refunded, turn.Payment.Refunding = refundSums(f.Payment.Refunds)
		return turn, nil
	})
	if err != nil {
		return fmt.Errorf("writing what became of refund %s: %w", refundID, err)
	}
	return nil
}
