package stripe

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
)

// hostedTime is how long a payer has on Stripe's own page: the shortest that Stripe allows.
const hostedTime = 31 * time.Minute

// beginHosted makes a session on Stripe's own page, for browsers without scripts. It ends by itself, or when we end it.
func (a *Account) beginHosted(ctx context.Context, at payments.Attempt) (string, error) {
	amount, err := toStripe(at.Amount, at.Currency)
	if err != nil {
		return "", err
	}
	made, err := call(ctx, func(ctx context.Context) (*api.CheckoutSession, error) {
		return a.api.CheckoutSessions.New(hostedParams(ctx, at, amount))
	})
	if err != nil {
		return "", fmt.Errorf("making a checkout session: %w", err)
	}
	return made.ID, nil
}

func hostedParams(ctx context.Context, at payments.Attempt, amount int64) *api.CheckoutSessionParams {
	p := &api.CheckoutSessionParams{Params: params(ctx, beginKey(at)), Mode: api.String(string(api.CheckoutSessionModePayment)),
		PaymentMethodTypes: []*string{api.String(methodType(payments.Card))}, SuccessURL: api.String(at.ReturnURL), CancelURL: api.String(at.ReturnURL),
		ExpiresAt: api.Int64(at.CreatedAt.Add(hostedTime).Unix()), // of the attempt, not of now: the same key must stand for the same bytes
		LineItems: []*api.CheckoutSessionLineItemParams{{Quantity: api.Int64(1), PriceData: &api.CheckoutSessionLineItemPriceDataParams{
			Currency: api.String(currency(at)), UnitAmount: api.Int64(amount),
			ProductData: &api.CheckoutSessionLineItemPriceDataProductDataParams{Name: api.String(at.Description)}}}},
		PaymentIntentData: &api.CheckoutSessionPaymentIntentDataParams{Description: api.String(at.Description),
			Metadata: map[string]string{codeKey: at.Code, "payment": at.PaymentID}}}
	if at.CustomerID != "" {
		p.Customer = api.String(at.CustomerID)
	}
	if at.SaveMethod {
		p.PaymentIntentData.SetupFutureUsage = api.String(string(api.PaymentIntentSetupFutureUsageOffSession))
	}
	p.AddMetadata(codeKey, at.Code)
	return p
}

func (a *Account) session(ctx context.Context, id string) (*api.CheckoutSession, error) {
	found, err := call(ctx, func(ctx context.Context) (*api.CheckoutSession, error) {
		return a.api.CheckoutSessions.Get(id, &api.CheckoutSessionParams{Params: params(ctx, "")})
	})
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", id, err)
	}
	return found, nil
}

// lookHosted says what became of a session: while it is open the payer is on Stripe's page; once complete its intent tells.
func (a *Account) lookHosted(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	found, err := a.session(ctx, at.ObjectID)
	if err != nil {
		return payments.Outcome{}, err
	}
	o := payments.Outcome{ObjectID: found.ID, Currency: at.Currency, Live: found.Livemode, Code: found.Metadata[codeKey]}
	if found.Customer != nil {
		o.Customer = found.Customer.ID
	}
	switch {
	case found.Status == api.CheckoutSessionStatusOpen:
		o.Status, o.Action = payments.RequiresAction, payments.Action{URL: found.URL}
		return o, nil
	case found.PaymentIntent == nil: // expired before anything was tried
		o.Status, o.Failure = payments.Canceled, payments.Failure{Kind: payments.FailedAbandoned}
		return o, nil
	}
	return a.hostedIntent(ctx, at, found)
}

// hostedIntent reads the intent of a session that is over. The session's id stays the attempt's object.
func (a *Account) hostedIntent(ctx context.Context, at payments.Attempt, found *api.CheckoutSession) (payments.Outcome, error) {
	intent, err := a.intent(ctx, found.PaymentIntent.ID)
	if err != nil {
		return payments.Outcome{}, err
	}
	o, err := a.outcome(ctx, intent)
	o.ObjectID = at.ObjectID
	if o.Status == payments.Submitting { // the session has ended, and with it the intent can take nothing any more
		o.Status, o.Failure = payments.Canceled, payments.Failure{Kind: payments.FailedAbandoned}
	}
	return o, err
}

// cancelHosted ends a session. Only when Stripe says that it is over can it take nothing any more.
func (a *Account) cancelHosted(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	_, err := call(ctx, func(ctx context.Context) (*api.CheckoutSession, error) {
		return a.api.CheckoutSessions.Expire(at.ObjectID, &api.CheckoutSessionExpireParams{Params: params(ctx, "")})
	})
	var refused *payments.RefusedError
	if err != nil && (!errors.As(err, &refused) || refused.Credentials) { // refused: it is complete or expired, and the look tells which
		return payments.Outcome{}, fmt.Errorf("ending %s: %w", at.ObjectID, err)
	}
	return a.lookHosted(ctx, at)
}
