package payments_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

func TestMethods_AreSavedPaidWithAndRemoved(t *testing.T) {
	w := newWallet(t)
	first, second := w.saved("pm_card_visa"), w.saved("pm_card_mastercard")
	if first.Status != payments.MethodActive || first.Last4 != "4242" || first.Brand != "visa" || !first.Default || first.AddedBy != w.Contact || second.Default {
		t.Errorf("%+v and %+v", first, second)
	}
	if w.customers() != 1 || len(w.there()) != 2 {
		t.Errorf("the processor knows %d clients with %d methods", w.customers(), len(w.there()))
	}
	if p, err := w.payWith(second.ID, w.Sent(t, 100)); err != nil || p.Status != payments.Succeeded || p.MethodID != second.ID {
		t.Errorf("paying: %s, %v", p.Status, err)
	}
	if err := w.methods.SetDefault(t.Context(), w.Tenant.ID, w.Company, second.ID); err != nil || w.theDefault() != second.ID {
		t.Errorf("preferring: %v", err)
	}
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, second.ID); err != nil || w.theDefault() != first.ID {
		t.Errorf("removing: %v", err)
	}
	if refs := w.there(); !slices.Equal(refs, []string{first.Ref}) {
		t.Errorf("the processor keeps %v", refs)
	}
	if _, err := w.payWith(second.ID, w.Sent(t, 100)); err == nil {
		t.Error("a removed method pays")
	}
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, second.ID); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("removing again: %v", err)
	}
}

func TestMethods_OfOtherClientsAndTenantsAreNotThere(t *testing.T) {
	w := newWallet(t)
	m, ctx := w.saved("pm_card_visa"), t.Context()
	other := paymentstest.New(t, w.DB)
	for name, who := range map[string]struct {
		tenant  tenant.ID
		company string
	}{
		"another client":             {w.Tenant.ID, w.AddCompany(t)},
		"another tenant":             {other.Tenant.ID, w.Company},
		"another tenant's client":    {other.Tenant.ID, other.Company},
		"no client at all":           {w.Tenant.ID, ""},
		"what is no client's number": {w.Tenant.ID, "com_'"},
	} {
		errs := map[string]error{"removing": w.methods.Remove(ctx, who.tenant, who.company, m.ID), "preferring": w.methods.SetDefault(ctx, who.tenant, who.company, m.ID)}
		_, errs["finding"] = w.methods.Find(ctx, who.tenant, who.company, m.ID)
		_, errs["checking"] = w.methods.Check(ctx, who.tenant, who.company, m.ID)
		_, errs["verifying"] = w.methods.Verify(ctx, who.tenant, who.company, m.ID, payments.Verification{Code: "SM11AA"})
		for what, err := range errs {
			if !errors.Is(err, payments.ErrNotFound) {
				t.Errorf("%s as %s: %v", what, name, err)
			}
		}
		if all, err := w.methods.List(ctx, who.tenant, who.company); err != nil || len(all) != 0 {
			t.Errorf("listing as %s: %d, %v", name, len(all), err)
		}
	}
	for what, change := range map[string]func(in *payments.AddMethodInput){
		"a client of another tenant":   func(in *payments.AddMethodInput) { in.CompanyID = other.Company },
		"a contact of another tenant":  func(in *payments.AddMethodInput) { in.ContactID = other.Contact },
		"a contact of another client":  func(in *payments.AddMethodInput) { in.ContactID = w.AddContact(t, w.AddCompany(t), "payer") },
		"a client that does not exist": func(in *payments.AddMethodInput) { in.CompanyID = "com_00000000000000000000000000" },
	} {
		in := w.wish("pm_card_visa")
		change(&in)
		if made, _, err := w.methods.Add(ctx, w.Tenant, in); !errors.Is(err, payments.ErrNotFound) {
			t.Errorf("adding for %s: %+v, %v", what, made, err)
		}
	}
	if got := w.list(); len(got) != 1 || got[0].ID != m.ID || !got[0].Default || len(w.there()) != 1 {
		t.Errorf("afterwards: %+v, %v", got, w.there())
	}
}

func TestMethods_AFormThatIsSentTwiceSavesOne(t *testing.T) {
	w := newWallet(t)
	in := w.wish("pm_card_visa")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := w.methods.Add(context.Background(), w.Tenant, in); err != nil && !errors.Is(err, payments.ErrLost) {
				t.Errorf("at once: %v", err)
			}
		})
	}
	all.Wait()
	m, _, err := w.methods.Add(t.Context(), w.Tenant, in)
	if got := w.list(); err != nil || len(got) != 1 || got[0].ID != m.ID || w.theDefault() != m.ID || len(w.there()) != 1 || w.customers() != 1 {
		t.Errorf("%v: %d here, %d there, of %d clients", err, len(got), len(w.there()), w.customers())
	}
}

