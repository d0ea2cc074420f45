package paymentsdb_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
)

func TestRecordPayment_SettlesSeveralInvoicesAsOne(t *testing.T) {
	w := setup(t)
	a, b := w.Sent(t, 12000), w.Sent(t, 500)
	in := payments.NewPayment{Method: "Wire", Reference: "R-1", ContactID: w.Contact, ReceivedOn: w.Today().AddDays(-3),
		Allocations: []ledger.Allocation{{InvoiceID: b.ID, Amount: 500}, {InvoiceID: a.ID, Amount: 2000}}}
	p, err := w.Invoices.RecordPayment(ctx, w.Tenant, in)
	if err != nil {
		t.Fatal(err)
	}
	if p.Amount != 2500 || p.Currency != "USD" || p.CompanyID != w.Company || p.Kind != payments.Manual || p.PaidBy != "Accounts payable" || len(p.Allocations) != 2 {
		t.Errorf("recorded %+v", p)
	}
	states := map[string]ledger.State{}
	for _, id := range []string{a.ID, b.ID} {
		inv, err := w.Invoices.Invoice(ctx, w.Tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		states[id] = inv.State(w.Today())
	}
	if states[a.ID] != ledger.StatePartiallyPaid || states[b.ID] != ledger.StatePaid {
		t.Errorf("states %v", states)
	}
	listed, err := w.Invoices.Payments(ctx, w.Tenant, a.ID)
	if err != nil || len(listed) != 1 || listed[0].Applied != 2000 || listed[0].ID != p.ID {
		t.Errorf("listed %+v, %v", listed, err)
	}
	const today = `SELECT count(*) FROM ledger_entries WHERE tenant_id = $1 AND payment_id = $2 AND effective_on = $3::date`
	if n := w.Int(t, today, w.Tenant.ID, p.ID, w.Today().String()); n != 2 {
		t.Errorf("%d entries are of today, want 2: a statement of past days must not change", n)
	}
}

func TestRecordPayment_RefusesWhatTheInvoicesDoNotTake(t *testing.T) {
	w := setup(t)
	open, other, draft, voided, euros := w.Sent(t, 100), w.DraftFor(t, w.AddCompany(t), 100), w.Draft(t, 100), w.Draft(t, 100), w.Draft(t, 100)
	w.AddContact(t, other.CompanyID, "payer")
	if _, err := w.Invoices.Send(ctx, w.Tenant, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Invoices.Void(ctx, w.Tenant, voided.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.Exec(t, `UPDATE invoices SET currency = 'EUR' WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, euros.ID)
	if _, err := w.Invoices.Send(ctx, w.Tenant, euros.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(open.ID, 40)); err != nil {
		t.Fatal(err)
	}
	to := func(parts ...ledger.Allocation) payments.NewPayment { return payments.NewPayment{Allocations: parts} }
	for _, c := range []struct {
		name string
		in   payments.NewPayment
		want any // an error, or the code of the one field error
	}{
		{"more than is open beside what is under way", to(ledger.Allocation{InvoiceID: open.ID, Amount: 61}), "exceeds_balance"},
		{"a draft", to(ledger.Allocation{InvoiceID: draft.ID, Amount: 1}), payments.ErrNotSent},
		{"a voided one", to(ledger.Allocation{InvoiceID: voided.ID, Amount: 1}), payments.ErrNotSent},
		{"an unknown one", to(ledger.Allocation{InvoiceID: "inv_00000000000000000000000000", Amount: 1}), payments.ErrNotFound},
		{"two companies'", to(ledger.Allocation{InvoiceID: open.ID, Amount: 1}, ledger.Allocation{InvoiceID: other.ID, Amount: 1}), payments.ErrNotFound},
		{"two currencies", to(ledger.Allocation{InvoiceID: open.ID, Amount: 1}, ledger.Allocation{InvoiceID: euros.ID, Amount: 1}), "currency_mismatch"},
		{"another company's than said", payments.NewPayment{CompanyID: other.CompanyID, Allocations: []ledger.Allocation{{InvoiceID: open.ID, Amount: 1}}}, payments.ErrNotFound},
		{"another currency than said", payments.NewPayment{Currency: "EUR", Allocations: []ledger.Allocation{{InvoiceID: open.ID, Amount: 1}}}, "currency_mismatch"},
		{"another company's contact", payments.NewPayment{ContactID: "con_00000000000000000000000000", Allocations: []ledger.Allocation{{InvoiceID: open.ID, Amount: 1}}}, payments.ErrNotFound},
		{"none", to(), "out_of_range"},
		{"nothing", to(ledger.Allocation{InvoiceID: open.ID}), "out_of_range"},
		{"a negative amount", to(ledger.Allocation{InvoiceID: open.ID, Amount: -1}), "out_of_range"},
		{"one twice", to(ledger.Allocation{InvoiceID: open.ID, Amount: 1}, ledger.Allocation{InvoiceID: open.ID, Amount: 1}), "duplicate"},
		{"sums beyond 64 bits", to(ledger.Allocation{InvoiceID: open.ID, Amount: 1<<63 - 1}, ledger.Allocation{InvoiceID: other.ID, Amount: 1}), "too_large"},
		{"tomorrow's", payments.NewPayment{ReceivedOn: w.Today().AddDays(1), Allocations: []ledger.Allocation{{InvoiceID: open.ID, Amount: 1}}}, "out_of_range"},
	} {
		for name, record := range map[string]func() error{
			"received":  func() error { _, err := w.Invoices.RecordPayment(ctx, w.Tenant, c.in); return err },
			"under way": func() error { _, err := w.Invoices.RecordProcessing(ctx, w.Tenant, c.in); return err },
		} {
			err := record()
			var invalid *payments.ValidationError
			if want, ok := c.want.(error); ok && !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", c.name, name, err, want)
			} else if !ok && (!errors.As(err, &invalid) || len(invalid.Fields) != 1 || invalid.Fields[0].Code != c.want) {
				t.Errorf("%s, %s: %v, want %v", c.name, name, err, c.want)
			}
		}
	}
	if n := w.Int(t, `SELECT count(*) FROM payments WHERE tenant_id = $1`, w.Tenant.ID); n != 1 {
		t.Errorf("%d payments, want the one that is under way", n)
	}
	w.Pay(t, open.ID, 60)
}

func TestRecordPayment_TakesNoMoreThanIsOpenHoweverManyPay(t *testing.T) {
	w := setup(t)
	inv := w.Sent(t, 100)
	won := 0
	for i, err := range atOnce(20, func(i int) error {
		record := w.Invoices.RecordPayment
		if i%2 == 0 {
			record = w.Invoices.RecordProcessing
		}
		_, err := record(ctx, w.Tenant, paymentstest.Payment(inv.ID, 30))
		return err
	}) {
		var invalid *payments.ValidationError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &invalid):
			t.Errorf("payment %d: %v", i, err)
		}
	}
	after, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID)
	if err != nil || won != 3 || after.Settled+after.InFlight != 90 {
		t.Errorf("%d payments of 30 were taken, %d settled, %d under way, error %v; want 3", won, after.Settled, after.InFlight, err)
	}
}

func TestRecordPayment_OfTheSameInvoicesInAnyOrderDoesNotDeadlock(t *testing.T) {
	w := setup(t)
	a, b := w.Sent(t, 1000), w.Sent(t, 1000)
	for _, err := range atOnce(20, func(i int) error {
		parts := []ledger.Allocation{{InvoiceID: a.ID, Amount: 1}, {InvoiceID: b.ID, Amount: 1}}
		if i%2 == 0 {
			parts[0], parts[1] = parts[1], parts[0]
		}
		p, err := w.Invoices.RecordProcessing(ctx, w.Tenant, payments.NewPayment{Allocations: parts})
		if err != nil {
			return err
		}
		_, err = w.Invoices.Settle(ctx, w.Tenant, p.ID)
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestRecordPayment_WithTheSameKeyIsTheSamePayment(t *testing.T) {
	w := setup(t)
	inv, other := w.Sent(t, 100), w.Sent(t, 100)
	in := paymentstest.Payment(inv.ID, 30)
	in.Key = "order-7"
	ids := make([]string, 20)
	for _, err := range atOnce(20, func(i int) error {
		p, err := w.Invoices.RecordPayment(ctx, w.Tenant, in)
		ids[i] = p.ID
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("two payments: %v", ids)
		}
	}
	if after, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID); err != nil || after.Settled != 30 {
		t.Errorf("%d settled, %v", after.Settled, err)
	}
	for name, changed := range map[string]payments.NewPayment{"amount": paymentstest.Payment(inv.ID, 31), "invoice": paymentstest.Payment(other.ID, 30)} {
		changed.Key = in.Key
		if _, err := w.Invoices.RecordPayment(ctx, w.Tenant, changed); !errors.Is(err, payments.ErrKeyReused) {
			t.Errorf("another %s: %v, want %v", name, err, payments.ErrKeyReused)
		}
	}
	in.Key = "order-8"
	if p, err := w.Invoices.RecordPayment(ctx, w.Tenant, in); err != nil || p.ID == ids[0] {
		t.Errorf("another key: %s, %v", p.ID, err)
	}
}

func TestRecordPayment_WithOneKeyForTwoInvoicesAtOnceTakesOne(t *testing.T) {
	w := setup(t)
	a, b := w.Sent(t, 100), w.Sent(t, 100)
	errs := atOnce(2, func(i int) error {
		in := paymentstest.Payment([]string{a.ID, b.ID}[i], 30)
		in.Key = "order-7"
		_, err := w.Invoices.RecordPayment(ctx, w.Tenant, in)
		return err
	})
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), payments.ErrKeyReused) {
		t.Errorf("%v, want one taken and one %v", errs, payments.ErrKeyReused)
	}
}

func TestSettle_PostsOnceHoweverManySettle(t *testing.T) {
	w := setup(t)
	inv := w.Sent(t, 100)
	p, err := w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(inv.ID, 100))
	if err != nil {
		t.Fatal(err)
	}
	before, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID)
	if err != nil || before.State(w.Today()) != ledger.StateProcessing || w.Int(t, entriesOf, w.Tenant.ID, inv.ID, "payment") != 0 {
		t.Fatalf("under way: %s, %v", before.State(w.Today()), err)
	}
	for _, err := range atOnce(20, func(int) error { _, err := w.Invoices.Settle(ctx, w.Tenant, p.ID); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	after, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID)
	if err != nil || after.State(w.Today()) != ledger.StatePaid || after.InFlight != 0 || w.Int(t, entriesOf, w.Tenant.ID, inv.ID, "payment") != 1 {
		t.Errorf("settled: %+v, %v", after, err)
	}
	if _, err := w.Invoices.Fail(ctx, w.Tenant, p.ID); !errors.Is(err, payments.ErrNotProcessing) {
		t.Errorf("failing what arrived: %v", err)
	}
}

func TestFail_OpensTheInvoiceAgain(t *testing.T) {
	w := setup(t)
	inv := w.Sent(t, 100)
	p, err := w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(inv.ID, 100))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if failed, err := w.Invoices.Fail(ctx, w.Tenant, p.ID); err != nil || failed.Status != payments.Failed {
			t.Fatalf("%+v, %v", failed, err)
		}
	}
	if _, err := w.Invoices.Settle(ctx, w.Tenant, p.ID); !errors.Is(err, payments.ErrNotProcessing) {
		t.Errorf("settling what failed: %v", err)
	}
	after, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID)
	if diff := cmp.Diff(inv, after); err != nil || diff != "" {
		t.Error("the invoice is not as it was: ", diff, err)
	}
	w.Pay(t, inv.ID, 100)
}

func TestSettle_AgainstFailLetsOneWin(t *testing.T) {
	w := setup(t)
	for range 10 {
		inv := w.Sent(t, 100)
		p, err := w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(inv.ID, 100))
		if err != nil {
			t.Fatal(err)
		}
		errs := atOnce(2, func(i int) error {
			conclude := w.Invoices.Settle
			if i == 0 {
				conclude = w.Invoices.Fail
			}
			_, err := conclude(ctx, w.Tenant, p.ID)
			return err
		})
		after, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID)
		if err != nil || (errs[0] == nil) == (errs[1] == nil) || after.InFlight != 0 || (after.Settled == 100) != (errs[1] == nil) {
			t.Fatalf("%v, %d settled, %d under way, %v", errs, after.Settled, after.InFlight, err)
		}
	}
}
