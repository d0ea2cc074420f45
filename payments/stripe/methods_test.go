package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/stripe"
)

func (w *world) customer() string {
	w.t.Helper()
	id, err := w.account.Customer(w.t.Context(), payments.CustomerFacts{Ref: "C1", Name: "Client"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) method(customer, method string) payments.NewMethod {
	m := payments.NewMethod{Key: "nonce-" + method, CustomerID: customer, Kind: payments.Card, Source: w.source(method), ReturnURL: "https://billing.acme.test/portal/methods",
		MandateIP: "203.0.113.7", MandateUA: "Test"}
	if method[:5] == "pm_us" {
		m.Kind = payments.Bank
	}
	return m
}

func TestAddMethod_SavesOnceAndPaysLater(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	m := w.method(customer, "pm_card_visa")
	f, err := w.account.AddMethod(t.Context(), m)
	if err != nil || f.Pending || f.Ref == "" || f.Last4 != "4242" || f.Kind != payments.Card {
		t.Fatalf("%+v, %v", f, err)
	}
	again, err := w.account.AddMethod(t.Context(), m)
	if err != nil || again.Ref != f.Ref {
		t.Errorf("again: %+v, %v", again, err)
	}
	a := w.attempt("")
	a.CustomerID, a.MethodRef, a.OffSession = customer, f.Ref, true
	if o := w.submit(w.begun(a)); o.Status != payments.Succeeded {
		t.Errorf("%+v", o)
	}
	if err := w.account.SetDefault(t.Context(), customer, f.Ref); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := w.account.RemoveMethod(t.Context(), customer, f.Ref); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.account.LookMethod(t.Context(), customer, f.Ref); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("removed: %v", err)
	}
}

func TestLookMethod_IsAnotherCustomersToNobody(t *testing.T) {
	w := newWorld(t)
	f, err := w.account.AddMethod(t.Context(), w.method(w.customer(), "pm_card_visa"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.account.LookMethod(t.Context(), "cus_other", f.Ref); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("%v", err)
	}
	if err := w.account.RemoveMethod(t.Context(), "cus_other", f.Ref); err != nil {
		t.Error(err)
	}
	if _, err := w.account.LookMethod(t.Context(), w.customer(), f.Ref); err != nil {
		t.Errorf("somebody else removed it: %v", err)
	}
}

func TestAddMethod_ThatIsRefused(t *testing.T) {
	w := newWorld(t)
	var declined *payments.DeclinedError
	if f, err := w.account.AddMethod(t.Context(), w.method(w.customer(), "pm_card_visa_chargeDeclinedInsufficientFunds")); !errors.As(err, &declined) ||
		declined.Failure.Kind != payments.FailedFunds {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestAddMethod_WhoseBankWantsToHearFromItsOwner(t *testing.T) {
	for press, works := range map[string]bool{"complete": true, "fail": false} {
		t.Run(press, func(t *testing.T) {
			w := newWorld(t)
			f, err := w.account.AddMethod(t.Context(), w.method(w.customer(), "pm_card_authenticationRequired"))
			if err != nil || !f.Pending || f.VerifyURL == "" || f.SetupRef == "" {
				t.Fatalf("%+v, %v", f, err)
			}
			w.post(f.VerifyURL, "result", press)
			f, err = w.account.LookSetup(t.Context(), f.SetupRef)
			var declined *payments.DeclinedError
			if works && (err != nil || f.Pending || f.Ref == "") || !works && !errors.As(err, &declined) {
				t.Errorf("%+v, %v", f, err)
			}
		})
	}
}

func TestVerifyMethod_CodeOrAmountsWithTries(t *testing.T) {
	for name, c := range map[string]struct {
		account     emulator.Account
		wrong, good payments.Verification
	}{
		"code":    {emulator.Account{}, payments.Verification{Code: "SM22BB"}, payments.Verification{Code: "SM11AA"}},
		"amounts": {emulator.Account{AmountDeposits: true}, payments.Verification{Amounts: [2]int64{12, 13}}, payments.Verification{Amounts: [2]int64{32, 45}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, c.account)
			f, err := w.account.AddMethod(t.Context(), w.method(w.customer(), "pm_usBankAccount"))
			if err != nil || !f.Pending || f.ArrivesAt.IsZero() || f.VerifyURL == "" {
				t.Fatalf("%+v, %v", f, err)
			}
			var declined *payments.DeclinedError
			if _, err := w.account.VerifyMethod(t.Context(), f.SetupRef, c.wrong); !errors.As(err, &declined) || declined.Failure.Kind != payments.FailedDeposits {
				t.Errorf("wrong: %v", err)
			}
			f, err = w.account.VerifyMethod(t.Context(), f.SetupRef, c.good)
			if err != nil || f.Pending || f.Ref == "" || f.Kind != payments.Bank {
				t.Errorf("right: %+v, %v", f, err)
			}
		})
	}
}

func TestVerifyMethod_EndsAfterTooManyTries(t *testing.T) {
	w := newWorldOf(t, emulator.Account{AmountDeposits: true})
	f, err := w.account.AddMethod(t.Context(), w.method(w.customer(), "pm_usBankAccount"))
	if err != nil {
		t.Fatal(err)
	}
	var declined *payments.DeclinedError
	for i, want := range []payments.FailureKind{payments.FailedDeposits, payments.FailedDeposits, payments.FailedTries, payments.FailedTries} {
		_, err = w.account.VerifyMethod(t.Context(), f.SetupRef, payments.Verification{Amounts: [2]int64{1, int64(2 + i)}})
		if !errors.As(err, &declined) || declined.Failure.Kind != want {
			t.Errorf("try %d: %v, want %s", i+1, err, want)
		}
	}
}

func TestDescribe_SaysWhatTheAccountLacks(t *testing.T) {
	w := newWorldOf(t, emulator.Account{Name: "Acme", NoCharges: true})
	d, err := w.account.Describe(t.Context())
	if err != nil || d.ID != w.acct.ID || d.Live || len(d.Missing) == 0 {
		t.Errorf("%+v, %v", d, err)
	}
	w.emu.ExpireKey(w.acct.ID)
	var refused *payments.RefusedError
	if _, err := w.account.Describe(t.Context()); !errors.As(err, &refused) || !refused.Credentials {
		t.Errorf("%v", err)
	}
}

func TestNew_RefusesWhatIsNoSecretKey(t *testing.T) {
	for _, key := range []string{"", "pk_test_x", "sk_x", "sk_test_", "whsec_1"} {
		if _, err := stripe.New(stripe.Config{SecretKey: key}); !errors.Is(err, stripe.ErrKey) {
			t.Errorf("%q: %v", key, err)
		}
	}
	c := stripe.Config{SecretKey: "sk_test_hidden", WebhookSecrets: []string{"whsec_hidden"}}
	for _, printed := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c)} {
		if printed != "[redacted]" {
			t.Errorf("printed as %s", printed)
		}
	}
}

// listening is an account whose events come in, with what came.
func listening(t *testing.T) (*world, *hooks, string) {
	t.Helper()
	w, in := newWorld(t), &hooks{}
	server := httptest.NewServer(in)
	t.Cleanup(server.Close)
	ref, secret, err := w.account.Listen(t.Context(), server.URL)
	if err != nil || ref == "" || secret == "" {
		t.Fatalf("%q, %v", ref, err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := w.account.StopListening(t.Context(), ref); err != nil && t.Context().Err() == nil {
				t.Error(err)
			}
		}
	})
	return w, in, secret
}