func TestMethods_WhatWasRemovedDoesNotComeBackWithItsForm(t *testing.T) {
	w := newWallet(t)
	in := w.wish("pm_card_visa")
	m, _, err := w.methods.Add(t.Context(), w.Tenant, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, m.ID); err != nil {
		t.Fatal(err)
	}
	if again, _, err := w.methods.Add(t.Context(), w.Tenant, in); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("the form of a removed method: %+v, %v", again, err)
	}
	if got := w.list(); len(got) != 0 {
		t.Errorf("%d methods that the processor does not know", len(got))
	}
}

func TestMethods_TwoContactsAtOnceLeaveOneDefault(t *testing.T) {
	w := newWallet(t)
	var wishes []payments.AddMethodInput
	for range 4 {
		wishes = append(wishes, w.wish("pm_card_visa"), w.wish("pm_card_mastercard"))
	}
	at := w.AddContact(t, w.Company, "payer")
	var all sync.WaitGroup
	for i, in := range wishes {
		if i%2 == 0 {
			in.ContactID = at
		}
		all.Go(func() {
			if _, _, err := w.methods.Add(context.Background(), w.Tenant, in); err != nil {
				t.Errorf("adding: %v", err)
			}
		})
	}
	all.Wait()
	methods := w.list()
	if len(methods) != len(wishes) || w.theDefault() == "" {
		t.Fatalf("%d methods", len(methods))
	}
	for i, m := range methods[1:] {
		all.Go(func() {
			if err := w.methods.SetDefault(context.Background(), w.Tenant.ID, w.Company, m.ID); err != nil && !errors.Is(err, payments.ErrNotFound) {
				t.Errorf("preferring: %v", err)
			}
		})
		all.Go(func() {
			if i%2 == 0 {
				return
			}
			if err := w.methods.Remove(context.Background(), w.Tenant.ID, w.Company, m.ID); err != nil && !errors.Is(err, payments.ErrNotFound) {
				t.Errorf("removing: %v", err)
			}
		})
	}
	all.Wait()
	if left := w.list(); len(left) != 5 || len(w.there()) != 5 || w.theDefault() == "" {
		t.Errorf("%d here, %d there", len(left), len(w.there()))
	}
}

func TestMethods_ALostAnswerIsFoundByTheSameForm(t *testing.T) {
	for _, route := range []string{"POST /v1/customers", "POST /v1/setup_intents", "POST /v1/setup_intents/{id}/confirm", "GET /v1/setup_intents/{id}"} {
		for _, kind := range []core.Kind{core.CutBefore, core.CutAfter, core.ErrorAfter, core.Garbage} {
			t.Run(route+" "+string(kind), func(t *testing.T) {
				w := newWallet(t)
				in := w.wish("pm_card_visa")
				id := w.emu.Fault(core.Fault{Route: route, Kind: kind})
				first, _, err := w.methods.Add(t.Context(), w.Tenant, in)
				if len(w.emu.Faults.Strikes()) == 0 {
					t.Fatal("control: nothing went wrong")
				}
				if got := w.list(); err != nil && len(got) != 0 || err == nil && first.Status != payments.MethodActive {
					t.Errorf("kept without the processor's word: %+v, %v", got, err)
				}
				w.emu.Faults.Disarm(id)
				w.Advance(11 * time.Minute) // a failure is repeated for a while
				m, _, err := w.methods.Add(t.Context(), w.Tenant, in)
				if got := w.list(); err != nil || len(got) != 1 || got[0].ID != m.ID || len(w.there()) != 1 {
					t.Errorf("again: %v; %d here, %d there", err, len(got), len(w.there()))
				}
				if c, err := w.connections.Show(t.Context(), w.Tenant.ID, w.connection.ID); err != nil || c.Status != payments.ConnectionActive {
					t.Errorf("the connection is %s, %v", c.Status, err)
				}
			})
		}
	}
}

