package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tollhouse/payments/emulator"
	"tollhouse/tenant"
)

// visit is how a route is called on what acme owns.
type visit struct {
	path, body string
	status     int    // when acme calls it
	foreign    int    // when another tenant does: 404 where the path names something, else its own, which must not show acme's
	canary     string // what only acme may read, "" for none
}

// visits has one entry for every route. A route without one fails the test below.
func (b *bench) visits() map[string]visit {
	company, invoice := b.billed(b.acme)
	contact := b.contact(b.acme, company, "canary@example.com")
	lone := b.draft(b.acme, company).id()
	session := b.call(b.acme, "POST", sessions, fmt.Sprintf(`{"contact_id":%q}`, contact)).want(201).id()
	key := b.call(b.acme, "POST", "/api/keys", `{"name":"canary","scopes":["brand:read"]}`).want(201).id()
	domain := b.claim(b.acme, "billing.acme.com").want(201).id()
	mail := b.mail(b.acme, company, contact, "sent")
	b.send(upload(b.acme, "image/png", png(4, 2))).want(200)
	selector := b.sender(b.acme, "billing@acme.com")
	_, account := b.stripeAt(emulator.Account{})
	connection := b.call(b.acme, "POST", connections, keys(account)).want(201).id()
	paid := b.call(b.acme, "POST", invoices+"/"+invoice+"/payments", `{"amount":{"amount":1,"currency":"USD"},"method":"Cash"}`).want(201).id()
	approved, dismissed := b.askedFor(b.acme, company, "a@example.com"), b.askedFor(b.acme, company, "d@example.com")
	line := `"lines":[{"description":"x","unit_amount":{"amount":100,"currency":"USD"}}]`
	return map[string]visit{
		"POST /api/crm/companies":                    {companies, `{"name":"x"}`, 201, 201, ""},
		"GET /api/crm/companies":                     {companies, "", 200, 200, company},
		"GET /api/crm/companies/:id":                 {companies + "/" + company, "", 200, 404, company},
		"PATCH /api/crm/companies/:id":               {companies + "/" + company, `{"reference":"r"}`, 200, 404, company},
		"POST /api/crm/contacts":                     {contacts, `{"company_id":"` + company + `","name":"x","email":"x@example.com"}`, 201, 404, ""},
		"GET /api/crm/contacts":                      {contacts + "?company_id=" + company, "", 200, 200, contact},
		"GET /api/crm/contacts/:id":                  {contacts + "/" + contact, "", 200, 404, contact},
		"PATCH /api/crm/contacts/:id":                {contacts + "/" + contact, `{"name":"Mary"}`, 200, 404, contact},
		"POST /api/crm/contacts/:id/clear-bounce":    {contacts + "/" + contact + "/clear-bounce", "", 200, 404, contact},
		"POST /api/crm/contacts/:id/portal-link":     {contacts + "/" + contact + "/portal-link", `{"send_email":false}`, 201, 404, contact},
		"POST /api/crm/contacts/:id/preview-session": {contacts + "/" + contact + "/preview-session", `{"reason":"r"}`, 201, 404, contact},
		"GET /api/crm/access-requests":               {requestsPath, "", 200, 200, approved},
		"POST /api/crm/access-requests/:id/approve":  {requestsPath + "/" + approved + "/approve", "", 200, 404, approved},
		"POST /api/crm/access-requests/:id/dismiss":  {requestsPath + "/" + dismissed + "/dismiss", "", 200, 404, dismissed},
		"POST /api/crm/invoices":                     {invoices, `{"company_id":"` + company + `",` + line + `}`, 201, 404, ""},
		"GET /api/crm/invoices":                      {invoices + "?company_id=" + company, "", 200, 200, invoice},
		"GET /api/crm/invoices/:id":                  {invoices + "/" + invoice, "", 200, 404, invoice},
		"POST /api/crm/invoices/:id/send":            {invoices + "/" + lone + "/send", "", 200, 404, lone},
		"POST /api/crm/invoices/:id/void":            {invoices + "/" + lone + "/void", "", 200, 404, lone},
		"POST /api/crm/invoices/:id/payments":        {invoices + "/" + invoice + "/payments", `{"amount":{"amount":1,"currency":"USD"},"method":"Cash"}`, 201, 404, invoice},
		"POST /api/crm/client-portal-sessions":       {sessions, `{"contact_id":"` + contact + `"}`, 201, 404, contact},
		"GET /api/crm/client-portal-sessions":        {sessions, "", 200, 200, session},
		"GET /api/crm/client-portal-sessions/:id":    {sessions + "/" + session, "", 200, 404, session},
		"DELETE /api/crm/client-portal-sessions/:id": {sessions + "/" + session, "", 204, 404, ""},
		"GET /api/crm/audit-events":                  {"/api/crm/audit-events?company_id=" + company, "", 200, 200, company},
		"GET /api/crm/audit-events/head":             {"/api/crm/audit-events/head", "", 200, 200, string(b.acme.tenant.ID)},
		"GET /api/crm/mails":                         {mailsPath, "", 200, 200, mail},
		"GET /api/crm/mails/:id":                     {mailsPath + "/" + mail, "", 200, 404, mail},
		"GET /api/crm/payments":                      {paymentsPath + "?company_id=" + company, "", 200, 200, paid},
		"GET /api/crm/payments/:id":                  {paymentsPath + "/" + paid, "", 200, 404, paid},
		"POST /api/crm/payments/:id/refunds":         {paymentsPath + "/" + paid + "/refunds", "", 409, 404, ""},
		"GET /api/crm/companies/:id/credit":          {companies + "/" + company + "/credit", "", 200, 404, ""},
		"POST /api/crm/invoices/:id/apply-credit":    {invoices + "/" + invoice + "/apply-credit", "", 422, 404, ""},
		"POST /api/payment-connections":              {connections, keys(account), 409, 201, ""},
		"GET /api/payment-connections":               {connections, "", 200, 200, connection},
		"GET /api/payment-connections/:id":           {connections + "/" + connection, "", 200, 404, connection},
		"PATCH /api/payment-connections/:id":         {connections + "/" + connection, `{"secret_key":"` + account.SecretKey + `"}`, 200, 404, connection},
		"POST /api/payment-connections/:id/test":     {connections + "/" + connection + "/test", "", 200, 404, connection},
		"DELETE /api/payment-connections/:id":        {connections + "/" + connection, "", 200, 404, connection},
		"GET /api/brand":                             {"/api/brand", "", 200, 200, `"sha256"`},
		"PATCH /api/brand":                           {"/api/brand", `{}`, 200, 200, `"sha256"`},
		"GET /api/brand/logo":                        {"/api/brand/logo", "", 200, 404, "PNG"},
		"PUT /api/brand/logo":                        {"/api/brand/logo", "", 415, 415, ""}, // uploads: logo_test.go
		"DELETE /api/brand/logo":                     {"/api/brand/logo", "", 204, 204, ""},
		"GET /api/settings":                          {"/api/settings", "", 200, 200, ""},
		"PATCH /api/settings":                        {"/api/settings", `{}`, 200, 200, ""},
		"GET /api/settings/sender":                   {senderPath, "", 200, 200, selector},
		"PUT /api/settings/sender":                   {senderPath, `{"address":"billing@acme.com"}`, 200, 200, selector},
		"POST /api/settings/sender/check":            {senderPath + "/check", "", 200, 200, selector},
		"POST /api/settings/sender/rotate":           {senderPath + "/rotate", "", 200, 200, selector},
		"DELETE /api/settings/sender":                {senderPath, "", 204, 204, ""},
		"POST /api/domains":                          {domainsPath, `{"host":"billing.acme.com"}`, 200, 201, domain},
		"GET /api/domains":                           {domainsPath, "", 200, 200, domain},
		"GET /api/domains/:id":                       {domainsPath + "/" + domain, "", 200, 404, domain},
		"POST /api/domains/:id/check":                {domainsPath + "/" + domain + "/check", "", 200, 404, domain},
		"DELETE /api/domains/:id":                    {domainsPath + "/" + domain, "", 200, 404, domain},
		"POST /api/keys":                             {"/api/keys", `{"name":"x","scopes":["brand:read"]}`, 201, 201, ""},
		"GET /api/keys":                              {"/api/keys", "", 200, 200, key},
		"DELETE /api/keys/:id":                       {"/api/keys/" + key, "", 204, 404, ""},
	}
}

