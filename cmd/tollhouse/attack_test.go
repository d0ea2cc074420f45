package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/tenant/rls"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// press sends a form as a page of ours does.
func press(t testing.TB, c *http.Client, url, form string, header ...string) answer {
	t.Helper()
	return ask(t, c, "POST", url, form, append(header, formType, "Sec-Fetch-Site: same-origin")...)
}

// mint makes a link for a client.
func (f *fleet) mint(t *testing.T, b *business, who client) access.PendingSession {
	t.Helper()
	minted, err := f.nodes[0].access.Mint(context.Background(), b.Tenant, access.MintRequest{ContactID: who.contact.ID, By: access.Actor{Kind: "operator"}})
	if err != nil {
		t.Fatal(err)
	}
	return minted
}

// count asks the database as a business.
func (f *fleet) count(t *testing.T, b *business, q string, args ...any) (n int) {
	t.Helper()
	batch := &pgx.Batch{}
	batch.Queue(q, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	if err := rls.Read(context.Background(), f.db.App, b.ID, batch); err != nil {
		t.Fatal(err)
	}
	return n
}

func (f *fleet) exec(t *testing.T, b *business, q string, args ...any) {
	t.Helper()
	err := rls.Tx(context.Background(), f.db.App, b.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A suspended tenant's paths all answer alike, whatever the visitor holds, and show nothing of its brand.
func TestSuspended_RefusesEveryPathWhateverTheVisitorHolds(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, who := f.client(f.nodes[0]), b.clients[0]
	session, link := f.signIn(t, c, b, who), f.mint(t, b, who).URL
	landing := ask(t, c, "GET", link, "")
	nonce := nonceField.FindStringSubmatch(landing.body)[1]
	style := "/brand/" + b.Style.Hash() + ".css"
	if r := ask(t, c, "GET", "https://"+b.host+style, ""); r.StatusCode != 200 {
		t.Fatalf("control: the style sheet: %s", r.Status)
	}
	if _, err := f.nodes[0].tenants.Suspend(context.Background(), b.ID); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the suspension", func() bool { return ask(t, c, "GET", "https://"+b.host+"/portal/test", "").StatusCode == 403 })
	token := link[strings.LastIndex(link, "/")+1:]
	for _, route := range f.nodes[0].portal.Routes() {
		path := strings.NewReplacer(":token", token, ":id", who.invoice, "/:file/:hash", "/logo/"+strings.Repeat("0", 64), "/brand/:file", style, ":file", "portal.css").Replace(route.Pattern)
		r := ask(t, c, route.Method, "https://"+b.host+path, "nonce="+nonce+"&email="+url.QueryEscape(who.contact.Email), session,
			"Cookie: __Host-bp-form="+nonce, formType, "Sec-Fetch-Site: same-origin")
		if r.StatusCode != http.StatusForbidden || strings.Contains(r.body, b.Name) || strings.Contains(r.body, who.canary) || len(r.Cookies()) > 0 {
			t.Errorf("%s %s: %s %v\n%s", route.Method, path, r.Status, r.Cookies(), r.body)
		}
	}
	if n := f.count(t, b, `SELECT count(*) FROM portal_links WHERE tenant_id = $1 AND used_at IS NOT NULL`, b.ID); n != 1 {
		t.Errorf("%d links were used, want the one of before", n)
	}
	if n := f.count(t, b, `SELECT count(*) FROM link_requests WHERE tenant_id = $1`, b.ID); n != 0 {
		t.Errorf("%d requests for a link were noted", n)
	}
}

// A contact whose address changes, or whose company is switched off, is out at the next request on every node, although the copies of its
// sessions are still in Redis: each path that shows or changes anything asks the record.
func TestRevoked_InTheRecordAloneOpensNoPath(t *testing.T) {
	off, moved := false, "moved@client.test"
	for name, end := range map[string]func(f *fleet, b *business, who client) error{
		"the address changes": func(f *fleet, b *business, who client) error {
			_, err := f.nodes[0].clients.UpdateContact(context.Background(), b.ID, access.Actor{Kind: "operator"}, who.contact.ID,
				func(c *access.Contact) error { c.Email = moved; return nil })
			return err
		},
		"the portal is switched off": func(f *fleet, b *business, who client) error {
			_, err := f.nodes[0].clients.UpdateCompany(context.Background(), b.ID, access.Actor{Kind: "operator"}, who.company.ID,
				func(c *access.Company) error { c.PortalEnabled = off; return nil })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 2, nil)
			b := f.addBusiness(t, "alpha")
			c, who := f.client(f.nodes[1]), b.clients[0]
			session, old := f.signIn(t, c, b, who), f.mint(t, b, who).URL
			home := "https://" + b.host + "/portal/"
			if r := ask(t, c, "GET", old, "", session); r.StatusCode != http.StatusSeeOther {
				t.Fatalf("control: a link of somebody who is signed in leads on: %s", r.Status)
			}
			if err := end(f, b, who); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"", "invoices", "invoices/" + who.invoice} {
				if r := ask(t, c, "GET", home+path, "", session); r.StatusCode != http.StatusUnauthorized || strings.Contains(r.body, who.canary) {
					t.Errorf("/portal/%s: %s", path, r.Status)
				}
			}
			for _, method := range []string{"GET", "POST"} {
				r := ask(t, c, method, old, "nonce="+strings.Repeat("A", 43), session, "Cookie: __Host-bp-form="+strings.Repeat("A", 43), formType, "Sec-Fetch-Site: same-origin")
				if r.StatusCode != http.StatusGone && r.StatusCode != http.StatusForbidden || strings.Contains(r.Header.Get("Set-Cookie"), "__Host-bp=") {
					t.Errorf("%s of an older link: %s", method, r.Status)
				}
			}
			const entries = `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND actor = 'contact'`
			before := f.count(t, b, entries, b.ID)
			if r := press(t, c, home+"sign-out", "", session); r.StatusCode != http.StatusSeeOther {
				t.Errorf("signing out: %s", r.Status)
			}
			if after := f.count(t, b, entries, b.ID); after != before {
				t.Errorf("signing out of a session that had ended left %d entries", after-before)
			}
			if name == "the address changes" { // a fresh link works in the same browser, ended cookie and all
				if r := ask(t, c, "GET", f.mint(t, b, who).URL, "", session); r.StatusCode != 200 || !nonceField.MatchString(r.body) {
					t.Errorf("a fresh link: %s, want its landing page", r.Status)
				}
			}
		})
	}
}

