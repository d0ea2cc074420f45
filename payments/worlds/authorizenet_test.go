package worlds_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	authorizenetemu "tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
)

// authorizeSide is Authorize.Net.
type authorizeSide struct {
	w        *world
	emu      *authorizenetemu.Emulator
	merchant authorizenetemu.Merchant
}

func newAuthorize(w *world) side {
	emu := authorizenetemu.New(authorizenetemu.Config{Core: w.core, OriginalInTransID: w.dice.IntN(2) == 0})
	return &authorizeSide{w: w, emu: emu, merchant: emu.AddMerchant(authorizenetemu.Merchant{})}
}

func (s *authorizeSide) handler() http.Handler { return s.emu.Handler() }

func (s *authorizeSide) credentials() payments.NewConnection {
	return payments.NewConnection{Processor: payments.AuthorizeNet, PublicKey: s.merchant.ClientKey, Credentials: payments.Credentials{LoginID: s.merchant.Login,
		TransactionKey: s.merchant.Key, WebhookSecrets: []string{s.merchant.SignatureKey}}}
}

func (s *authorizeSide) config(c payments.Credentials) authorizenet.Config {
	return authorizenet.Config{Endpoint: s.w.url + "/xml/v1/request.api", HostedURL: s.w.url, LoginID: authorizenet.Secret(c.LoginID),
		TransactionKey: authorizenet.Secret(c.TransactionKey), TestMode: true, HTTPClient: s.w.http, Now: s.w.core.Clock.Now}
}

func (s *authorizeSide) processor(c payments.Credentials) (payments.Processor, error) {
	keys := make([]authorizenet.Secret, len(c.WebhookSecrets))
	for i, key := range c.WebhookSecrets {
		keys[i] = authorizenet.Secret(key)
	}
	return authorizenet.NewAccount(s.config(c), keys...)
}

// fates are postal codes, and the last digits of accounts.
func (s *authorizeSide) fates() []string {
	return []string{"", "", "", "", "46282", "46227", "46252", "46253", "bank 0001", "bank 0001", "bank 0101", "bank 0110"}
}

func (s *authorizeSide) source(fate string) (source, kind string) {
	if last, isBank := strings.CutPrefix(fate, "bank "); isBank {
		source, _ = s.emu.BankToken(s.merchant.Login, authorizenetemu.BankAccount{Routing: "121042882", Number: "12345" + last, Owner: "Maria Lopez"})
		return source, payments.Bank
	}
	source, _ = s.emu.CardToken(s.merchant.Login, authorizenetemu.Card{Number: "4111111111111111", Expiry: "2031-05", First: "Maria", Last: "Lopez", Zip: fate})
	return source, payments.Card
}

func (s *authorizeSide) walk(p payments.Payment, well bool) {
	zip := "46282"
	if well {
		zip = ""
	}
	if p.Action.Form != "" {
		post(s.w.t, s.w.url+"/payment/pay", "", url.Values{"token": {p.Action.Form}, "card_number": {"4111111111111111"}, "expiry": {"05/31"}, "card_code": {"123"},
			"first_name": {"Maria"}, "zip": {zip}})
	}
}

// takeBack is a bank's return or chargeback, of which no message tells. Errors say that it is too early.
func (s *authorizeSide) takeBack(p payments.Payment) {
	if p.Kind == payments.Bank {
		_ = s.emu.Return(s.merchant.Login, p.ChargeID, "R01")
		return
	}
	if p.Refunded+p.Refunding == 0 {
		_ = s.emu.Dispute(s.merchant.Login, p.ChargeID, false)
	}
}

func (s *authorizeSide) decide(p payments.Payment, won bool) {
	if won && s.emu.Status(s.merchant.Login, p.ChargeID) == "chargeback" {
		_ = s.emu.Dispute(s.merchant.Login, p.ChargeID, true)
	}
}

// client is the merchant's own program, on a line of its own.
func (s *authorizeSide) client() *authorizenet.Client {
	config := s.config(s.credentials().Credentials)
	config.Currency, config.HTTPClient = "USD", visitor
	client, err := authorizenet.New(config)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return client
}

// refundThere refunds a card's payment that is settled, and voids one that is not. What the processor refuses, or its fault spoils, is nothing to us.
func (s *authorizeSide) refundThere(p payments.Payment, amount int64) {
	if p.Kind == payments.Bank || p.ChargeID == "" {
		return
	}
	code := rand.Text()[:18]
	if s.emu.Status(s.merchant.Login, p.ChargeID) == "capturedPendingSettlement" {
		_, _ = s.client().Void(ctx, code, p.ChargeID)
		return
	}
	_, _ = s.client().Refund(ctx, authorizenet.Refund{Code: code, OriginalID: p.ChargeID, Amount: ledger.Money{Amount: amount, Currency: "USD"}, Last4: p.Last4})
}

func (s *authorizeSide) failRefund(payments.Refund) {}

func (s *authorizeSide) review(p payments.Payment, approve bool) {
	_ = s.emu.Review(s.merchant.Login, p.ObjectID, approve)
}

func (s *authorizeSide) chargeThere(amount int64) string {
	source, _ := s.source("")
	return s.chargeAs(rand.Text()[:18], source, amount)
}

// chargeAs charges by the merchant's own program, and returns the transaction's id; "" when the processor had its troubles.
func (s *authorizeSide) chargeAs(code, source string, amount int64) (id string) {
	_, _ = s.client().Charge(ctx, authorizenet.Charge{Code: code, Amount: ledger.Money{Amount: amount, Currency: "USD"},
		Token: &authorizenet.Token{Descriptor: authorizenetemu.Descriptor, Value: source}})
	for _, c := range s.emu.Captured(s.merchant.Login) {
		if c.Code == code {
			id = c.ID
		}
	}
	return id
}

func (s *authorizeSide) storm(arm func(route string, kinds ...core.Kind)) {
	arm("authorizenet/createTransactionRequest", core.TimeoutBefore, core.TimeoutAfter, core.CutBefore, core.CutAfter, core.ErrorBefore, core.ErrorAfter, core.Garbage, core.HalfBody)
	arm("authorizenet/getHostedPaymentPageRequest", core.CutBefore, core.CutAfter, core.ErrorAfter)
	arm("authorizenet/get*", core.TimeoutBefore, core.CutBefore, core.ErrorBefore, core.Garbage)
}

func (s *authorizeSide) truth() map[string]taken {
	all := map[string]taken{}
	for _, c := range s.emu.Captured(s.merchant.Login) {
		had := all[c.Code]
		had.captured += c.Amount.Amount
		had.back += c.Refunded
		if c.Returned || c.Disputed {
			had.back += c.Amount.Amount
		}
		all[c.Code] = had
	}
	return all
}
