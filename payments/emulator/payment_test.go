package emulator_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"tollhouse/payments/emulator"
)

func TestPayment_SucceedsWithACardAndIsCapturedOnce(t *testing.T) {
	w := newWorld(t)
	pi := w.unconfirmed(nil)
	if pi.Status != stripe.PaymentIntentStatusRequiresPaymentMethod || pi.ClientSecret == "" || pi.Livemode {
		t.Errorf("made as %+v", pi)
	}
	if got := w.emu.Captured(w.acct.ID); len(got) != 0 {
		t.Errorf("captured before it was confirmed: %+v", got)
	}
	done, err := w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	if must(t, done, err).Status != stripe.PaymentIntentStatusSucceeded || done.AmountReceived != 120450 {
		t.Errorf("confirmed as %s, received %d", done.Status, done.AmountReceived)
	}
	now := w.state(pi.ID)
	charge := now.LatestCharge
	if !charge.Captured || charge.PaymentMethodDetails.Card.Last4 != "4242" || charge.Metadata["attempt_id"] != "att_1" {
		t.Errorf("charge %+v", charge)
	}
	if txn := charge.BalanceTransaction; txn.Amount != 120450 || txn.Fee != 3523 || txn.Net != 116927 || txn.Type != "charge" {
		t.Errorf("balance transaction %+v", txn)
	}
	_, err = w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	if e := wrong(t, err); e.Code != stripe.ErrorCodePaymentIntentUnexpectedState || e.PaymentIntent.Status != "succeeded" {
		t.Errorf("confirmed twice: %+v", e)
	}
	_, err = w.api.PaymentIntents.Cancel(pi.ID, nil)
	if e := wrong(t, err); e.Code != stripe.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("cancelled after it succeeded: %+v", e)
	}
	want := []emulator.Capture{{
		Intent: pi.ID, Charge: charge.ID, Amount: 120450, Currency: "usd", Method: "card", Metadata: map[string]string{"attempt_id": "att_1"}, At: start,
	}}
	if diff := cmp.Diff(want, w.emu.Captured(w.acct.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestPayment_DeclinesAsTheCardSays(t *testing.T) {
	w := newWorld(t)
	for method, want := range map[string]struct {
		code    stripe.ErrorCode
		decline stripe.DeclineCode
	}{
		"pm_card_visa_chargeDeclined":                      {"card_declined", "generic_decline"},
		"pm_card_visa_chargeDeclinedInsufficientFunds":     {"card_declined", "insufficient_funds"},
		"pm_card_visa_chargeDeclinedLostCard":              {"card_declined", "lost_card"},
		"pm_card_visa_chargeDeclinedStolenCard":            {"card_declined", "stolen_card"},
		"pm_card_chargeDeclinedExpiredCard":                {"expired_card", ""},
		"pm_card_chargeDeclinedIncorrectCvc":               {"incorrect_cvc", ""},
		"pm_card_chargeDeclinedProcessingError":            {"processing_error", ""},
		"pm_card_visa_chargeDeclinedVelocityLimitExceeded": {"card_declined", "card_velocity_exceeded"},
		"pm_card_radarBlock":                               {"card_declined", "fraudulent"},
		"pm_card_chargeCustomerFail":                       {"card_declined", "generic_decline"},
		"pm_emulator_decline_do_not_honor":                 {"card_declined", "do_not_honor"},
	} {
		t.Run(method, func(t *testing.T) {
			_, err := w.pay(method, nil)
			e := wrong(t, err)
			if e.HTTPStatusCode != 402 || e.Type != stripe.ErrorTypeCard || e.Code != want.code || e.DeclineCode != want.decline {
				t.Errorf("got %d %s %s %s", e.HTTPStatusCode, e.Type, e.Code, e.DeclineCode)
			}
			if e.PaymentIntent == nil || e.PaymentIntent.Status != "requires_payment_method" || e.PaymentMethod == nil || e.ChargeID == "" {
				t.Errorf("the error shows %+v", e)
			}
			now := w.state(e.PaymentIntent.ID)
			if now.LastPaymentError == nil || now.LastPaymentError.Code != want.code || now.PaymentMethod != nil || now.LatestCharge.Status != "failed" {
				t.Errorf("left as %+v", now)
			}
			canceled, err := w.api.PaymentIntents.Cancel(now.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
			if must(t, canceled, err).Status != "canceled" || canceled.CancellationReason != "abandoned" {
				t.Errorf("cancelled as %s", canceled.Status)
			}
		})
	}
	if got := w.emu.Captured(w.acct.ID); len(got) != 0 {
		t.Errorf("captured %+v", got)
	}
}

func TestPayment_TriedAgainWithAnotherCard(t *testing.T) {
	w := newWorld(t)
	pi := w.unconfirmed(nil)
	for _, method := range []string{"pm_card_chargeDeclined", "pm_card_visa"} {
		pi, _ = w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String(method)})
		if pi.ID == "" {
			pi = w.state(firstIntent(t, w))
		}
	}
	if pi.Status != "succeeded" || pi.LastPaymentError != nil {
		t.Errorf("got %s, %v", pi.Status, pi.LastPaymentError)
	}
	list := w.api.Charges.List(&stripe.ChargeListParams{PaymentIntent: stripe.String(pi.ID)})
	var states []string
	for list.Next() {
		states = append(states, string(list.Charge().Status))
	}
	if diff := cmp.Diff([]string{"succeeded", "failed"}, states); diff != "" || list.Err() != nil {
		t.Error(diff, list.Err())
	}
}

func firstIntent(t *testing.T, w *world) string {
	t.Helper()
	list := w.api.PaymentIntents.List(nil)
	if !list.Next() {
		t.Fatal("there is no payment intent")
	}
	return list.PaymentIntent().ID
}

func TestPayment_RefusesWhatItCannotBe(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		amount   int64
		currency string
		change   func(*stripe.PaymentIntentParams)
		code     stripe.ErrorCode
		param    string
	}{
		"nothing":         {0, "usd", nil, "parameter_invalid_integer", "amount"},
		"too little":      {49, "usd", nil, "amount_too_small", "amount"},
		"too much":        {100_000_000, "usd", nil, "amount_too_large", "amount"},
		"no currency":     {100, "dollars", nil, "", "currency"},
		"capitals":        {100, "USD", nil, "", "currency"},
		"dinar's third":   {1001, "kwd", nil, "parameter_invalid_integer", "amount"},
		"part of a krona": {150, "isk", nil, "parameter_invalid_integer", "amount"},
		"bank in euros": {100, "eur", func(p *stripe.PaymentIntentParams) {
			p.PaymentMethodTypes = stripe.StringSlice([]string{"us_bank_account"})
		},
			"payment_intent_invalid_parameter", "currency"},
		"unknown customer":  {100, "usd", func(p *stripe.PaymentIntentParams) { p.Customer = stripe.String("cus_none") }, "resource_missing", "customer"},
		"unknown method":    {100, "usd", func(p *stripe.PaymentIntentParams) { p.PaymentMethod = stripe.String("pm_none") }, "resource_missing", "payment_method"},
		"unknown parameter": {100, "usd", func(p *stripe.PaymentIntentParams) { p.AddExtra("amuont", "1") }, "parameter_unknown", "amuont"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &stripe.PaymentIntentParams{Amount: &c.amount, Currency: &c.currency}
			if c.change != nil {
				c.change(p)
			}
			_, err := w.api.PaymentIntents.New(p)
			if e := wrong(t, err); e.Code != c.code || e.Param != c.param || e.Msg == "" {
				t.Errorf("got %s for %s: %s", e.Code, e.Param, e.Msg)
			}
		})
	}
	if w.api.PaymentIntents.List(nil).Next() {
		t.Error("a refused payment was made")
	}
}

