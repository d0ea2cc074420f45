package authorizenet

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// refundLookBack is how far back the settled batches are searched for a refund whose answer was lost. It is looked for within hours.
const refundLookBack = 14 * 24 * time.Hour

// refundCode names a refund at the processor, in 17 characters, always the same for the same refund.
func refundCode(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "R" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
}

// Refund gives money back. What is not settled can only be voided, and only as a whole; a part of it is a refund that failed, to be made again
// tomorrow.
func (a *Account) Refund(ctx context.Context, r payments.RefundRequest) (payments.RefundOutcome, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	client := a.in(r.Attempt.Currency)
	t, err := client.Transaction(ctx, r.ChargeID)
	if err != nil {
		return payments.RefundOutcome{}, readingFirst(err)
	}
	if t.BatchID == "" && r.Whole {
		return a.void(ctx, r)
	}
	refund := Refund{Code: refundCode(r.ID), OriginalID: t.ID, Amount: ledger.Money{Amount: r.Amount, Currency: r.Attempt.Currency}, Last4: t.Last4, Bank: t.Bank}
	if t.Bank != nil {
		refund.Last4 = ""
	}
	result, err := client.Refund(ctx, refund)
	var twin *DuplicateError
	var declined *DeclinedError
	var held *HeldError
	switch {
	case err == nil:
		r.ObjectID = result.TransactionID
	case errors.As(err, &held):
		r.ObjectID = held.TransactionID
	case errors.As(err, &twin):
		r.ObjectID = twin.OriginalID
	case errors.Is(err, ErrNotRefundable):
		return refundFailed(r, "54"), nil
	case errors.As(err, &declined):
		return refundFailed(r, failure(declined.Reason).Code), nil
	default:
		return payments.RefundOutcome{}, translate(err)
	}
	return a.LookRefund(ctx, r)
}

// readingFirst translates an error of a reading that comes before anything is asked for: however it ended, nothing moved.
func readingFirst(err error) error {
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrRetryLater) {
		return fmt.Errorf("%w: %w", payments.ErrNotAsked, err)
	}
	return translate(err)
}

func refundFailed(r payments.RefundRequest, code string) payments.RefundOutcome {
	return payments.RefundOutcome{Ref: r.ID, ObjectID: r.ObjectID, Amount: r.Amount, Currency: r.Attempt.Currency, Status: payments.Failed, Code: code}
}

// void gives all back before it is settled. A void that is refused may have come a moment too late: then it is not done, and a refund can be made.
func (a *Account) void(ctx context.Context, r payments.RefundRequest) (payments.RefundOutcome, error) {
	if _, err := a.in(r.Attempt.Currency).Void(ctx, refundCode(r.ID), r.ChargeID); errors.Is(err, ErrUnknown) || errors.Is(err, ErrNotSent) {
		return payments.RefundOutcome{}, translate(err)
	}
	o, err := a.LookRefund(ctx, r)
	if errors.Is(err, payments.ErrAbsent) {
		return refundFailed(r, "not_voided"), nil
	}
	return o, err
}

// LookRefund reads the refund's transaction, or searches for its code. That the original is voided is a whole refund too, whoever did it.
func (a *Account) LookRefund(ctx context.Context, r payments.RefundRequest) (payments.RefundOutcome, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	client := a.in(r.Attempt.Currency)
	if r.ObjectID != "" && r.ObjectID != r.ChargeID {
		t, err := client.Transaction(ctx, r.ObjectID)
		if err != nil {
			return payments.RefundOutcome{}, translate(err)
		}
		return refundOf(r, t), nil
	}
	if original, err := client.Transaction(ctx, r.ChargeID); err != nil {
		return payments.RefundOutcome{}, translate(err)
	} else if r.Whole && original.Status == "voided" {
		return payments.RefundOutcome{ObjectID: original.ID, Ref: r.ID, Amount: r.Amount, Currency: r.Attempt.Currency, Status: payments.Succeeded, At: a.now()}, nil
	}
	since := a.now().Add(-refundLookBack)
	if r.Attempt.CreatedAt.After(since) {
		since = r.Attempt.CreatedAt
	}
	found, err := client.Find(ctx, Search{Code: refundCode(r.ID), Since: since, ProfileID: profileOf(r.Attempt)})
	if err != nil {
		return payments.RefundOutcome{}, translate(err)
	}
	for _, t := range found {
		if t.OriginalID == r.ChargeID {
			return refundOf(r, t), nil
		}
	}
	return payments.RefundOutcome{}, fmt.Errorf("refund %s is in no list: %w", r.ID, payments.ErrAbsent)
}

// refundOf says a refund's transaction in the machine's words. On its way it is pending: the bank may still refuse it.
func refundOf(r payments.RefundRequest, t Transaction) payments.RefundOutcome {
	o := payments.RefundOutcome{ObjectID: t.ID, Amount: t.Settled.Amount, Currency: r.Attempt.Currency, Status: payments.RefundPending, At: t.SubmittedAt}
	if t.Code == refundCode(r.ID) {
		o.Ref = r.ID
	}
	switch m := t.Meaning(); {
	case m.Effect == RefundDone:
		o.Status = payments.Succeeded
	case m.Effect == RefundPending, m.Status == payments.HeldReview:
	case m.Status == "" && t.Status != "voided" && t.Status != "declined":
	default:
		o.Status, o.Code = payments.Failed, t.Status
	}
	return o
}