func TestReadEvent_SaysWhatToAskFor(t *testing.T) {
	w, in, secret := listening(t)
	a := w.begun(w.attempt("pm_card_visa"))
	w.submit(a)
	w.emu.Dispute(w.acct.ID, a.ObjectID, "fraudulent")
	w.emu.Advance(time.Minute)
	account := w.open(stripe.Config{SecretKey: w.acct.SecretKey, WebhookSecrets: []string{"whsec_new", secret}})
	seen := map[string]bool{}
	for i, body := range in.bodies {
		e, err := account.ReadEvent(in.heads[i], body)
		if err != nil {
			t.Fatal(err)
		}
		if e.About == "payment" && e.Kind == "payment_intent.succeeded" && (e.ObjectID != a.ObjectID || e.Code != a.Code) || e.About == "dispute" && e.ObjectID != a.ObjectID {
			t.Errorf("%+v", e)
		}
		seen[e.About] = true
	}
	if !seen["payment"] || !seen["dispute"] {
		t.Errorf("heard of %v", seen)
	}
}

func TestReadEvent_RefusesWhatIsForged(t *testing.T) {
	w, in, secret := listening(t)
	w.submit(w.begun(w.attempt("pm_card_visa")))
	w.emu.Advance(time.Second)
	if len(in.bodies) == 0 {
		t.Fatal("no event came")
	}
	account := w.open(stripe.Config{SecretKey: w.acct.SecretKey, WebhookSecrets: []string{secret}})
	head, body := in.heads[0], in.bodies[0]
	if _, err := account.ReadEvent(head, body); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for name, c := range map[string]struct {
		account *stripe.Account
		head    http.Header
		body    []byte
	}{
		"other secret":    {w.open(stripe.Config{SecretKey: w.acct.SecretKey, WebhookSecrets: []string{"whsec_other"}}), head, body},
		"no secret":       {w.open(stripe.Config{SecretKey: w.acct.SecretKey}), head, body},
		"empty secret":    {w.open(stripe.Config{SecretKey: w.acct.SecretKey, WebhookSecrets: []string{""}}), head, body},
		"no header":       {account, http.Header{}, body},
		"changed body":    {account, head, append([]byte(" "), body...)},
		"signed nonsense": {account, http.Header{"Stripe-Signature": {"t=x,v1=y"}}, body},
	} {
		if e, err := c.account.ReadEvent(c.head, c.body); !errors.Is(err, payments.ErrForged) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	w.emu.Advance(6 * time.Minute)
	if _, err := account.ReadEvent(head, body); !errors.Is(err, payments.ErrForged) {
		t.Errorf("six minutes old: %v", err)
	}
}

func TestRegisterHost_Again(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if err := w.account.RegisterHost(t.Context(), "billing.acme.test"); err != nil {
			t.Error(err)
		}
	}
}
