package stripe_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
	"tollhouse/payments/stripe"
)

const (
	create  = "POST /v1/payment_intents"
	confirm = "POST /v1/payment_intents/{id}/confirm"
	cancel  = "POST /v1/payment_intents/{id}/cancel"
)

func TestSubmit_TakesTheMoneyOnceAndSaysAllOfIt(t *testing.T) {
	w := newWorld(t)
	customer, err := w.account.Customer(t.Context(), payments.CustomerFacts{Ref: "C1", Name: "Client", Email: "ap@client.test"})
	if err != nil {
		t.Fatal(err)
	}
	a := w.attempt("pm_card_visa")
	a.CustomerID, a.SaveMethod = customer, true
	a = w.begun(a)
	o := w.submit(a)
	want := payments.Outcome{Status: payments.Succeeded, ObjectID: a.ObjectID, ChargeID: o.ChargeID, Received: 120450, Currency: "USD", Customer: customer, Code: a.Code,
		Method: payments.MethodFacts{Ref: o.Method.Ref, Kind: payments.Card, Brand: "visa", Last4: "4242", ExpMonth: o.Method.ExpMonth, ExpYear: o.Method.ExpYear, TriesLeft: -1}}
	if diff := cmp.Diff(want, o); diff != "" || o.ChargeID == "" || o.Method.Ref == "" || o.Method.ExpYear < 2026 {
		t.Errorf("%+v\n%s", o, diff)
	}
	again := w.submit(a)
	if diff := cmp.Diff(o, again); diff != "" {
		t.Errorf("sent again: %s", diff)
	}
	if begun := w.begun(w.sameAs(a)); begun.ObjectID != a.ObjectID {
		t.Errorf("begun again it is %s, want %s", begun.ObjectID, a.ObjectID)
	}
	if got := w.captured(); got != 120450 || len(w.emu.Captured(w.acct.ID)) != 1 {
		t.Errorf("%d was captured in %d charges", got, len(w.emu.Captured(w.acct.ID)))
	}
}

// sameAs is an attempt as it was before its object was known.
func (w *world) sameAs(a payments.Attempt) payments.Attempt {
	a.ObjectID = ""
	return a
}

func TestSubmit_ADeclineIsCancelledBeforeItIsTold(t *testing.T) {
	for method, want := range map[string]payments.FailureKind{
		"pm_card_visa_chargeDeclined":                      payments.FailedDeclined,
		"pm_card_visa_chargeDeclinedInsufficientFunds":     payments.FailedFunds,
		"pm_card_visa_chargeDeclinedLostCard":              payments.FailedDeclined,
		"pm_card_visa_chargeDeclinedStolenCard":            payments.FailedDeclined,
		"pm_card_chargeDeclinedExpiredCard":                payments.FailedExpired,
		"pm_card_chargeDeclinedIncorrectCvc":               payments.FailedCVC,
		"pm_card_chargeDeclinedProcessingError":            payments.FailedTryLater,
		"pm_card_visa_chargeDeclinedVelocityLimitExceeded": payments.FailedLimit,
		"pm_card_radarBlock":                               payments.FailedDeclined,
	} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			a := w.begun(w.attempt(method))
			o := w.submit(a)
			if o.Status != payments.Failed || o.Failure.Kind != want || o.Received != 0 || o.Code != a.Code {
				t.Errorf("%+v, want %s", o, want)
			}
			if state := w.state(a.ObjectID); state != "canceled" {
				t.Errorf("the intent is %s and can be confirmed once more", state)
			}
			if later := w.look(a); later.Status != payments.Failed || later.Failure.Kind != want {
				t.Errorf("asked later: %+v", later)
			}
		})
	}
}

func TestSubmit_ADeclineWhoseCancellingIsLostIsNotYetADecline(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_card_chargeDeclined"))
	w.emu.Fault(core.Fault{Route: cancel, Kind: core.ErrorBefore, Times: 1})
	if _, err := w.account.Submit(t.Context(), a); !errors.Is(err, payments.ErrLost) {
		t.Fatalf("%v, want that the answer was lost", err)
	}
	if o := w.look(a); o.Status != payments.Failed || w.state(a.ObjectID) != "canceled" {
		t.Errorf("looked at: %+v, %s", o, w.state(a.ObjectID))
	}
}

