package emulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"
	"go.uber.org/goleak"

	"tollhouse/payments/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is a Monday.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is an emulator behind real HTTP with one account and the real client of it.
type world struct {
	t      *testing.T
	emu    *emulator.Emulator
	server *httptest.Server
	acct   emulator.Account
	api    *client.API
	http   *http.Client
}

func newWorld(t *testing.T) *world { return newWorldOf(t, emulator.Config{}, emulator.Account{}) }

func newWorldOf(t *testing.T, c emulator.Config, a emulator.Account) *world {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w := &world{t: t, http: &http.Client{Transport: transport, Timeout: 5 * time.Second}}
	if c.Now == nil {
		c.Now = func() time.Time { return start }
	}
	if c.Seed == 0 {
		c.Seed = 11
	}
	c.Client = w.http
	w.emu = emulator.New(c)
	w.server = httptest.NewServer(w.emu.Handler())
	t.Cleanup(w.server.Close)
	w.acct = w.emu.AddAccount(a)
	w.api = w.client(w.acct.SecretKey, w.http, 0)
	return w
}

// client is the real one, as production makes it.
func (w *world) client(key string, h *http.Client, retries int64) *client.API {
	quiet := &stripe.LeveledLogger{Level: stripe.LevelNull}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(w.server.URL), HTTPClient: h, MaxNetworkRetries: stripe.Int64(retries), LeveledLogger: quiet,
	})
	return client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
}

// must ends the test for an error.
func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wrong is the processor's error in err; the test ends when there is none.
func wrong(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of the processor", err)
	}
	return e
}

// refused ends the test when the processor did not refuse.
func refused(t *testing.T, err error) {
	t.Helper()
	_ = wrong(t, err)
}

// unconfirmed makes a payment of 1,204.50 dollars.
func (w *world) unconfirmed(change func(*stripe.PaymentIntentParams)) *stripe.PaymentIntent {
	w.t.Helper()
	p := &stripe.PaymentIntentParams{
		Amount: stripe.Int64(120450), Currency: stripe.String("usd"), PaymentMethodTypes: stripe.StringSlice([]string{"card", "us_bank_account"}),
	}
	p.AddMetadata("attempt_id", "att_1")
	if change != nil {
		change(p)
	}
	pi, err := w.api.PaymentIntents.New(p)
	return must(w.t, pi, err)
}

// pay makes a payment and confirms it with a method.
func (w *world) pay(method string, change func(*stripe.PaymentIntentConfirmParams)) (*stripe.PaymentIntent, error) {
	w.t.Helper()
	p := &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String(method), MandateData: accepted()}
	if change != nil {
		change(p)
	}
	return w.api.PaymentIntents.Confirm(w.unconfirmed(nil).ID, p)
}

func accepted() *stripe.PaymentIntentMandateDataParams {
	return &stripe.PaymentIntentMandateDataParams{CustomerAcceptance: &stripe.PaymentIntentMandateDataCustomerAcceptanceParams{
		Type:   stripe.String("online"),
		Online: &stripe.PaymentIntentMandateDataCustomerAcceptanceOnlineParams{IPAddress: stripe.String("127.0.0.1"), UserAgent: stripe.String("test")},
	}}
}

// state is the intent as the processor has it now.
func (w *world) state(id string) *stripe.PaymentIntent {
	w.t.Helper()
	p := &stripe.PaymentIntentParams{}
	p.AddExpand("latest_charge.balance_transaction")
	pi, err := w.api.PaymentIntents.Get(id, p)
	return must(w.t, pi, err)
}

func (w *world) customer() *stripe.Customer {
	w.t.Helper()
	c, err := w.api.Customers.New(&stripe.CustomerParams{Name: stripe.String("Acme"), Email: stripe.String("billing@acme.test")})
	return must(w.t, c, err)
}

// inbox is a webhook endpoint that verifies with the real library and remembers.
type inbox struct {
	mu     sync.Mutex
	secret string
	status int
	events []stripe.Event
	bad    []error
	url    string
}

func (w *world) inbox(kinds ...string) *inbox {
	w.t.Helper()
	in := &inbox{status: http.StatusOK}
	server := httptest.NewServer(in)
	w.t.Cleanup(server.Close)
	in.url = server.URL
	made, err := w.api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: stripe.String(server.URL), EnabledEvents: stripe.StringSlice(kinds), APIVersion: stripe.String(emulator.Version),
	})
	in.secret = must(w.t, made, err).Secret
	return in
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in.mu.Lock()
	defer in.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err == nil {
		var e stripe.Event
		if e, err = webhook.ConstructEventWithTolerance(body, r.Header.Get("Stripe-Signature"), in.secret, 100*365*24*time.Hour); err == nil {
			in.events = append(in.events, e)
		}
	}
	if err != nil {
		in.bad = append(in.bad, err)
	}
	w.WriteHeader(in.status)
}

// take are the types of the events since the last call, and how many were refused.
func (in *inbox) take() (kinds []string, bad []error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, e := range in.events {
		kinds = append(kinds, string(e.Type))
	}
	bad = in.bad
	in.events, in.bad = nil, nil
	return kinds, bad
}

// withDeadline is a context for one call; the world's clock stands still, this one does not.
func withDeadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
