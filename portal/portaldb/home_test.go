package portaldb_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal"
)

var ctx = context.Background()

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// sentDue sends an invoice over 120.00 that is due in some days.
func (f *fixture) sentDue(t fataler, days int) ledger.Invoice {
	t.Helper()
	inv, err := f.Invoices.CreateInvoice(ctx, f.Tenant, payments.NewInvoice{CompanyID: f.Company, IssueDate: f.Today().AddDays(-60),
		DueDate: f.Today().AddDays(days), Lines: []payments.NewLine{{Description: "Work", UnitAmount: 12000}}})
	if err != nil {
		t.Fatal(err)
	}
	if inv, err = f.Invoices.Send(ctx, f.Tenant, inv.ID); err != nil {
		t.Fatal(err)
	}
	return inv
}

func usd(n int64) ledger.Money { return ledger.Money{Amount: n, Currency: "USD"} }

func TestHome_SumsWhatIsDueInEachCurrency(t *testing.T) {
	f := setup(t)
	f.Draft(t, 99900)
	overdue, partly, soon, flying := f.sentDue(t, -5), f.sentDue(t, 1), f.sentDue(t, 2), f.sentDue(t, 3)
	f.Pay(t, partly.ID, 2000)
	f.Pay(t, f.sentDue(t, 4).ID, 12000)
	if _, err := f.Invoices.RecordProcessing(ctx, f.Tenant, paymentstest.Payment(flying.ID, 12000)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoices.RecordProcessing(ctx, f.Tenant, paymentstest.Payment(soon.ID, 500)); err != nil {
		t.Fatal(err)
	}
	euros, err := f.Invoices.CreateInvoice(ctx, f.Tenant, payments.NewInvoice{CompanyID: f.Company, Currency: "EUR",
		Lines: []payments.NewLine{{Description: "Work", UnitAmount: 700}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoices.Send(ctx, f.Tenant, euros.ID); err != nil {
		t.Fatal(err)
	}
	d, err := f.pages.Home(ctx, f.session, f.Today())
	if err != nil {
		t.Fatal(err)
	}
	eur := func(n int64) ledger.Money { return ledger.Money{Amount: n, Currency: "EUR"} }
	want := []portal.DueTotal{ // the company's own currency first
		{Due: usd(12000 + 10000 + 11500), Overdue: usd(12000), Invoices: 3, InFlight: usd(12500)},
		{Due: eur(700), Overdue: eur(0), Invoices: 1, InFlight: eur(0)},
	}
	if diff := cmp.Diff(want, d.DueTotal); diff != "" {
		t.Error(diff)
	}
	var due []string
	for _, inv := range d.Due {
		due = append(due, inv.ID)
	}
	if diff := cmp.Diff([]string{overdue.ID, partly.ID, soon.ID, euros.ID}, due); diff != "" {
		t.Error("what is due, overdue first: ", diff)
	}
}

func TestHome_TellsWhatHappenedLately(t *testing.T) {
	f := setup(t)
	f.Draft(t, 500)
	paid := f.sentDue(t, 5)
	f.Advance(time.Minute)
	voided := f.sentDue(t, 6)
	f.Advance(time.Minute)
	in := paymentstest.Payment(paid.ID, 3000)
	in.ContactID = f.Contact
	p, err := f.Invoices.RecordProcessing(ctx, f.Tenant, in)
	if err != nil {
		t.Fatal(err)
	}
	f.Advance(time.Minute)
	if _, err := f.Invoices.Void(ctx, f.Tenant, voided.ID, "Wrong client"); err != nil {
		t.Fatal(err)
	}
	f.Advance(time.Minute)
	if _, err := f.Invoices.Settle(ctx, f.Tenant, p.ID); err != nil {
		t.Fatal(err)
	}
	d, err := f.pages.Home(ctx, f.session, f.Today())
	if err != nil {
		t.Fatal(err)
	}
	at := func(minutes int) time.Time { return paymentstest.Now.Add(time.Duration(minutes) * time.Minute) }
	want := []portal.Activity{
		{At: at(4), Kind: "payment_succeeded", Number: paid.Number, ID: paid.ID, Amount: usd(3000), Who: "Accounts payable", Method: "Cheque 1042"},
		{At: at(3), Kind: "invoice_voided", Number: voided.Number, ID: voided.ID, Amount: usd(12000)},
		{At: at(1), Kind: "invoice_sent", Number: voided.Number, ID: voided.ID, Amount: usd(12000)},
		{At: at(0), Kind: "invoice_sent", Number: paid.Number, ID: paid.ID, Amount: usd(12000)},
	}
	if diff := cmp.Diff(want, d.Activity); diff != "" {
		t.Error(diff)
	}
}

func TestHome_ShowsTheTenOldestAndTheEightNewest(t *testing.T) {
	f := setup(t)
	for i := range 12 {
		f.sentDue(t, i)
		f.Advance(time.Second)
	}
	d, err := f.pages.Home(ctx, f.session, f.Today())
	if err != nil || len(d.Due) != 10 || len(d.Activity) != 8 || d.DueTotal[0].Invoices != 12 {
		t.Errorf("%d due, %d activities, totals %+v, error %v", len(d.Due), len(d.Activity), d.DueTotal, err)
	}
}

func TestHome_SumsThatExceed64BitsAreCut(t *testing.T) {
	f := setup(t)
	for range 2 {
		inv, err := f.Invoices.CreateInvoice(ctx, f.Tenant, payments.NewInvoice{CompanyID: f.Company,
			Lines: []payments.NewLine{{Description: "Moon", UnitAmount: 1<<63 - 1}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Invoices.Send(ctx, f.Tenant, inv.ID); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := f.pages.Home(ctx, f.session, f.Today()); err != nil || d.DueTotal[0].Due.Amount != 1<<63-1 {
		t.Errorf("totals %+v, error %v", d.DueTotal, err)
	}
}
