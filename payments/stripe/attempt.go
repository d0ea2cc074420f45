package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
)

// codeKey is the name under which an object carries the attempt's code.
const codeKey = "attempt"

// Keys of an attempt. A key stands for one set of bytes; Stripe keeps it for a day at least.
func beginKey(at payments.Attempt) string  { return "att_" + at.PaymentID + "_create" }
func submitKey(at payments.Attempt) string { return "att_" + at.PaymentID + "_confirm" }

// Begin makes the payment intent, unconfirmed, or for a payment on Stripe's own page its session.
func (a *Account) Begin(ctx context.Context, at payments.Attempt) (string, error) {
	if at.Kind == payments.Hosted {
		return a.beginHosted(ctx, at)
	}
	amount, err := toStripe(at.Amount, at.Currency)
	if err != nil {
		return "", err
	}
	made, err := call(ctx, func(ctx context.Context) (*api.PaymentIntent, error) {
		p := &api.PaymentIntentParams{Params: params(ctx, beginKey(at)), Amount: api.Int64(amount), Currency: api.String(currency(at)),
			PaymentMethodTypes: []*string{api.String(methodType(at.Kind))}, Description: api.String(at.Description)}
		if at.CustomerID != "" {
			p.Customer = api.String(at.CustomerID)
		}
		if at.SaveMethod {
			p.SetupFutureUsage = api.String(string(api.PaymentIntentSetupFutureUsageOffSession))
		}
		p.AddMetadata(codeKey, at.Code)
		p.AddMetadata("payment", at.PaymentID)
		return a.api.PaymentIntents.New(p)
	})
	if err != nil {
		return "", fmt.Errorf("making a payment intent: %w", err)
	}
	return made.ID, nil
}

func currency(at payments.Attempt) string { return strings.ToLower(string(at.Currency)) }

// methodType is named for each intent, so that a switch in the Dashboard cannot bring a way to pay that we do not know.
func methodType(kind string) string {
	if kind == payments.Bank {
		return string(api.PaymentMethodTypeUSBankAccount)
	}
	return string(api.PaymentMethodTypeCard)
}

// Submit confirms the intent. A decline ends it.
func (a *Account) Submit(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	if at.Kind == payments.Hosted {
		return a.Look(ctx, at)
	}
	_, err := call(ctx, func(ctx context.Context) (*api.PaymentIntent, error) {
		return a.api.PaymentIntents.Confirm(at.ObjectID, confirmation(ctx, at))
	})
	var declined *errRefusedByBank
	switch {
	case errors.As(err, &declined):
		return a.decline(ctx, at, declined.answer)
	case isState(err): // confirmed before, under a key that Stripe has forgotten, or cancelled
		return a.Look(ctx, at)
	case err != nil:
		return payments.Outcome{}, fmt.Errorf("confirming %s: %w", at.ObjectID, err)
	}
	return a.Look(ctx, at)
}

func confirmation(ctx context.Context, at payments.Attempt) *api.PaymentIntentConfirmParams {
	p := &api.PaymentIntentConfirmParams{Params: params(ctx, submitKey(at))}
	if at.MethodRef != "" {
		p.PaymentMethod = api.String(at.MethodRef)
	} else {
		p.ConfirmationToken = api.String(at.Source)
	}
	if at.OffSession {
		p.OffSession = api.Bool(true)
	} else {
		p.ReturnURL = api.String(at.ReturnURL)
	}
	if at.Kind == payments.Bank && at.PayerIP != "" && !at.OffSession {
		p.MandateData = &api.PaymentIntentMandateDataParams{CustomerAcceptance: &api.PaymentIntentMandateDataCustomerAcceptanceParams{
			Type: api.String(string(api.MandateCustomerAcceptanceTypeOnline)), Online: &api.PaymentIntentMandateDataCustomerAcceptanceOnlineParams{
				IPAddress: api.String(at.PayerIP), UserAgent: api.String(at.PayerAgent)}}}
	}
	return p
}