// order runs what ends things last.
var last = []string{"POST /api/crm/invoices/:id/void", "DELETE /api/crm/client-portal-sessions/:id", "DELETE /api/brand/logo", "DELETE /api/settings/sender", "DELETE /api/domains/:id", "DELETE /api/payment-connections/:id", "DELETE /api/keys/:id"}

// walk calls fn for every route but the open ones, destructive ones last: anybody may read the document, and processors show a signature.
func (b *bench) walk(fn func(route string, v visit)) {
	b.t.Helper()
	visits := b.visits()
	done := map[string]bool{}
	for _, r := range last {
		done[r] = true
	}
	for _, r := range b.server.Routes() {
		name := r.Method + " " + r.Pattern
		v, ok := visits[name]
		if !ok && r.Pattern != "/api/openapi.json" && !strings.HasPrefix(r.Pattern, "/webhooks/") {
			b.t.Errorf("%s is not in the isolation test", name)
		}
		if ok && !done[name] {
			fn(name, v)
		}
	}
	for _, name := range last {
		fn(name, visits[name])
	}
}

func TestIsolation_EveryRouteRefusesEverybodyButItsTenant(t *testing.T) {
	b := setup(t)
	revoked := party{b.acme.tenant, b.key(b.acme.tenant.ID, tenant.Scopes...)}
	keys, err := b.tenants.Keys(t.Context(), b.acme.tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.tenants.RevokeKey(t.Context(), b.acme.tenant.ID, keys[0].ID); err != nil {
		t.Fatal(err)
	}
	unknown, _ := tenant.MintAPIKey(b.acme.tenant.ID, false)
	strangers := map[string]party{"no key": {}, "revoked": revoked, "unknown": {key: unknown}, "malformed": {key: "thk_live_x"}, "empty": {key: " "}}
	b.walk(func(route string, v visit) {
		method, _, _ := strings.Cut(route, " ")
		var first string
		for who, p := range strangers {
			got := b.call(p, method, v.path, v.body).problem(401, "unauthorized")
			if first == "" {
				first = got.Raw
			}
			if got.Raw != first || got.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %s key answers differently: %s", route, who, got.Raw)
			}
		}
		got := b.call(b.bolt, method, v.path, v.body).want(v.foreign)
		if v.canary != "" && strings.Contains(got.Raw, v.canary) {
			t.Errorf("%s shows another tenant %s", route, v.canary)
		}
		if own := b.call(b.acme, method, v.path, v.body).want(v.status); !strings.Contains(own.Raw, v.canary) {
			t.Errorf("%s does not show its own tenant %s: %s", route, v.canary, own.Raw)
		}
	})
}