// The process dies, or Postgres does, after the processor did what it was asked.
func TestMethods_ACrashAfterTheProcessorIsMendedByTheSameAgain(t *testing.T) {
	w := newWallet(t)
	died := errors.New("the power went")
	dying := payments.NewMethods(paymentsdb.New(w.DB.App, paymentsdb.Hooks{
		OnChange: func(context.Context, pgx.Tx, tenant.ID, paymentsdb.Event) error { return died }}), w.connections, w.Time)
	in := w.wish("pm_card_visa")
	if _, _, err := dying.Add(t.Context(), w.Tenant, in); !errors.Is(err, died) {
		t.Fatalf("control: %v", err)
	}
	if len(w.list()) != 0 || len(w.there()) != 1 {
		t.Fatalf("control: %d here, %d there", len(w.list()), len(w.there()))
	}
	m, _, err := w.methods.Add(t.Context(), w.Tenant, in)
	if err != nil || len(w.list()) != 1 || len(w.there()) != 1 {
		t.Errorf("adding again: %v; %d here, %d there", err, len(w.list()), len(w.there()))
	}
	if err := dying.Remove(t.Context(), w.Tenant.ID, w.Company, m.ID); !errors.Is(err, died) {
		t.Fatalf("control: %v", err)
	}
	if len(w.list()) != 1 || len(w.there()) != 0 {
		t.Fatalf("control: %d here, %d there", len(w.list()), len(w.there()))
	}
	inv := w.Sent(t, 100)
	if p, err := w.payWith(m.ID, inv); err == nil && (p.Status == payments.Succeeded || payments.Live(p.Status)) {
		t.Errorf("paying with what the processor forgot: %s", p.Status)
	}
	if settled := w.Int(t, `SELECT settled + in_flight FROM invoices WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, inv.ID); settled != 0 {
		t.Errorf("%d is taken or held", settled)
	}
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, m.ID); err != nil || len(w.list()) != 0 {
		t.Errorf("removing again: %v, %d here", err, len(w.list()))
	}
}

func TestMethods_ABankAccountIsVerifiedBeforeItPays(t *testing.T) {
	w := newWallet(t)
	in := w.wish("pm_usBankAccount")
	m, action, err := w.methods.Add(t.Context(), w.Tenant, in)
	if err != nil || m.Status != payments.MethodPending || m.Default || m.ArrivesAt.IsZero() || action.URL == "" || m.Mandate == "" {
		t.Fatalf("%+v, %+v, %v", m, action, err)
	}
	if _, err := w.payWith(m.ID, w.Sent(t, 100)); err == nil {
		t.Error("an account that is not verified pays")
	}
	if err := w.methods.SetDefault(t.Context(), w.Tenant.ID, w.Company, m.ID); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("preferring it: %v", err)
	}
	if same, err := w.methods.Check(t.Context(), w.Tenant.ID, w.Company, m.ID); err != nil || same.Status != payments.MethodPending {
		t.Errorf("checking too early: %+v, %v", same, err)
	}
	var declined *payments.DeclinedError
	if _, err := w.methods.Verify(t.Context(), w.Tenant.ID, w.Company, m.ID, payments.Verification{Code: "SM22BB"}); !errors.As(err, &declined) ||
		declined.Failure.Kind != payments.FailedDeposits {
		t.Errorf("the wrong code: %v", err)
	}
	done, err := w.methods.Verify(t.Context(), w.Tenant.ID, w.Company, m.ID, payments.Verification{Code: "SM11AA"})
	if err != nil || done.Status != payments.MethodActive || !done.Default || done.ID != m.ID || done.Last4 == "" || w.theDefault() != m.ID {
		t.Errorf("the right code: %+v, %v", done, err)
	}
	if _, err := w.methods.Verify(t.Context(), w.Tenant.ID, w.Company, m.ID, payments.Verification{Code: "SM11AA"}); !errors.Is(err, payments.ErrNotPending) {
		t.Errorf("once more: %v", err)
	}
	if again, _, err := w.methods.Add(t.Context(), w.Tenant, in); err != nil || again.ID != m.ID || len(w.list()) != 1 {
		t.Errorf("the form again: %+v, %v, %d methods", again, err, len(w.list()))
	}
	if p, err := w.payWith(m.ID, w.Sent(t, 100)); err != nil || p.Status != payments.Processing {
		t.Errorf("paying: %s, %v", p.Status, err)
	}
}

func TestMethods_ALostAnswerToAVerificationIsFoundByChecking(t *testing.T) {
	w := newWallet(t)
	m := w.saved("pm_usBankAccount")
	id := w.emu.Fault(core.Fault{Route: "POST /v1/setup_intents/{id}/verify_microdeposits", Kind: core.CutAfter})
	if _, err := w.methods.Verify(t.Context(), w.Tenant.ID, w.Company, m.ID, payments.Verification{Code: "SM11AA"}); !errors.Is(err, payments.ErrLost) {
		t.Fatalf("control: %v", err)
	}
	w.emu.Faults.Disarm(id)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if done, err := w.methods.Check(context.Background(), w.Tenant.ID, w.Company, m.ID); err != nil || done.Status != payments.MethodActive {
				t.Errorf("%+v, %v", done, err)
			}
		})
	}
	all.Wait()
	if w.theDefault() != m.ID {
		t.Error("it is not the default")
	}
}

func TestMethods_RefusedOnesLeaveNothing(t *testing.T) {
	w := newWallet(t)
	var declined *payments.DeclinedError
	if _, _, err := w.methods.Add(t.Context(), w.Tenant, w.wish("pm_card_visa_chargeDeclinedInsufficientFunds")); !errors.As(err, &declined) ||
		declined.Failure.Kind != payments.FailedFunds {
		t.Errorf("%v", err)
	}
	var wrong *payments.ValidationError
	for name, change := range map[string]func(in *payments.AddMethodInput){
		"no source":      func(in *payments.AddMethodInput) { in.Source = "" },
		"a card number":  func(in *payments.AddMethodInput) { in.Source = "4242 4242 4242 4242" },
		"no nonce":       func(in *payments.AddMethodInput) { in.Nonce = "" },
		"another kind":   func(in *payments.AddMethodInput) { in.Kind = payments.Hosted },
		"no mandate":     func(in *payments.AddMethodInput) { in.Kind = payments.Bank },
		"a long mandate": func(in *payments.AddMethodInput) { in.MandateText = string(make([]byte, 2001)) },
	} {
		in := w.wish("pm_card_visa")
		change(&in)
		if _, _, err := w.methods.Add(t.Context(), w.Tenant, in); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.list()) != 0 {
		t.Errorf("%d are kept", len(w.list()))
	}
}

func TestMethods_CredentialsThatDoNotWorkBreakTheConnection(t *testing.T) {
	w := newWallet(t)
	m, in := w.saved("pm_card_visa"), w.wish("pm_card_visa")
	w.emu.ExpireKey(w.acct.ID)
	var refused *payments.RefusedError
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, m.ID); !errors.As(err, &refused) || len(w.list()) != 1 {
		t.Errorf("removing what the processor keeps: %v, %d left", err, len(w.list()))
	}
	if c, err := w.connections.Show(t.Context(), w.Tenant.ID, w.connection.ID); err != nil || c.Status != payments.ConnectionBroken || c.TroubleCode == "" {
		t.Errorf("%s, %v", c.Status, err)
	}
	if _, _, err := w.methods.Add(t.Context(), w.Tenant, in); !errors.Is(err, payments.ErrDisconnected) {
		t.Errorf("adding: %v", err)
	}
	w.emu.RestoreKey(w.acct.ID)
	if _, _, err := w.connections.Test(t.Context(), w.Tenant.ID, w.connection.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, m.ID); err != nil {
		t.Errorf("once it is mended: %v", err)
	}
}

// A disconnected account's methods can be removed still, and do not stand in the way of those of the next.
func TestMethods_OfAnEarlierAccountGiveWay(t *testing.T) {
	w := newWallet(t)
	old := w.saved("pm_card_visa")
	if _, err := w.connections.Disconnect(t.Context(), w.Tenant.ID, w.connection.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.methods.Add(t.Context(), w.Tenant, w.wish("pm_card_visa")); !errors.Is(err, payments.ErrDisconnected) {
		t.Errorf("without a connection: %v", err)
	}
	if _, err := w.connections.Connect(t.Context(), w.Tenant, payments.NewConnection{Processor: payments.Stripe, PublicKey: w.acct.PublishableKey,
		Credentials: payments.Credentials{SecretKey: w.acct.SecretKey}}); err != nil {
		t.Fatal(err)
	}
	fresh := w.saved("pm_card_mastercard")
	if fresh.ConnectionID == old.ConnectionID || w.theDefault() != fresh.ID {
		t.Errorf("the default is %s, want the one that can pay: %+v", w.theDefault(), fresh)
	}
	if err := w.methods.Remove(t.Context(), w.Tenant.ID, w.Company, old.ID); err != nil || w.theDefault() != fresh.ID {
		t.Errorf("removing the old one: %v", err)
	}
}

func TestMethod_ExpiryIsCountedToTheEndOfItsMonth(t *testing.T) {
	m := payments.Method{Status: payments.MethodActive, ConnectionID: "pcn_1", ExpMonth: 2, ExpYear: 2028}
	for day, want := range map[string]int{"2028-02-29": 0, "2028-02-01": 28, "2028-03-01": -1, "2027-12-31": 60} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		today := dateOf(at)
		if days, ok := m.ExpiresIn(today); !ok || days != want || m.Expired(today) != (want < 0) || m.Usable("pcn_1", today) != (want >= 0) || m.Usable("pcn_2", today) {
			t.Errorf("%s: %d, %v", day, days, ok)
		}
	}
	if _, ok := (payments.Method{}).ExpiresIn(dateOf(time.Now())); ok {
		t.Error("a bank account expires")
	}
}
