package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

func TestHome_SaysWhatIsDueFirst(t *testing.T) {
	doc := newBrowser(t, plainWorld(), portaltest.Full).get("/portal/").wants(http.StatusOK, "Overview").page()
	for selector, want := range map[string]string{
		".hero .figure": "$3,883.82", ".hero .lead": "On 3 invoices. $1,582.72 of it is overdue.",
		".hero .flight": "$1,004.85 is on its way and not counted here.", ".hero a.main": "View invoice INV-2026-000042",
		".who p": "Signed in as Accounts payable for Acme Ltd",
	} {
		if got := doc.Text(selector); got != want {
			t.Errorf("%s: %q, want %q", selector, got, want)
		}
	}
	if got := doc.Attr(".hero a.main", "href"); got != "/portal/invoices/"+portaltest.InvoiceID(1) {
		t.Errorf("the button leads to %q, want the overdue invoice", got)
	}
	if got := doc.Count(".list tbody tr"); got != 3 {
		t.Errorf("%d invoices are listed as due, want 3", got)
	}
	if got := doc.Text("footer"); !strings.Contains(got, "You stay signed in until May 28, 2026.") {
		t.Errorf("the footer says %q", got)
	}
}

func TestHome_SaysSoWhenNothingIsDue(t *testing.T) {
	doc := newBrowser(t, plainWorld(), portaltest.PaidUp).get("/portal/").page()
	if got := doc.Text(".hero .figure"); got != "You are all paid up" {
		t.Errorf("it says %q", got)
	}
	if doc.Count(".list") != 0 || doc.Count(".activity li") == 0 {
		t.Error("it lists what is due, or no activity")
	}
	doc = newBrowser(t, plainWorld(), portaltest.Empty).get("/portal/").page()
	if got := doc.Text(".empty"); !strings.HasPrefix(got, "Nothing has happened yet.") {
		t.Errorf("without any activity it says %q", got)
	}
}

func TestHome_KeepsCurrenciesApart(t *testing.T) {
	doc := newBrowser(t, plainWorld(), portaltest.Currencies).get("/portal/").page()
	if got, want := doc.Text(".hero .figure"), "$1,582.72 ¥230,110"; got != want {
		t.Errorf("due: %q, want %q", got, want)
	}
}

func TestHome_WritesAsTheReaderDoes(t *testing.T) {
	for slug, want := range map[string]string{"plain": "$3,883.82", "bold": "3.883,82 €", "rtl": "3,883.82 ₪"} {
		for _, tn := range portaltest.Tenants() {
			if tn.Slug != slug {
				continue
			}
			doc := newBrowser(t, portaltest.NewWorld(tn), portaltest.Full).get("/portal/").page()
			if got := doc.Text(".hero .figure"); got != want {
				t.Errorf("%s: %q, want %q", slug, got, want)
			}
		}
	}
	world := plainWorld()
	member := world.Sessions[portaltest.Full]
	member.Contact.Locale = "fr-FR"
	world.Sessions[portaltest.Full] = member
	doc := newBrowser(t, world, portaltest.Full).get("/portal/").page()
	if got, want := doc.Text(".hero .figure"), "3 883,82 US$"; got != want {
		t.Errorf("for a French contact: %q, want %q", got, want)
	}
}
