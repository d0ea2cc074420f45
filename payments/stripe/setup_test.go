package stripe_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"go.uber.org/goleak"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/stripe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is a Monday.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// world is a Stripe of our own with one tenant's account at it.
type world struct {
	t       *testing.T
	emu     *emulator.Emulator
	url     string
	http    *http.Client
	acct    emulator.Account
	account *stripe.Account
	raw     *client.API // what the tenant's browser and Dashboard do
}

func newWorld(t *testing.T) *world { return newWorldOf(t, emulator.Account{}) }

func newWorldOf(t *testing.T, a emulator.Account) *world {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w := &world{t: t, http: &http.Client{Transport: transport}}
	w.emu = emulator.New(emulator.Config{Seed: 5, Now: func() time.Time { return start }, Client: w.http})
	server := httptest.NewServer(w.emu.Handler())
	t.Cleanup(server.Close)
	w.url, w.acct = server.URL, w.emu.AddAccount(a)
	w.account = w.open(stripe.Config{SecretKey: w.acct.SecretKey})
	quiet := &api.BackendConfig{URL: api.String(w.url), HTTPClient: w.http, LeveledLogger: &api.LeveledLogger{Level: api.LevelNull}}
	w.raw = client.New(w.acct.SecretKey, &api.Backends{API: api.GetBackendWithConfig(api.APIBackend, quiet)})
	return w
}

func (w *world) open(c stripe.Config) *stripe.Account {
	w.t.Helper()
	c.BaseURL, c.HTTPClient, c.Now = w.url, w.http, w.emu.Clock.Now
	a, err := stripe.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// source is what the browser's script makes of a card: a token that works once.
func (w *world) source(method string) string {
	w.t.Helper()
	made, err := w.raw.TestHelpersConfirmationTokens.New(&api.TestHelpersConfirmationTokenParams{PaymentMethod: api.String(method)})
	if err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

// attempt is one over 1,204.50 dollars with a new card or bank account.
func (w *world) attempt(method string) payments.Attempt {
	w.t.Helper()
	a := payments.Attempt{PaymentID: "pay_1", Code: "AAAAAAAAAAAAAAAAA", Amount: 120450, Currency: "USD", Account: w.acct.ID, Kind: payments.Card,
		Description: "Invoice INV-1", ReturnURL: "https://billing.acme.test/portal/payments/pay_1", PayerIP: "203.0.113.7", PayerAgent: "Test", CreatedAt: start}
	if strings.HasPrefix(method, "pm_us") {
		a.Kind = payments.Bank
	}
	if method != "" {
		a.Source = w.source(method)
	}
	return a
}

// begun is an attempt whose object is known.
func (w *world) begun(a payments.Attempt) payments.Attempt {
	w.t.Helper()
	id, err := w.account.Begin(w.t.Context(), a)
	if err != nil || id == "" {
		w.t.Fatalf("begin: %q, %v", id, err)
	}
	a.ObjectID = id
	return a
}

func (w *world) submit(a payments.Attempt) payments.Outcome {
	w.t.Helper()
	return w.said(w.account.Submit(w.t.Context(), a))
}

func (w *world) look(a payments.Attempt) payments.Outcome {
	w.t.Helper()
	return w.said(w.account.Look(w.t.Context(), a))
}

func (w *world) said(o payments.Outcome, err error) payments.Outcome {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// state is an intent's own word for where it is, as the Dashboard shows it.
func (w *world) state(id string) string {
	w.t.Helper()
	found, err := w.raw.PaymentIntents.Get(id, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(found.Status)
}

// post sends a form of one of Stripe's pages, as a payer's browser does.
func (w *world) post(page string, pairs ...string) {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	stay := *w.http
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := stay.PostForm(page, form)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode >= 400 {
		w.t.Fatalf("%s: %d, %v", page, resp.StatusCode, err)
	}
}

// hooks is where events come to.
type hooks struct {
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
}

func (h *hooks) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.bodies, h.heads = append(h.bodies, body), append(h.heads, r.Header)
	}
}

// captured is how much the processor took in all.
func (w *world) captured() int64 {
	var sum int64
	for _, c := range w.emu.Captured(w.acct.ID) {
		sum += c.Amount
	}
	return sum
}

// within is a context that ends soon, while the emulator does not answer.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
