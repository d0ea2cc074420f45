package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
)

var (
	ready     = "/portal/l/" + portaltest.Token(access.LinkReady)
	firstPage = "/portal/invoices/" + portaltest.InvoiceID(1)
)

func TestLanding_ExchangesTheLinkOnItsButtonOnly(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	page := b.get(ready).wants(http.StatusOK, "Invoice INV-2026-000042").page()
	form := url.Values{"nonce": {page.Attr("form input[name=nonce]", "value")}}
	answer := b.post(page.Attr("main form", "action"), form).leadsTo(firstPage)
	if got, want := answer.cookie("__Host-bp"), "__Host-bp=session-fresh; Path=/; Max-Age=691200; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("the session's cookie is %q, want %q", got, want)
	}
	b.get(firstPage).wants(http.StatusOK, "Invoice INV-2026-000042")
}

func TestLanding_IsChangedByNoGET(t *testing.T) {
	world := plainWorld()
	for i := range 100 {
		b := newBrowser(t, world, "")
		answer := b.do([]string{http.MethodGet, http.MethodHead}[i%2], ready, nil)
		if answer.Code != http.StatusOK || answer.cookie("__Host-bp") != "" {
			t.Fatalf("status %d, session cookie %q", answer.Code, answer.cookie("__Host-bp"))
		}
	}
	if len(world.Redeemed)+len(world.Resent)+len(world.Asked) != 0 {
		t.Fatalf("GET changed something: %v %v %v", world.Redeemed, world.Resent, world.Asked)
	}
	b := newBrowser(t, world, "")
	nonce := b.get(ready).page().Attr("input[name=nonce]", "value")
	b.post(ready, url.Values{"nonce": {nonce}}).leadsTo(firstPage)
}

