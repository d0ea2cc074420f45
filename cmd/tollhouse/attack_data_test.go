package main

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestHostileInput_IsNeverAFaultOfOurs(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, who := f.client(f.nodes[0]), b.clients[0]
	session := f.signIn(t, c, b, who)
	junk := []string{"%00", "%FF%FE", "%c3%28", "%ed%a0%80", strings.Repeat("a", 3000), "..%2f..%2fetc", "%27%20OR%20%271%27=%271", "%0d%0aSet-Cookie:%20a=b", "-1", "9999999999999999999999", "%F0%9F%92%A9"}
	fine := func(r answer) {
		t.Helper()
		if r.StatusCode >= 500 || strings.Contains(r.Header.Get("Set-Cookie"), "a=b") || strings.Contains(r.body, "SQLSTATE") || strings.Contains(r.body, ".go:") {
			t.Errorf("%s %s: %s %s", r.Request.Method, r.Request.URL, r.Status, r.body)
		}
	}
	for _, j := range junk {
		home := "https://" + b.host
		for _, path := range []string{"/portal/invoices/" + j, "/portal/invoices?tab=" + j, "/portal/invoices?after=" + j, "/portal/invoices?tab=all&cursor=" + j, "/portal/l/" + j,
			"/portal/l/" + strings.Repeat("A", 42) + j, "/brand/" + j, "/brand/logo/" + j, "/assets/" + j, "/" + j} {
			fine(ask(t, c, "GET", home+path, "", session))
		}
		fine(press(t, c, home+"/portal/sign-in", "email=a%40b.test"+j, session))
		fine(press(t, c, home+"/portal/l/"+j+"/resend", "", session))
		raw, _ := url.PathUnescape(j)
		if !strings.ContainsAny(raw, "\x00\r\n") {
			r := redeem(t, withAgent(c, raw), f.mint(t, b, who).URL)
			if fine(r); r.StatusCode != http.StatusSeeOther {
				t.Errorf("with the user agent %q: %s", raw, r.Status)
			}
			fine(press(t, withAgent(c, raw), home+"/portal/sign-in", "email=a%40b.test"))
		}
		for _, path := range []string{"companies?cursor=", "companies?reference=", "companies?limit=", "contacts?email=", "contacts?company_id=", "invoices?state=", "audit-events?document_id=", "mails?document_id=", "mails?status=", "mails/", "companies/", "invoices/"} {
			fine(ask(t, c, "GET", "https://api."+fleetDomain+"/api/crm/"+path+j, "", "Authorization: Bearer "+b.key))
		}
	}
}

// withAgent makes a client that calls itself something.
func withAgent(c *http.Client, name string) *http.Client {
	clone := *c
	clone.Transport = named{c.Transport, name}
	return &clone
}

type named struct {
	http.RoundTripper
	name string
}

func (a named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", a.name)
	return a.RoundTripper.RoundTrip(r)
}

// A tenant that keeps no record of visitors has none, wherever one looks.
func TestVisitors_AreKeptNowhereWhenTheTenantDoesNotWantIt(t *testing.T) {
	f := newFleet(t, 1, nil)
	for _, keep := range []bool{true, false} {
		b := f.addBusiness(t, map[bool]string{true: "keeps", false: "forgets"}[keep])
		name := "Watchful/" + b.Slug
		c, who := withAgent(f.client(f.nodes[0]), name), b.clients[0]
		if !keep {
			f.api(t, b, "PATCH", "/api/settings", `{"log_visitors":false}`, 200)
			waitFor(t, "the node to hear of it", func() bool {
				known, ok := f.nodes[0].directory.Tenant(b.ID)
				return ok && !known.Policy.LogVisitors
			})
		}
		session := f.signIn(t, c, b, who)
		home := "https://" + b.host + "/portal/"
		if r := ask(t, c, "GET", home+"invoices/"+who.invoice, "", session); r.StatusCode != 200 {
			t.Fatal(r.Status)
		}
		press(t, c, home+"sign-in", "email="+url.QueryEscape(who.contact.Email))
		f.mailTo(t, who.contact.Email, "sign")
		press(t, c, home+"sign-out", "", session)
		n := f.stored(t, name)
		if keep && n == 0 {
			t.Error("control: the tenant that keeps visitors has none")
		}
		if !keep && n != 0 {
			t.Errorf("%d rows name the visitor's browser", n)
		}
		const addresses = `SELECT (SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND actor IN ('contact', 'anonymous') AND (ip IS NOT NULL OR user_agent <> ''))
			+ (SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND (ip IS NOT NULL OR user_agent <> ''))
			+ (SELECT count(*) FROM link_requests WHERE tenant_id = $1 AND (ip IS NOT NULL OR user_agent <> ''))`
		if n := f.count(t, b, addresses, b.ID); (n != 0) != keep {
			t.Errorf("%s: %d rows have an address or a browser", b.Slug, n)
		}
	}
	if strings.Contains(f.logs.String(), "Watchful/") {
		t.Error("a browser's name is in the log")
	}
}

// stored counts the rows of any table that hold a text.
func (f *fleet) stored(t *testing.T, text string) (n int) {
	t.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, f.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	rows, _ := admin.Query(ctx, `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname IN ('public', 'jobs')`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatal(len(tables), err)
	}
	for _, table := range tables {
		var hits int
		if err := admin.QueryRow(ctx, `SELECT count(*) FROM `+table+` r WHERE strpos(r::text, $1) > 0`, text).Scan(&hits); err != nil {
			t.Fatal(err)
		}
		n += hits
	}
	return n
}

