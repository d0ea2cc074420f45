package emulator_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"tollhouse/payments/emulator/core"
)

func keyed(key string) *stripe.PaymentIntentParams {
	p := &stripe.PaymentIntentParams{Amount: stripe.Int64(500), Currency: stripe.String("usd")}
	p.SetIdempotencyKey(key)
	return p
}

func confirmKeyed(key, method string) *stripe.PaymentIntentConfirmParams {
	p := &stripe.PaymentIntentConfirmParams{PaymentMethod: &method}
	p.SetIdempotencyKey(key)
	return p
}

func TestIdempotency_ReplaysForADay(t *testing.T) {
	w := newWorld(t)
	first, err := w.api.PaymentIntents.New(keyed("att_1_create"))
	must(t, first, err)
	if first.LastResponse.Header.Get("Idempotent-Replayed") != "" || first.LastResponse.IdempotencyKey != "att_1_create" {
		t.Errorf("headers %v", first.LastResponse.Header)
	}
	w.emu.Advance(23 * time.Hour)
	again, err := w.api.PaymentIntents.New(keyed("att_1_create"))
	if must(t, again, err).ID != first.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %s, first %s, %v", again.ID, first.ID, again.LastResponse.Header)
	}
	if again.LastResponse.RequestID == first.LastResponse.RequestID || again.LastResponse.Header.Get("Original-Request") != first.LastResponse.RequestID {
		t.Error("the replay does not name its original, or has its id")
	}
	w.emu.Advance(2 * time.Hour)
	late, err := w.api.PaymentIntents.New(keyed("att_1_create"))
	if must(t, late, err).ID == first.ID {
		t.Error("still replayed after a day")
	}
}

func TestIdempotency_OneKeyIsForOneRequest(t *testing.T) {
	w := newWorld(t)
	pi, err := w.api.PaymentIntents.New(keyed("k"))
	must(t, pi, err)
	other := keyed("k")
	other.Amount = stripe.Int64(501)
	_, err = w.api.PaymentIntents.New(other)
	if e := wrong(t, err); e.Type != stripe.ErrorTypeIdempotency || e.HTTPStatusCode != 400 {
		t.Errorf("another amount: %v", e)
	}
	_, err = w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("k", "pm_card_visa"))
	if e := wrong(t, err); e.Type != stripe.ErrorTypeIdempotency {
		t.Errorf("another route: %v", e)
	}
	if n := len(w.emu.Captured(w.acct.ID)); n != 0 {
		t.Errorf("%d captured", n)
	}
}

func TestIdempotency_ARefusalLeavesTheKeyFreeAndADeclineDoesNot(t *testing.T) {
	w := newWorld(t)
	small := keyed("k")
	small.Amount = stripe.Int64(1)
	_, err := w.api.PaymentIntents.New(small)
	refused(t, err)
	pi, err := w.api.PaymentIntents.New(keyed("k"))
	must(t, pi, err)
	_, err = w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_chargeDeclined"))
	first := wrong(t, err)
	_, err = w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_chargeDeclined"))
	if again := wrong(t, err); again.Code != first.Code || again.ChargeID != first.ChargeID {
		t.Errorf("a decline was tried again under its key: %v", again)
	}
}

func TestIdempotency_ReplaysA500(t *testing.T) {
	for _, kind := range []core.Kind{core.ErrorBefore, core.ErrorAfter} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			pi := w.unconfirmed(nil)
			w.emu.Fault(core.Fault{Kind: kind, Route: "POST /v1/payment_intents/{id}/confirm", Times: 1})
			for range 3 {
				_, err := w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_visa"))
				if e := wrong(t, err); e.HTTPStatusCode != 500 || e.Type != stripe.ErrorTypeAPI {
					t.Errorf("got %v", e)
				}
			}
			want := map[core.Kind]stripe.PaymentIntentStatus{core.ErrorBefore: "requires_payment_method", core.ErrorAfter: "succeeded"}[kind]
			if now := w.state(pi.ID); now.Status != want {
				t.Errorf("got %s, want %s", now.Status, want)
			}
		})
	}
}

func TestIdempotency_TwoAtOnceAreOneEffect(t *testing.T) {
	w := newWorld(t)
	pi := w.unconfirmed(nil)
	w.emu.Fault(core.Fault{Kind: core.Slow, Delay: 200 * time.Millisecond, Route: "POST /v1/payment_intents/{id}/confirm"})
	var mu sync.Mutex
	var group sync.WaitGroup
	good, conflicts := 0, 0
	for range 20 {
		group.Go(func() {
			_, err := w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_visa"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				good++
				return
			}
			if e := wrong(t, err); e.HTTPStatusCode == 409 && e.Code == stripe.ErrorCodeIdempotencyKeyInUse {
				conflicts++
			}
		})
	}
	group.Wait()
	if good+conflicts != 20 || good < 1 || conflicts < 1 || len(w.emu.Captured(w.acct.ID)) != 1 {
		t.Errorf("%d good, %d conflicts, captured %+v", good, conflicts, w.emu.Captured(w.acct.ID))
	}
}

