package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollhouse/portal/access"
)

// withoutRedis starts a node whose Redis has gone away.
func (f *fleet) withoutRedis(t *testing.T) *fleetNode {
	t.Helper()
	address, err := url.Parse(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCut(t, address.Host)
	n := f.extraNode(t, map[string]string{"REDIS_URL": "redis://" + proxy.Addr().String(), "LIMIT_LINKS": "20"})
	proxy.sever()
	return n
}

// Everything that a contact does to come in and to act goes on without Redis: what decides stands in the record.
func TestOutage_RedisAwayLetsInAndLetsAct(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c, who := f.client(f.withoutRedis(t)), b.clients[0]
	home := "https://" + b.host + "/portal/"

	asked := press(t, c, home+"sign-in", "email="+url.QueryEscape(who.contact.Email))
	code := f.loginCode(t, who.contact.Email)
	wrong := press(t, c, home+"sign-in/code", "code=2222-2222", askCookie(t, asked))
	if wrong.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %s", wrong.Status)
	}
	in := press(t, c, home+"sign-in/code", "code="+code, askCookie(t, asked))
	if in.StatusCode != http.StatusSeeOther {
		t.Fatalf("the code of the mail: %s", in.Status)
	}
	session := sessionCookie(t, in)

	const next = "moved-here@client.test"
	kept := press(t, c, home+"account/email", "email="+url.QueryEscape(next), session)
	browser := cookieOf(t, kept, "__Host-bp-kept")
	press(t, c, home+"confirm/send", "", session)
	passed := press(t, c, home+"confirm", "code="+f.codeTo(t, who.contact.Email, "Your code for"), session)
	if passed.StatusCode != http.StatusSeeOther || passed.Header.Get("Location") != "/portal/account/email" {
		t.Fatalf("the step-up: %s to %s", passed.Status, passed.Header.Get("Location"))
	}
	session = sessionCookie(t, passed)
	page := ask(t, c, "GET", home+"account/email", "", session+"; "+strings.TrimPrefix(browser, "Cookie: "))
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `value="`+next+`"`) {
		t.Errorf("what was typed does not come back: %s", page.Status)
	}

	cookie, _ := f.preview(t, c, b, who)
	if r := ask(t, c, "GET", home, "", cookie); r.StatusCode != http.StatusOK || !strings.Contains(r.body, who.canary) || !strings.Contains(r.body, "end-preview") {
		t.Errorf("a preview: %s", r.Status)
	}
	if r := press(t, c, home+"sign-out", "", session); r.StatusCode != http.StatusSeeOther {
		t.Errorf("signing out: %s", r.Status)
	}
	if r := ask(t, c, "GET", home, "", session); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out: %s, want 401", r.Status)
	}
}

// loginCode waits for the mail with a link to sign in and returns its code.
func (f *fleet) loginCode(t *testing.T, address string) string {
	t.Helper()
	f.mailTo(t, address, "sign")
	for _, m := range f.sink.Messages() {
		if found := codeInMail.FindStringSubmatch(m.Text); m.To[0] == address && found != nil {
			return found[1]
		}
	}
	t.Fatal("the mail holds no code")
	return ""
}

// Limits hold without Redis too, counted by the node: a stranger who guesses is stopped, and so is one who asks again and again.
func TestOutage_RedisAwayLimitsAllTheSame(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c, who := f.client(f.withoutRedis(t)), b.clients[0]
	for range 15 {
		if r := press(t, c, "https://"+b.host+"/portal/sign-in", "email="+url.QueryEscape(who.contact.Email)); r.StatusCode != http.StatusSeeOther && r.StatusCode != http.StatusOK {
			t.Fatalf("asking: %s", r.Status)
		}
	}
	waitFor(t, "the requests to be worked", func() bool {
		return f.count(t, b, `SELECT count(*) FROM link_requests WHERE tenant_id = $1`, b.ID) == 0
	})
	if n := f.count(t, b, `SELECT count(*) FROM portal_links WHERE tenant_id = $1 AND purpose = $2`, b.ID, string(access.LoginLink)); n != 3 {
		t.Errorf("%d links for fifteen requests, want 3", n)
	}
	refused := 0
	for range 40 {
		if r := press(t, c, "https://"+b.host+"/portal/sign-in/code", "code=2222-2222"); r.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("forty codes in a moment are all looked at")
	}
}

