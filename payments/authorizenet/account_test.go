package authorizenet_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
)

var ctx = context.Background()

// account is the world's merchant as the payment machine knows it.
func (w *world) account() *authorizenet.Account {
	w.t.Helper()
	a, err := authorizenet.NewAccount(authorizenet.Config{
		Endpoint: w.url + "/xml/v1/request.api", HostedURL: w.url, LoginID: authorizenet.Secret(w.merchant.Login),
		TransactionKey: authorizenet.Secret(w.merchant.Key), TestMode: true, Now: w.emu.Clock.Now,
	}, "an older key", authorizenet.Secret(w.merchant.SignatureKey))
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// attempt is one of 25.00 with a new card.
func (w *world) attempt(source string) payments.Attempt {
	return payments.Attempt{PaymentID: "pay_1", Code: "AABCDEFGHIJKLMNO2", Amount: 2500, Currency: "USD", Kind: payments.Card, Source: source,
		Description: "INV-12", Email: "maria@acme.example", PayerIP: "192.0.2.7", CreatedAt: w.emu.Clock.Now()}
}

func opened(t *testing.T) (*world, *authorizenet.Account) {
	t.Helper()
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	return w, w.account()
}

func TestAccount_DescribesWhatIsMissing(t *testing.T) {
	w, a := opened(t)
	d, err := a.Describe(ctx)
	if err != nil || d.ID != w.merchant.GatewayID || d.Live || !d.Cards || !d.BankDebits || !slices.Equal(d.Missing, nil) || len(d.Currencies) != 1 {
		t.Errorf("got %+v, %v", d, err)
	}
	w.emu.SwitchDetails(w.merchant.Login, false)
	if d, err := a.Describe(ctx); err != nil || len(d.Missing) != 1 || !strings.Contains(d.Missing[0], "Transaction Details API") {
		t.Errorf("got %+v, %v", d, err)
	}
	w.emu.Rekey(w.merchant.Login)
	var refused *payments.RefusedError
	if _, err := a.Describe(ctx); !errors.As(err, &refused) || !refused.Credentials {
		t.Errorf("got %v", err)
	}
}

// The processor would make a second profile for a second address of the same client.
func TestAccount_CustomerIsTheSameWhateverElseChanges(t *testing.T) {
	_, a := opened(t)
	first, err := a.Customer(ctx, payments.CustomerFacts{Ref: "c41", Name: "Acme", Email: "m@acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Customer(ctx, payments.CustomerFacts{Ref: "c41", Name: "Acme Inc.", Email: "other@acme.example"})
	if err != nil || again != first {
		t.Errorf("got %s, %v; want %s", again, err, first)
	}
}

func TestAccount_SubmitsAndIsPaid(t *testing.T) {
	w, a := opened(t)
	at := w.attempt(w.card(goodCard, "").Value)
	if id, err := a.Begin(ctx, at); id != "" || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
	o, err := a.Submit(ctx, at)
	if err != nil || o.Status != payments.Succeeded || o.Received != 2500 || o.Code != at.Code || o.Live || o.Method.Last4 != "1111" || o.Method.Brand != "visa" {
		t.Fatalf("got %+v, %v", o, err)
	}
	at.ObjectID = o.ObjectID
	looked, err := a.Look(ctx, at)
	if err != nil || looked.ObjectID != o.ObjectID || looked.ChargeID != o.ChargeID {
		t.Errorf("got %+v, %v", looked, err)
	}
}

func TestAccount_DeclineIsFinalAndHeldIsNot(t *testing.T) {
	w, a := opened(t)
	o, err := a.Submit(ctx, w.attempt(w.card(goodCard, "46227").Value))
	if err != nil || o.Status != payments.Failed || o.Failure != (payments.Failure{Kind: payments.FailedAddress, Code: "27"}) {
		t.Errorf("declined: got %+v, %v", o, err)
	}
	at := w.attempt(w.card(goodCard, "46252").Value)
	at.Code = "AABCDEFGHIJKLMNO3"
	if o, err = a.Submit(ctx, at); err != nil || o.Status != payments.HeldReview || o.Received != 0 {
		t.Fatalf("held: got %+v, %v", o, err)
	}
	at.ObjectID = o.ObjectID
	if o, err = a.Cancel(ctx, at); err != nil || o.Status != payments.Canceled {
		t.Errorf("cancelled: got %+v, %v", o, err)
	}
	if got := w.emu.Captured(w.merchant.Login); len(got) != 0 {
		t.Errorf("captured %+v", got)
	}
}

// Whatever is lost on the way: no attempt is paid twice, however often it is submitted and looked for.
func TestAccount_ALostAnswerNeverPaysTwice(t *testing.T) {
	for _, c := range []struct {
		kind  core.Kind
		moved bool
	}{{core.CutBefore, false}, {core.CutAfter, true}, {core.ErrorBefore, false}, {core.ErrorAfter, true}, {core.Garbage, true}, {core.HalfBody, true}} {
		for _, saved := range []bool{false, true} {
			w, a := opened(t)
			at := w.attempt(w.card(goodCard, "").Value)
			if saved {
				m := w.saved("")
				at.Source, at.MethodRef, at.CustomerID = "", m.MethodID, m.ProfileID
			}
			w.fault(core.Fault{Route: "createTransactionRequest", Kind: c.kind, Times: 1})
			if o, err := a.Submit(ctx, at); !errors.Is(err, payments.ErrLost) {
				t.Fatalf("%s: got %+v, %v", c.kind, o, err)
			}
			o, err := a.Look(ctx, at)
			if c.moved != (err == nil && o.Status == payments.Succeeded) || !c.moved && !errors.Is(err, payments.ErrAbsent) {
				t.Errorf("%s: looked and got %+v, %v", c.kind, o, err)
			}
			again, err := a.Submit(ctx, at)
			switch paidNow := err == nil && again.Status == payments.Succeeded; {
			case saved && !paidNow, !saved && !c.moved && !paidNow:
				t.Errorf("%s, saved %t: submitted again and got %+v, %v", c.kind, saved, again, err)
			case !saved && c.moved && !errors.Is(err, payments.ErrRefused):
				t.Errorf("%s: the spent token again: %+v, %v", c.kind, again, err)
			}
			if got := w.emu.Captured(w.merchant.Login); len(got) != 1 {
				t.Errorf("%s, saved %t: captured %+v", c.kind, saved, got)
			}
		}
	}
}

func TestAccount_ApprovedButNotReadBackIsLost(t *testing.T) {
	w, a := opened(t)
	w.fault(core.Fault{Route: "getTransactionDetailsRequest", Kind: core.ErrorBefore, Times: 1})
	at := w.attempt(w.card(goodCard, "").Value)
	if o, err := a.Submit(ctx, at); !errors.Is(err, payments.ErrLost) {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err := a.Look(ctx, at); err != nil || o.Status != payments.Succeeded {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestAccount_AWrongKeyOrAGoneMethodIsARefusal(t *testing.T) {
	w, a := opened(t)
	m := w.saved("")
	if err := a.RemoveMethod(ctx, m.ProfileID, m.MethodID); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveMethod(ctx, m.ProfileID, m.MethodID); err != nil {
		t.Errorf("removed again: %v", err)
	}
	if _, err := a.LookMethod(ctx, m.ProfileID, m.MethodID); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("got %v", err)
	}
	at := w.attempt("")
	at.MethodRef, at.CustomerID = m.MethodID, m.ProfileID
	if _, err := a.Submit(ctx, at); !errors.Is(err, payments.ErrRefused) {
		t.Errorf("gone: got %v", err)
	}
	w.emu.Rekey(w.merchant.Login)
	var refused *payments.RefusedError
	if _, err := a.Submit(ctx, w.attempt("x")); !errors.As(err, &refused) || !refused.Credentials {
		t.Errorf("wrong key: got %v", err)
	}
}

func TestAccount_KeepsTheMethodThatPaid(t *testing.T) {
	w, a := opened(t)
	customer, err := a.Customer(ctx, payments.CustomerFacts{Ref: "c41"})
	if err != nil {
		t.Fatal(err)
	}
	at := w.attempt(w.card(goodCard, "").Value)
	at.SaveMethod, at.CustomerID = true, customer
	o, err := a.Submit(ctx, at)
	if err != nil || o.Method.Ref == "" {
		t.Fatalf("got %+v, %v", o, err)
	}
	f, err := a.LookMethod(ctx, customer, o.Method.Ref)
	if err != nil || f.Last4 != "1111" || f.Brand != "visa" || f.ExpMonth != 5 || f.ExpYear != 2031 || f.Kind != payments.Card {
		t.Errorf("got %+v, %v", f, err)
	}
	// Removed by the client, it stays removed: looking at the payment days later brings nothing back.
	if err := a.RemoveMethod(ctx, customer, o.Method.Ref); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(48 * time.Hour)
	at.ObjectID = o.ObjectID
	if o, err = a.Look(ctx, at); err != nil || o.Method.Ref != "" {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestAccount_AFullListOfMethodsSpoilsNoPayment(t *testing.T) {
	w, a := opened(t)
	m := w.saved("")
	for i := range 9 {
		if _, err := a.AddMethod(ctx, payments.NewMethod{CustomerID: m.ProfileID, Source: w.card(goodCard, "1000"+string(rune('0'+i))).Value}); err != nil {
			t.Fatal(err)
		}
	}
	var refused *payments.RefusedError
	_, err := a.AddMethod(ctx, payments.NewMethod{CustomerID: m.ProfileID, Source: w.card(goodCard, "2").Value})
	if !errors.As(err, &refused) || refused.Code != "too_many_methods" {
		t.Errorf("the eleventh: %v", err)
	}
	at := w.attempt(w.card(goodCard, "3").Value)
	at.SaveMethod, at.CustomerID = true, m.ProfileID
	if o, err := a.Submit(ctx, at); err != nil || o.Status != payments.Succeeded || o.Method.Ref != "" {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestAccount_AddsMethods(t *testing.T) {
	w, a := opened(t)
	m := w.saved("")
	again, err := a.AddMethod(ctx, payments.NewMethod{CustomerID: m.ProfileID, Source: w.card(goodCard, "").Value})
	if err != nil || again.Ref != m.MethodID {
		t.Errorf("the same card: %+v, %v", again, err)
	}
	bank, err := a.AddMethod(ctx, payments.NewMethod{CustomerID: m.ProfileID, Kind: payments.Bank, Source: w.bank("1234567890").Value})
	if err != nil || bank.Kind != payments.Bank || bank.Last4 != "7890" {
		t.Errorf("a bank account: %+v, %v", bank, err)
	}
	live := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	la, err := authorizenet.NewAccount(authorizenet.Config{Endpoint: live.url + "/xml/v1/request.api", LoginID: authorizenet.Secret(live.merchant.Login),
		TransactionKey: authorizenet.Secret(live.merchant.Key)})
	if err != nil {
		t.Fatal(err)
	}
	customer, err := la.Customer(ctx, payments.CustomerFacts{Ref: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	var declined *payments.DeclinedError
	_, err = la.AddMethod(ctx, payments.NewMethod{CustomerID: customer, Source: live.card(goodCard, "46208").Value})
	if !errors.As(err, &declined) || declined.Failure.Kind != payments.FailedExpired {
		t.Errorf("refused by its bank: %v", err)
	}
	if _, err := a.VerifyMethod(ctx, "x", payments.Verification{}); !errors.Is(err, payments.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestAccount_BankDebitSettlesAndIsReturned(t *testing.T) {
	w, a := opened(t)
	at := w.attempt(w.bank("0000000110").Value)
	at.Kind = payments.Bank
	o, err := a.Submit(ctx, at)
	if err != nil || o.Status != payments.Processing || o.Received != 0 || o.Method.Kind != payments.Bank {
		t.Fatalf("got %+v, %v", o, err)
	}
	at.ObjectID = o.ObjectID
	w.emu.Clock.Advance(7 * 24 * time.Hour)
	if o, err = a.Look(ctx, at); err != nil || o.Status != payments.Succeeded || o.Received != 2500 || len(o.Disputes) != 0 {
		t.Errorf("settled: got %+v, %v", o, err)
	}
	w.emu.Clock.Advance(14 * 24 * time.Hour)
	if o, err = a.Look(ctx, at); err != nil || o.Status != payments.Succeeded || len(o.Disputes) != 1 {
		t.Fatalf("returned: got %+v, %v", o, err)
	}
	if d := o.Disputes[0]; d.Kind != "return" || d.Status != "lost" || d.Amount != 2500 || d.Reason != "R10" || d.At.IsZero() {
		t.Errorf("got %+v", d)
	}
}

func TestAccount_ChargebackIsOneDisputeTillItsEnd(t *testing.T) {
	w, a := opened(t)
	at := w.attempt(w.card(goodCard, "").Value)
	o, err := a.Submit(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	at.ObjectID = o.ObjectID
	w.emu.Clock.Advance(24 * time.Hour)
	var ids []string
	for _, won := range []bool{false, true} {
		if err := w.emu.Dispute(w.merchant.Login, at.ObjectID, won); err != nil {
			t.Fatal(err)
		}
		o, err := a.Look(ctx, at)
		if err != nil || o.Status != payments.Succeeded || o.Received != 2500 || len(o.Disputes) != 1 || (o.Disputes[0].Status == "won") != won {
			t.Fatalf("got %+v, %v", o, err)
		}
		ids = append(ids, o.Disputes[0].ObjectID)
	}
	if ids[0] != ids[1] {
		t.Errorf("two disputes of one: %v", ids)
	}
}

func TestAccount_MoneyTakenTwiceDoesNotLookLikeOnce(t *testing.T) {
	w, a := opened(t)
	at := w.attempt(w.card(goodCard, "").Value)
	for _, zip := range []string{"1", "2"} { // as if somebody charged the same code by hand, with another address
		if _, err := w.client.Charge(ctx, authorizenet.Charge{Code: at.Code, Amount: dollars(2500), Token: w.card(goodCard, zip)}); err != nil {
			t.Fatal(err)
		}
	}
	if o, err := a.Look(ctx, at); err != nil || o.Received != 5000 {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestAccount_AnotherAmountIsTold(t *testing.T) {
	w, a := opened(t)
	at := w.attempt("")
	if _, err := w.client.Charge(ctx, authorizenet.Charge{Code: at.Code, Amount: dollars(2499), Token: w.card(goodCard, "")}); err != nil {
		t.Fatal(err)
	}
	if o, err := a.Look(ctx, at); err != nil || o.Status != payments.Succeeded || o.Received != 2499 {
		t.Errorf("got %+v, %v", o, err)
	}
}

// A settlement that fails counts as a payment that failed if it was not booked, and as money that went back if it was.
func TestAccount_AFailedSettlementIsToldBothWays(t *testing.T) {
	_, a := opened(t)
	o, err := a.OutcomeForTest(payments.Attempt{Amount: 2500, Currency: "USD"}, authorizenet.Transaction{ID: "7", Status: "settlementError", Settled: dollars(2500)})
	if err != nil || o.Status != payments.Failed || o.Received != 0 || len(o.Disputes) != 1 || o.Disputes[0].Amount != 2500 || o.Disputes[0].Kind != "return" {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err = a.OutcomeForTest(payments.Attempt{Currency: "USD"}, authorizenet.Transaction{ID: "7", Status: "voided", Settled: dollars(2500)}); err != nil ||
		o.Status != payments.Canceled || o.Received != 0 || len(o.Disputes) != 0 {
		t.Errorf("voided: got %+v, %v", o, err)
	}
	for _, status := range []string{"couldNotVoid", "refundSettledSuccessfully", "somethingNew", ""} {
		if o, err := a.OutcomeForTest(payments.Attempt{Currency: "USD"}, authorizenet.Transaction{ID: "7", Status: status}); !errors.Is(err, payments.ErrLost) {
			t.Errorf("%q says nothing: got %+v, %v", status, o, err)
		}
	}
}
