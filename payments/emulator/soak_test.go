package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/core"
)

// persist confirms until an answer comes, always under the same key, as a reconciler does.
func (w *world) persist(id, key, method string) (attempts int, err error) {
	for attempts = 1; ; attempts++ {
		p := confirmKeyed(key, method)
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		p.Context = ctx
		_, err = w.api.PaymentIntents.Confirm(id, p)
		cancel()
		if err == nil || attempts > 50 {
			return attempts, err
		}
	}
}

// Hundreds of payments at once, with answers that are lost, cut and late, under a clock that runs: each takes its money once, and every success is told.
func TestSoak_EachPaymentTakesItsMoneyOnce(t *testing.T) {
	w := newWorldOf(t, emulator.Config{Now: time.Now}, emulator.Account{})
	in := w.inbox("payment_intent.succeeded")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.emu.Run(ctx) }()
	for _, kind := range []core.Kind{core.CutAfter, core.CutBefore, core.TimeoutAfter, core.HalfBody, core.Garbage, core.Locked, core.Limited} {
		w.emu.Fault(core.Fault{Kind: kind, Route: "POST /v1/payment_intents/{id}/confirm", PerMille: 40})
	}
	w.api = w.client(w.acct.SecretKey, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, 0)
	const workers, each = 16, 20
	var again atomic.Int64
	var group sync.WaitGroup
	for n := range workers {
		group.Go(func() {
			for i := range each {
				attempts, err := w.persist(w.unconfirmed(nil).ID, fmt.Sprintf("att_%d_%d", n, i), "pm_card_visa")
				if err != nil {
					t.Errorf("after %d attempts: %v", attempts, err)
				}
				again.Add(int64(attempts - 1))
			}
		})
	}
	group.Wait()
	w.emu.Advance(0)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	total := w.emu.Totals(w.acct.ID)["usd"]
	if total.Payments != workers*each || total.Captured != workers*each*120450 || again.Load() == 0 {
		t.Errorf("totals %+v after %d repetitions", total, again.Load())
	}
	if kinds, bad := in.take(); len(kinds) != workers*each || bad != nil {
		t.Errorf("%d webhooks, refused %v", len(kinds), bad)
	}
}

func BenchmarkPayment(b *testing.B) {
	emu := emulator.New(emulator.Config{Seed: 1, Now: func() time.Time { return start }, Forget: 1000})
	acct := emu.AddAccount(emulator.Account{})
	w := &inProcess{emu.Handler(), acct.SecretKey}
	b.ReportAllocs()
	for b.Loop() {
		id := w.post(b, "/v1/payment_intents", "amount=500&currency=usd")
		w.post(b, "/v1/payment_intents/"+id+"/confirm", "payment_method=pm_card_visa")
	}
	if got := emu.Totals(acct.ID)["usd"].Payments; got < int64(b.N) {
		b.Errorf("%d captured of %d", got, b.N)
	}
}

// inProcess calls the handler without a network.
type inProcess struct {
	handler http.Handler
	key     string
}

func (w *inProcess) post(b *testing.B, path, form string) (id string) {
	b.Helper()
	r := request(path, form, w.key)
	a := &core.Answer{}
	w.handler.ServeHTTP(a, r)
	var made stripe.PaymentIntent
	if a.Status != http.StatusOK || made.UnmarshalJSON(a.Body.Bytes()) != nil {
		b.Fatalf("%d %s", a.Status, a.Body.String())
	}
	return made.ID
}