// Without Postgres every route that shows or changes anything says so, with the tenant's brand and when to come back, and takes nobody's session.
func TestOutage_PostgresAwayIsSaidByEveryRouteAndEndsNoSession(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	dsn, err := url.Parse(f.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCut(t, dsn.Host)
	dsn.Host = proxy.Addr().String()
	n := f.extraNode(t, map[string]string{"POSTGRES_URL": dsn.String()})
	c, who := f.client(n), b.clients[0]
	session := f.signIn(t, c, b, who)
	home := "https://" + b.host
	if r := ask(t, c, "GET", home+"/portal/", "", session); r.StatusCode != http.StatusOK {
		t.Fatalf("control: %s", r.Status)
	}
	proxy.sever()
	said := 0
	for _, route := range n.portal.Routes() {
		spec := portalRoutes[route.Method+" "+route.Pattern]
		if spec.path == nil || spec.guard == public {
			continue
		}
		r := ask(t, c, route.Method, home+spec.path(who), "email=typed%40client.test&code=2222-2222&name=Typed", session, "Sec-Fetch-Site: same-origin", formType)
		if r.StatusCode == http.StatusServiceUnavailable {
			said++
		}
		away := r.StatusCode == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != "" && strings.Contains(r.body, b.Name)
		if !away && r.StatusCode != http.StatusNotFound && r.StatusCode != http.StatusSeeOther && r.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %s, want a branded 503\n%s", route.Method, route.Pattern, r.Status, f.logLine(t, r.Header.Get("X-Request-Id")))
		}
		if strings.Contains(strings.Join(r.Header["Set-Cookie"], " "), "__Host-bp=") || strings.Contains(r.body, who.canary) {
			t.Errorf("%s %s: takes the session, or shows something", route.Method, route.Pattern)
		}
	}
	for path, form := range map[string]string{"/portal/sign-in": "email=" + url.QueryEscape(who.contact.Email), "/portal/sign-in/code": "code=2222-2222",
		"/portal/l/" + strings.Repeat("A", 43) + "/ask": "email=guest%40client.test", "/portal/l/" + strings.Repeat("A", 43) + "/resend": ""} {
		if r := press(t, c, home+path, form); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(r.body, b.Name) {
			t.Errorf("POST %s: %s, want a branded 503 and no promise of a mail", path, r.Status)
		}
	}
	if said < 12 {
		t.Errorf("control: only %d routes said so", said)
	}
	proxy.open.Store(true)
	waitFor(t, "the page to be back", func() bool { return ask(t, c, "GET", home+"/portal/", "", session).StatusCode == http.StatusOK })
}

// What was kept of forms, and who was mailed codes, is forgotten by a node that serves, without anybody's doing.
func TestSweep_ANodeForgetsFormsAndCodes(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c, who := f.client(f.nodes[0]), b.clients[0]
	home := "https://" + b.host + "/portal/"
	due := func() {
		t.Helper()
		if _, err := f.db.Owner.Exec(t.Context(), `UPDATE jobs.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'sweep_forms' AND state = 'scheduled'`); err != nil {
			t.Fatal(err)
		}
	}
	session := f.signIn(t, c, b, who)
	press(t, c, home+"confirm/send", "", session)
	f.codeTo(t, who.contact.Email, "Your code for")
	f.exec(t, b, `UPDATE step_ups SET created_at = app_now() - interval '25 hours' WHERE tenant_id = $1`, b.ID)
	due()
	waitFor(t, "the code to be forgotten", func() bool { return f.count(t, b, `SELECT count(*) FROM step_ups WHERE tenant_id = $1`, b.ID) == 0 })

	press(t, c, home+"account/email", "email=typed%40client.test", session)
	if n := f.count(t, b, `SELECT count(*) FROM form_drafts WHERE tenant_id = $1`, b.ID); n != 1 {
		t.Fatalf("control: %d forms are kept, want 1", n)
	}
	f.exec(t, b, `UPDATE form_drafts SET expires_at = app_now() WHERE tenant_id = $1`, b.ID)
	due()
	waitFor(t, "the form to be forgotten", func() bool { return f.count(t, b, `SELECT count(*) FROM form_drafts WHERE tenant_id = $1`, b.ID) == 0 })
}
