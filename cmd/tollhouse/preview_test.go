package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
)

// askedFor makes a pending request for access to a client's documents and returns its id.
func (f *fleet) askedFor(t *testing.T, b *business, who client) string {
	t.Helper()
	id := tenant.NewID("arq", time.Now())
	f.exec(t, b, `INSERT INTO access_requests (tenant_id, id, state, company_id, email) VALUES ($1, $2, 'pending', $3, $2 || '@client.test')`, b.ID, id, who.company.ID)
	return id
}

// preview opens a preview of a client as the tenant's own people do, and returns its cookie and id.
func (f *fleet) preview(t *testing.T, c *http.Client, b *business, who client) (cookie, id string) {
	t.Helper()
	r := ask(t, c, "POST", "https://api."+fleetDomain+"/api/crm/contacts/"+who.contact.ID+"/preview-session", `{"reason":"a call"}`,
		"Content-Type: application/json", "Authorization: Bearer "+b.key)
	var made struct{ ID, URL string }
	if err := json.Unmarshal([]byte(r.body), &made); err != nil || r.StatusCode != http.StatusCreated {
		t.Fatal(r.Status, r.body)
	}
	landing := ask(t, c, "GET", made.URL, "")
	nonce := nonceField.FindStringSubmatch(landing.body)
	if nonce == nil || strings.Contains(landing.body, who.canary) {
		t.Fatalf("the page behind the link: %s\n%s", landing.Status, landing.body)
	}
	opened := press(t, c, made.URL, "nonce="+url.QueryEscape(nonce[1]), "Cookie: __Host-bp-form="+nonce[1])
	for _, set := range opened.Cookies() {
		if set.Name == "__Host-bp-preview" {
			return "Cookie: __Host-bp-preview=" + set.Value, made.ID
		}
	}
	t.Fatal("no preview:", opened.Status, opened.body)
	return "", ""
}

