package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// lookBack is how much earlier than our clock Stripe's may be.
const lookBack = 10 * time.Minute

// errNone stands for an answer that holds nothing of what was looked for.
var errNone = &api.Error{Type: api.ErrorTypeInvalidRequest, Code: api.ErrorCodeResourceMissing, HTTPStatusCode: 404}

// errAmount says that Stripe names an amount that we cannot write.
var errAmount = errors.New("an amount that cannot be written in our minor units")

// outcome reads an intent. What was captured is read with what was given and taken back of it.
func (a *Account) outcome(ctx context.Context, in *api.PaymentIntent) (payments.Outcome, error) {
	cur := ledger.Currency(strings.ToUpper(string(in.Currency)))
	o := payments.Outcome{ObjectID: in.ID, Currency: cur, Live: in.Livemode, Code: in.Metadata[codeKey], Method: methodOf(in.PaymentMethod)}
	if in.Customer != nil {
		o.Customer = in.Customer.ID
	}
	received, exact := fromStripe(in.AmountReceived, cur)
	if !exact {
		return payments.Outcome{}, fmt.Errorf("%s: %w", in.ID, errAmount)
	}
	o.Received = received
	status(in, &o)
	if in.LatestCharge == nil || o.Status != payments.Succeeded {
		return o, nil
	}
	o.ChargeID = in.LatestCharge.ID
	return o, a.takenBack(ctx, in, &o)
}

// status fills in what the intent's state means.
func status(in *api.PaymentIntent, o *payments.Outcome) {
	switch in.Status {
	case api.PaymentIntentStatusSucceeded:
		o.Status = payments.Succeeded
	case api.PaymentIntentStatusProcessing:
		o.Status = payments.Processing
	case api.PaymentIntentStatusCanceled:
		o.Status = payments.Canceled
		if in.LastPaymentError != nil {
			o.Status, o.Failure = payments.Failed, failure(in.LastPaymentError)
		}
	case api.PaymentIntentStatusRequiresAction:
		o.Status, o.Action = action(in)
		if n := in.NextAction; n != nil && n.VerifyWithMicrodeposits != nil {
			o.Method.ArrivesAt = moment(n.VerifyWithMicrodeposits.ArrivalDate)
		}
	case api.PaymentIntentStatusRequiresCapture: // we never ask for this: somebody must look
		o.Status = payments.HeldReview
	default: // requires_confirmation, and requires_payment_method without an error: never submitted
		o.Status = payments.Submitting
	}
}

func action(in *api.PaymentIntent) (string, payments.Action) {
	n := in.NextAction
	switch {
	case n == nil:
		return payments.RequiresAction, payments.Action{ClientSecret: in.ClientSecret}
	case n.VerifyWithMicrodeposits != nil:
		return payments.RequiresVerification, payments.Action{URL: n.VerifyWithMicrodeposits.HostedVerificationURL}
	case n.RedirectToURL != nil:
		return payments.RequiresAction, payments.Action{URL: n.RedirectToURL.URL, ClientSecret: in.ClientSecret}
	}
	return payments.RequiresAction, payments.Action{ClientSecret: in.ClientSecret}
}

// takenBack reads the refunds and disputes of a charge. Nearly no charge has any, and then nothing is asked.
func (a *Account) takenBack(ctx context.Context, in *api.PaymentIntent, o *payments.Outcome) error {
	charge := in.LatestCharge
	if charge.AmountRefunded > 0 || charge.Refunded || hasRefunds(charge) {
		refunds, err := a.refundsOf(ctx, in.ID)
		if err != nil {
			return err
		}
		o.Refunds = refunds
	}
	if charge.Disputed {
		disputes, err := a.disputesOf(ctx, in)
		if err != nil {
			return err
		}
		o.Disputes = disputes
	}
	return nil
}

func hasRefunds(c *api.Charge) bool { return c.Refunds != nil && len(c.Refunds.Data) > 0 }

func (a *Account) refundsOf(ctx context.Context, intent string) ([]payments.RefundOutcome, error) {
	return call(ctx, func(ctx context.Context) (all []payments.RefundOutcome, err error) {
		list := a.api.Refunds.List(&api.RefundListParams{ListParams: api.ListParams{Context: ctx, Limit: api.Int64(100)}, PaymentIntent: api.String(intent)})
		for list.Next() {
			r, err := refundOf(list.Refund())
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
		return all, list.Err()
	})
}

func (a *Account) disputesOf(ctx context.Context, in *api.PaymentIntent) ([]payments.DisputeFacts, error) {
	bank := in.PaymentMethod != nil && in.PaymentMethod.Type == api.PaymentMethodTypeUSBankAccount
	return call(ctx, func(ctx context.Context) (all []payments.DisputeFacts, err error) {
		list := a.api.Disputes.List(&api.DisputeListParams{ListParams: api.ListParams{Context: ctx, Limit: api.Int64(100)}, PaymentIntent: api.String(in.ID)})
		for list.Next() {
			d, err := disputeOf(list.Dispute(), bank)
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
		return all, list.Err()
	})
}

// disputeOf reads a dispute. A bank debit that comes back is a dispute to Stripe, and lost from the start.
func disputeOf(d *api.Dispute, bank bool) (payments.DisputeFacts, error) {
	cur := ledger.Currency(strings.ToUpper(string(d.Currency)))
	amount, exact := fromStripe(d.Amount, cur)
	if !exact {
		return payments.DisputeFacts{}, fmt.Errorf("%s: %w", d.ID, errAmount)
	}
	f := payments.DisputeFacts{ObjectID: d.ID, Kind: "dispute", Amount: amount, Currency: cur, Status: "open", Reason: string(d.Reason), At: moment(d.Created)}
	if bank {
		f.Kind = "return"
	}
	switch d.Status {
	case api.DisputeStatusWon:
		f.Status = "won"
	case api.DisputeStatusLost:
		f.Status = "lost"
	case api.DisputeStatusWarningNeedsResponse, api.DisputeStatusWarningUnderReview, api.DisputeStatusWarningClosed:
		f.Status = "warning"
	}
	return f, nil
}

// methodOf reads a method; its number is known to Stripe alone.
func methodOf(m *api.PaymentMethod) payments.MethodFacts {
	if m == nil {
		return payments.MethodFacts{TriesLeft: -1}
	}
	f := payments.MethodFacts{TriesLeft: -1}
	if m.Customer != nil {
		f.Ref = m.ID
	}
	switch {
	case m.Card != nil:
		f.Kind, f.Brand, f.Last4 = payments.Card, string(m.Card.Brand), m.Card.Last4
		f.ExpMonth, f.ExpYear = int(m.Card.ExpMonth), int(m.Card.ExpYear)
	case m.USBankAccount != nil:
		f.Kind, f.Brand, f.Last4 = payments.Bank, m.USBankAccount.BankName, m.USBankAccount.Last4
	}
	return f
}

// moment reads Stripe's seconds; 0 is the zero time.
func moment(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
