package authorizenet_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/core"
)

func refundOf(at payments.Attempt, amount int64) payments.RefundRequest {
	return payments.RefundRequest{ID: "ref_1", Attempt: at, ChargeID: at.ObjectID, Amount: amount, Whole: amount == at.Amount, Last4: "1111"}
}

// submitted is a payment that was taken.
func submitted(t *testing.T, w *world, a *authorizenet.Account) payments.Attempt {
	t.Helper()
	at := w.attempt(w.card(goodCard, "").Value)
	o, err := a.Submit(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	at.ObjectID = o.ObjectID
	return at
}

func TestAccount_RefundsTheWholeBeforeItSettlesByAVoid(t *testing.T) {
	w, a := opened(t)
	at := submitted(t, w, a)
	if o, err := a.Refund(ctx, refundOf(at, 1000)); err != nil || o.Status != payments.Failed || o.Code != "54" {
		t.Errorf("a part: got %+v, %v", o, err)
	}
	for range 2 {
		if o, err := a.Refund(ctx, refundOf(at, 2500)); err != nil || o.Status != payments.Succeeded || o.Amount != 2500 || o.Ref != "ref_1" {
			t.Errorf("the whole: got %+v, %v", o, err)
		}
	}
	if o, err := a.LookRefund(ctx, refundOf(at, 2500)); err != nil || o.Status != payments.Succeeded {
		t.Errorf("looked: got %+v, %v", o, err)
	}
	if got := w.emu.Captured(w.merchant.Login); len(got) != 0 {
		t.Errorf("captured %+v", got)
	}
}

func TestAccount_RefundsOnceWhateverIsLost(t *testing.T) {
	for _, kind := range []core.Kind{core.CutBefore, core.CutAfter, core.ErrorAfter, core.Garbage} {
		for _, settled := range []bool{true, false} {
			w, a := opened(t)
			at := submitted(t, w, a)
			amount := at.Amount
			if settled {
				w.emu.Clock.Advance(24 * time.Hour)
				amount = 1000
			}
			w.fault(core.Fault{Route: "createTransactionRequest", Kind: kind, Times: 1})
			r := refundOf(at, amount)
			if o, err := a.Refund(ctx, r); !errors.Is(err, payments.ErrLost) {
				t.Fatalf("%s: got %+v, %v", kind, o, err)
			}
			o, err := a.LookRefund(ctx, r)
			if (kind == core.CutBefore) != errors.Is(err, payments.ErrAbsent) {
				t.Errorf("%s: looked and got %+v, %v", kind, o, err)
			}
			if o, err = a.Refund(ctx, r); err != nil || o.Status == payments.Failed || o.Amount != amount {
				t.Errorf("%s: again: %+v, %v", kind, o, err)
			}
			if got := w.emu.Captured(w.merchant.Login); settled && (len(got) != 1 || got[0].Refunded != amount) || !settled && len(got) != 0 {
				t.Errorf("%s: captured %+v", kind, got)
			}
			if !settled {
				continue
			}
			w.emu.Clock.Advance(24 * time.Hour)
			r.ObjectID = o.ObjectID
			if o, err = a.LookRefund(ctx, r); err != nil || o.Status != payments.Succeeded {
				t.Errorf("%s: settled: %+v, %v", kind, o, err)
			}
		}
	}
}

func TestAccount_RefundIsNotAskedWhenThePaymentCannotBeRead(t *testing.T) {
	w, a := opened(t)
	at := submitted(t, w, a)
	w.fault(core.Fault{Route: "getTransactionDetailsRequest", Kind: core.ErrorBefore, Times: 1})
	if _, err := a.Refund(ctx, refundOf(at, 2500)); !errors.Is(err, payments.ErrNotAsked) {
		t.Errorf("got %v", err)
	}
}

// sums reads all pages of what moved on two days; each refund must be of the first payment.
func sums(t *testing.T, a *authorizenet.Account, day time.Time, first string) (charges, refunds, disputes int64) {
	t.Helper()
	for cursor, pages := "", 0; ; pages++ {
		moves, next, err := a.Movements(ctx, day, day.AddDate(0, 0, 2), cursor)
		if err != nil || pages > 10 {
			t.Fatal(err)
		}
		for _, m := range moves {
			switch m.Kind {
			case "charge":
				charges += m.Amount
			case "refund":
				refunds += m.Amount
				if m.ParentID != first {
					t.Errorf("got %+v", m)
				}
			case "dispute":
				disputes += m.Amount
			}
		}
		if cursor = next; cursor == "" {
			return charges, refunds, disputes
		}
	}
}

func TestAccount_MovementsAreWhatWasCaptured(t *testing.T) {
	w, a := opened(t)
	day := start.Truncate(24 * time.Hour)
	first := submitted(t, w, a)
	bank := w.attempt(w.bank("0000000101").Value)
	bank.Code, bank.Kind = "AABCDEFGHIJKLMNO4", payments.Bank
	if _, err := a.Submit(ctx, bank); err != nil {
		t.Fatal(err)
	}
	w.paid("V1", w.card(goodCard, "3"))
	held := w.attempt(w.card(goodCard, "46253").Value)
	held.Code = "AABCDEFGHIJKLMNO5"
	if _, err := a.Submit(ctx, held); err != nil {
		t.Fatal(err)
	}
	if c, r, d := sums(t, a, day, first.ObjectID); c != 5000 || r != 0 || d != 0 {
		t.Errorf("at once: %d, %d, %d", c, r, d)
	}
	if moves, _, err := a.Movements(ctx, start.Add(time.Second), start.Add(time.Hour), ""); err != nil || len(moves) != 0 {
		t.Errorf("after it all: %+v, %v", moves, err)
	}
	w.emu.Clock.Advance(15 * time.Hour)
	if _, err := a.Refund(ctx, refundOf(first, 700)); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(8 * 24 * time.Hour)
	if c, r, d := sums(t, a, day, first.ObjectID); c != 7500 || r != 700 || d != 0 {
		t.Errorf("settled: %d, %d, %d", c, r, d)
	}
	w.emu.Clock.Advance(14 * 24 * time.Hour)
	if c, r, d := sums(t, a, day, first.ObjectID); c != 7500 || r != 700 || d != 2500 {
		t.Errorf("returned: %d, %d, %d", c, r, d)
	}
}

func TestAccount_ReadsEvents(t *testing.T) {
	w, take := hooked(t)
	a := w.account()
	at := submitted(t, w, a)
	if _, err := w.client.Void(ctx, "R1", at.ObjectID); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(0)
	got := take()
	if len(got) != 2 {
		t.Fatalf("%d events", len(got))
	}
	for i, want := range []struct{ kind, code string }{{"net.authorize.payment.authcapture.created", at.Code}, {"net.authorize.payment.void.created", ""}} {
		e, err := a.ReadEvent(http.Header{"X-Anet-Signature": {got[i].signature}}, got[i].body)
		if err != nil || e.About != "payment" || e.ObjectID != at.ObjectID || e.Kind != want.kind || e.Code != want.code || e.ID == "" {
			t.Errorf("got %+v, %v", e, err)
		}
	}
	forged := http.Header{"X-Anet-Signature": {authorizenet.SignForTest("guessed", got[0].body)}}
	if _, err := a.ReadEvent(forged, got[0].body); !errors.Is(err, payments.ErrForged) {
		t.Errorf("forged: %v", err)
	}
	twice := http.Header{"X-Anet-Signature": {got[0].signature, got[0].signature}}
	if _, err := a.ReadEvent(twice, got[0].body); !errors.Is(err, payments.ErrForged) {
		t.Errorf("two signatures: %v", err)
	}
	nonsense := []byte(`{"notificationId":7}`)
	signed := http.Header{"X-Anet-Signature": {authorizenet.SignForTest(w.merchant.SignatureKey, nonsense)}}
	if _, err := a.ReadEvent(signed, nonsense); !errors.Is(err, payments.ErrForged) {
		t.Errorf("signed nonsense: %v", err)
	}
}

func TestAccount_ListensAndStops(t *testing.T) {
	w, a := opened(t)
	ref, secret, err := a.Listen(ctx, "https://api.example/webhooks/authorize-net/x")
	if err != nil || ref == "" || secret != "" {
		t.Fatalf("got %q, %q, %v", ref, secret, err)
	}
	for range 2 {
		if err := a.StopListening(ctx, ref); err != nil {
			t.Error(err)
		}
	}
	if hooks, err := w.client.Webhooks(ctx); err != nil || len(hooks) != 0 {
		t.Errorf("got %+v, %v", hooks, err)
	}
}
