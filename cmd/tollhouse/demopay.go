package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// demoCounter connects a demo tenant to the processors of this run. They begin anew with each run, under the same keys but with nothing in them, and so do
// connections and saved methods; payments of earlier runs stay as they were.
type demoCounter struct {
	*house
	till   *till
	tenant *tenant.Tenant
	payer  access.Contact
}

// openCounter connects a tenant, saves methods for its first payer and, the first time, pays in every way there is.
func openCounter(ctx context.Context, h *house, w *world, t *tenant.Tenant) error {
	d := demoCounter{house: h, till: w.till, tenant: t}
	connect := map[string]func(context.Context) (payments.NewConnection, []demoWay){"acme": d.stripe, "sunnyside": d.authorizeNet}[t.Slug]
	if connect == nil {
		return nil // one without, as any begins
	}
	contacts, err := h.clients.Contacts(ctx, t.ID, access.ContactQuery{Status: "active", Limit: 20})
	if err != nil || len(contacts) == 0 {
		return err
	}
	d.payer = contacts[len(contacts)-1]
	in, ways := connect(ctx) // before clear: the methods that are to go are asked for with the same keys
	before, err := d.clear(ctx)
	if err != nil {
		return err
	}
	if _, err := h.cashier.Connect(ctx, t, in); err != nil {
		return err
	}
	for _, way := range ways {
		if way.saved {
			err = d.save(ctx, way)
		} else if !before {
			err = d.pay(ctx, way)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", way.title, err)
		}
	}
	return nil
}

// clear ends what the run before left: its processors are gone. It reports whether there was anything.
func (d *demoCounter) clear(ctx context.Context) (before bool, err error) {
	all, err := d.cashier.Connections.List(ctx, d.tenant.ID)
	if err != nil {
		return false, err
	}
	methods, err := d.cashier.methods.List(ctx, d.tenant.ID, d.payer.CompanyID)
	if err != nil {
		return false, err
	}
	for _, m := range methods {
		if err := d.cashier.methods.Remove(ctx, d.tenant.ID, d.payer.CompanyID, m.ID); err != nil {
			return false, err
		}
	}
	for _, c := range all {
		if _, err := d.cashier.Disconnect(ctx, d.tenant.ID, c.ID); err != nil {
			return false, err
		}
	}
	return len(all) > 0, nil
}

// demoWay is a method, and what becomes of a payment with it.
type demoWay struct {
	title    string
	kind     string
	source   func() (string, error)
	saved    bool  // kept for later, not paid with
	giveBack int64 // minor units of it
	mandate  string
}

const demoMandate = "I authorise debits of my bank account for these invoices."

// stripe opens an account, with a card for every fate.
func (d *demoCounter) stripe(ctx context.Context) (payments.NewConnection, []demoWay) {
	account := d.till.stripe.AddAccount(emulator.Account{Name: d.tenant.Name, Currency: strings.ToLower(d.tenant.Currency),
		ID: "acct_demo" + d.tenant.Slug, SecretKey: "sk_test_demo" + d.tenant.Slug, PublishableKey: "pk_test_demo" + d.tenant.Slug})
	token := func(method string) func() (string, error) {
		return func() (string, error) { return stripeToken(ctx, d.till.stripeURL, account.SecretKey, method) }
	}
	return payments.NewConnection{Processor: payments.Stripe, PublicKey: account.PublishableKey, Credentials: payments.Credentials{SecretKey: account.SecretKey}}, []demoWay{
		{title: "A saved card", kind: payments.Card, source: token("pm_card_visa"), saved: true},
		{title: "Another saved card", kind: payments.Card, source: token("pm_card_mastercard"), saved: true},
		{title: "Shelf labels, paid by card", kind: payments.Card, source: token("pm_card_visa")},
		{title: "Window display, partly given back", kind: payments.Card, source: token("pm_card_mastercard"), giveBack: 12_500},
		{title: "Menu cards, declined for want of funds", kind: payments.Card, source: token("pm_card_visa_chargeDeclinedInsufficientFunds")},
		{title: "Floor plan, waiting for the payer's bank", kind: payments.Card, source: token("pm_card_authenticationRequired")},
		{title: "Signage, bank debit on its way", kind: payments.Bank, source: token("pm_usBankAccount_processing"), mandate: demoMandate},
		{title: "Staff handbook, bank account to be verified", kind: payments.Bank, source: token("pm_usBankAccount"), mandate: demoMandate},
	}
}