func TestSubmit_AnAnswerThatDoesNotComeIsLostAndTheLookDecides(t *testing.T) {
	for name, c := range map[string]struct {
		kind core.Kind
		want string // what the look says
	}{
		"time-out before":   {core.TimeoutBefore, payments.Submitting},
		"time-out after":    {core.TimeoutAfter, payments.Succeeded},
		"cut before":        {core.CutBefore, payments.Submitting},
		"cut after":         {core.CutAfter, payments.Succeeded},
		"500 before":        {core.ErrorBefore, payments.Submitting},
		"500 after":         {core.ErrorAfter, payments.Succeeded},
		"locked":            {core.Locked, payments.Submitting},
		"too many requests": {core.Limited, payments.Submitting},
		"garbage":           {core.Garbage, payments.Succeeded},
		"half a body":       {core.HalfBody, payments.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.begun(w.attempt("pm_card_visa"))
			id := w.emu.Fault(core.Fault{Route: confirm, Kind: c.kind, Times: 5})
			_, err := w.account.Submit(within(t, 300*time.Millisecond), a)
			if !errors.Is(err, payments.ErrLost) {
				t.Fatalf("%v, want that the answer was lost", err)
			}
			w.emu.Faults.Disarm(id)
			o := w.look(a)
			if o.Status != c.want {
				t.Errorf("looked at: %+v, want %s", o, c.want)
			}
			if got, want := w.captured(), map[string]int64{payments.Succeeded: 120450}[c.want]; got != want {
				t.Errorf("%d was captured, want %d", got, want)
			}
		})
	}
}

func TestBegin_WhoseAnswerIsLostIsFoundByItsCode(t *testing.T) {
	w := newWorld(t)
	a := w.attempt("pm_card_visa")
	id := w.emu.Fault(core.Fault{Route: create, Kind: core.TimeoutAfter, Times: 5})
	if _, err := w.account.Begin(within(t, 300*time.Millisecond), a); !errors.Is(err, payments.ErrLost) {
		t.Fatalf("%v, want that the answer was lost", err)
	}
	w.emu.Faults.Disarm(id)
	w.begun(payments.Attempt{PaymentID: "pay_2", Code: "ABBBBBBBBBBBBBBBB", Amount: 100, Currency: "USD", Kind: payments.Card, CreatedAt: start})
	o := w.look(a)
	if o.Code != a.Code || o.ObjectID == "" || o.Status != payments.Submitting {
		t.Errorf("%+v", o)
	}
	unknown := a
	unknown.Code = "ACCCCCCCCCCCCCCCC"
	if _, err := w.account.Look(t.Context(), unknown); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("an attempt that was never begun: %v", err)
	}
}

func TestCall_WhatWasCertainlyNotSentIsNotLost(t *testing.T) {
	w := newWorld(t)
	nowhere, err := stripe.New(stripe.Config{SecretKey: w.acct.SecretKey, BaseURL: "http://127.0.0.1:1", HTTPClient: w.http})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nowhere.Begin(t.Context(), w.attempt("")); !errors.Is(err, payments.ErrNotAsked) {
		t.Errorf("%v", err)
	}
}

func TestCall_CredentialsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_card_visa"))
	w.emu.ExpireKey(w.acct.ID)
	var refused *payments.RefusedError
	if _, err := w.account.Submit(t.Context(), a); !errors.As(err, &refused) || !refused.Credentials {
		t.Errorf("%v", err)
	}
	w.emu.RestoreKey(w.acct.ID)
	if o := w.submit(a); o.Status != payments.Succeeded {
		t.Errorf("with the key again: %+v", o)
	}
}

func TestSubmit_TheBankWantsToHearFromThePayer(t *testing.T) {
	for press, want := range map[string]string{"complete": payments.Succeeded, "fail": payments.Failed} {
		t.Run(press, func(t *testing.T) {
			w := newWorld(t)
			a := w.begun(w.attempt("pm_card_authenticationRequired"))
			o := w.submit(a)
			if o.Status != payments.RequiresAction || o.Action.URL == "" {
				t.Fatalf("%+v", o)
			}
			w.post(o.Action.URL, "result", press)
			o = w.look(a)
			if o.Status != want || want == payments.Failed && o.Failure.Kind != payments.FailedAction {
				t.Errorf("%+v, want %s", o, want)
			}
		})
	}
}

