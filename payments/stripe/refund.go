package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// refundKey is the name under which a refund carries our id.
const refundKey = "refund"

// Refund gives money back.
func (a *Account) Refund(ctx context.Context, r payments.RefundRequest) (payments.RefundOutcome, error) {
	amount, err := toStripe(r.Amount, r.Attempt.Currency)
	if err != nil {
		return payments.RefundOutcome{}, err
	}
	made, err := call(ctx, func(ctx context.Context) (*api.Refund, error) {
		p := &api.RefundParams{Params: params(ctx, "ref_"+r.ID), Charge: api.String(r.ChargeID), Amount: api.Int64(amount)}
		p.AddMetadata(refundKey, r.ID)
		return a.api.Refunds.New(p)
	})
	var declined *errRefusedByBank
	if errors.As(err, &declined) {
		return payments.RefundOutcome{Ref: r.ID, Amount: r.Amount, Currency: r.Attempt.Currency, Status: payments.Failed, Code: plain(declined.answer)}, nil
	}
	if err != nil {
		return payments.RefundOutcome{}, fmt.Errorf("refunding %s: %w", r.ChargeID, err)
	}
	return refundOf(made)
}

// LookRefund asks what became of a refund, by its id or else by ours.
func (a *Account) LookRefund(ctx context.Context, r payments.RefundRequest) (payments.RefundOutcome, error) {
	if r.ObjectID == "" {
		return a.findRefund(ctx, r)
	}
	found, err := call(ctx, func(ctx context.Context) (*api.Refund, error) {
		return a.api.Refunds.Get(r.ObjectID, &api.RefundParams{Params: params(ctx, "")})
	})
	if err != nil {
		return payments.RefundOutcome{}, fmt.Errorf("asking for the refund %s: %w", r.ObjectID, err)
	}
	return refundOf(found)
}

func (a *Account) findRefund(ctx context.Context, r payments.RefundRequest) (payments.RefundOutcome, error) {
	found, err := call(ctx, func(ctx context.Context) (*api.Refund, error) {
		list := a.api.Refunds.List(&api.RefundListParams{ListParams: api.ListParams{Context: ctx, Limit: api.Int64(100)}, Charge: api.String(r.ChargeID)})
		for list.Next() {
			if list.Refund().Metadata[refundKey] == r.ID {
				return list.Refund(), nil
			}
		}
		if err := list.Err(); err != nil {
			return nil, err
		}
		return nil, errNone
	})
	if err != nil {
		return payments.RefundOutcome{}, fmt.Errorf("looking for the refund %s: %w", r.ID, err)
	}
	return refundOf(found)
}

func refundOf(r *api.Refund) (payments.RefundOutcome, error) {
	cur := ledger.Currency(strings.ToUpper(string(r.Currency)))
	amount, exact := fromStripe(r.Amount, cur)
	if !exact {
		return payments.RefundOutcome{}, fmt.Errorf("%s: %w", r.ID, errAmount)
	}
	o := payments.RefundOutcome{ObjectID: r.ID, Ref: r.Metadata[refundKey], Amount: amount, Currency: cur, Status: "pending", At: moment(r.Created)}
	switch r.Status {
	case api.RefundStatusSucceeded:
		o.Status = payments.Succeeded
	case api.RefundStatusFailed, api.RefundStatusCanceled:
		o.Status, o.Code = payments.Failed, string(r.FailureReason)
	}
	return o, nil
}