func TestLanding_RefusesAFormThatTheBrowserWasNotShown(t *testing.T) {
	for _, c := range []struct {
		name   string
		cookie bool
		form   url.Values
	}{
		{"no nonce and no cookie", false, url.Values{}},
		{"a nonce without the cookie", false, url.Values{"nonce": {strings.Repeat("A", 43)}}},
		{"the cookie without a nonce", true, url.Values{}},
		{"another nonce", true, url.Values{"nonce": {strings.Repeat("A", 43)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := plainWorld()
			b := newBrowser(t, world, "")
			if c.cookie {
				b.get(ready)
			}
			answer := b.post(ready, c.form).wants(http.StatusForbidden, "Invoice")
			if answer.cookie("__Host-bp") != "" || len(world.Redeemed) != 0 {
				t.Fatalf("it was redeemed: %v", world.Redeemed)
			}
			nonce := answer.page().Attr("input[name=nonce]", "value")
			b.post(ready, url.Values{"nonce": {nonce}}).leadsTo(firstPage) // pressed once more
		})
	}
}

func TestLanding_ShowsNoAmountAndNoName(t *testing.T) {
	text := newBrowser(t, plainWorld(), "").get(ready).page().Text("body")
	for _, secret := range []string{"1,582", "$", "Accounts payable", "Acme Ltd", "payables@"} {
		if strings.Contains(text, secret) {
			t.Errorf("the page shows %q before anybody pressed the button", secret)
		}
	}
	if !strings.Contains(text, "p•••@acme.example") {
		t.Error("the page does not say for whom the link is")
	}
}

func TestLanding_GoesOnForWhoIsSignedInAlready(t *testing.T) {
	world := plainWorld()
	member := world.Sessions[portaltest.Full]
	member.Session.ContactID = "ctc_linked"
	world.Sessions[portaltest.Full] = member
	b := newBrowser(t, world, portaltest.Full)
	b.get(ready).leadsTo(firstPage)
	b.get("/portal/l/" + portaltest.Token(access.LinkUsed)).leadsTo(firstPage)
	b.get("/portal/l/"+portaltest.Token(access.LinkPortalOff)).wants(http.StatusForbidden, "The portal is not available")
	if len(world.Redeemed) != 0 {
		t.Errorf("the link was spent: %v", world.Redeemed)
	}
}

func TestLanding_RefusesToGoOnWithASessionThatHasEnded(t *testing.T) {
	world := plainWorld()
	member := world.Sessions[portaltest.Full]
	member.Session.ContactID = "ctc_linked"
	world.Sessions[portaltest.Full] = member
	b := newBrowser(t, world, portaltest.Full)
	b.get(ready).leadsTo(firstPage)
	world.Ghosts = []string{member.Session.ID}
	used := "/portal/l/" + portaltest.Token(access.LinkUsed)
	b.get(used).wants(http.StatusGone, "")
	nonce := b.get(ready).wants(http.StatusOK, "Invoice").page().Attr("input[name=nonce]", "value")
	b.post(used, url.Values{"nonce": {nonce}}).wants(http.StatusGone, "")
	b.post(ready, url.Values{"nonce": {nonce}}).leadsTo(firstPage)
}

func TestLanding_SwitchesAndEndsTheOtherSession(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	page := b.get(ready).wants(http.StatusOK, "Invoice").page()
	if !strings.Contains(page.Text("main"), "You are signed in as p•••@acme.example in this browser") {
		t.Error("the page does not say that somebody else is signed in")
	}
	b.post(ready, url.Values{"nonce": {page.Attr("input[name=nonce]", "value")}}).leadsTo(firstPage)
	if !slices.Equal(world.Ended, []string{"ses_" + portaltest.Full}) {
		t.Errorf("ended %v, want the session that was switched from", world.Ended)
	}
}

func TestLanding_PressedTwiceLeadsOn(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	form := url.Values{"nonce": {b.get(ready).page().Attr("input[name=nonce]", "value")}}
	b.post(ready, form).leadsTo(firstPage)
	b.post(ready, form).leadsTo(firstPage)
	if len(world.Redeemed) != 1 {
		t.Errorf("redeemed %d times", len(world.Redeemed))
	}
	stranger := newBrowser(t, world, "")
	stranger.get("/portal/l/"+portaltest.Token(access.LinkReady)).wants(http.StatusGone, "This link was already used")
}

func TestLanding_LeadsNowhereElse(t *testing.T) {
	for _, target := range []string{"", "//evil.example", "https://evil.example/portal/", `/portal/\evil`, "/portal//evil.example", "/portal/../x",
		"/other", "/portal/x\r\nSet-Cookie: a=b", "/portal/%2f%2fevil"} {
		world := plainWorld()
		token := portaltest.Token(access.LinkReady)
		landing := world.Links[token]
		landing.Target = target
		world.Links[token] = landing
		b := newBrowser(t, world, "")
		nonce := b.get(ready).page().Attr("input[name=nonce]", "value")
		b.post(ready, url.Values{"nonce": {nonce}}).leadsTo("/portal/")
	}
}

func TestDeadLink_IsNoDeadEnd(t *testing.T) {
	for state, want := range map[access.LinkState]struct {
		status  int
		heading string
		resend  bool
	}{
		access.LinkUsed:       {http.StatusGone, "This link was already used", true},
		access.LinkExpired:    {http.StatusGone, "This link is too old", true},
		access.LinkRevoked:    {http.StatusGone, "This link was withdrawn", false},
		access.LinkSuperseded: {http.StatusGone, "There is a newer link", true},
		access.LinkPortalOff:  {http.StatusForbidden, "The portal is not available to you", false},
		access.LinkUnknown:    {http.StatusNotFound, "This link does not work", false},
	} {
		t.Run(string(state), func(t *testing.T) {
			world := plainWorld()
			b := newBrowser(t, world, "")
			path := "/portal/l/" + portaltest.Token(state)
			answer := b.get(path).wants(want.status, want.heading)
			nonce := strings.Repeat("A", 43)
			b.cookies["__Host-bp-form"] = nonce
			b.post(path, url.Values{"nonce": {nonce}}).wants(want.status, want.heading)
			if got := answer.page().Count("form[action=" + path + "/resend] button"); (got == 1) != want.resend {
				t.Errorf("%d buttons that mail a new link, want one: %v", got, want.resend)
			}
			if state == access.LinkUnknown && answer.page().Count("form[action=/portal/sign-in] input[name=email]") != 1 {
				t.Error("nobody can ask for another link here")
			}
			if answer.cookie("__Host-bp") != "" {
				t.Error("a session was set")
			}
		})
	}
}

func TestResend_SaysTheSameForEveryLink(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	for _, state := range []access.LinkState{access.LinkUsed, access.LinkUnknown} {
		b.post("/portal/l/"+portaltest.Token(state)+"/resend", url.Values{}).leadsTo("/portal/sign-in/sent")
	}
	if len(world.Resent) != 2 {
		t.Errorf("asked for %d new links, want 2", len(world.Resent))
	}
}
