package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

// memberPages are the paths that somebody must be signed in for.
var memberPages = []string{"/portal/", "/portal/invoices", "/portal/invoices?tab=paid", "/portal/invoices/" + portaltest.InvoiceID(1), "/portal/account"}

func TestMemberPages_AskWhoeverIsNotSignedIn(t *testing.T) {
	for _, path := range memberPages {
		newBrowser(t, plainWorld(), portaltest.Full).get(path).wants(http.StatusOK, "")
		for name, session := range map[string]string{"none": "", "unknown": "session-stolen", "far too long": strings.Repeat("x", 10000)} {
			page := newBrowser(t, plainWorld(), session).get(path).wants(http.StatusUnauthorized, "Please sign in again").page()
			if page.Count("main form button") != 1 {
				t.Errorf("%s, session %s: there is not one button", path, name)
			}
			if strings.Contains(page.Text("body"), "Acme Ltd") {
				t.Errorf("%s, session %s: the page names a client", path, name)
			}
		}
	}
}

func TestMemberPages_TakeTwoCookiesForNone(t *testing.T) {
	handler := plainWorld().Handler()
	for cookies, want := range map[string]int{
		"__Host-bp=" + portaltest.Full:                                    http.StatusOK,
		"__Host-bp=planted; __Host-bp=" + portaltest.Full:                 http.StatusUnauthorized,
		"__Host-bp=" + portaltest.Full + "; __Host-bp=planted":            http.StatusUnauthorized,
		"__Host-bp=" + portaltest.Full + "; __Host-bp=" + portaltest.Full: http.StatusUnauthorized,
		"bp=" + portaltest.Full + "; Host-bp=" + portaltest.Full:          http.StatusUnauthorized,
		"__Host-bp=" + portaltest.Full + "; something=else; another=one":  http.StatusOK,
		"__Host-bp=" + portaltest.Full + "; __Host-bp-form=whatever":      http.StatusOK,
		"__Host-bp=":                         http.StatusUnauthorized,
		"__Host-bp=\"" + portaltest.Full[:3]: http.StatusUnauthorized,
	} {
		r := httptest.NewRequest(http.MethodGet, "https://plain.portal.test/portal/", nil)
		r.Header.Set("Cookie", cookies)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Cookie: %s: status %d, want %d", cookies, w.Code, want)
		}
	}
}

func TestSignIn_AnswersEveryAddressAlike(t *testing.T) {
	world := plainWorld()
	var bodies, headers []string
	for _, email := range []string{"payables@acme.example", "nobody@nowhere.example", "  spaced@acme.example ", "müller@bücher.example"} {
		b := newBrowser(t, world, "")
		answer := b.post("/portal/sign-in", url.Values{"email": {email}}).leadsTo("/portal/sign-in/sent")
		asking := answer.cookie("__Host-bp-ask")
		if value, rest, _ := strings.Cut(asking, "; "); len(value) != len("__Host-bp-ask=")+43 || rest != "Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax" {
			t.Errorf("%q gets the cookie %q", email, asking)
		}
		answer.Header().Del("Set-Cookie") // a random value: the one thing that differs
		headers = append(headers, headerText(answer.Header()))
		bodies = append(bodies, answer.Body.String()+b.get("/portal/sign-in/sent").wants(http.StatusOK, "Check your inbox").Body.String())
	}
	if len(slices.Compact(bodies)) != 1 || len(slices.Compact(headers)) != 1 {
		t.Error("the answers differ")
	}
	if want := "spaced@acme.example"; world.Asked[2] != want {
		t.Errorf("asked for %q, want %q", world.Asked[2], want)
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b)
	return b.String()
}

func TestSignIn_FindsFaultOnlyWithTheForm(t *testing.T) {
	for _, email := range []string{"", "payables", "@acme.example", "payables@", "a b@acme.example", "a@b@c", "a\r\nBcc: x@y.example",
		strings.Repeat("x", 250) + "@acme.example", "a\x00@acme.example", "a\xff@acme.example"} {
		world := plainWorld()
		page := newBrowser(t, world, "").post("/portal/sign-in", url.Values{"email": {email}}).wants(http.StatusUnprocessableEntity, "Get a sign-in link").page()
		if got := page.Text(".summary a"); got != "Enter an email address, like name@example.com." {
			t.Errorf("%q: the summary says %q", email, got)
		}
		if page.Attr(".summary a", "href") != "#email" || page.Attr("#email", "aria-invalid") != "true" || !strings.HasPrefix(page.Text("title"), "Error: ") {
			t.Errorf("%q: the form does not lead to the field", email)
		}
		if len(world.Asked) != 0 {
			t.Errorf("%q was asked for", email)
		}
	}
	page := newBrowser(t, plainWorld(), "").post("/portal/sign-in", url.Values{"email": {`payables"><b>`}}).page()
	if got := page.Attr("#email", "value"); got != `payables"><b>` {
		t.Errorf("what was typed comes back as %q", got)
	}
}

func TestSignOut_EndsTheSessionAndLeavesNothing(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	answer := b.post("/portal/sign-out", url.Values{}).leadsTo("/portal/signed-out")
	if got, want := answer.cookie("__Host-bp"), "__Host-bp=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("cookie %q, want %q", got, want)
	}
	if got := answer.Header().Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data: %s", got)
	}
	if !slices.Equal(world.Ended, []string{"ses_" + portaltest.Full}) {
		t.Errorf("ended %v", world.Ended)
	}
	newBrowser(t, world, portaltest.Full).get("/portal/").wants(http.StatusUnauthorized, "")
	b.get("/portal/signed-out").wants(http.StatusOK, "You are signed out")
	b.post("/portal/sign-out", url.Values{}).leadsTo("/portal/signed-out")
}

func TestPosts_FromElsewhereChangeNothing(t *testing.T) {
	posts := map[string]url.Values{
		ready:             {"nonce": {strings.Repeat("A", 43)}},
		ready + "/resend": {}, "/portal/sign-in": {"email": {"payables@acme.example"}}, "/portal/sign-out": {},
	}
	for path, form := range posts {
		for _, site := range []string{"cross-site", "same-site", "none-such"} {
			world := plainWorld()
			b := newBrowser(t, world, portaltest.Full)
			b.site, b.cookies["__Host-bp-form"] = site, strings.Repeat("A", 43)
			b.post(path, form).wants(http.StatusForbidden, "That did not come from this page")
			if n := len(world.Redeemed) + len(world.Resent) + len(world.Asked) + len(world.Ended); n != 0 {
				t.Errorf("%s from %s changed something", path, site)
			}
			b.site = "same-origin"
			if got := b.post(path, form).Code; got != http.StatusSeeOther {
				t.Errorf("%s from this page: %d", path, got)
			}
		}
	}
}

func TestPosts_OfTooMuchAreRefused(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	b.post("/portal/sign-in", url.Values{"email": {"payables@acme.example"}, "more": {strings.Repeat("x", 20<<10)}}).wants(http.StatusRequestEntityTooLarge, "That is too much")
	r := httptest.NewRequest(http.MethodPost, "https://plain.portal.test/portal/sign-in", strings.NewReader("email=%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	world.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || len(world.Asked) != 0 {
		t.Errorf("a broken form: %d, asked %v", w.Code, world.Asked)
	}
}