func TestMethods_AreOfOneCustomerAndNotUsedAgainOnceDetached(t *testing.T) {
	w := newWorld(t)
	one, other := w.customer(), w.customer()
	m, err := w.api.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &one.ID})
	if must(t, m, err).Customer.ID != one.ID || m.Card.Last4 != "4242" || m.Card.Fingerprint == "" {
		t.Errorf("attached as %+v", m)
	}
	_, err = w.api.PaymentMethods.Attach(m.ID, &stripe.PaymentMethodAttachParams{Customer: &other.ID})
	if e := wrong(t, err); e.Code != stripe.ErrorCodePaymentMethodUnexpectedState {
		t.Errorf("attached to a second customer: %v", e)
	}
	for name, customer := range map[string]*string{"another customer": &other.ID, "nobody": nil} {
		pi := w.unconfirmed(func(p *stripe.PaymentIntentParams) { p.Customer = customer })
		_, err = w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &m.ID})
		if e := wrong(t, err); e.Code != "payment_intent_invalid_parameter" {
			t.Errorf("used for %s: %v", name, e)
		}
	}
	changed, err := w.api.Customers.Update(one.ID, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &m.ID},
	})
	if must(t, changed, err).InvoiceSettings.DefaultPaymentMethod.ID != m.ID {
		t.Error("the default was not kept")
	}
	_, err = w.api.Customers.Update(other.ID, &stripe.CustomerParams{InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &m.ID}})
	refused(t, err)
	_, err = w.api.PaymentMethods.Detach(m.ID, nil)
	must(t, 0, err)
	now, err := w.api.Customers.Get(one.ID, nil)
	if must(t, now, err).InvoiceSettings.DefaultPaymentMethod != nil {
		t.Error("a detached method is still the default")
	}
	if _, err = w.pay(m.ID, nil); wrong(t, err).Code != stripe.ErrorCodePaymentMethodUnexpectedState {
		t.Errorf("a detached method was used: %v", err)
	}
	list := w.api.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &one.ID, Type: stripe.String("card")})
	if list.Next() || list.Err() != nil {
		t.Errorf("still listed (%v)", list.Err())
	}
}