// At the most talkative level, with everything that a portal does, the log holds no secret and nobody's name.
func TestLogs_HoldNoSecretAtDebug(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, who := f.client(f.nodes[0]), b.clients[0]
	session, link := f.signIn(t, c, b, who), f.mint(t, b, who).URL
	home := "https://" + b.host + "/portal/"
	ask(t, c, "GET", link+"?x="+who.canary, "", session)
	press(t, c, home+"sign-in", "email="+url.QueryEscape(who.contact.Email))
	mailed := f.mailTo(t, who.contact.Email, "sign")
	ask(t, c, "GET", home+"?key="+b.key, "", session, "Authorization: Bearer "+b.key)
	ask(t, c, "GET", "https://api."+fleetDomain+"/api/brand?key="+b.key, "")
	f.api(t, b, "GET", "/api/crm/companies/"+who.company.ID, "", 200)
	secrets := map[string]string{"an API key": b.key, "its secret part": b.key[36:], "a session": strings.TrimPrefix(session, "Cookie: __Host-bp="),
		"a minted token": link[len(link)-43:], "a mailed token": mailed[len(mailed)-43:], "a ring's key": strings.Repeat("5a", 32),
		"an address": who.contact.Email, "a client's name": who.canary, "a private key": "PRIVATE KEY", "a key's DER": "MIGHAgEAMBMGByqGSM49", "a JWK": `\"d\":`,
		"where a visitor is": `"127.0.0.1"`, "Postgres's URL": f.db.AppURL, "a mangled secret": hex.EncodeToString([]byte(b.key))}
	log := f.logs.String()
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			at := strings.Index(log, secret)
			t.Errorf("%s is in the log: %s", name, log[max(0, at-200):at])
		}
	}
	for _, control := range []string{"certmagic", `"route":"/portal/l/:token"`, string(b.ID)} {
		if !strings.Contains(log, control) {
			t.Errorf("control: the log has no %s", control)
		}
	}
}

// Whoever has another tenant's ids puts them wherever a request has room for them; nothing of that tenant comes out or changes.
func TestForeignIDs_InBodiesAndQueriesAreUnknown(t *testing.T) {
	f := newFleet(t, 1, nil)
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta")
	c, theirs, mine := f.client(f.nodes[0]), beta.clients[0], alpha.clients[0]
	calls := []struct {
		method, path, body string
		want, control      int
	}{
		{"POST", "/api/crm/contacts", `{"company_id":"%c","name":"N","email":"n@x.test"}`, 0, 201},
		{"POST", "/api/crm/invoices", `{"company_id":"%c","lines":[{"description":"L","quantity":"1","unit_amount":{"amount":1,"currency":"USD"}}]}`, 0, 201},
		{"POST", "/api/crm/client-portal-sessions", `{"contact_id":"%p"}`, 404, 201},
		{"POST", "/api/crm/client-portal-sessions", `{"contact_id":"` + mine.contact.ID + `","document_id":"%i"}`, 404, 201},
		{"POST", "/api/crm/contacts/" + mine.contact.ID + "/portal-link", `{"document_id":"%i","send_email":false}`, 404, 201},
	}
	events := func() int {
		return f.count(t, beta, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND actor <> 'system'`, beta.ID)
	}
	before := events()
	for _, call := range calls {
		send := func(who client) answer {
			body := strings.NewReplacer("%c", who.company.ID, "%p", who.contact.ID, "%i", who.invoice).Replace(call.body)
			return ask(t, c, call.method, "https://api."+fleetDomain+call.path, body, "Authorization: Bearer "+alpha.key, "Content-Type: application/json",
				"X-Tenant-ID: "+string(beta.ID))
		}
		r := send(theirs)
		unknown := theirs
		unknown.company.ID, unknown.contact.ID, unknown.invoice = "com_00000000000000000000000000", "con_00000000000000000000000000", "inv_00000000000000000000000000"
		if r.StatusCode < 400 || r.StatusCode >= 500 || call.want != 0 && r.StatusCode != call.want || withoutID(r) != withoutID(send(unknown)) {
			t.Errorf("%s %s: %s %s", call.path, call.body, r.Status, r.body)
		}
		noCanary(t, r, beta)
		if r := send(mine); r.StatusCode != call.control {
			t.Errorf("control: %s %s: %s %s", call.path, call.body, r.Status, r.body)
		}
	}
	for _, query := range []string{"contacts?company_id=" + theirs.company.ID, "contacts?email=" + theirs.contact.Email, "invoices?company_id=" + theirs.company.ID,
		"client-portal-sessions?contact_id=" + theirs.contact.ID, "audit-events?document_id=" + theirs.invoice, "mails?document_id=" + theirs.invoice, "mails?contact_id=" + theirs.contact.ID} {
		if r := ask(t, c, "GET", "https://api."+fleetDomain+"/api/crm/"+query, "", "Authorization: Bearer "+alpha.key); !strings.Contains(r.body, `"data":[]`) {
			t.Errorf("%s: %s %s", query, r.Status, r.body)
		}
	}
	if after := events(); after != before {
		t.Errorf("%d things happened to the other tenant", after-before)
	}
}
