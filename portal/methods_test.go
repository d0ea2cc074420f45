package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/payments"
	"tollhouse/portal/portaltest"
)

func methodPath(id, rest string) string { return "/portal/methods/" + id + rest }

func TestMethods_AreListedAsTheyStand(t *testing.T) {
	text := newBrowser(t, plainWorld(), portaltest.Full).get("/portal/methods").wants(http.StatusOK, "Ways to pay").page().Text("main")
	for _, want := range []string{"Visa ending 4242", "Used first", "Mastercard ending 4444", "This card expires in ", "Not confirmed yet", "American Express ending 0005",
		"This card has expired.", "has changed the payment provider", "Added by Accounts payable on", "Card ending 0341", "Save a card", "Save a bank account"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(text, "0077") {
		t.Error("a removed one is listed")
	}
}

func TestMethods_AreShownAsEachRoleMay(t *testing.T) {
	for session, want := range map[string]struct{ buttons, adds bool }{portaltest.Full: {true, true}, portaltest.ViewerOnly: {}, portaltest.NoCards: {true, false},
		portaltest.NoProcessor: {true, false}} {
		page := newBrowser(t, plainWorld(), session).get("/portal/methods").page()
		if got := page.Count("a[href^=/portal/methods/pmt_]") > 0; got != want.buttons {
			t.Errorf("%s: ways to change: %t", session, got)
		}
		if got := page.Count("a[href^=/portal/add-method]") > 0; got != want.adds {
			t.Errorf("%s: ways to add: %t", session, got)
		}
	}
	for _, path := range []string{"/portal/methods", "/portal/payments", "/portal/add-method/card", methodPath(portaltest.DefaultMethod, "/remove")} {
		newBrowser(t, plainWorld(), portaltest.SignerOnly).get(path).wants(http.StatusNotFound, "")
	}
}

func TestMethods_AreChangedByNobodyWhoMayNot(t *testing.T) {
	posts := []string{methodPath(portaltest.DefaultMethod, "/remove"), methodPath(portaltest.EndingMethod, "/default"), methodPath(portaltest.DepositsMethod, ""), "/portal/add-method/card"}
	form := url.Values{"amount1": {"0.32"}, "amount2": {"0.45"}, "source": {"ctoken_good"}, "nonce": {strings.Repeat("n", 43)}}
	for session, want := range map[string]int{portaltest.ViewerOnly: http.StatusForbidden, portaltest.SignerOnly: http.StatusNotFound, "": http.StatusUnauthorized,
		portaltest.Full: http.StatusSeeOther} { // Full needs a code first
		world := plainWorld()
		for _, path := range posts {
			a := newBrowser(t, world, session).post(path, form)
			if a.Code != want || want == http.StatusSeeOther && a.Header().Get("Location") != "/portal/confirm" {
				t.Errorf("%q, %s: %d to %q, want %d", session, path, a.Code, a.Header().Get("Location"), want)
			}
		}
		if len(world.Changed)+len(world.Offered) != 0 {
			t.Errorf("%q changed %v %v", session, world.Changed, world.Offered)
		}
	}
	world := plainWorld()
	preview := previewing(t, world)
	for _, path := range posts {
		preview.post(path, form).wants(http.StatusForbidden, "A preview changes nothing")
		b := newBrowser(t, world, portaltest.SteppedUp)
		b.site = "cross-site"
		b.post(path, form).wants(http.StatusForbidden, "")
		for _, foreign := range []string{"pmt_99999999999999999999999999", "x"} {
			if path = strings.Replace(path, portaltest.DefaultMethod, foreign, 1); strings.Contains(path, foreign) {
				newBrowser(t, world, portaltest.Full).post(path, form).wants(http.StatusNotFound, "")
			}
		}
	}
	if len(world.Changed)+len(world.Offered) != 0 {
		t.Errorf("changed %v %v", world.Changed, world.Offered)
	}
}

func TestMethod_IsPreferredAndRemovedOnceAndAgain(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.SteppedUp)
	b.post(methodPath(portaltest.EndingMethod, "/default"), nil).leadsTo("/portal/methods?done=preferred")
	page := b.get(methodPath(portaltest.EndingMethod, "/remove")).wants(http.StatusOK, "Remove Mastercard ending 4444?").page()
	for _, want := range []string{"The payment provider forgets it", "Visa ending 4242 is used first from then on", "not affected"} {
		if !strings.Contains(page.Text("main"), want) {
			t.Errorf("its page does not say %q", want)
		}
	}
	for range 2 { // a double click
		b.post(methodPath(portaltest.EndingMethod, "/remove"), nil).leadsTo("/portal/methods?done=removed")
	}
	b.get(methodPath(portaltest.EndingMethod, "/remove")).leadsTo("/portal/methods")
	if want := []string{"prefer " + portaltest.EndingMethod, "remove " + portaltest.EndingMethod}; !slices.Equal(world.Changed, want) {
		t.Errorf("changed %v, want %v", world.Changed, want)
	}
	if text := b.get("/portal/methods?done=removed").page().Text(".notice"); !strings.Contains(text, "It is removed.") {
		t.Errorf("it says %q", text)
	}
	b.post(methodPath(portaltest.OddMethod, "/remove"), nil).wants(http.StatusServiceUnavailable, "That could not be done")
}

