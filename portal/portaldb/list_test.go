package portaldb_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal"
)

var tabs = []portal.InvoiceTab{portal.TabDue, portal.TabProcessing, portal.TabPaid, portal.TabAll}

// tabsOf says in which tabs an invoice of a state belongs.
func tabsOf(s ledger.State) []portal.InvoiceTab {
	switch {
	case s.IsDue():
		return []portal.InvoiceTab{portal.TabDue, portal.TabAll}
	case s == ledger.StateProcessing:
		return []portal.InvoiceTab{portal.TabProcessing, portal.TabAll}
	case s == ledger.StatePaid:
		return []portal.InvoiceTab{portal.TabPaid, portal.TabAll}
	}
	return []portal.InvoiceTab{portal.TabAll}
}

// all walks a tab from its first page to its last.
func (f *fixture) all(t fataler, tab portal.InvoiceTab, limit int) (ids []string) {
	t.Helper()
	after := ""
	for {
		d, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: tab, After: after, Limit: limit, Today: f.Today()})
		if err != nil {
			t.Fatalf("%s after %q: %v", tab, after, err)
		}
		for _, inv := range d.Invoices {
			ids = append(ids, inv.ID)
		}
		if after = d.Next; after == "" {
			return ids
		}
	}
}

// TestInvoices_ListsEachInvoiceUnderItsState holds the two places together that know the rule: ledger.Invoice.State and the schema's standing.
func TestInvoices_ListsEachInvoiceUnderItsState(t *testing.T) {
	f := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.Int64Range(0, 5).Draw(rt, "total") // small numbers meet the borders often
		inv, err := f.Invoices.CreateInvoice(ctx, f.Tenant, payments.NewInvoice{CompanyID: f.Company,
			IssueDate: f.Today().AddDays(-30), DueDate: f.Today().AddDays(rapid.IntRange(-2, 2).Draw(rt, "due in")),
			Lines: []payments.NewLine{{Description: "Work", UnitAmount: total}}})
		if err != nil {
			rt.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(rt, "send") > 0 {
			if _, err := f.Invoices.Send(ctx, f.Tenant, inv.ID); err != nil {
				rt.Fatal(err)
			}
			// More than there is open is refused, and that is fine here.
			_, _ = f.Invoices.RecordPayment(ctx, f.Tenant, paymentstest.Payment(inv.ID, rapid.Int64Range(0, 5).Draw(rt, "paid")))
			_, _ = f.Invoices.RecordProcessing(ctx, f.Tenant, paymentstest.Payment(inv.ID, rapid.Int64Range(0, 5).Draw(rt, "under way")))
		}
		if rapid.IntRange(0, 4).Draw(rt, "void") == 0 {
			_, _ = f.Invoices.Void(ctx, f.Tenant, inv.ID, "")
		}
		inv, err = f.Invoices.Invoice(ctx, f.Tenant, inv.ID)
		if err != nil {
			rt.Fatal(err)
		}
		var want []portal.InvoiceTab
		if !inv.SentAt.IsZero() {
			want = tabsOf(inv.State(f.Today()))
		}
		for _, tab := range tabs {
			if got := slices.Contains(f.all(rt, tab, 100), inv.ID); got != slices.Contains(want, tab) {
				rt.Fatalf("%s invoice (total %d, settled %d, in flight %d): listed under %s is %v", inv.State(f.Today()), inv.Total, inv.Settled, inv.InFlight, tab, got)
			}
		}
	})
	d, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabAll})
	if err != nil {
		t.Fatal(err)
	}
	for _, tab := range tabs {
		if got, want := d.Counts[tab], len(f.all(t, tab, 100)); got != want {
			t.Errorf("%s counts %d, lists %d", tab, got, want)
		}
	}
}

func TestInvoices_PagesShowEachInvoiceOnce(t *testing.T) {
	f := setup(t)
	var want []string
	for i := range 23 {
		inv := f.sentDue(t, i%3) // many share a due date
		want = append(want, inv.ID)
	}
	slices.Sort(want)
	for _, tab := range []portal.InvoiceTab{portal.TabDue, portal.TabAll} {
		for _, limit := range []int{1, 5, 22, 23, 24} {
			got := f.all(t, tab, limit)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d shows %d invoices, want each of %d once", tab, limit, len(got), len(want))
			}
		}
	}
}

func TestInvoices_PagesStayInPlaceWhileInvoicesComeAndGo(t *testing.T) {
	f := setup(t)
	for i := range 6 {
		f.sentDue(t, i)
	}
	first, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabDue, Limit: 3})
	if err != nil || len(first.Invoices) != 3 {
		t.Fatalf("%d invoices, error %v", len(first.Invoices), err)
	}
	f.sentDue(t, 0)                       // comes before the place
	f.Pay(t, first.Invoices[1].ID, 12000) // leaves before the place
	late := f.sentDue(t, 9)               // comes behind it
	second, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabDue, Limit: 9, After: first.Next})
	if err != nil || len(second.Invoices) != 4 || second.Invoices[3].ID != late.ID {
		t.Errorf("the second page has %d invoices, error %v, want the three that were left and the new one", len(second.Invoices), err)
	}
}

func TestInvoices_OrdersWhatIsDueByAgeAndTheRestByNews(t *testing.T) {
	f := setup(t)
	early, late := f.sentDue(t, 1), f.sentDue(t, 2)
	if got := f.all(t, portal.TabDue, 10); !slices.Equal(got, []string{early.ID, late.ID}) {
		t.Errorf("due: %v", got)
	}
	if got := f.all(t, portal.TabAll, 10); !slices.Equal(got, []string{late.ID, early.ID}) {
		t.Errorf("all: %v", got)
	}
}

func TestInvoices_TakesAForeignCursorForTheFirstPage(t *testing.T) {
	f := setup(t)
	for i := range 3 {
		f.sentDue(t, i)
	}
	due, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabDue, Limit: 1})
	if err != nil || due.Next == "" {
		t.Fatalf("next %q, error %v", due.Next, err)
	}
	for _, after := range []string{"x", "????", "AAAA", due.Next + "A", due.Next[:9], "ZHVlIDIwMjYtMDUtMDMgJyBPUiAxPTE", "\x00"} {
		d, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabDue, After: after})
		if err != nil || len(d.Invoices) != 3 {
			t.Errorf("after %q: %d invoices, error %v, want the first page", after, len(d.Invoices), err)
		}
	}
	if d, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabAll, After: due.Next}); err != nil || len(d.Invoices) != 3 {
		t.Errorf("another tab's cursor: %d invoices, error %v, want the first page", len(d.Invoices), err)
	}
	if d, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabDue, After: due.Next}); err != nil || len(d.Invoices) != 2 {
		t.Errorf("its own cursor: %d invoices, error %v, want the other two", len(d.Invoices), err)
	}
	if d, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: "x\x00"}); err != nil || len(d.Invoices) != 3 {
		t.Errorf("an unknown tab: %d invoices, error %v, want all", len(d.Invoices), err)
	}
}