func TestIsolation_ForeignIdsAnswerAsUnknownOnes(t *testing.T) {
	b := setup(t)
	b.walk(func(route string, v visit) {
		if !strings.Contains(route, ":id") {
			return
		}
		method, _, _ := strings.Cut(route, " ")
		parts := strings.Split(v.path, "/")
		at := 4 // /api/crm/<things>/<id>
		if parts[2] != "crm" {
			at = 3
		}
		foreign := b.call(b.bolt, method, v.path, v.body).problem(404, "not_found")
		kind, _, _ := strings.Cut(parts[at], "_")
		for _, unknown := range []string{tenant.NewID(kind, b.acme.tenant.CreatedAt), "x", "inv_", strings.Repeat("9", 3000), "%00", "%ff", "..%2e", "'--", "a%20b"} {
			parts[at] = unknown
			if got := b.call(b.bolt, method, strings.Join(parts, "/"), v.body); got.Status != 404 || got.Raw != foreign.Raw {
				t.Errorf("%s: a foreign id answers %s, the unknown %.20q %d %s", route, foreign.Raw, unknown, got.Status, got.Raw)
			}
		}
	})
}

func TestIsolation_NamesOfTenantsInTheRequestMoveNothing(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	path := companies + "/" + company
	b.call(b.bolt, "GET", path, "", "X-Tenant-ID", string(b.acme.tenant.ID), "Cookie", "__Host-session="+b.acme.key).problem(404, "not_found")
	b.call(b.acme, "PATCH", path, `{"tenant_id":"`+string(b.bolt.tenant.ID)+`"}`).problem(400, "unknown_field")
	b.call(b.acme, "PATCH", path, `{"id":"com_x"}`).problem(400, "unknown_field")
	b.call(b.acme, "GET", path, "").want(200)
}

