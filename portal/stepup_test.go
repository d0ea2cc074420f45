package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
)

func TestStepUp_LeadsThroughACodeAndBackToWhatWasTyped(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	const typed = "maria.lopez@acme.example"
	b.get("/portal/account/email").leadsTo("/portal/confirm")
	b.post("/portal/account/email", url.Values{"email": {typed}, "code": {"ABCD-EFGH"}}).leadsTo("/portal/confirm")
	for _, d := range world.Drafts {
		if d.Values.Get("email") != typed || d.Values.Has("code") || d.Path != "/portal/account/email" {
			t.Errorf("kept %+v", d)
		}
	}
	page := b.get("/portal/confirm").wants(http.StatusOK, "Confirm that it is you").page()
	if text := page.Text("main"); !strings.Contains(text, "p•••@acme.example") || strings.Contains(text, "payables@") || page.Count("#code") != 0 {
		t.Errorf("before a code is sent: %s", text)
	}
	b.post("/portal/confirm/send", url.Values{}).leadsTo("/portal/confirm")
	if page = b.get("/portal/confirm").page(); page.Attr("#code", "autocomplete") != "one-time-code" {
		t.Error("there is no field for the code")
	}
	for _, want := range []string{"You can try 4 more times.", "You can try 3 more times."} {
		page = b.post("/portal/confirm", url.Values{"code": {"WRNG-C7DE"}}).wants(http.StatusUnprocessableEntity, "Confirm that it is you").page()
		if got := page.Text(".summary a"); !strings.Contains(got, want) || page.Attr(".summary a", "href") != "#code" || page.Attr("#code", "value") != "" {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
	a := b.post("/portal/confirm", url.Values{"code": {portaltest.GoodCode}}).leadsTo("/portal/account/email")
	if !strings.HasPrefix(a.cookie("__Host-bp"), "__Host-bp=session-passed; ") {
		t.Errorf("the cookie is %q", a.cookie("__Host-bp"))
	}
	page = b.get("/portal/account/email").wants(http.StatusOK, "Change your email address").page()
	if page.Attr("#email", "value") != typed || !strings.Contains(page.Text(".notice"), "We kept what you typed") {
		t.Errorf("it comes back as %q: %s", page.Attr("#email", "value"), page.Text("main"))
	}
	if page = b.get("/portal/account/email").page(); page.Attr("#email", "value") != "" || page.Count(".notice") != 0 {
		t.Error("it comes back twice")
	}
}

func TestStepUp_TellsOfEveryEndOfACode(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.CodeSent)
	b.post("/portal/confirm", url.Values{"code": {"x"}}).wants(http.StatusUnprocessableEntity, "Confirm")
	for range access.CodeTries {
		b.post("/portal/confirm", url.Values{"code": {"WRNG-C7DE"}})
	}
	page := b.post("/portal/confirm", url.Values{"code": {portaltest.GoodCode}}).wants(http.StatusUnprocessableEntity, "Confirm").page()
	if !strings.Contains(page.Text("main"), "This code does not work any more") || page.Count("#code") != 0 || page.Count("form[action=/portal/confirm/send]") != 1 {
		t.Errorf("a dead code: %s", page.Text("main"))
	}
	for range access.CodesSent {
		b.post("/portal/confirm/send", url.Values{}).leadsTo("/portal/confirm")
	}
	if text := b.post("/portal/confirm/send", url.Values{}).wants(http.StatusTooManyRequests, "Confirm").page().Text(".notice"); !strings.Contains(text, "quarter of an hour") {
		t.Errorf("too many: %s", text)
	}
	newBrowser(t, plainWorld(), portaltest.SteppedUp).get("/portal/confirm").leadsTo("/portal/")
}

func TestStepUp_IsChangedByNoOtherSiteAndNoGet(t *testing.T) {
	world := plainWorld()
	for _, path := range []string{"/portal/confirm/send", "/portal/account/email/code", "/portal/account/details"} {
		newBrowser(t, world, portaltest.SteppedUp).get(path).wants(http.StatusMethodNotAllowed, "")
	}
	for _, path := range []string{"/portal/confirm", "/portal/confirm/send", "/portal/account/email", "/portal/account/email/code", "/portal/account/details"} {
		b := newBrowser(t, world, portaltest.SteppedUp)
		b.site = "cross-site"
		b.post(path, url.Values{"name": {"Eve"}, "email": {"eve@x.example"}}).wants(http.StatusForbidden, "")
		newBrowser(t, world, "").post(path, url.Values{"name": {"Eve"}}).wants(http.StatusUnauthorized, "Please sign in again")
	}
	if len(world.Drafts) != 0 {
		t.Errorf("kept of strangers: %v", world.Drafts)
	}
}

func TestDetails_AreSavedInTheLanguageThatIsChosen(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	page := b.get("/portal/account").wants(http.StatusOK, "Your account").page()
	if page.Count("#language option") != 8 || page.Attr("#name", "value") != "Accounts payable" {
		t.Error("the form is not whole")
	}
	page = b.post("/portal/account/details", url.Values{"name": {" "}, "language": {"de"}}).wants(http.StatusUnprocessableEntity, "Your account").page()
	if page.Attr(".summary a", "href") != "#name" || page.Attr("#language option[selected]", "value") != "de" {
		t.Error("what was typed is lost, or nothing leads to the field")
	}
	b.post("/portal/account/details", url.Values{"name": {"Maria Lopez"}, "language": {"xx"}}).wants(http.StatusBadRequest, "")
	b.post("/portal/account/details", url.Values{"name": {"Maria Lopez"}, "language": {"de"}}).leadsTo("/portal/account?done=details")
	if page = b.get("/portal/account?done=details").wants(http.StatusOK, "Ihr Konto").page(); page.Text(".notice") != "Ihre Angaben sind gespeichert." {
		t.Errorf("it says %q", page.Text(".notice"))
	}
}

func TestDetails_KeepTheKindOfALanguage(t *testing.T) {
	world := plainWorld()
	m := world.Sessions[portaltest.Full]
	m.Contact.Locale = "en-GB"
	world.Sessions[portaltest.Full] = m
	b := newBrowser(t, world, portaltest.Full)
	for chosen, want := range map[string]string{"en": "en-GB", "": "", "pt-BR": "pt-BR"} {
		world.Sessions[portaltest.Full] = m
		b.post("/portal/account/details", url.Values{"name": {"Maria"}, "language": {chosen}}).leadsTo("/portal/account?done=details")
		if got := world.Sessions[portaltest.Full].Contact.Locale; got != want {
			t.Errorf("chose %q: %q, want %q", chosen, got, want)
		}
	}
}

func TestEmail_IsChangedByTheCodeOfTheNewAddress(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.SteppedUp)
	for typed, want := range map[string]string{"x": "Enter an email address", portaltest.TakenEmail: "This address cannot be used here."} {
		page := b.post("/portal/account/email", url.Values{"email": {typed}}).wants(http.StatusUnprocessableEntity, "Change your email address").page()
		if got := page.Text(".summary a"); !strings.HasPrefix(got, want) || page.Attr("#email", "value") != typed {
			t.Errorf("%s: %q", typed, got)
		}
	}
	b.post("/portal/account/email", url.Values{"email": {" new@acme.example "}}).leadsTo("/portal/account/email")
	page := b.get("/portal/account/email").page()
	if !strings.Contains(page.Text(".lead"), "new@acme.example") || page.Count("#code") != 1 {
		t.Errorf("after asking: %s", page.Text("main"))
	}
	b.post("/portal/account/email/code", url.Values{"code": {"WRNG-C7DE"}}).wants(http.StatusUnprocessableEntity, "Change your email address")
	b.post("/portal/account/email/code", url.Values{"code": {portaltest.GoodCode}}).leadsTo("/portal/account?done=email")
	if got := world.Sessions[portaltest.SteppedUp].Contact.Email; got != "new@acme.example" {
		t.Errorf("the address is %q", got)
	}
}

