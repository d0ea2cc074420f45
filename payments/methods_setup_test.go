package payments_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/payments/stripe"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// wallet is a tenant that is connected to a Stripe of its own, whose clients save methods. Everything is real but the bank.
type wallet struct {
	*paymentstest.World
	t           *testing.T
	emu         *emulator.Emulator
	acct        emulator.Account
	raw         *client.API // what the client's browser does
	ring        *seal.Ring
	connections *payments.Connections
	methods     *payments.Methods
	connection  payments.Connection
	url         string
	http        *http.Client
}

func newWallet(t *testing.T) *wallet {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w := &wallet{t: t, World: paymentstest.New(t, pgtest.Clone(t)), ring: seal.RandomRing(), http: &http.Client{Transport: transport}}
	w.emu = emulator.New(emulator.Config{Seed: 9, Now: w.Time, Client: w.http})
	server := httptest.NewServer(w.emu.Handler())
	t.Cleanup(server.Close)
	w.url, w.acct = server.URL, w.emu.AddAccount(emulator.Account{})
	quiet := &api.BackendConfig{URL: api.String(w.url), HTTPClient: w.http, LeveledLogger: &api.LeveledLogger{Level: api.LevelNull}}
	w.raw = client.New(w.acct.SecretKey, &api.Backends{API: api.GetBackendWithConfig(api.APIBackend, quiet)})
	w.connections = w.node(w.store())
	w.methods = payments.NewMethods(w.store(), w.connections, w.Time)
	made, err := w.connections.Connect(t.Context(), w.Tenant, payments.NewConnection{Processor: payments.Stripe, PublicKey: w.acct.PublishableKey,
		Credentials: payments.Credentials{SecretKey: w.acct.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	w.connection = made.Connection
	return w
}

func (w *wallet) store() *paymentsdb.Store {
	return paymentsdb.New(w.DB.App, *w.Hooks)
}

// node is what one process has.
func (w *wallet) node(store payments.ConnectionStore) *payments.Connections {
	w.t.Helper()
	c, err := payments.NewConnections(payments.ConnectionsConfig{Store: store, Ring: w.ring, EventsURL: "http://127.0.0.1:1/webhooks/",
		Log: slog.New(slog.DiscardHandler), Now: w.Time, Open: func(_ string, c payments.Credentials) (payments.Processor, error) {
			return stripe.New(stripe.Config{SecretKey: c.SecretKey, WebhookSecrets: c.WebhookSecrets, BaseURL: w.url, HTTPClient: w.http, Now: w.emu.Clock.Now})
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// source is what the browser's script makes of a card or an account: a name that works once.
func (w *wallet) source(method string) string {
	w.t.Helper()
	made, err := w.raw.TestHelpersConfirmationTokens.New(&api.TestHelpersConfirmationTokenParams{PaymentMethod: api.String(method)})
	if err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

// wish is a form that saves a method for the world's company.
func (w *wallet) wish(method string) payments.AddMethodInput {
	w.t.Helper()
	in := payments.AddMethodInput{Nonce: rand.Text(), CompanyID: w.Company, ContactID: w.Contact, Currency: "USD", Kind: payments.Card, Source: w.source(method),
		ReturnURL: "https://billing.acme.test/portal/methods", Visitor: payments.Visitor{IP: "203.0.113.7", UserAgent: "Test"}}
	if method == "pm_usBankAccount" {
		in.Kind, in.MandateText = payments.Bank, "Acme may debit this account."
	}
	return in
}

// saved saves a method, which must work.
func (w *wallet) saved(method string) payments.Method {
	w.t.Helper()
	m, _, err := w.methods.Add(context.Background(), w.Tenant, w.wish(method))
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// list is what the company has.
func (w *wallet) list() []payments.Method {
	w.t.Helper()
	all, err := w.methods.List(context.Background(), w.Tenant.ID, w.Company)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// theDefault is the one default among the company's methods; the test fails when there are more, or none although one works.
func (w *wallet) theDefault() string {
	w.t.Helper()
	found, active := "", 0
	for _, m := range w.list() {
		if m.Status == payments.MethodActive {
			active++
		}
		if m.Default && found != "" {
			w.t.Errorf("two defaults: %s and %s", found, m.ID)
		}
		if m.Default {
			found = m.ID
		}
	}
	if found == "" && active > 0 {
		w.t.Errorf("%d methods and no default", active)
	}
	return found
}

// there are the methods that the processor has for the company, by its own list.
func (w *wallet) there() (refs []string) {
	w.t.Helper()
	_, customer, err := w.store().Client(w.t.Context(), w.Tenant.ID, w.connection.ID, w.Company, "")
	if err != nil || customer == "" {
		w.t.Fatalf("customer %q, %v", customer, err)
	}
	all := w.raw.Customers.ListPaymentMethods(&api.CustomerListPaymentMethodsParams{Customer: api.String(customer)})
	for all.Next() {
		refs = append(refs, all.PaymentMethod().ID)
	}
	if err := all.Err(); err != nil {
		w.t.Fatal(err)
	}
	return refs
}

// customers is how many clients the processor knows.
func (w *wallet) customers() (n int) {
	w.t.Helper()
	all := w.raw.Customers.List(&api.CustomerListParams{})
	for all.Next() {
		n++
	}
	if err := all.Err(); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// payWith pays an invoice with a saved method, and returns what became of it.
func (w *wallet) payWith(id string, inv ledger.Invoice) (payments.Payment, error) {
	w.t.Helper()
	service, err := payments.New(payments.ServiceConfig{Store: w.store(), Ring: w.ring, Now: w.Time,
		Open: func(ctx context.Context, t tenant.ID, c payments.Connection) (payments.Processor, error) {
			return w.connections.OpenConnection(ctx, t, c)
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return service.Pay(context.Background(), w.Tenant, payments.PayRequest{Nonce: rand.Text(), CompanyID: w.Company, ContactID: w.Contact,
		Session: payments.Session{ID: "ses_1", Confirmed: true}, Items: []payments.PayItem{{InvoiceID: inv.ID, Version: inv.Version}}, MethodID: id,
		ReturnURL: func(string) string { return "https://billing.acme.test/portal" }})
}

func dateOf(at time.Time) ledger.Date { return ledger.DateIn(at, time.UTC) }