// A preview reads every page that its contact reads and may do nothing at all, and leaves nothing behind that says the contact was there.
func TestIsolation_EveryPortalRouteAgainstAPreview(t *testing.T) {
	f := newFleet(t, 1, nil)
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta")
	c := f.client(f.nodes[0])
	mine, neighbour := alpha.clients[0], alpha.clients[1]
	own := f.signIn(t, c, alpha, mine)
	mine.session, mine.method = f.spareSession(t, c, alpha, mine), f.savedMethod(t, alpha, mine)
	mine.payment = f.paidInCash(t, alpha, mine.invoice)
	cookie, id := f.preview(t, c, alpha, mine)
	foreign, _ := f.preview(t, c, beta, beta.clients[0])
	f.exec(t, alpha, `UPDATE crm_client_portal_sessions SET last_seen_at = NULL WHERE tenant_id = $1`, alpha.ID)
	contacts := func() int {
		return f.count(t, alpha, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND actor IN ('contact', 'anonymous')`, alpha.ID)
	}
	before := contacts()
	asPreview := map[string]int{"POST /portal/end-preview": 303, "POST /portal/preview/:token": 404}
	ended := func(name string) bool { return name == "POST /portal/end-preview" }

	for _, route := range f.nodes[0].portal.Routes() {
		name := route.Method + " " + route.Pattern
		t.Run(name, func(t *testing.T) {
			spec, known := portalRoutes[name]
			if !known || !strings.HasPrefix(route.Pattern, "/portal") || ended(name) {
				return
			}
			call := func(cookies ...string) answer {
				return ask(t, c, route.Method, "https://"+alpha.host+spec.path(mine), "", append(cookies, "Sec-Fetch-Site: same-origin", formType)...)
			}
			want := spec.code
			if route.Method != http.MethodGet {
				want = http.StatusForbidden
			}
			if code, special := asPreview[name]; special {
				want = code
			}
			for _, cookies := range [][]string{{cookie}, {cookie, own}} { // beside a session in the same browser too
				r := call(cookies...)
				if r.StatusCode != want {
					t.Errorf("%s, want %d", r.Status, want)
				}
				if route.Method == http.MethodGet && spec.guard == private && !strings.Contains(r.body, mine.canary) {
					t.Error("the page does not hold what its contact sees")
				}
				html := strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
				if html && !strings.Contains(r.body, `action="/portal/end-preview"`) {
					t.Error("the page does not say that it is a preview")
				}
				for _, other := range []string{neighbour.canary, beta.clients[0].canary} {
					if strings.Contains(r.body, other) {
						t.Errorf("the page holds %s", other)
					}
				}
				for _, set := range r.Cookies() {
					if set.Name == "__Host-bp" {
						t.Errorf("it sets %s", set)
					}
				}
			}
			for actor, other := range map[string]string{"another tenant's preview": foreign, "a preview's cookie as a session's": strings.Replace(cookie, "-preview", "", 1)} {
				r := call(other)
				noCanary(t, r, alpha, beta)
				if spec.guard != public && r.StatusCode != http.StatusUnauthorized && r.StatusCode != http.StatusForbidden {
					t.Errorf("%s: %s", actor, r.Status)
				}
			}
		})
	}
	if r := ask(t, c, "GET", "https://"+alpha.host+"/portal/invoices/"+neighbour.invoice, "", cookie); r.StatusCode != http.StatusNotFound {
		t.Errorf("a neighbour's invoice: %s, want 404", r.Status)
	}
	if n := contacts(); n != before {
		t.Errorf("%d entries say that the contact, or nobody, did something", n-before)
	}
	for q, want := range map[string]int{
		`SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND (revoked_at IS NOT NULL OR last_seen_at IS NOT NULL)`:      0,
		`SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1`:                                                               2,
		`SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`:                                                       0,
		`SELECT count(*) FROM link_requests WHERE tenant_id = $1`:                                                                            0,
		`SELECT count(*) FROM access_requests WHERE tenant_id = $1`:                                                                          0,
		`SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'preview.started' AND actor = 'api'`:                              1,
		`SELECT count(DISTINCT document_id) FROM audit_events WHERE tenant_id = $1 AND kind = 'preview.viewed' AND document_id LIKE 'inv_%'`: 1,
	} {
		if n := f.count(t, alpha, q, alpha.ID); n != want {
			t.Errorf("%s: %d, want %d", q, n, want)
		}
	}
	if n := f.count(t, alpha, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND session_id = $2 AND kind LIKE 'preview.%'`, alpha.ID, id); n < 5 {
		t.Errorf("%d entries of the preview, want one for each page", n)
	}
	f.leavesPreview(t, c, alpha, mine, cookie, own)
}

// leavesPreview ends the preview, and finds the browser's own session as it was.
func (f *fleet) leavesPreview(t *testing.T, c *http.Client, b *business, who client, cookie, own string) {
	t.Helper()
	home := "https://" + b.host + "/portal/"
	if r := press(t, c, home+"end-preview", "", cookie, own); r.StatusCode != http.StatusSeeOther || strings.Contains(strings.Join(r.Header["Set-Cookie"], "\n"), "__Host-bp=") {
		t.Errorf("ending it: %s %v", r.Status, r.Header["Set-Cookie"])
	}
	if r := ask(t, c, "GET", home, "", cookie); r.StatusCode != http.StatusForbidden || strings.Contains(r.body, who.canary) {
		t.Errorf("after its end: %s", r.Status)
	}
	if r := ask(t, c, "GET", home, "", own); r.StatusCode != http.StatusOK || strings.Contains(r.body, "end-preview") || !strings.Contains(r.body, who.canary) {
		t.Errorf("the browser's own session: %s", r.Status)
	}
}

func TestPreview_NeedsItsScope(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	var others []tenant.Scope
	for _, scope := range tenant.Scopes {
		if scope != tenant.ScopePreviewWrite {
			others = append(others, scope)
		}
	}
	secret, _, err := f.nodes[0].tenants.CreateKey(t.Context(), b.ID, "others", others)
	if err != nil {
		t.Fatal(err)
	}
	r := ask(t, f.client(f.nodes[0]), "POST", "https://api."+fleetDomain+"/api/crm/contacts/"+b.clients[0].contact.ID+"/preview-session", "",
		"Authorization: Bearer "+secret)
	if r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, "preview:write") {
		t.Errorf("a key with every other scope: %s %s", r.Status, r.body)
	}
}