func TestKeptForm_ComesBackToTheSameContactAfterSigningIn(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	world.End(portaltest.Full)
	a := b.post("/portal/account/details", url.Values{"name": {"Maria Lopez"}, "language": {"fr"}}).wants(http.StatusUnauthorized, "Please sign in again")
	if !strings.Contains(a.page().Text("main"), "we keep what you typed for an hour") || !strings.HasSuffix(a.cookie("__Host-bp-kept"), "Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("it says %q, cookie %q", a.page().Text("main"), a.cookie("__Host-bp-kept"))
	}
	// Somebody else in the browser gets their own.
	b.cookies["__Host-bp"] = portaltest.Empty
	if got := b.get("/portal/account").page().Attr("#name", "value"); got == "Maria Lopez" {
		t.Error("another contact gets it")
	}
	// The same contact elsewhere gets nothing, and here lands on the page, filled in.
	back := world.Over[portaltest.Full]
	world.Sessions["session-back"] = back
	if got := newBrowser(t, world, "session-back").get("/portal/account").page().Attr("#name", "value"); got == "Maria Lopez" {
		t.Error("another browser gets it")
	}
	landing := world.Links[portaltest.Token(access.LinkReady)]
	landing.ContactID = back.Session.ContactID
	world.Links[portaltest.Token(access.LinkReady)] = landing
	world.Sessions[portaltest.Full] = back // what the link's session is made from
	delete(b.cookies, "__Host-bp")
	b.post("/portal/sign-in/code", url.Values{"code": {portaltest.GoodCode}}).leadsTo("/portal/account")
	page := b.get("/portal/account").wants(http.StatusOK, "Your account").page()
	if page.Attr("#name", "value") != "Maria Lopez" || page.Attr("#language option[selected]", "value") != "fr" || !strings.Contains(page.Text(".notice"), "We kept what you typed") {
		t.Errorf("it comes back as %q", page.Attr("#name", "value"))
	}
	if page := b.get("/portal/account").page(); page.Attr("#name", "value") == "Maria Lopez" || page.Count(".notice") != 0 {
		t.Error("it comes back twice")
	}
}

