package worlds_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/stripe"
)

// stripeSide is Stripe.
type stripeSide struct {
	w    *world
	emu  *emulator.Emulator
	acct emulator.Account
}

// emptyAccount is one with all made up.
var emptyAccount emulator.Account

func newStripe(w *world) side {
	emu := emulator.New(emulator.Config{Core: w.core})
	return &stripeSide{w: w, emu: emu, acct: emu.AddAccount(emptyAccount)}
}

func (s *stripeSide) handler() http.Handler { return s.emu.Handler() }

func (s *stripeSide) credentials() payments.NewConnection {
	return payments.NewConnection{Processor: payments.Stripe, PublicKey: s.acct.PublishableKey, Credentials: payments.Credentials{SecretKey: s.acct.SecretKey}}
}

func (s *stripeSide) processor(c payments.Credentials) (payments.Processor, error) {
	return stripe.New(stripe.Config{SecretKey: c.SecretKey, WebhookSecrets: c.WebhookSecrets, BaseURL: s.w.url, HTTPClient: s.w.http, Now: s.w.core.Clock.Now})
}

func (s *stripeSide) fates() []string {
	return []string{"pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_visa_chargeDeclined", "pm_card_visa_chargeDeclinedInsufficientFunds",
		"pm_card_threeDSecure2Required", "pm_card_threeDSecureRequiredChargeDeclined", "pm_card_authenticationRequiredOnSetup", "pm_card_createDispute", "pm_card_pendingRefund",
		"pm_card_refundFail", "pm_usBankAccount_success", "pm_usBankAccount_accountClosed", "pm_usBankAccount_insufficientFunds", "pm_usBankAccount_dispute"}
}

func (s *stripeSide) source(fate string) (source, kind string) {
	kind = payments.Card
	if strings.HasPrefix(fate, "pm_us") {
		kind = payments.Bank
	}
	said, status := post(s.w.t, s.w.url+"/v1/test_helpers/confirmation_tokens", s.acct.SecretKey, url.Values{"payment_method": {fate}})
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(said), &made); err != nil || status != http.StatusOK {
		s.w.t.Fatalf("a new method: %d %s", status, said)
	}
	return made.ID, kind
}

func (s *stripeSide) walk(p payments.Payment, well bool) {
	form := url.Values{"result": {"fail"}}
	number := "4000000000000002"
	if well {
		form.Set("result", "complete")
		number = "4242424242424242"
	}
	if strings.Contains(p.Action.URL, "/c/pay/") {
		form = url.Values{"number": {number}, "expiry": {"05/31"}, "cvc": {"123"}, "name": {"Maria Lopez"}}
	}
	if p.Action.URL != "" {
		post(s.w.t, p.Action.URL, "", form)
	}
}

func (s *stripeSide) takeBack(p payments.Payment) {
	if intent := s.intent(p); intent != "" && len(p.Disputes) == 0 && p.Refunded+p.Refunding == 0 {
		s.emu.Dispute(s.acct.ID, intent, map[string]string{payments.Bank: "insufficient_funds"}[p.Kind])
	}
}

// intent finds the intent of a payment; on a hosted page it is not the attempt's object.
func (s *stripeSide) intent(p payments.Payment) string {
	for _, c := range s.emu.Captured(s.acct.ID) {
		if c.Charge == p.ChargeID && c.Disputed == 0 {
			return c.Intent
		}
	}
	return ""
}

func (s *stripeSide) decide(p payments.Payment, won bool) {
	for _, d := range p.Disputes {
		s.emu.CloseDispute(s.acct.ID, d.ObjectID, won)
	}
}

func (s *stripeSide) refundThere(p payments.Payment, amount int64) {
	if p.ChargeID != "" {
		post(s.w.t, s.w.url+"/v1/refunds", s.acct.SecretKey, url.Values{"charge": {p.ChargeID}, "amount": {strconv.FormatInt(amount, 10)}})
	}
}

func (s *stripeSide) failRefund(r payments.Refund) {
	if r.ObjectID != "" {
		s.emu.FailRefund(s.acct.ID, r.ObjectID, "lost_or_stolen_card")
	}
}

func (s *stripeSide) review(payments.Payment, bool) {}

func (s *stripeSide) chargeThere(amount int64) string {
	mark := rand.Text()
	post(s.w.t, s.w.url+"/v1/payment_intents", s.acct.SecretKey, url.Values{"amount": {strconv.FormatInt(amount, 10)}, "currency": {"usd"},
		"payment_method": {"pm_card_visa"}, "payment_method_types[]": {"card"}, "confirm": {"true"}, "metadata[mark]": {mark}})
	for _, c := range s.emu.Captured(s.acct.ID) {
		if c.Metadata["mark"] == mark {
			return c.Charge
		}
	}
	return "" // the processor had its troubles
}

func (s *stripeSide) storm(arm func(route string, kinds ...core.Kind)) {
	all := []core.Kind{core.TimeoutBefore, core.TimeoutAfter, core.CutBefore, core.CutAfter, core.ErrorBefore, core.ErrorAfter, core.Locked, core.Limited, core.Garbage, core.HalfBody}
	for _, route := range []string{"POST /v1/payment_intents", "POST /v1/payment_intents/{id}/*", "POST /v1/refunds", "POST /v1/checkout/*", "POST /v1/customers"} {
		arm(route, all...)
	}
	arm("GET /v1/*", core.TimeoutBefore, core.CutBefore, core.ErrorBefore, core.Garbage)
}

func (s *stripeSide) truth() map[string]taken {
	all := map[string]taken{}
	for _, c := range s.emu.Captured(s.acct.ID) {
		code := c.Metadata["attempt"]
		had := all[code]
		all[code] = taken{had.captured + c.Amount, had.back + c.Refunded + c.Disputed}
	}
	return all
}