func TestSecure_AsksAndGoesOnAsThePersonPresses(t *testing.T) {
	for name, c := range map[string]struct {
		method, press string
		want          stripe.PaymentIntentStatus
		code          stripe.ErrorCode
	}{
		"complete":          {"pm_card_threeDSecure2Required", "complete", "succeeded", ""},
		"fail":              {"pm_card_threeDSecure2Required", "fail", "requires_payment_method", "payment_intent_authentication_failure"},
		"declined after it": {"pm_card_threeDSecureRequiredChargeDeclined", "complete", "requires_payment_method", "card_declined"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			pi, err := w.pay(c.method, func(p *stripe.PaymentIntentConfirmParams) {
				p.ReturnURL = stripe.String("https://pay.acme.test/status?x=1")
			})
			if must(t, pi, err).Status != "requires_action" || pi.NextAction.Type != "redirect_to_url" {
				t.Fatalf("got %s, %+v", pi.Status, pi.NextAction)
			}
			page := get(t, w, pi.NextAction.RedirectToURL.URL)
			if !contains(page, "Complete") || !contains(page, "1204.50 USD") {
				t.Errorf("the page shows %s", page)
			}
			to := post(t, w, pi.NextAction.RedirectToURL.URL, "result", c.press)
			if !contains(to, "https://pay.acme.test/status?") || !contains(to, "payment_intent="+pi.ID) || !contains(to, "x=1") {
				t.Errorf("the browser goes to %s", to)
			}
			now := w.state(pi.ID)
			if now.Status != c.want || (c.code != "" && (now.LastPaymentError == nil || now.LastPaymentError.Code != c.code)) {
				t.Errorf("ended as %s, %+v", now.Status, now.LastPaymentError)
			}
			post(t, w, pi.NextAction.RedirectToURL.URL, "result", "complete") // again, too late
			if again := w.state(pi.ID); again.Status != c.want {
				t.Errorf("pressed again: %s", again.Status)
			}
		})
	}
}

