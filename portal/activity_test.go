package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

func activityPage(t *testing.T, session, query string) htmlcheck.Document {
	t.Helper()
	return newBrowser(t, plainWorld(), session).get("/portal/activity"+query).wants(http.StatusOK, "Activity").page()
}

func TestActivity_SaysWhoDidWhat(t *testing.T) {
	doc := activityPage(t, portaltest.Full, "")
	var says []string
	for _, n := range doc.All(".trail .what")[:13] {
		says = append(says, strings.Join(strings.Fields(htmlcheck.Text(n)), " "))
	}
	const own = " (you, from 2001:db8:85a3::8a2e:370:7334)"
	want := []string{"Viewed by Accounts payable" + own, "Head office signed in", "Paid by Accounts payable (you)", "Payment started by Head office",
		"Invoice sent by Maple & Stone Studio", "Head office was signed out", "A sign-in link was emailed to Accounts payable",
		"Viewed for the first time, by Head office", "Payment did not go through", "Invoice voided by Maple & Stone Studio", "Accounts payable signed out" + own,
		"Head office signed in", "Activity downloaded by Accounts payable" + own}
	for i := range want {
		if says[i] != want[i] {
			t.Errorf("entry %d says %q, want %q", i, says[i], want[i])
		}
	}
	if got := doc.Attr(".trail a.which", "href"); got != "/portal/invoices/"+portaltest.InvoiceID(1) {
		t.Errorf("the document leads to %q", got)
	}
	if got := doc.Text(".trail .when"); !strings.HasPrefix(got, "May 21, 2026 12:00 PM EDT ") {
		t.Errorf("when: %q", got)
	}
	if doc.Attr(".menu [aria-current]", "href") != "/portal/activity" {
		t.Error("the menu does not say where one is")
	}
}

func TestActivity_FiltersByAFormAndPagesOn(t *testing.T) {
	doc := activityPage(t, portaltest.Full, "?what=paid&who="+portaltest.PersonID(1))
	if doc.Attr("form.filter", "method") != "get" || doc.Attr("form.filter", "action") != "/portal/activity" {
		t.Error("the filter is not a form that a GET sends")
	}
	for name, want := range map[string]string{"what": "paid", "who": portaltest.PersonID(1)} {
		if got := doc.Attr("select#"+name+" option[selected]", "value"); got != want {
			t.Errorf("%s is set to %q, want %q", name, got, want)
		}
		if doc.Count("label[for="+name+"]") != 1 {
			t.Errorf("%s has no label", name)
		}
	}
	next := doc.Attr("a[rel=next]", "href")
	if next != "/portal/activity?after=25&what=paid&who="+portaltest.PersonID(1) {
		t.Errorf("the next page is at %q", next)
	}
	last := activityPage(t, portaltest.Full, strings.TrimPrefix(next, "/portal/activity"))
	if last.Count(".trail li") != 15 || last.Count("a[rel=next]") != 0 || last.Attr(".pager a", "href") != "/portal/activity?what=paid&who="+portaltest.PersonID(1) {
		t.Errorf("the last page has %d entries and leads to %q", last.Count(".trail li"), last.Attr(".pager a", "href"))
	}
	for _, query := range []string{"?what=everything", "?who=con_x", "?what=%00&who=%27", "?unknown=1"} {
		if doc := activityPage(t, portaltest.Full, query); doc.Count(".trail li") != 25 || doc.Count("option[selected][value]") != 2 {
			t.Errorf("%s filters: %d entries", query, doc.Count(".trail li"))
		}
	}
	newBrowser(t, plainWorld(), portaltest.Full).get("/portal/activity?after="+strings.Repeat("a", 513)).wants(http.StatusNotFound, "There is nothing at this address")
}

// A log that is empty is another thing than one that only a filter empties.
func TestActivity_TellsWhyItIsEmpty(t *testing.T) {
	empty := activityPage(t, portaltest.Empty, "")
	if got := empty.Text(".empty"); !strings.HasPrefix(got, "Nothing has happened yet.") || empty.Count("main a.second") != 0 {
		t.Errorf("an empty log says %q", got)
	}
	filtered := activityPage(t, portaltest.Full, "?who="+portaltest.PersonID(2))
	if got := filtered.Text(".empty"); got != "Nothing like that has happened." || filtered.Attr("main a.second", "href") != "/portal/activity" {
		t.Errorf("an empty filter says %q", got)
	}
}
