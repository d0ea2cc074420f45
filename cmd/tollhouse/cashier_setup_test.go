package main

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tollhouse/payments/emulator"
	"tollhouse/tenant"
)

// startStripe gives the fleet a Stripe of its own, whose events reach the first node.
func (f *fleet) startStripe(ctx context.Context, t *testing.T) {
	t.Helper()
	to := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, f.nodes[0].listeners.HTTPS().String())
	}
	transport := &http.Transport{DialContext: to, TLSClientConfig: &tls.Config{RootCAs: f.ca.Roots()}}
	t.Cleanup(transport.CloseIdleConnections)
	f.stripe = emulator.New(emulator.Config{Client: &http.Client{Transport: transport}})
	server := httptest.NewServer(f.stripe.Handler())
	t.Cleanup(server.Close)
	f.stripeURL = server.URL
	go func() { _ = f.stripe.Run(ctx) }() // ends with ctx, and says nothing else
}

// stripeKeys is the body that connects a business to an account of its own.
func (f *fleet) stripeKeys(t *testing.T) (body string, account emulator.Account) {
	t.Helper()
	account = f.stripe.AddAccount(emulator.Account{})
	return `{"processor":"stripe","publishable_key":"` + account.PublishableKey + `","secret_key":"` + account.SecretKey + `"}`, account
}

// connected connects a business, and returns the connection's id.
func (f *fleet) connected(t *testing.T, b *business) (id string, account emulator.Account) {
	t.Helper()
	body, account := f.stripeKeys(t)
	return f.api(t, b, "POST", "/api/payment-connections", body, http.StatusCreated)["id"].(string), account
}

// savedMethod gives a client a card, and a business its connection, and returns the card's id.
func (f *fleet) savedMethod(t *testing.T, b *business, who client) string {
	t.Helper()
	connection, _ := f.connected(t, b)
	id := tenant.NewID("pmt", time.Now())
	f.exec(t, b, `INSERT INTO payment_methods (tenant_id, id, connection_id, company_id, added_by, processor_ref, kind, brand, last4, exp_month, exp_year, status)
		VALUES ($1, $2, $3, $4, $5, 'pm_1', 'card', 'visa', '4242', 12, 2040, 'active')`, b.ID, id, connection, who.company.ID, who.contact.ID)
	return id
}

// paidInCash records a payment of a cent, and returns its id.
func (f *fleet) paidInCash(t *testing.T, b *business, invoice string) string {
	t.Helper()
	made := f.api(t, b, "POST", "/api/crm/invoices/"+invoice+"/payments", `{"amount":{"amount":1,"currency":"USD"},"method":"Cash"}`, http.StatusCreated)
	return made["id"].(string)
}

func TestConnection_IsMadeOnAWholeNodeAndSaysNoSecret(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "alpha")
	id, account := f.connected(t, b)
	shown := f.api(t, b, "GET", "/api/payment-connections/"+id, "", http.StatusOK)
	if shown["status"] != "active" || shown["account_id"] != account.ID {
		t.Errorf("%v", shown)
	}
	if log := f.logs.String(); strings.Contains(log, account.SecretKey) || strings.Contains(log, "whsec_") {
		t.Error("the log holds a secret")
	}
	if n := f.count(t, b, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'connection.added' AND document_id = $2`, b.ID, id); n != 1 {
		t.Errorf("%d audit entries, want 1", n)
	}
}

func TestConfig_OtherProcessorsOnlyInTestsAndOnLoopback(t *testing.T) {
	f := newFleet(t, 1, nil)
	for _, name := range []string{"STRIPE_API_URL", "STRIPE_SCRIPT_URL", "AUTHORIZE_NET_API_URL", "AUTHORIZE_NET_FORM_URL"} {
		for _, at := range []string{"http://127.0.0.1:1", "https://api.elsewhere.test", "127.0.0.1"} {
			settings := maps.Clone(f.conf)
			delete(settings, "STRIPE_API_URL")
			settings[name] = at
			args := []string{"serve", "--test-mode"}
			if at == "http://127.0.0.1:1" {
				args = args[:1] // what a test may have, and nobody else
			}
			if _, _, err := cliRun(t, settings, args...); err == nil || !strings.Contains(err.Error(), prefix+name) {
				t.Errorf("%s=%s, %v: %v", name, at, args, err)
			}
		}
	}
}
