package stripe

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"tollhouse/payments"
)

// callTime is how long one call may take when the caller sets no deadline. The library would wait for 80 seconds.
const callTime = 25 * time.Second

// Config is what an account needs. SecretKey is required.
type Config struct {
	SecretKey      string       // "sk_live_…", "sk_test_…" or a restricted key, "rk_…"
	WebhookSecrets []string     // "whsec_…"; two while one is replaced by the other
	BaseURL        string       // "": https://api.stripe.com
	HTTPClient     *http.Client // nil: one of its own, without proxies from the environment
	Now            func() time.Time
}

// String hides the keys.
func (Config) String() string { return "[redacted]" }

// GoString hides the keys.
func (Config) GoString() string { return "[redacted]" }

// Account is one tenant's Stripe account. It is safe for concurrent use.
type Account struct {
	api     *client.API
	live    bool
	secrets []string
	now     func() time.Time
}

var _ payments.Processor = (*Account)(nil)

// ErrKey says that a text is no secret key of Stripe.
var ErrKey = errors.New("not a secret key of Stripe: it begins with sk_live_, sk_test_, rk_live_ or rk_test_")

// Live reports whether a secret key moves real money, or ErrKey.
func Live(key string) (bool, error) {
	for prefix, live := range map[string]bool{"sk_live_": true, "rk_live_": true, "sk_test_": false, "rk_test_": false} {
		if rest, ok := strings.CutPrefix(key, prefix); ok && rest != "" {
			return live, nil
		}
	}
	return false, ErrKey
}

// New checks c and asks nobody.
func New(c Config) (*Account, error) {
	live, err := Live(c.SecretKey)
	if err != nil {
		return nil, err
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	backend := &api.BackendConfig{HTTPClient: c.HTTPClient, LeveledLogger: &api.LeveledLogger{Level: api.LevelNull},
		MaxNetworkRetries: api.Int64(1), EnableTelemetry: api.Bool(false)}
	if c.BaseURL != "" {
		backend.URL = api.String(c.BaseURL)
	}
	backends := &api.Backends{API: api.GetBackendWithConfig(api.APIBackend, backend)}
	return &Account{api: client.New(c.SecretKey, backends), live: live, secrets: c.WebhookSecrets, now: c.Now}, nil
}

// call makes one call with a deadline, and turns its error into the machine's words. The context it gives notes whether anything was sent.
func call[T any](ctx context.Context, do func(ctx context.Context) (T, error)) (T, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTime)
		defer cancel()
	}
	ctx, line := watch(ctx)
	got, err := do(ctx)
	if err != nil {
		var none T
		return none, translate(err, line)
	}
	return got, nil
}

// params are what every call carries.
func params(ctx context.Context, key string) api.Params {
	p := api.Params{Context: ctx}
	if key != "" {
		p.IdempotencyKey = api.String(key)
	}
	return p
}

// Describe asks for the account.
func (a *Account) Describe(ctx context.Context) (payments.Account, error) {
	found, err := call(ctx, func(ctx context.Context) (*api.Account, error) {
		own := &api.Account{} // the library's own call for it takes no context
		return own, a.api.Accounts.B.Call(http.MethodGet, "/v1/account", a.api.Accounts.Key, &api.AccountParams{Params: params(ctx, "")}, own)
	})
	if err != nil {
		return payments.Account{}, fmt.Errorf("asking Stripe for the account: %w", err)
	}
	d := payments.Account{ID: found.ID, Live: a.live, Cards: found.ChargesEnabled}
	if found.BusinessProfile != nil {
		d.Name = found.BusinessProfile.Name
	}
	if c := found.Capabilities; c != nil {
		d.BankDebits = c.USBankAccountACHPayments == api.AccountCapabilityStatusActive
		d.Cards = d.Cards && (c.CardPayments == "" || c.CardPayments == api.AccountCapabilityStatusActive)
	}
	if !found.ChargesEnabled {
		d.Missing = append(d.Missing, "Stripe does not let this account take payments yet. Open the Stripe Dashboard and finish what it asks for.")
	}
	return d, nil
}

// customerTime is for how long the same client asked for again is the same customer. It is short, since Stripe repeats its answer to a key for a day, a failure's too:
// a second customer is harmless, and a client who cannot pay for a day is not.
const customerTime = 10 * time.Minute

// customerKey is of all that is said: two people of a client may ask at once, each with an address of their own, and a key must always say the same.
func customerKey(c payments.CustomerFacts, now time.Time) string {
	sum := sha256.Sum256([]byte(c.Name + "\x00" + c.Email))
	return fmt.Sprintf("cus_%s_%x_%d", c.Ref, sum[:8], span(now))
}

// span numbers the pieces of time for which keys are kept that must not stand for a failure for long.
func span(now time.Time) int64 { return now.Unix() / int64(customerTime/time.Second) }

// Customer makes the client's customer. The same facts within minutes are the same customer; who asks keeps the id.
func (a *Account) Customer(ctx context.Context, c payments.CustomerFacts) (string, error) {
	made, err := call(ctx, func(ctx context.Context) (*api.Customer, error) {
		p := &api.CustomerParams{Params: params(ctx, customerKey(c, a.now())), Name: api.String(c.Name)}
		if c.Email != "" {
			p.Email = api.String(c.Email)
		}
		p.AddMetadata("client", c.Ref)
		return a.api.Customers.New(p)
	})
	if err != nil {
		return "", fmt.Errorf("making a customer: %w", err)
	}
	return made.ID, nil
}