func TestKeptForm_IsForgottenBySigningOut(t *testing.T) {
	for _, path := range []string{"/portal/sign-out", "/portal/account/sign-out-everywhere"} {
		world := plainWorld()
		b := newBrowser(t, world, portaltest.Full)
		b.post("/portal/account/email", url.Values{"email": {"new@acme.example"}}).leadsTo("/portal/confirm")
		if len(world.Drafts) != 1 {
			t.Fatal("control: nothing was kept")
		}
		a := b.post(path, url.Values{}).leadsTo("/portal/signed-out")
		if len(world.Drafts) != 0 || !strings.Contains(a.cookie("__Host-bp-kept"), "Max-Age=0") {
			t.Errorf("%s leaves %v", path, world.Drafts)
		}
	}
}

func TestKeptForm_IsTakenByNoBrowserThatLooksAhead(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	world.End(portaltest.Full)
	b.post("/portal/account/details", url.Values{"name": {"Maria Lopez"}})
	world.Sessions[portaltest.Full] = world.Over[portaltest.Full]
	b.do(http.MethodHead, "/portal/account", nil)
	if len(world.Drafts) != 1 {
		t.Error("HEAD takes it")
	}
}

// One-time codes, tokens and passwords are never kept.
func TestKeptForms_KeepNoSecrets(t *testing.T) {
	if fields := portal.KeptFields(); len(fields) < 3 || slices.ContainsFunc(fields, func(f string) bool {
		return strings.Contains(f, "code") || strings.Contains(f, "token") || strings.Contains(f, "nonce") || strings.Contains(f, "password")
	}) {
		t.Errorf("kept: %v", fields)
	}
}