// oneConnectionEach gives the world a client whose connections serve one request. On a connection that was used before, net/http itself sends a request
// with an Idempotency-Key again when it is cut, and the caller hears nothing of the cut.
func (w *world) oneConnectionEach() {
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	w.api = w.client(w.acct.SecretKey, h, 0)
}

func TestFault_ACutOnAUsedConnectionIsMendedByNetHTTP(t *testing.T) {
	w := newWorld(t)
	pi := w.unconfirmed(nil)
	w.emu.Fault(core.Fault{Kind: core.CutAfter, Object: pi.ID, Times: 1})
	done, err := w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_visa"))
	if must(t, done, err).LastResponse.Header.Get("Idempotent-Replayed") != "true" || len(w.emu.Captured(w.acct.ID)) != 1 {
		t.Errorf("got %s, captured %+v", done.Status, w.emu.Captured(w.acct.ID))
	}
}

func TestFault_TimeoutAfterTheCaptureIsFoundByTheSameKey(t *testing.T) {
	for _, kind := range []core.Kind{core.TimeoutAfter, core.CutAfter, core.HalfBody, core.Garbage} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			w.oneConnectionEach()
			pi := w.unconfirmed(nil)
			w.emu.Fault(core.Fault{Kind: kind, Object: pi.ID, Times: 1})
			p := confirmKeyed("c", "pm_card_visa")
			p.Context = withDeadline(t, 200*time.Millisecond)
			if _, err := w.api.PaymentIntents.Confirm(pi.ID, p); err == nil {
				t.Error("the answer came")
			}
			if n := len(w.emu.Captured(w.acct.ID)); n != 1 {
				t.Fatalf("%d captured", n)
			}
			again, err := w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_visa"))
			if must(t, again, err).Status != "succeeded" || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("again: %s", again.Status)
			}
			if n := len(w.emu.Captured(w.acct.ID)); n != 1 {
				t.Errorf("%d captured", n)
			}
		})
	}
}

func TestFault_BeforeTheEffectNothingHappens(t *testing.T) {
	for _, kind := range []core.Kind{core.TimeoutBefore, core.CutBefore, core.Locked, core.Limited} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			w.oneConnectionEach()
			pi := w.unconfirmed(nil)
			w.emu.Fault(core.Fault{Kind: kind, Account: w.acct.ID, Route: "POST /v1/payment_intents/{id}/confirm", Times: 1})
			p := confirmKeyed("c", "pm_card_visa")
			p.Context = withDeadline(t, 200*time.Millisecond)
			_, err := w.api.PaymentIntents.Confirm(pi.ID, p)
			if err == nil || len(w.emu.Captured(w.acct.ID)) != 0 {
				t.Errorf("got %v, captured %+v", err, w.emu.Captured(w.acct.ID))
			}
			if code := map[core.Kind]stripe.ErrorCode{core.Locked: "lock_timeout", core.Limited: "rate_limit"}[kind]; code != "" && wrong(t, err).Code != code {
				t.Errorf("got %v", err)
			}
			again, err := w.api.PaymentIntents.Confirm(pi.ID, confirmKeyed("c", "pm_card_visa"))
			if must(t, again, err).Status != "succeeded" || again.LastResponse.Header.Get("Idempotent-Replayed") != "" {
				t.Errorf("again: %s", again.Status)
			}
		})
	}
}

// The client's own retries go through locks and cuts and end in one payment.
func TestFault_TheClientsRetriesEndInOnePayment(t *testing.T) {
	w := newWorld(t)
	w.api = w.client(w.acct.SecretKey, w.http, 3)
	pi := w.unconfirmed(nil)
	route := "POST /v1/payment_intents/{id}/confirm"
	w.emu.Fault(core.Fault{Kind: core.Locked, Route: route, Times: 1})
	w.emu.Fault(core.Fault{Kind: core.CutAfter, Route: route, Times: 1})
	p := confirmKeyed("c", "pm_card_visa")
	p.Context = context.Background()
	done, err := w.api.PaymentIntents.Confirm(pi.ID, p)
	if must(t, done, err).Status != "succeeded" || len(w.emu.Captured(w.acct.ID)) != 1 || w.emu.Calls.Of(route) != 3 {
		t.Errorf("%s after %d calls, captured %+v", done.Status, w.emu.Calls.Of(route), w.emu.Captured(w.acct.ID))
	}
}
