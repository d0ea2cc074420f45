package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

func TestInvoices_CountAndListEachTab(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.Full)
	for path, want := range map[string]struct {
		tab  string
		rows int
		says string
	}{
		"/portal/invoices": {"Due 3", 3, "Showing 1–3 of 3"}, "/portal/invoices?tab=processing": {"Processing 1", 1, "Showing 1–1 of 1"},
		"/portal/invoices?tab=paid": {"Paid 34", 25, "Showing 1–25 of 34"}, "/portal/invoices?tab=all": {"All 40", 25, "Showing 1–25 of 40"},
		"/portal/invoices?tab=nonsense": {"Due 3", 3, "Showing 1–3 of 3"},
	} {
		doc := b.get(path).wants(http.StatusOK, "Invoices").page()
		if got := doc.Text(".tabs [aria-current]"); got != want.tab {
			t.Errorf("%s: the tab is %q, want %q", path, got, want.tab)
		}
		if got := doc.Count(".list tbody tr"); got != want.rows {
			t.Errorf("%s: %d rows, want %d", path, got, want.rows)
		}
		if got := doc.Text(".pager p.quiet"); got != want.says {
			t.Errorf("%s: %q, want %q", path, got, want.says)
		}
	}
}

func TestInvoices_LeadOnByCursorAndBack(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.Full)
	first := b.get("/portal/invoices?tab=all").page()
	next := first.Attr(".pager a[rel=next]", "href")
	second := b.get(next).wants(http.StatusOK, "Invoices").page()
	if got := second.Text(".pager p.quiet"); got != "Showing 26–40 of 40" {
		t.Errorf("the second page: %q", got)
	}
	if second.Count(".pager a[rel=next]") != 0 || second.Attr(".pager a", "href") != "/portal/invoices?tab=all" {
		t.Error("the second page leads on, or not back")
	}
	seen := map[string]bool{}
	for _, doc := range []htmlcheck.Document{first, second} {
		for _, row := range doc.All(".list a.row") {
			seen[htmlcheck.Attr(row, "href")] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("both pages list %d invoices, want 40", len(seen))
	}
	for _, from := range []string{"-5", "0", "99999999999999999999", "x", "1000000"} {
		got := b.get("/portal/invoices?tab=all&after=25&from="+from).wants(http.StatusOK, "Invoices").page().Text(".pager p.quiet")
		if strings.Contains(got, "-") || strings.Contains(got, "1000000") {
			t.Errorf("from=%s: %q", from, got)
		}
	}
	b.get("/portal/invoices?after="+strings.Repeat("x", 600)).wants(http.StatusNotFound, "There is nothing")
}

func TestInvoices_SayWhyATabIsEmpty(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.Empty)
	for tab, want := range map[string]string{"due": "Nothing is due.", "processing": "No payment is on its way.", "paid": "No invoice has been paid yet.", "all": "There are no invoices yet."} {
		if got := b.get("/portal/invoices?tab=" + tab).page().Text(".empty"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", tab, got, want)
		}
	}
}

func TestInvoices_AreATableWithLabels(t *testing.T) {
	doc := newBrowser(t, plainWorld(), portaltest.Full).get("/portal/invoices").page()
	if got, want := doc.Text(".list th[scope=col]"), "Invoice Issued Due date Status Amount"; got != want {
		t.Errorf("columns %q, want %q", got, want)
	}
	row := doc.All(".list tbody tr")[0]
	if got, want := htmlcheck.Text(row), "INV-2026-000042Website redesign, second phase Apr 12, 2026 May 12, 2026 Overdue $1,582.72"; strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(want), "") {
		t.Errorf("row %q, want %q", got, want)
	}
}
