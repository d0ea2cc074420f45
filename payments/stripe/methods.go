package stripe

import (
	"context"
	"errors"
	"fmt"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
)

// AddMethod saves a method by a setup intent, confirmed here. A card whose bank wants to hear from its owner, and an account that waits for small
// deposits, are Pending with the page to go to; a method that was refused is a *payments.DeclinedError.
func (a *Account) AddMethod(ctx context.Context, m payments.NewMethod) (payments.MethodFacts, error) {
	made, err := a.newSetup(ctx, m, "_create")
	if errors.Is(err, payments.ErrLost) { // it may be a failure that Stripe repeats for a day; an intent that nobody confirms is harmless
		made, err = a.newSetup(ctx, m, fmt.Sprintf("_again_%d", span(a.now())))
	}
	if err != nil {
		return payments.MethodFacts{}, fmt.Errorf("making a setup intent: %w", err)
	}
	if made.Status != api.SetupIntentStatusRequiresPaymentMethod && made.Status != api.SetupIntentStatusRequiresConfirmation {
		return a.LookSetup(ctx, made.ID) // the same key again: it was confirmed then
	}
	_, err = call(ctx, func(ctx context.Context) (*api.SetupIntent, error) {
		return a.api.SetupIntents.Confirm(made.ID, setup(ctx, made.ID, m))
	})
	if errors.Is(err, payments.ErrLost) {
		if f, unsure := a.LookSetup(ctx, made.ID); unsure == nil {
			return f, nil
		}
	}
	if err := declined(err); err != nil {
		return payments.MethodFacts{}, fmt.Errorf("confirming %s: %w", made.ID, err)
	}
	return a.LookSetup(ctx, made.ID)
}

func (a *Account) newSetup(ctx context.Context, m payments.NewMethod, step string) (*api.SetupIntent, error) {
	return call(ctx, func(ctx context.Context) (*api.SetupIntent, error) {
		p := &api.SetupIntentParams{Params: params(ctx, "set_"+m.Key+step), Customer: api.String(m.CustomerID),
			Usage: api.String(string(api.SetupIntentUsageOffSession)), PaymentMethodTypes: []*string{api.String(methodType(m.Kind))}}
		p.AddMetadata("method", m.Key)
		return a.api.SetupIntents.New(p)
	})
}

func setup(ctx context.Context, id string, m payments.NewMethod) *api.SetupIntentConfirmParams {
	p := &api.SetupIntentConfirmParams{Params: params(ctx, "set_"+m.Key+"_"+id+"_confirm"), ReturnURL: api.String(m.ReturnURL)}
	p.AddExtra("confirmation_token", m.Source) // the library of this API version has no field for it
	if m.Kind == payments.Bank && m.MandateIP != "" {
		p.MandateData = &api.SetupIntentMandateDataParams{CustomerAcceptance: &api.SetupIntentMandateDataCustomerAcceptanceParams{
			Type: api.MandateCustomerAcceptanceTypeOnline, Online: &api.SetupIntentMandateDataCustomerAcceptanceOnlineParams{
				IPAddress: api.String(m.MandateIP), UserAgent: api.String(m.MandateUA)}}}
	}
	return p
}

// declined turns a bank's refusal into the word for it.
func declined(err error) error {
	var refused *errRefusedByBank
	if errors.As(err, &refused) {
		return &payments.DeclinedError{Failure: failure(refused.answer)}
	}
	return err
}

// LookSetup asks what became of a method that was to be saved.
func (a *Account) LookSetup(ctx context.Context, setupRef string) (payments.MethodFacts, error) {
	found, err := call(ctx, func(ctx context.Context) (*api.SetupIntent, error) {
		p := &api.SetupIntentParams{Params: params(ctx, "")}
		p.AddExpand("payment_method")
		return a.api.SetupIntents.Get(setupRef, p)
	})
	if err != nil {
		return payments.MethodFacts{}, fmt.Errorf("asking for %s: %w", setupRef, err)
	}
	f := methodOf(found.PaymentMethod)
	switch found.Status {
	case api.SetupIntentStatusSucceeded:
		f.Ref = found.PaymentMethod.ID
	case api.SetupIntentStatusRequiresAction, api.SetupIntentStatusProcessing:
		f.Pending, f.SetupRef = true, found.ID
		pending(found.NextAction, &f)
	default:
		return payments.MethodFacts{}, &payments.DeclinedError{Failure: failure(found.LastSetupError)}
	}
	return f, nil
}

