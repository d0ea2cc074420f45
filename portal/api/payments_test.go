package api_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	stripeapi "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/stripe"
)

// till is a bench whose first tenant takes cards.
type till struct {
	*bench
	emu     *emulator.Emulator
	acct    emulator.Account
	raw     *client.API // what a payer's browser does
	company string
	contact string
}

func setupTill(t *testing.T) *till {
	t.Helper()
	b := setup(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	h := &http.Client{Transport: transport}
	x := &till{bench: b, emu: emulator.New(emulator.Config{Seed: 4, Client: h})}
	server := httptest.NewServer(x.emu.Handler())
	t.Cleanup(server.Close)
	b.opener = func(_ string, c payments.Credentials) (payments.Processor, error) {
		return stripe.New(stripe.Config{SecretKey: c.SecretKey, WebhookSecrets: c.WebhookSecrets, BaseURL: server.URL, HTTPClient: h, Now: x.emu.Clock.Now})
	}
	x.acct = x.emu.AddAccount(emulator.Account{})
	quiet := &stripeapi.BackendConfig{URL: stripeapi.String(server.URL), HTTPClient: h, LeveledLogger: &stripeapi.LeveledLogger{Level: stripeapi.LevelNull}}
	x.raw = client.New(x.acct.SecretKey, &stripeapi.Backends{API: stripeapi.GetBackendWithConfig(stripeapi.APIBackend, quiet)})
	b.call(b.acme, "POST", connections, keys(x.acct)).want(201)
	x.company = b.company(b.acme, "Hartmann")
	x.contact = b.contact(b.acme, x.company, "m@example.com")
	return x
}

// sent is a sent invoice over 120.00 USD.
func (x *till) sent() string {
	x.t.Helper()
	id := x.draft(x.acme, x.company).id()
	x.call(x.acme, "POST", invoices+"/"+id+"/send", "").want(200)
	return id
}

// pay pays an invoice with a card, as the portal does, and demands that it comes to a status.
func (x *till) pay(invoice, card, status string) payments.Payment {
	x.t.Helper()
	token, err := x.raw.TestHelpersConfirmationTokens.New(&stripeapi.TestHelpersConfirmationTokenParams{PaymentMethod: stripeapi.String(card)})
	if err != nil {
		x.t.Fatal(err)
	}
	p, err := x.service.Pay(x.t.Context(), x.acme.tenant, payments.PayRequest{Nonce: rand.Text(), CompanyID: x.company, ContactID: x.contact,
		Session: payments.Session{ID: "ses_1", Confirmed: true}, Items: []payments.PayItem{{InvoiceID: invoice}}, Kind: payments.Card, Source: token.ID,
		ReturnURL: func(string) string { return "https://billing.acme.test/portal" }})
	if err != nil || p.Status != status {
		x.t.Fatalf("paying: %s, %v, want %s", p.Status, err, status)
	}
	return p
}

func (x *till) refunds(p payments.Payment) string { return paymentsPath + "/" + p.ID + "/refunds" }

func TestPayment_IsShownAsTheProcessorHasIt(t *testing.T) {
	x := setupTill(t)
	invoice := x.sent()
	failed := x.pay(invoice, "pm_card_visa_chargeDeclinedInsufficientFunds", payments.Failed)
	p := x.pay(invoice, "pm_card_visa", payments.Succeeded)
	shown := x.call(x.acme, "GET", paymentsPath+"/"+p.ID, "").want(200)
	if shown.Body["status"] != "succeeded" || shown.Body["standing"] != "succeeded" || amount(shown, "amount") != 12000.0 || shown.Body["processor_id"] != p.ObjectID ||
		shown.Body["receipt_number"] != p.Receipt || shown.Body["kind"] != "card" || shown.Body["live"] != false || shown.Body["contact_id"] != x.contact {
		t.Errorf("%s", shown.Raw)
	}
	if no := x.call(x.acme, "GET", paymentsPath+"/"+failed.ID, "").want(200); no.Body["status"] != "failed" || no.Body["failure_code"] != "insufficient_funds" ||
		no.Body["receipt_number"] != nil {
		t.Errorf("%s", no.Raw)
	}
	for query, want := range map[string]int{"": 2, "?status=succeeded": 1, "?status=unknown": 0, "?invoice_id=" + invoice: 2, "?company_id=" + x.company: 2,
		"?company_id=com_00000000000000000000000000": 0, "?limit=1": 1} {
		list := x.call(x.acme, "GET", paymentsPath+query, "").want(200)
		if len(list.data()) != want || (list.Body["next_cursor"] != nil) != (query == "?limit=1") {
			t.Errorf("%q: %s", query, list.Raw)
		}
	}
	first := x.call(x.acme, "GET", paymentsPath+"?limit=1", "").want(200)
	next := x.call(x.acme, "GET", paymentsPath+"?limit=1&cursor="+first.Body["next_cursor"].(string), "").want(200)
	if got := next.data()[0].(map[string]any)["id"]; got != failed.ID || next.Body["next_cursor"] != nil {
		t.Errorf("the second page: %s", next.Raw)
	}
	x.call(x.acme, "GET", paymentsPath+"?cursor=nonsense", "").problem(400, "invalid_cursor")
	x.call(x.bolt, "GET", paymentsPath+"/"+p.ID, "").problem(404, "not_found")
	if n := len(x.call(x.bolt, "GET", paymentsPath, "").want(200).data()); n != 0 {
		t.Errorf("another tenant sees %d payments", n)
	}
}

func TestRefund_InPartsUntilNothingIsLeft(t *testing.T) {
	x := setupTill(t)
	invoice := x.sent()
	p := x.pay(invoice, "pm_card_visa", payments.Succeeded)
	for name, c := range map[string]struct{ body, field string }{
		"nothing": {`{"amount":0}`, "amount"}, "below nothing": {`{"amount":-1}`, "amount"}, "more than there is": {`{"amount":12001}`, "amount"},
	} {
		got := x.call(x.acme, "POST", x.refunds(p), c.body)
		if got.problem(422, "invalid"); got.fields()[c.field] == "" {
			t.Errorf("%s: %s", name, got.Raw)
		}
	}
	x.call(x.bolt, "POST", x.refunds(p), `{}`).problem(404, "not_found")
	part := x.call(x.acme, "POST", x.refunds(p), `{"amount":2000,"reason":"Half a day less","reopen_invoices":true}`, "Idempotency-Key", "part").want(201)
	again := x.call(x.acme, "POST", x.refunds(p), `{"amount":2000,"reason":"Half a day less","reopen_invoices":true}`, "Idempotency-Key", "part").want(201)
	if part.Body["status"] != "succeeded" || part.id() != again.id() || part.Body["reopens"] != true {
		t.Errorf("%s, again %s", part.Raw, again.Raw)
	}
	shown := x.call(x.acme, "GET", paymentsPath+"/"+p.ID, "").want(200)
	if shown.Body["standing"] != "partially_refunded" || amount(shown, "refunded") != 2000.0 || len(shown.Body["refunds"].([]any)) != 1 {
		t.Errorf("%s", shown.Raw)
	}
	if inv := x.call(x.acme, "GET", invoices+"/"+invoice, "").want(200); amount(inv, "balance") != 2000.0 {
		t.Errorf("the invoice: %s", inv.Raw)
	}
	if rest := x.call(x.acme, "POST", x.refunds(p), "").want(201); amount(rest, "amount") != 10000.0 {
		t.Errorf("the rest: %s", rest.Raw)
	}
	x.call(x.acme, "POST", x.refunds(p), "").problem(422, "invalid")
	if shown := x.call(x.acme, "GET", paymentsPath+"/"+p.ID, ""); shown.Body["standing"] != "refunded" {
		t.Errorf("%s", shown.Raw)
	}
	var given int64
	for _, c := range x.emu.Captured(x.acct.ID) {
		given += c.Refunded
	}
	if given != 12000 {
		t.Errorf("the processor gave back %d", given)
	}
}

func TestRefund_WhoseAnswerWasLostBlocksOthersAndSaysSo(t *testing.T) {
	x := setupTill(t)
	p := x.pay(x.sent(), "pm_card_visa", payments.Succeeded)
	id := x.emu.Fault(core.Fault{Route: "POST /v1/refunds", Kind: core.CutAfter})
	lost := x.call(x.acme, "POST", x.refunds(p), `{"amount":500}`).want(201)
	if lost.Body["status"] != "unknown" {
		t.Fatalf("control: %s", lost.Raw)
	}
	x.emu.Faults.Disarm(id)
	x.call(x.acme, "POST", x.refunds(p), `{"amount":500}`).problem(409, "refund_unanswered")
	if shown := x.call(x.acme, "GET", paymentsPath+"/"+p.ID, "").want(200); amount(shown, "refunding") != 500.0 || amount(shown, "refunded") != 0.0 {
		t.Errorf("%s", shown.Raw)
	}
}

func TestRefund_OfWhatNoProcessorReceivedIsRefused(t *testing.T) {
	x := setupTill(t)
	cash := x.call(x.acme, "POST", invoices+"/"+x.sent()+"/payments", `{"amount":{"amount":12000,"currency":"USD"},"method":"Cash"}`).want(201)
	x.call(x.acme, "POST", paymentsPath+"/"+cash.id()+"/refunds", "").problem(409, "not_refundable")
	failed := x.pay(x.sent(), "pm_card_visa_chargeDeclined", payments.Failed)
	x.call(x.acme, "POST", x.refunds(failed), "").problem(409, "not_refundable")
	x.call(x.acme, "POST", paymentsPath+"/pay_nonsense/refunds", "").problem(404, "not_found")
}

func TestCredit_OfARefundWithoutReopeningIsNoneAndOfAnOverpaymentIsApplied(t *testing.T) {
	x := setupTill(t)
	credit := "/api/crm/companies/" + x.company + "/credit"
	if got := x.call(x.acme, "GET", credit, "").want(200); len(got.data()) != 0 {
		t.Errorf("at first: %s", got.Raw)
	}
	if _, err := x.config.Invoices.(*payments.Invoices).RecordPayment(t.Context(), x.acme.tenant, payments.NewPayment{CompanyID: x.company, Currency: "USD", Method: "Wire", Over: 5000}); err != nil {
		t.Fatal(err)
	}
	if got := x.call(x.acme, "GET", credit, "").want(200); len(got.data()) != 1 || fmt.Sprint(got.data()[0]) != "map[amount:5000 currency:USD]" {
		t.Errorf("after an overpayment: %s", got.Raw)
	}
	invoice := x.sent()
	apply := invoices + "/" + invoice + "/apply-credit"
	x.call(x.acme, "POST", apply, `{"amount":5001}`).problem(422, "invalid")
	x.call(x.acme, "POST", apply, `{"amount":0}`).problem(422, "invalid")
	x.call(x.bolt, "POST", apply, "").problem(404, "not_found")
	for range 2 {
		if got := x.call(x.acme, "POST", apply, `{"amount":2000}`, "Idempotency-Key", "use").want(200); amount(got, "used") != 2000.0 {
			t.Errorf("%s", got.Raw)
		}
	}
	if got := x.call(x.acme, "POST", apply, "").want(200); amount(got, "used") != 3000.0 {
		t.Errorf("the rest: %s", got.Raw)
	}
	if inv := x.call(x.acme, "GET", invoices+"/"+invoice, "").want(200); amount(inv, "balance") != 7000.0 {
		t.Errorf("%s", inv.Raw)
	}
	if p := x.pay(invoice, "pm_card_visa", payments.Succeeded); p.Amount != 7000 {
		t.Errorf("the card paid %d", p.Amount)
	}
	x.call(x.acme, "POST", apply, "").problem(409, "payment_refused")
	x.call(x.bolt, "GET", credit, "").problem(404, "not_found")
}