// stripeToken is what the script in a payer's browser would make.
func stripeToken(ctx context.Context, at, key, method string) (string, error) {
	form := strings.NewReader(url.Values{"payment_method": {method}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/v1/test_helpers/confirmation_tokens", form)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var made struct{ ID string }
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || made.ID == "" {
		return "", errors.Join(fmt.Errorf("making a token of %s: %s", method, answer.Status), err)
	}
	return made.ID, nil
}

// authorizeNet opens a merchant's account, with a card for every fate. The postal code says which.
func (d *demoCounter) authorizeNet(context.Context) (payments.NewConnection, []demoWay) {
	merchant := d.till.authorizeNet.AddMerchant(authorizenetemu.Merchant{Name: d.tenant.Name, Currency: ledger.Currency(d.tenant.Currency),
		Login: "demo" + d.tenant.Slug, Key: "demo" + d.tenant.Slug})
	card := func(zip string) func() (string, error) {
		return func() (string, error) {
			token, reason := d.till.authorizeNet.CardToken(merchant.Login, authorizenetemu.Card{Number: "4111111111111111",
				Expiry: time.Now().AddDate(3, 0, 0).Format("2006-01"), First: "Demo", Last: "Payer", Zip: zip})
			if reason != 0 {
				return "", fmt.Errorf("the demo card is refused with reason %d", reason)
			}
			return token, nil
		}
	}
	return payments.NewConnection{Processor: payments.AuthorizeNet, Credentials: payments.Credentials{LoginID: merchant.Login, TransactionKey: merchant.Key,
			WebhookSecrets: []string{merchant.SignatureKey}}}, []demoWay{
			{title: "Eine gespeicherte Karte", kind: payments.Card, source: card("20359"), saved: true},
			{title: "Ersatzteile, mit Karte bezahlt", kind: payments.Card, source: card("20359")},
			{title: "Gutachten, Karte abgelehnt", kind: payments.Card, source: card("46203")},
			{title: "Blitzschutz, wird geprüft", kind: payments.Card, source: card("46252")},
		}
}

func (d *demoCounter) save(ctx context.Context, way demoWay) error {
	source, err := way.source()
	if err != nil {
		return err
	}
	_, _, err = d.cashier.methods.Add(ctx, d.tenant, payments.AddMethodInput{Nonce: rand.Text(), CompanyID: d.payer.CompanyID, ContactID: d.payer.ID,
		Currency: ledger.Currency(d.tenant.Currency), Kind: way.kind, Source: source, ReturnURL: d.page("")})
	return err
}

// pay bills the payer for something small, and has it paid.
func (d *demoCounter) pay(ctx context.Context, way demoWay) error {
	inv, err := d.invoices.CreateInvoice(ctx, d.tenant, payments.NewInvoice{CompanyID: d.payer.CompanyID, ContactID: d.payer.ID, Title: way.title,
		Lines: []payments.NewLine{demoLine(way.title, 10, 48_000)}})
	if err != nil {
		return err
	}
	if inv, err = d.invoices.Send(ctx, d.tenant, inv.ID); err != nil {
		return err
	}
	source, err := way.source()
	if err != nil {
		return err
	}
	paid, err := d.cashier.Pay(ctx, d.tenant, payments.PayRequest{Nonce: rand.Text(), CompanyID: d.payer.CompanyID, ContactID: d.payer.ID,
		Session: payments.Session{ID: "demo-" + inv.ID, Confirmed: true}, Items: []payments.PayItem{{InvoiceID: inv.ID, Version: inv.Version}}, Kind: way.kind,
		Source: source, MandateText: way.mandate, ReturnURL: d.page, Visitor: payments.Visitor{IP: "127.0.0.1", UserAgent: "demo"}})
	if err != nil || way.giveBack == 0 {
		return err
	}
	_, err = d.cashier.Refund(ctx, d.tenant, payments.RefundInput{PaymentID: paid.ID, Amount: way.giveBack, Reason: "One panel less"})
	return err
}

// page is a payment's own page.
func (d *demoCounter) page(id string) string {
	return "https://billing." + d.tenant.Slug + ".localhost" + portSuffix(d.config.PublicHTTPSPort) + "/portal/payments/" + id
}