func pending(n *api.SetupIntentNextAction, f *payments.MethodFacts) {
	switch {
	case n == nil:
	case n.VerifyWithMicrodeposits != nil:
		f.VerifyURL, f.ArrivesAt = n.VerifyWithMicrodeposits.HostedVerificationURL, moment(n.VerifyWithMicrodeposits.ArrivalDate)
	case n.RedirectToURL != nil:
		f.VerifyURL = n.RedirectToURL.URL
	}
}

// VerifyMethod tries what a person read on the bank statement. Stripe counts the tries: three for amounts, ten for a code.
func (a *Account) VerifyMethod(ctx context.Context, setupRef string, v payments.Verification) (payments.MethodFacts, error) {
	_, err := call(ctx, func(ctx context.Context) (*api.SetupIntent, error) {
		p := &api.SetupIntentVerifyMicrodepositsParams{Params: params(ctx, "")}
		if v.Code != "" {
			p.DescriptorCode = api.String(v.Code)
		} else {
			p.Amounts = []*int64{api.Int64(v.Amounts[0]), api.Int64(v.Amounts[1])}
		}
		return a.api.SetupIntents.VerifyMicrodeposits(setupRef, p)
	})
	if isState(err) { // verified before, or out of tries
		return a.LookSetup(ctx, setupRef)
	}
	var refused *payments.RefusedError
	if errors.As(err, &refused) {
		if kind, known := deposits(refused.Code); known {
			err = &payments.DeclinedError{Failure: payments.Failure{Kind: kind, Code: refused.Code}}
		}
	}
	if err := declined(err); err != nil {
		return payments.MethodFacts{}, fmt.Errorf("verifying %s: %w", setupRef, err)
	}
	return a.LookSetup(ctx, setupRef)
}

// LookMethod asks what is known of a saved method. One that belongs to another customer, or to none, is gone.
func (a *Account) LookMethod(ctx context.Context, customerID, ref string) (payments.MethodFacts, error) {
	found, err := call(ctx, func(ctx context.Context) (*api.PaymentMethod, error) {
		return a.api.PaymentMethods.Get(ref, &api.PaymentMethodParams{Params: params(ctx, "")})
	})
	if err != nil {
		return payments.MethodFacts{}, fmt.Errorf("asking for %s: %w", ref, err)
	}
	if found.Customer == nil || found.Customer.ID != customerID {
		return payments.MethodFacts{}, fmt.Errorf("%s: %w", ref, payments.ErrAbsent)
	}
	return methodOf(found), nil
}

// RemoveMethod detaches a method. One that is not there any more is as it should be.
func (a *Account) RemoveMethod(ctx context.Context, customerID, ref string) error {
	if _, err := a.LookMethod(ctx, customerID, ref); errors.Is(err, payments.ErrAbsent) {
		return nil
	} else if err != nil {
		return err
	}
	_, err := call(ctx, func(ctx context.Context) (*api.PaymentMethod, error) {
		return a.api.PaymentMethods.Detach(ref, &api.PaymentMethodDetachParams{Params: params(ctx, "")})
	})
	if err != nil && !errors.Is(err, payments.ErrAbsent) {
		return fmt.Errorf("detaching %s: %w", ref, err)
	}
	return nil
}

// SetDefault makes a method the customer's first choice for invoices.
func (a *Account) SetDefault(ctx context.Context, customerID, ref string) error {
	_, err := call(ctx, func(ctx context.Context) (*api.Customer, error) {
		return a.api.Customers.Update(customerID, &api.CustomerParams{Params: params(ctx, ""),
			InvoiceSettings: &api.CustomerInvoiceSettingsParams{DefaultPaymentMethod: api.String(ref)}})
	})
	if err != nil {
		return fmt.Errorf("making %s the default: %w", ref, err)
	}
	return nil
}