// isState reports whether Stripe refused because of the state that the object is in: then its state is the answer.
func isState(err error) bool {
	var refused *payments.RefusedError
	return errors.As(err, &refused) && (strings.Contains(refused.Code, string(api.ErrorCodePaymentIntentUnexpectedState)) ||
		strings.Contains(refused.Code, string(api.ErrorCodeSetupIntentUnexpectedState)))
}

// decline cancels the intent, and only then says that it failed: until then it could be confirmed once more.
func (a *Account) decline(ctx context.Context, at payments.Attempt, answer *api.Error) (payments.Outcome, error) {
	outcome, err := a.Cancel(ctx, at)
	if err != nil || outcome.Status != payments.Canceled && outcome.Status != payments.Failed {
		return outcome, err
	}
	outcome.Status, outcome.Failure = payments.Failed, failure(answer)
	return outcome, nil
}

// Cancel ends the intent, or the session on Stripe's own page. What had succeeded in between is told instead.
func (a *Account) Cancel(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	if at.Kind == payments.Hosted {
		return a.cancelHosted(ctx, at)
	}
	_, err := call(ctx, func(ctx context.Context) (*api.PaymentIntent, error) {
		return a.api.PaymentIntents.Cancel(at.ObjectID, &api.PaymentIntentCancelParams{Params: params(ctx, "")})
	})
	if err != nil && !isState(err) {
		return payments.Outcome{}, fmt.Errorf("cancelling %s: %w", at.ObjectID, err)
	}
	intent, err := a.intent(ctx, at.ObjectID)
	if err != nil {
		return payments.Outcome{}, err
	}
	return a.outcome(ctx, intent)
}

// Look asks for the intent as it is now. One that was declined is cancelled on the way.
func (a *Account) Look(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	if at.ObjectID == "" {
		found, err := a.find(ctx, at)
		if err != nil {
			return payments.Outcome{}, err
		}
		at.ObjectID = found
	}
	if strings.HasPrefix(at.ObjectID, "cs_") {
		return a.lookHosted(ctx, at)
	}
	intent, err := a.intent(ctx, at.ObjectID)
	if err != nil {
		return payments.Outcome{}, err
	}
	if intent.Status == api.PaymentIntentStatusRequiresPaymentMethod && intent.LastPaymentError != nil {
		return a.decline(ctx, at, intent.LastPaymentError)
	}
	return a.outcome(ctx, intent)
}

func (a *Account) intent(ctx context.Context, id string) (*api.PaymentIntent, error) {
	found, err := call(ctx, func(ctx context.Context) (*api.PaymentIntent, error) {
		p := &api.PaymentIntentParams{Params: params(ctx, "")}
		p.AddExpand("payment_method")
		p.AddExpand("latest_charge.refunds") // all of them: of one that failed the sums say nothing any more
		return a.api.PaymentIntents.Get(id, p)
	})
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", id, err)
	}
	return found, nil
}

// find looks for the intent of an attempt whose id was lost on the way back: among the customer's of that time, by the code that it carries.
func (a *Account) find(ctx context.Context, at payments.Attempt) (string, error) {
	return call(ctx, func(ctx context.Context) (string, error) {
		p := &api.PaymentIntentListParams{ListParams: api.ListParams{Context: ctx, Limit: api.Int64(100)},
			CreatedRange: &api.RangeQueryParams{GreaterThanOrEqual: at.CreatedAt.Add(-lookBack).Unix()}}
		if at.CustomerID != "" {
			p.Customer = api.String(at.CustomerID)
		}
		list := a.api.PaymentIntents.List(p)
		for list.Next() {
			if intent := list.PaymentIntent(); intent.Metadata[codeKey] == at.Code {
				return intent.ID, nil
			}
		}
		if err := list.Err(); err != nil {
			return "", err
		}
		return "", errNone
	})
}
