package emulator_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
)

// session opens a checkout session of 1,204.50 dollars.
func (w *world) session(change func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	w.t.Helper()
	p := &stripe.CheckoutSessionParams{
		Mode: stripe.String("payment"), SuccessURL: stripe.String("https://pay.acme.test/done?cs={CHECKOUT_SESSION_ID}"),
		CancelURL: stripe.String("https://pay.acme.test/back"), PaymentMethodTypes: stripe.StringSlice([]string{"card", "us_bank_account"}),
		ExpiresAt: stripe.Int64(start.Add(30 * time.Minute).Unix()),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Quantity: stripe.Int64(1), PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(120450),
			ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String("Invoice INV-7")},
		}}},
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"attempt_id": "att_9"}},
	}
	if change != nil {
		change(p)
	}
	s, err := w.api.CheckoutSessions.New(p)
	return must(w.t, s, err)
}

func (w *world) sessionNow(id string) *stripe.CheckoutSession {
	w.t.Helper()
	s, err := w.api.CheckoutSessions.Get(id, nil)
	return must(w.t, s, err)
}

func card(number string) []string {
	return []string{"method", "card", "number", number, "expiry", "12 / 31", "cvc", "123", "name", "Test Holder"}
}

func TestCheckout_PaysWithoutScripts(t *testing.T) {
	w := newWorld(t)
	in := w.inbox("checkout.session.completed", "payment_intent.succeeded")
	s := w.session(nil)
	if s.Status != "open" || s.PaymentStatus != "unpaid" || s.PaymentIntent != nil || s.AmountTotal != 120450 {
		t.Errorf("opened as %+v", s)
	}
	if page := get(t, w, s.URL); !contains(page, "1204.50 USD") || !contains(page, "Invoice INV-7") || contains(page, "<script") {
		t.Errorf("the page shows %s", page)
	}
	if page := post(t, w, s.URL, card("4000 0000 0000 9995")...); !contains(page, "insufficient funds") || contains(page, "9995") {
		t.Errorf("after a decline the page shows %s", page)
	}
	for range 2 { // and a double press
		if to := post(t, w, s.URL, card("4242 4242 4242 4242")...); to != "https://pay.acme.test/done?cs="+s.ID {
			t.Errorf("the browser goes to %s", to)
		}
	}
	now := w.sessionNow(s.ID)
	if now.Status != "complete" || now.PaymentStatus != "paid" || now.URL != "" {
		t.Errorf("ended as %s %s", now.Status, now.PaymentStatus)
	}
	if got := w.emu.Captured(w.acct.ID); len(got) != 1 || got[0].Metadata["attempt_id"] != "att_9" || got[0].Intent != now.PaymentIntent.ID {
		t.Errorf("captured %+v", got)
	}
	w.emu.Advance(0)
	if kinds, bad := in.take(); !cmp.Equal(kinds, []string{"payment_intent.succeeded", "checkout.session.completed"}) || bad != nil {
		t.Errorf("heard %v, %v", kinds, bad)
	}
	_, err := w.api.CheckoutSessions.Expire(s.ID, nil)
	refused(t, err)
}

func TestCheckout_AsksForSecureAndComesBack(t *testing.T) {
	w := newWorld(t)
	s := w.session(nil)
	page := post(t, w, s.URL, card("4000 0000 0000 3220")...)
	if !contains(page, "/action/") {
		t.Fatalf("the browser goes to %s", page)
	}
	back := post(t, w, page, "result", "complete")
	if !contains(back, "/c/pay/"+s.ID+"/return") {
		t.Errorf("the bank sends the browser to %s", back)
	}
	if w.sessionNow(s.ID).PaymentStatus != "paid" {
		t.Errorf("left as %s", w.sessionNow(s.ID).PaymentStatus)
	}
}