func TestScopes_AreAskedForOnEveryRouteAndNamed(t *testing.T) {
	b := setup(t)
	doc := loadDocument(t)
	b.walk(func(route string, v visit) {
		method, pattern, _ := strings.Cut(route, " ")
		scope, _ := doc.Paths.Value(braces.ReplaceAllString(pattern, "{$1}")).GetOperation(method).Extensions["x-scope"].(string)
		var others []tenant.Scope
		for _, s := range tenant.Scopes {
			if string(s) != scope {
				others = append(others, s)
			}
		}
		got := b.call(party{key: b.key(b.acme.tenant.ID, others...)}, method, v.path, v.body).problem(403, "scope_missing")
		if scope == "" || !strings.Contains(got.Body["detail"].(string), scope+";") {
			t.Errorf("%s needs %q and says: %s", route, scope, got.Raw)
		}
		// Brand reading is what the key made by POST /api/keys gets, and nobody can give what they lack.
		b.call(party{key: b.key(b.acme.tenant.ID, tenant.Scope(scope), tenant.ScopeBrandRead)}, method, v.path, v.body).want(v.status)
	})
}

func TestKey_IsTakenFromOneHeaderOnly(t *testing.T) {
	b := setup(t)
	secret := b.acme.key
	refused := map[string]func(*http.Request){
		"in the query": func(r *http.Request) { r.URL.RawQuery = "api_key=" + secret },
		"in the query beside a header": func(r *http.Request) {
			r.URL.RawQuery = "api_key=" + secret
			r.Header.Set("Authorization", "Bearer "+secret)
		},
		"escaped in the query": func(r *http.Request) {
			r.URL.RawQuery = "api_key=%74hk_" + secret[4:]
			r.Header.Set("Authorization", "Bearer "+secret)
		},
		"twice": func(r *http.Request) {
			r.Header.Add("Authorization", "Bearer "+secret)
			r.Header.Add("Authorization", "Bearer "+secret)
		},
		"as basic":    func(r *http.Request) { r.SetBasicAuth(secret, "") },
		"as a cookie": func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "key", Value: secret}) },
		"bare":        func(r *http.Request) { r.Header.Set("Authorization", secret) },
	}
	for name, set := range refused {
		r := httptest.NewRequest("GET", companies, nil)
		set(r)
		if got := b.send(r); got.Status != 401 || strings.Contains(got.Raw, secret) {
			t.Errorf("a key %s: %d %s", name, got.Status, got.Raw)
		}
	}
	if strings.Contains(b.log.String(), secret) {
		t.Error("a key is in the log")
	}
	b.call(party{}, "GET", companies, "", "Authorization", "bearer "+secret).want(200)
}

func TestKey_OfASuspendedTenantIsRefused(t *testing.T) {
	b := setup(t)
	b.call(b.acme, "GET", companies, "").want(200)
	visits := b.visits()
	if _, err := b.tenants.Suspend(t.Context(), b.acme.tenant.ID); err != nil {
		t.Fatal(err)
	}
	for route, v := range visits {
		method, _, _ := strings.Cut(route, " ")
		if got := b.call(b.acme, method, v.path, v.body).problem(403, "tenant_suspended"); v.canary != "" && strings.Contains(got.Raw, v.canary) {
			t.Errorf("%s shows %s", route, v.canary)
		}
	}
	b.call(b.bolt, "GET", companies, "").want(200)
}

func TestLimits_AreSpentPerKeyAndPerRefusedAddress(t *testing.T) {
	b := setup(t)
	b.limits.closed = "key:"
	if got := b.call(b.acme, "GET", companies, "").problem(429, "rate_limited"); got.Header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After %q, want 3", got.Header.Get("Retry-After"))
	}
	b.call(party{}, "GET", companies, "").problem(401, "unauthorized")
	b.limits.closed = "unauthorized:203.0.113.7"
	b.call(party{}, "GET", companies, "").problem(429, "rate_limited")
	b.call(b.acme, "GET", companies, "").want(200)
	b.limits.closed, b.limits.err = "key:", http.ErrServerClosed
	b.call(b.acme, "GET", companies, "").want(200) // a limiter that is away closes nothing
}