func TestSecure_OffSessionIsDeclined(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	m, err := w.api.PaymentMethods.Attach("pm_card_authenticationRequired", &stripe.PaymentMethodAttachParams{Customer: &customer.ID})
	must(t, m, err)
	pi := w.unconfirmed(func(p *stripe.PaymentIntentParams) { p.Customer = &customer.ID })
	_, err = w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &m.ID, OffSession: stripe.Bool(true)})
	if e := wrong(t, err); e.Code != stripe.ErrorCodeAuthenticationRequired || e.HTTPStatusCode != 402 {
		t.Errorf("got %+v", e)
	}
}

func TestSetup_SavesACardThatThenPaysAlone(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	token, err := w.api.TestHelpersConfirmationTokens.New(&stripe.TestHelpersConfirmationTokenParams{
		PaymentMethod: stripe.String("pm_card_authenticationRequiredOnSetup"), ReturnURL: stripe.String("https://pay.acme.test/methods"),
	})
	must(t, token, err)
	si, err := w.api.SetupIntents.New(&stripe.SetupIntentParams{
		Customer: &customer.ID, PaymentMethodTypes: stripe.StringSlice([]string{"card"}), Usage: stripe.String("off_session"),
	})
	must(t, si, err)
	si, err = w.api.SetupIntents.Confirm(si.ID, &stripe.SetupIntentConfirmParams{ConfirmationToken: &token.ID})
	if must(t, si, err).Status != "requires_action" {
		t.Fatalf("got %s", si.Status)
	}
	if to := post(t, w, si.NextAction.RedirectToURL.URL, "result", "complete"); !contains(to, "setup_intent="+si.ID) {
		t.Errorf("the browser goes to %s", to)
	}
	si, err = w.api.SetupIntents.Get(si.ID, nil)
	if must(t, si, err).Status != "succeeded" {
		t.Fatalf("got %s", si.Status)
	}
	m, err := w.api.PaymentMethods.Get(si.PaymentMethod.ID, nil)
	if must(t, m, err).Customer == nil || m.Customer.ID != customer.ID {
		t.Error("the card was not attached")
	}
	pi := w.unconfirmed(func(p *stripe.PaymentIntentParams) { p.Customer = &customer.ID })
	pi, err = w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &m.ID, OffSession: stripe.Bool(true)})
	if must(t, pi, err).Status != "succeeded" {
		t.Errorf("off session: %s", pi.Status)
	}
}

func TestToken_IsUsedOnceAndExpires(t *testing.T) {
	w := newWorld(t)
	made := func() string {
		token, err := w.api.TestHelpersConfirmationTokens.New(&stripe.TestHelpersConfirmationTokenParams{PaymentMethod: stripe.String("pm_card_visa")})
		return must(t, token, err).ID
	}
	id := made()
	confirm := func(id string) error {
		_, err := w.api.PaymentIntents.Confirm(w.unconfirmed(nil).ID, &stripe.PaymentIntentConfirmParams{ConfirmationToken: &id})
		return err
	}
	must(t, 0, confirm(id))
	if e := wrong(t, confirm(id)); e.Param != "confirmation_token" {
		t.Errorf("used twice: %v", e)
	}
	shown, err := w.api.ConfirmationTokens.Get(id, nil)
	if must(t, shown, err).PaymentIntent == "" || shown.PaymentMethodPreview.Card.Last4 != "4242" {
		t.Errorf("shown as %+v", shown)
	}
	late := made()
	w.emu.Advance(12 * time.Hour)
	refused(t, confirm(late))
	if n := len(w.emu.Captured(w.acct.ID)); n != 1 {
		t.Errorf("%d captured", n)
	}
}
