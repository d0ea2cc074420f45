package worlds_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/emulator/core"
)

// side is one emulated processor, as payers, the merchant's people and its banks see it.
type side interface {
	handler() http.Handler
	// credentials open the account.
	credentials() payments.NewConnection
	// processor makes the adapter of opened credentials.
	processor(c payments.Credentials) (payments.Processor, error)
	// fates are what can become of a new method; source makes one, of a card or of a bank account.
	fates() []string
	source(fate string) (source, kind string)
	// walk does what a payer does on the page that the payment waits for: pays, fails or cannot.
	walk(p payments.Payment, well bool)
	// takeBack opens a dispute, or returns a debit; decide ends one. Both do nothing where nothing can be done.
	takeBack(p payments.Payment)
	decide(p payments.Payment, won bool)
	// refundThere gives back by other hands than ours; failRefund lets a bank refuse one.
	refundThere(p payments.Payment, amount int64)
	failRefund(r payments.Refund)
	// review lets the processor's people decide about a held payment.
	review(p payments.Payment, approve bool)
	// chargeThere takes money that is none of ours, and returns the movement's id.
	chargeThere(amount int64) string
	// storm arms faults.
	storm(arm func(route string, kinds ...core.Kind))
	// truth is what the processor's books have, by attempt code.
	truth() map[string]taken
}

// taken is what a processor took and gave back.
type taken struct{ captured, back int64 }

// line is the way to the processors: in a storm nobody waits long for an answer.
type line struct {
	http.RoundTripper
	storm atomic.Bool
}

const (
	shortPatience = 150 * time.Millisecond
	longPatience  = 20 * time.Second
)

// RoundTrip ends a request whose answer does not come.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	patience := longPatience
	if l.storm.Load() {
		patience = shortPatience
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	res, err := l.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &endingBody{res.Body, cancel}
	return res, nil
}

type endingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close ends the request's time with it.
func (b *endingBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// visitor is a browser that follows nothing, or the merchant's own program. The processor's troubles are theirs too.
var visitor = &http.Client{Timeout: time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends a form, as a payer's browser or a merchant's own program does. Without an answer the status is 0.
func post(t testing.TB, address, key string, form url.Values) (body string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := visitor.Do(r)
	if err != nil {
		return "", 0
	}
	said, err := io.ReadAll(res.Body)
	if closed := res.Body.Close(); err != nil || closed != nil {
		return "", 0
	}
	return string(said), res.StatusCode
}