func TestMethod_IsVerifiedByWhatTheStatementSays(t *testing.T) {
	path := methodPath(portaltest.DepositsMethod, "")
	for _, good := range []url.Values{{"amount1": {"0.32"}, "amount2": {"0,45"}}, {"amount1": {" 32 "}, "amount2": {"$.45"}}, {"code": {"sm11aa"}}} {
		world := plainWorld()
		newBrowser(t, world, portaltest.SteppedUp).post(path, good).leadsTo("/portal/methods?done=verified")
		if len(world.Changed) != 1 {
			t.Errorf("%v: %v", good, world.Changed)
		}
	}
	for _, bad := range []struct {
		form        url.Values
		field, says string
	}{
		{url.Values{}, "#amount1", "Enter the amount as on the statement"}, {url.Values{"amount1": {"1.32"}, "amount2": {"0.45"}}, "#amount1", "Enter the amount"},
		{url.Values{"amount1": {"0.32"}, "amount2": {"0.4"}}, "#amount2", "Enter the amount"}, {url.Values{"amount1": {"-32"}, "amount2": {"45"}}, "#amount1", "Enter the amount"},
		{url.Values{"amount1": {"0.00"}, "amount2": {"45"}}, "#amount1", "Enter the amount"}, {url.Values{"code": {"12"}}, "#code", "they begin with SM"},
		{url.Values{"amount1": {"0.11"}, "amount2": {"0.12"}}, "#amount1", "These are not the amounts"}, {url.Values{"code": {"SM22BB"}}, "#code", "This is not the code"},
		{url.Values{"code": {"SM99ZZ"}}, "#main", "No tries are left"},
	} {
		world := plainWorld()
		page := newBrowser(t, world, portaltest.SteppedUp).post(path, bad.form).wants(http.StatusUnprocessableEntity, "Confirm Harbor Savings").page()
		if got := page.Text(".summary a"); !strings.Contains(got, bad.says) || page.Attr(".summary a", "href") != bad.field || len(world.Changed) != 0 {
			t.Errorf("%v: %q leads to %s", bad.form, got, page.Attr(".summary a", "href"))
		}
		if typed := bad.form.Get("amount1"); typed != "" && page.Attr("#amount1", "value") != typed {
			t.Errorf("%v: what was typed is lost", bad.form)
		}
	}
	b := newBrowser(t, plainWorld(), portaltest.Full)
	if page := b.get(methodPath(portaltest.BankStepMethod, "")).page(); page.Attr("main a.main", "href") != "https://bank.example/step" || page.Attr("main a.main", "rel") != "noreferrer" {
		t.Error("nothing leads to the bank")
	}
	b.get(methodPath(portaltest.DefaultMethod, "")).leadsTo("/portal/methods")
}