// Every answer that could hold somebody's data, refusals and redirects too, is for nobody's cache, no search engine, no frame and no guesswork.
func TestHeaders_OfEveryPortalAndAPIAnswer(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, who := f.client(f.nodes[0]), b.clients[0]
	session := f.signIn(t, c, b, who)
	shared := []string{"/brand/:file", "/brand/:file/:hash", "/assets/:file", "/favicon.ico", "/robots.txt"} // public, and the same for everybody
	check := func(r answer, html bool) {
		t.Helper()
		what := r.Request.Method + " " + r.Request.URL.Path + ": " + r.Status
		want := map[string]string{"X-Content-Type-Options": "nosniff", "Server": "", "X-Powered-By": ""}
		if html {
			want["X-Robots-Tag"], want["X-Frame-Options"] = "noindex, nofollow", "DENY"
		}
		for name, value := range want {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", what, name, got, value)
			}
		}
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q, want no-store", what, got)
		}
	}
	for _, route := range f.nodes[0].portal.Routes() {
		for _, cookie := range []string{session, "X-None: 1"} {
			if route.Pattern == "/portal/sign-out" || slices.Contains(shared, route.Pattern) {
				continue
			}
			r := ask(t, c, route.Method, "https://"+b.host+portalRoutes[route.Method+" "+route.Pattern].path(who), "", cookie, formType, "Sec-Fetch-Site: same-origin")
			check(r, true)
			check(ask(t, c, route.Method, r.Request.URL.String(), "", cookie, "Sec-Fetch-Site: cross-site"), true)
		}
	}
	if r := ask(t, c, "GET", f.mint(t, b, who).URL, ""); r.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("a landing page's address may travel: %s", r.Header.Get("Referrer-Policy"))
	} else {
		check(r, true)
	}
	for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
		check(ask(t, c, method, "https://"+b.host+"/portal/invoices/"+who.invoice+"/x.css", "", session, "Sec-Fetch-Site: same-origin"), true)
		check(ask(t, c, method, "https://api."+fleetDomain+"/api/crm/none", "", "Authorization: Bearer "+b.key), false)
		for _, key := range []string{b.key, "none"} {
			check(ask(t, c, method, "https://api."+fleetDomain+"/api/crm/companies/"+who.company.ID, "", "Authorization: Bearer "+key), false)
		}
	}
	r := press(t, c, "https://"+b.host+"/portal/sign-out", "", session)
	check(r, true)
	if r.Header.Get("Clear-Site-Data") == "" {
		t.Error("signing out clears nothing")
	}
}