func TestCancel_SaysWhenItCameTooLate(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_card_visa"))
	w.submit(a)
	if o := w.said(w.account.Cancel(t.Context(), a)); o.Status != payments.Succeeded || o.Received != 120450 {
		t.Errorf("%+v", o)
	}
	b := w.attempt("pm_card_authenticationRequired")
	b.PaymentID, b.Code = "pay_2", "ABBBBBBBBBBBBBBBB"
	b = w.begun(b)
	w.submit(b)
	for range 2 {
		if o := w.said(w.account.Cancel(t.Context(), b)); o.Status != payments.Canceled {
			t.Errorf("%+v", o)
		}
	}
}

func TestSubmit_ABankDebitTakesDaysAndMayComeBack(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_usBankAccount_dispute"))
	if o := w.submit(a); o.Status != payments.Processing || o.Received != 0 || o.Method.Kind != payments.Bank || o.Method.Last4 == "" {
		t.Fatalf("%+v", o)
	}
	w.emu.Advance(4 * day)
	if o := w.look(a); o.Status != payments.Succeeded || o.Received != 120450 {
		t.Fatalf("after four days: %+v", o)
	}
	w.emu.Advance(60 * day)
	o := w.look(a)
	if o.Status != payments.Succeeded || len(o.Disputes) != 1 || o.Disputes[0].Kind != "return" || o.Disputes[0].Amount != 120450 {
		t.Errorf("after two months: %+v", o)
	}
}

func TestLook_ABankDebitThatFailsIsOver(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_usBankAccount_accountClosed"))
	w.submit(a)
	w.emu.Advance(5 * day)
	if o := w.look(a); o.Status != payments.Failed || o.Failure.Kind != payments.FailedBankAccount {
		t.Errorf("%+v", o)
	}
	if state := w.state(a.ObjectID); state != "canceled" {
		t.Errorf("the intent is %s", state)
	}
}

func TestHosted_IsPaidOnStripesPageOrEndedByUs(t *testing.T) {
	w := newWorld(t)
	a := w.attempt("")
	a.Kind = payments.Hosted
	a = w.begun(a)
	o := w.submit(a)
	if o.Status != payments.RequiresAction || o.Action.URL == "" || o.Code != a.Code {
		t.Fatalf("%+v", o)
	}
	w.post(o.Action.URL, "method", "card", "number", "4242 4242 4242 4242", "expiry", "12 / 31", "cvc", "123", "name", "Test Holder")
	if o = w.look(a); o.Status != payments.Succeeded || o.Received != 120450 || o.ObjectID != a.ObjectID || o.Code != a.Code {
		t.Errorf("paid: %+v", o)
	}
	if o = w.said(w.account.Cancel(t.Context(), a)); o.Status != payments.Succeeded {
		t.Errorf("cancelled too late: %+v", o)
	}
	b := a
	b.PaymentID, b.Code, b.ObjectID = "pay_2", "ABBBBBBBBBBBBBBBB", ""
	b = w.begun(b)
	for range 2 {
		if o := w.said(w.account.Cancel(t.Context(), b)); o.Status != payments.Canceled {
			t.Errorf("cancelled: %+v", o)
		}
	}
	if w.captured() != 120450 {
		t.Errorf("%d was captured", w.captured())
	}
}

func TestRefund_OnceAndFoundAgain(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_card_visa"))
	r := payments.RefundRequest{ID: "ref_1", Attempt: a, ChargeID: w.submit(a).ChargeID, Amount: 5000}
	id := w.emu.Fault(core.Fault{Route: "POST /v1/refunds", Kind: core.TimeoutAfter, Times: 5})
	if _, err := w.account.Refund(within(t, 300*time.Millisecond), r); !errors.Is(err, payments.ErrLost) {
		t.Fatalf("%v", err)
	}
	w.emu.Faults.Disarm(id)
	found, err := w.account.LookRefund(t.Context(), r)
	if err != nil || found.Status != payments.Succeeded || found.Amount != 5000 || found.Ref != "ref_1" {
		t.Fatalf("%+v, %v", found, err)
	}
	again, err := w.account.Refund(t.Context(), r)
	if err != nil || again.ObjectID != found.ObjectID {
		t.Errorf("again: %+v, %v", again, err)
	}
	o := w.look(a)
	if len(o.Refunds) != 1 || o.Refunds[0].Ref != "ref_1" || w.emu.Captured(w.acct.ID)[0].Refunded != 5000 {
		t.Errorf("%+v", o.Refunds)
	}
	if _, err := w.account.LookRefund(t.Context(), payments.RefundRequest{ID: "ref_2", Attempt: a, ChargeID: r.ChargeID}); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("one that was never made: %v", err)
	}
}