func TestAddMethod_TellsOfEveryEnd(t *testing.T) {
	const path = "/portal/add-method/card"
	newBrowser(t, plainWorld(), portaltest.Full).get(path).leadsTo("/portal/confirm")
	newBrowser(t, plainWorld(), portaltest.NoCards).get(path).leadsTo("/portal/methods")
	newBrowser(t, plainWorld(), portaltest.SteppedUp).get("/portal/add-method/cash").wants(http.StatusNotFound, "")
	b := newBrowser(t, plainWorld(), portaltest.SteppedUp)
	a := b.get(path).wants(http.StatusOK, "Save a card")
	policy := a.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self' https://js.stripe.com") || strings.Contains(policy, "unsafe") || strings.Contains(a.Body.String(), "_secret_") {
		t.Errorf("policy %q, or something chargeable in the page", policy)
	}
	nonce := a.page().Attr("input[name=nonce]", "value")
	for source, want := range map[string]struct {
		code          int
		says          string
		sameAsTheNext bool
	}{
		"ctoken_good": {303, "/portal/methods?done=added", false}, "ctoken_bank_step": {303, methodPath(portaltest.BankStepMethod, ""), false},
		"ctoken_declined": {422, "The bank did not accept it.", false}, "ctoken_number": {422, "does not recognise", false}, "ctoken_lost": {503, "answer was lost", true},
	} {
		world := plainWorld()
		a := newBrowser(t, world, portaltest.SteppedUp).post(path, url.Values{"nonce": {nonce}, "source": {source}})
		if a.Code != want.code || !strings.Contains(a.Header().Get("Location")+a.Body.String(), want.says) {
			t.Errorf("%s: %d %q", source, a.Code, a.Header().Get("Location"))
		}
		if want.code != http.StatusSeeOther && (a.page().Attr("input[name=nonce]", "value") == nonce) != want.sameAsTheNext {
			t.Errorf("%s: the next try has the same nonce: %t", source, !want.sameAsTheNext)
		}
		in := world.Offered[0]
		if in.CompanyID != "com_0" || in.ContactID != "ctc_0" || in.Nonce != nonce || in.Kind != payments.Card || in.ReturnURL != "https://plain.portal.test/portal/method-back" {
			t.Errorf("%s: asked for %+v", source, in)
		}
	}
}

func TestAddMethod_OfABankTakesAgreement(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.SteppedUp)
	form := url.Values{"nonce": {strings.Repeat("n", 43)}, "source": {"ctoken_good"}}
	page := b.post("/portal/add-method/bank", form).wants(http.StatusUnprocessableEntity, "Save a bank account").page()
	if page.Attr(".summary a", "href") != "#agree" || len(world.Offered) != 0 {
		t.Errorf("without agreement: %v", world.Offered)
	}
	form.Set("agree", "yes")
	b.post("/portal/add-method/bank", form).leadsTo("/portal/methods?done=added")
	if in := world.Offered[0]; in.MandateText != page.Text("form p.typed") || !strings.Contains(in.MandateText, "Acme Ltd") || in.Visitor.IP != "" && !world.Tenant.Policy.LogVisitors {
		t.Errorf("kept %q of %+v", in.MandateText, in.Visitor)
	}
}

func TestPayments_AreListedWithWhatBecameOfThem(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.ViewerOnly)
	page := b.get("/portal/payments").wants(http.StatusOK, "Payments").page()
	for _, want := range []string{"Waiting for you", "Processing", "Checking with the bank", "Being reviewed", "Receipt R-2026-000007", "Visa ending 4242", "Cheque 1042", "Credit",
		"Refunded", "Partly refunded", "Returned by the bank", "INV-2026-000042, INV-2026-000041"} {
		if !strings.Contains(page.Text("table"), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	next := page.Attr("a[rel=next]", "href")
	if text := b.get(next).page().Text("table"); !strings.Contains(text, "Disputed") || !strings.Contains(text, "Given up") {
		t.Errorf("the next page says %s", text)
	}
	b.get("/portal/payments?from=x").wants(http.StatusUnprocessableEntity, "Payments")
	b.get("/portal/payments?after="+strings.Repeat("a", 600)).wants(http.StatusNotFound, "")
	if text := newBrowser(t, plainWorld(), portaltest.Empty).get("/portal/payments").page().Text("main"); !strings.Contains(text, "There are no payments yet") {
		t.Error(text)
	}
	if text := b.get("/portal/payments?what=failed").page().Text("main"); !strings.Contains(text, "There is no payment like that") {
		t.Error(text)
	}
}