func TestCheckout_ExpiredTakesNothing(t *testing.T) {
	for name, expire := range map[string]func(*world, string){
		"by hand": func(w *world, id string) {
			s, err := w.api.CheckoutSessions.Expire(id, nil)
			if must(w.t, s, err).Status != "expired" {
				w.t.Errorf("got %s", s.Status)
			}
		},
		"by time": func(w *world, _ string) { w.emu.Advance(30 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.session(nil)
			post(t, w, s.URL, card("4000 0000 0000 0002")...)
			expire(w, s.ID)
			if page := post(t, w, s.URL, card("4242 4242 4242 4242")...); !contains(page, "has expired") {
				t.Errorf("the page shows %s", page)
			}
			now := w.sessionNow(s.ID)
			if now.Status != "expired" || len(w.emu.Captured(w.acct.ID)) != 0 || w.state(now.PaymentIntent.ID).Status != "canceled" {
				t.Errorf("left as %s, captured %+v", now.Status, w.emu.Captured(w.acct.ID))
			}
		})
	}
}

// The intent of a session cannot be moved behind the page's back.
func TestCheckout_ItsIntentBelongsToIt(t *testing.T) {
	w := newWorld(t)
	s := w.session(nil)
	post(t, w, s.URL, card("4000 0000 0000 0002")...)
	id := w.sessionNow(s.ID).PaymentIntent.ID
	_, err := w.api.PaymentIntents.Confirm(id, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	refused(t, err)
	_, err = w.api.PaymentIntents.Cancel(id, nil)
	refused(t, err)
}

func TestCheckout_FromABankIsPaidLater(t *testing.T) {
	for account, want := range map[string]string{
		"000123456789": "checkout.session.async_payment_succeeded", "000222222227": "checkout.session.async_payment_failed",
	} {
		w := newWorld(t)
		in := w.inbox("checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed")
		s := w.session(nil)
		post(t, w, s.URL, "method", "bank", "name", "Test Holder", "routing", "110000000", "account", account)
		if now := w.sessionNow(s.ID); now.Status != "complete" || now.PaymentStatus != "unpaid" {
			t.Errorf("%s: %s %s", account, now.Status, now.PaymentStatus)
		}
		w.emu.Advance(5 * day)
		if kinds, _ := in.take(); !cmp.Equal(kinds, []string{"checkout.session.completed", want}) {
			t.Errorf("%s: heard %v", account, kinds)
		}
	}
}

func TestCheckout_SavesAMethod(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	s := w.session(func(p *stripe.CheckoutSessionParams) {
		p.Mode, p.LineItems, p.PaymentIntentData, p.Customer = stripe.String("setup"), nil, nil, &customer.ID
	})
	post(t, w, s.URL, card("5555 5555 5555 4444")...)
	if now := w.sessionNow(s.ID); now.Status != "complete" || now.SetupIntent == nil || now.PaymentStatus != "no_payment_required" {
		t.Errorf("ended as %+v", now)
	}
	list := w.api.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &customer.ID})
	if !list.Next() || list.PaymentMethod().Card.Brand != "mastercard" {
		t.Errorf("saved %+v", list.PaymentMethod())
	}
}

func TestCheckout_RefusesWhatItCannotBe(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*stripe.CheckoutSessionParams){
		"too short":    func(p *stripe.CheckoutSessionParams) { p.ExpiresAt = stripe.Int64(start.Add(10 * time.Minute).Unix()) },
		"too long":     func(p *stripe.CheckoutSessionParams) { p.ExpiresAt = stripe.Int64(start.Add(48 * time.Hour).Unix()) },
		"nothing":      func(p *stripe.CheckoutSessionParams) { p.LineItems = nil },
		"nowhere":      func(p *stripe.CheckoutSessionParams) { p.SuccessURL = nil },
		"no address":   func(p *stripe.CheckoutSessionParams) { p.SuccessURL = stripe.String("javascript:alert(1)") },
		"subscription": func(p *stripe.CheckoutSessionParams) { p.Mode = stripe.String("subscription") },
	} {
		t.Run(name, func(t *testing.T) {
			p := &stripe.CheckoutSessionParams{
				Mode: stripe.String("payment"), SuccessURL: stripe.String("https://pay.acme.test/done"),
				LineItems: []*stripe.CheckoutSessionLineItemParams{{Quantity: stripe.Int64(1), PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
					Currency: stripe.String("usd"), UnitAmount: stripe.Int64(500),
				}}},
			}
			change(p)
			_, err := w.api.CheckoutSessions.New(p)
			refused(t, err)
		})
	}
}