// A change that was committed is never made again under its Idempotency-Key, even when its process died before it could store the answer.
func TestIdempotency_EveryPostNotesItsChangeInItsOwnTransaction(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, who := f.client(f.nodes[0]), b.clients[0]
	held, err := f.nodes[0].tenants.Domains(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	connection, _ := f.connected(t, b)
	fill := strings.NewReplacer("%c", who.company.ID, "%p", who.contact.ID, "%i", who.invoice, "%d", who.draft, "%o", held[0].ID, "%n", "7",
		"%x", connection, "%y", f.paidInCash(t, b, who.invoice), "%a", f.askedFor(t, b, who), "%b", f.askedFor(t, b, who))
	sender := apiRoutes["PUT /api/settings/sender"]
	if r := ask(t, c, "PUT", "https://api."+fleetDomain+"/api/settings/sender", sender.body, "Authorization: Bearer "+b.key, "Content-Type: application/json"); r.StatusCode != sender.code {
		t.Fatalf("a sender to look at: %s\n%s", r.Status, r.body)
	}
	changes := 0
	for name, spec := range apiRoutes {
		method, pattern, _ := strings.Cut(name, " ")
		if method != http.MethodPost || spec.code >= http.StatusBadRequest { // a refusal changes nothing and is not kept
			continue
		}
		t.Run(name, func(t *testing.T) {
			path, body := fill.Replace(strings.Replace(pattern, ":id", spec.path, 1)), fill.Replace(spec.body)
			if strings.HasSuffix(pattern, "/send") {
				path = "/api/crm/invoices/" + b.clients[1].draft + "/send"
			}
			key := "key-" + pattern
			call := func() answer {
				return ask(t, c, method, "https://api."+fleetDomain+path, body, "Authorization: Bearer "+b.key, "Content-Type: application/json", "Idempotency-Key: "+key)
			}
			// What jobs write meanwhile, of mails that went out, is no change of the call's.
			events := func() int {
				return f.count(t, b, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND actor = 'api'`, b.ID)
			}
			untouched := events()
			first := call()
			if first.StatusCode != spec.code {
				t.Fatalf("control: %s\n%s", first.Status, first.body)
			}
			if again := call(); again.body != first.body || again.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("control: a repeat is %s %s", again.Status, again.body)
			}
			before := events()
			// The process died between the commit and the storing of the answer.
			f.exec(t, b, `UPDATE idempotency_keys SET status = NULL, response = NULL, created_at = created_at - interval '61 seconds' WHERE tenant_id = $1 AND key = $2`, b.ID, key)
			if before == untouched { // it looked, and changed nothing: done again it looks again, or is told to wait
				if r := call(); r.StatusCode != spec.code && r.StatusCode != http.StatusTooManyRequests || events() != before {
					t.Errorf("after a crash: %s %s; %d changes were made", r.Status, r.body, events()-before)
				}
				return
			}
			changes++
			if r := call(); r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "idempotency_answer_lost") || events() != before {
				t.Errorf("after a crash: %s %s; %d changes were made", r.Status, r.body, events()-before)
			}
		})
	}
	if changes < 10 {
		t.Errorf("only %d POSTs changed anything", changes)
	}
}
