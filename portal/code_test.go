package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
)

func TestSent_TakesTheCodeOfTheMail(t *testing.T) {
	b := newBrowser(t, plainWorld(), "")
	page := b.post("/portal/sign-in", url.Values{"email": {"payables@acme.example"}}).leadsTo("/portal/sign-in/sent").Code
	doc := b.get("/portal/sign-in/sent").wants(http.StatusOK, "Check your inbox").page()
	if page != http.StatusSeeOther || doc.Attr("#code", "autocomplete") != "one-time-code" || doc.Attr("form[action=/portal/sign-in/code]", "method") != "post" ||
		doc.Attr("label[for=code]", "for") != "code" {
		t.Error("there is no field for the code")
	}
	b.post("/portal/sign-in/code", url.Values{"code": {portaltest.GoodCode}}).leadsTo("/portal/invoices/" + portaltest.InvoiceID(1))
	b.get("/portal/").wants(http.StatusOK, "Overview")
}

func TestCode_SaysHowManyTriesAreLeft(t *testing.T) {
	b := newBrowser(t, plainWorld(), "")
	for _, want := range []string{"You can try 4 more times.", "You can try 3 more times.", "You can try 2 more times.", "You can try 1 more time.",
		"No code works here any more.", "No code works here any more."} {
		page := b.post("/portal/sign-in/code", url.Values{"code": {"WRNG-C7DE"}}).wants(http.StatusUnprocessableEntity, "Check your inbox").page()
		if got := page.Text(".summary a"); !strings.Contains(got, want) {
			t.Errorf("the page says %q, want %q", got, want)
		}
		if page.Attr(".summary a", "href") != "#code" || page.Attr("#code", "aria-invalid") != "true" || page.Attr("#code", "value") != "" ||
			!strings.HasPrefix(page.Text("title"), "Error: ") {
			t.Errorf("%s: the form does not lead to an empty field", want)
		}
	}
	for code, want := range map[string]string{"x": "Enter the 8 letters and digits", "": "Enter the 8 letters and digits", portaltest.DeadCode: "No code works here any more."} {
		page := b.post("/portal/sign-in/code", url.Values{"code": {code}}).wants(http.StatusUnprocessableEntity, "Check your inbox").page()
		if got := page.Text(".summary a"); !strings.Contains(got, want) {
			t.Errorf("%q: the page says %q, want %q", code, got, want)
		}
	}
}

func TestCode_EndsTheSessionThatTheBrowserHad(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	b.post("/portal/sign-in/code", url.Values{"code": {"WRNG-C7DE"}}).wants(http.StatusUnprocessableEntity, "")
	if len(world.Ended) != 0 {
		t.Error("a wrong code ended the session")
	}
	b.post("/portal/sign-in/code", url.Values{"code": {portaltest.GoodCode}}).leadsTo("/portal/invoices/" + portaltest.InvoiceID(1))
	if len(world.Ended) != 1 || world.Ended[0] != "ses_"+portaltest.Full {
		t.Errorf("ended %v", world.Ended)
	}
}

func TestLink_OfAnotherBrowserChangesNothingAndTellsTheWay(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	path := "/portal/l/" + portaltest.Token(access.LinkElsewhere)
	page := b.get(path).wants(http.StatusForbidden, "Go back to where you asked").page()
	if text := page.Text("main"); !strings.Contains(text, "Return to the tab where you asked, and type the code") {
		t.Errorf("the page says %q", text)
	}
	if n := page.Count("main form"); n != 0 || page.Attr("main .aside a", "href") != "/portal/sign-in" {
		t.Errorf("%d forms that a scanner could press, or no way on", n)
	}
	nonce := strings.Repeat("A", 43)
	b.cookies["__Host-bp-form"] = nonce
	a := b.post(path, url.Values{"nonce": {nonce}}).wants(http.StatusForbidden, "Go back to where you asked")
	if len(world.Redeemed)+len(world.Resent) != 0 || a.cookie("__Host-bp") != "" {
		t.Error("it changed something")
	}
}

func TestAsking_KeepsTheBrowsersCookieAndTakesNoOther(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	ask := func() string {
		t.Helper()
		line := b.post("/portal/sign-in", url.Values{"email": {"a@b.example"}}).leadsTo("/portal/sign-in/sent").cookie("__Host-bp-ask")
		return strings.TrimPrefix(line[:strings.Index(line, ";")], "__Host-bp-ask=")
	}
	first := ask()
	if again := ask(); again != first || len(first) != 43 {
		t.Errorf("asked as %q and then as %q", first, again)
	}
	for _, planted := range []string{"", "x", strings.Repeat("=", 43), strings.Repeat("A", 44), strings.Repeat("B", 43), first + "A"} {
		b.cookies["__Host-bp-ask"] = planted
		if got := ask(); got == planted || len(got) != 43 {
			t.Errorf("planted %q, asked as %q", planted, got)
		}
	}
}