func TestLook_SeesWhatWasDoneInTheDashboard(t *testing.T) {
	w := newWorld(t)
	a := w.begun(w.attempt("pm_card_visa"))
	charge := w.submit(a).ChargeID
	if _, err := w.raw.Refunds.New(&api.RefundParams{Charge: &charge, Amount: api.Int64(700)}); err != nil {
		t.Fatal(err)
	}
	dispute := w.emu.Dispute(w.acct.ID, a.ObjectID, "fraudulent")
	o := w.look(a)
	if len(o.Refunds) != 1 || o.Refunds[0].Ref != "" || o.Refunds[0].Amount != 700 {
		t.Errorf("refunds %+v", o.Refunds)
	}
	if len(o.Disputes) != 1 || o.Disputes[0].ObjectID != dispute || o.Disputes[0].Kind != "dispute" || o.Disputes[0].Status != "open" {
		t.Errorf("disputes %+v", o.Disputes)
	}
	w.emu.CloseDispute(w.acct.ID, dispute, true)
	if o = w.look(a); o.Disputes[0].Status != "won" {
		t.Errorf("disputes %+v", o.Disputes)
	}
}

func TestAmounts_AsStripeCountsThem(t *testing.T) {
	w := newWorld(t)
	for currency, c := range map[string]struct {
		ours, theirs int64
		refused      bool
	}{
		"USD": {120450, 120450, false}, "JPY": {1200, 1200, false}, "ISK": {500, 50000, false}, "UGX": {7000, 700000, false},
		"KWD": {1230, 1230, false}, "BHD": {1234, 0, true}, "EUR": {100_000_000, 0, true}, "GBP": {0, 0, true},
	} {
		t.Run(currency, func(t *testing.T) {
			a := w.attempt("pm_card_visa")
			a.PaymentID, a.Amount, a.Currency = "pay_"+currency, c.ours, ledger.Currency(currency)
			id, err := w.account.Begin(t.Context(), a)
			var refused *payments.RefusedError
			if errors.As(err, &refused) != c.refused || err != nil && !c.refused {
				t.Fatalf("%v", err)
			}
			if c.refused {
				return
			}
			there, err := w.raw.PaymentIntents.Get(id, nil)
			if err != nil || there.Amount != c.theirs {
				t.Fatalf("Stripe was asked for %d, %v; want %d", there.Amount, err, c.theirs)
			}
			a.ObjectID = id
			if o := w.submit(a); o.Received != c.ours {
				t.Errorf("received %d, want %d", o.Received, c.ours)
			}
		})
	}
}

func TestMovements_ListEverythingOfATime(t *testing.T) {
	w := newWorldOf(t, emulator.Account{})
	want := map[string]int64{}
	for i := range 130 { // more than a page
		a := w.attempt("pm_card_visa")
		a.PaymentID, a.Amount = "pay_"+string(rune('a'+i/26))+string(rune('a'+i%26)), int64(1000+i)
		a = w.begun(a)
		want[w.submit(a).ChargeID] = a.Amount
	}
	w.emu.Advance(time.Hour)
	charge := ""
	for id := range want {
		charge = id
		break
	}
	refund, err := w.raw.Refunds.New(&api.RefundParams{Charge: &charge, Amount: api.Int64(500)})
	if err != nil {
		t.Fatal(err)
	}
	want[refund.ID] = 500
	got := map[string]int64{}
	for cursor, pages := "", 0; pages < 10; pages++ {
		moves, next, err := w.account.Movements(t.Context(), start.Add(-time.Hour), start.Add(2*time.Hour), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range moves {
			got[m.ObjectID] = m.Amount
			if m.Kind == "charge" && (m.Code != "AAAAAAAAAAAAAAAAA" || m.ParentID == "") {
				t.Fatalf("%+v", m)
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if moves, _, err := w.account.Movements(t.Context(), start.Add(-3*time.Hour), start.Add(-time.Hour), ""); err != nil || len(moves) != 0 {
		t.Errorf("before: %+v, %v", moves, err)
	}
}
