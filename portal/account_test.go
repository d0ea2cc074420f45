package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

func TestAccount_ListsSessionsInPlainWords(t *testing.T) {
	page := newBrowser(t, plainWorld(), portaltest.Full).get("/portal/account").wants(http.StatusOK, "Your account").page()
	var devices []string
	for _, h := range page.All(".sessions h3") {
		devices = append(devices, htmlcheck.Text(h))
	}
	if !slices.Equal(devices, []string{"Chrome on Windows", "Safari on iPhone", "Unknown browser"}) {
		t.Errorf("devices: %q", devices)
	}
	text := page.Text(".sessions")
	for _, want := range []string{"The browser that you are using now", "Last used May 21, 2026, 12:00 PM EDT.", "From 192.0.2.7.", "From 2001:db8::7."} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	if strings.Contains(page.Text("body"), "Mozilla") {
		t.Error("it shows what browsers say of themselves")
	}
}

func TestAccount_SignsOutOneSession(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	b.post("/portal/account/sessions/ses_phone/sign-out", url.Values{}).leadsTo("/portal/account")
	if n := b.get("/portal/account").wants(http.StatusOK, "").page().Count(".sessions li"); n != 2 || !slices.Equal(world.Ended, []string{"ses_phone"}) {
		t.Errorf("%d sessions are left, ended %v", n, world.Ended)
	}
	b.post("/portal/account/sessions/ses_stranger/sign-out", url.Values{}).wants(http.StatusNotFound, "")
	a := b.post("/portal/account/sessions/ses_"+portaltest.Full+"/sign-out", url.Values{}).leadsTo("/portal/signed-out")
	if !strings.Contains(a.cookie("__Host-bp"), "Max-Age=0") {
		t.Error("its own session stays in the browser")
	}
}

func TestAccount_SignsOutEverywhere(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	a := b.post("/portal/account/sign-out-everywhere", url.Values{}).leadsTo("/portal/signed-out")
	if !strings.Contains(a.cookie("__Host-bp"), "Max-Age=0") || a.Header().Get("Clear-Site-Data") == "" {
		t.Error("the browser keeps something")
	}
	if len(world.Ended) != 3 {
		t.Errorf("ended %v", world.Ended)
	}
}

func TestAccount_IsChangedByNoOtherSiteAndNoGet(t *testing.T) {
	world := plainWorld()
	for _, path := range []string{"/portal/account/sessions/ses_phone/sign-out", "/portal/account/sign-out-everywhere"} {
		b := newBrowser(t, world, portaltest.Full)
		b.get(path).wants(http.StatusMethodNotAllowed, "")
		b.site = "cross-site"
		b.post(path, url.Values{}).wants(http.StatusForbidden, "")
		newBrowser(t, world, "").post(path, url.Values{}).wants(http.StatusUnauthorized, "Please sign in again")
	}
	if len(world.Ended) != 0 {
		t.Errorf("ended %v", world.Ended)
	}
}

func TestAccount_TellsOfASessionThatEndedMeanwhile(t *testing.T) {
	world := plainWorld()
	world.Fail = access.ErrNoSession
	newBrowser(t, world, portaltest.Full).post("/portal/account/sign-out-everywhere", url.Values{}).wants(http.StatusUnauthorized, "Please sign in again")
}

func TestEnding_IsToldOfInTime(t *testing.T) {
	for cookie, want := range map[string]struct {
		watches, hidden bool
		after           string
	}{portaltest.Full: {}, portaltest.SoonEnding: {true, true, "6900"}, portaltest.Ending: {true, false, "0"}} {
		a := newBrowser(t, plainWorld(), cookie).get("/portal/").wants(http.StatusOK, "")
		page := a.page()
		if got := page.Count("script") == 1 && page.Count("#ending") == 1; got != want.watches {
			t.Fatalf("%s: watches: %t, want %t", cookie, got, want.watches)
		}
		if got := page.Count("#ending[hidden]") == 1; got != want.hidden || page.Attr("#ending", "data-after") != want.after {
			t.Errorf("%s: hidden: %t, after %q", cookie, got, page.Attr("#ending", "data-after"))
		}
	}
}

func TestEnding_HasItsScript(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.SoonEnding)
	address := b.get("/portal/").page().Attr("script", "src")
	for path, caching := range map[string]string{address: "public, max-age=31536000, immutable", "/assets/session-0000000000000000.js": "no-store"} {
		a := b.get(path)
		if a.Code != http.StatusOK || a.Header().Get("Content-Type") != "text/javascript; charset=utf-8" || a.Header().Get("Cache-Control") != caching ||
			!strings.Contains(a.Body.String(), `getElementById("ending")`) {
			t.Errorf("%s: %d %v", path, a.Code, a.Header())
		}
	}
}
