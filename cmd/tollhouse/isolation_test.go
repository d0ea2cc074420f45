package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// guarded says how a portal route is guarded.
type guarded int

const (
	public  guarded = iota // anybody may ask; the answer holds nobody's data
	private                // needs a session; the answer is its company's
	acting                 // needs a session; the answer leads elsewhere and holds nobody's data
)

// portalRoutes says how each route is guarded and how to call it for a client. A route that is missing here fails the test.
var portalRoutes = map[string]struct {
	guard guarded
	path  func(c client) string
	code  int // for whoever may
}{
	"GET /":                        {public, at("/"), 303},
	"GET /portal":                  {public, at("/portal"), 303},
	"GET /portal/":                 {private, at("/portal/"), 200},
	"GET /portal/invoices":         {private, at("/portal/invoices?tab=all"), 200},
	"GET /portal/invoices/:id":     {private, func(c client) string { return "/portal/invoices/" + c.invoice }, 200},
	"GET /portal/activity":         {private, at("/portal/activity"), 200},
	"GET /portal/activity.csv":     {private, at("/portal/activity.csv"), 200},
	"GET /portal/l/:token":         {public, at("/portal/l/" + strings.Repeat("A", 43)), 404},
	"POST /portal/l/:token":        {public, at("/portal/l/" + strings.Repeat("A", 43)), 404},
	"POST /portal/l/:token/resend": {public, at("/portal/l/" + strings.Repeat("A", 43) + "/resend"), 303},
	"GET /portal/l/:token/ask":     {public, at("/portal/l/" + strings.Repeat("A", 43) + "/ask"), 200},
	"POST /portal/l/:token/ask":    {public, at("/portal/l/" + strings.Repeat("A", 43) + "/ask"), 422},
	"GET /portal/access-asked":     {public, at("/portal/access-asked"), 200},
	"GET /portal/preview/:token":   {public, at("/portal/preview/" + strings.Repeat("A", 43)), 404},
	"POST /portal/preview/:token":  {public, at("/portal/preview/" + strings.Repeat("A", 43)), 404},
	"POST /portal/end-preview":     {public, at("/portal/end-preview"), 303},
	"GET /portal/preview-ended":    {public, at("/portal/preview-ended"), 200},
	"GET /portal/payments":         {private, at("/portal/payments"), 200},
	"GET /portal/methods":          {private, at("/portal/methods"), 200},
	"GET /portal/people":           {private, at("/portal/people"), 200},
	"POST /portal/more":            {acting, at("/portal/more"), 303},
	"POST /portal/people":          {acting, at("/portal/people"), 422},
	"GET /portal/sign-in":          {public, at("/portal/sign-in"), 200},
	"POST /portal/sign-in":         {public, at("/portal/sign-in"), 422},
	"POST /portal/sign-in/code":    {public, at("/portal/sign-in/code"), 422},
	"GET /portal/sign-in/sent":     {public, at("/portal/sign-in/sent"), 200},
	"POST /portal/sign-out":        {public, at("/portal/sign-out"), 303},
	"GET /portal/signed-out":       {public, at("/portal/signed-out"), 200},
	"GET /portal/test":             {public, at("/portal/test"), 200},
	"GET /brand/:file":             {public, at("/brand/0000000000000000.css"), 200},
	"GET /brand/:file/:hash":       {public, at("/brand/logo/" + strings.Repeat("0", 64)), 404},
	"GET /assets/:file":            {public, at("/assets/none.css"), 404},
	"GET /favicon.ico":             {public, at("/favicon.ico"), 0},
	"GET /robots.txt":              {public, at("/robots.txt"), 200},

	"GET /portal/pay":                  {private, func(c client) string { return "/portal/pay?invoice=" + c.invoice }, 200},
	"POST /portal/pay":                 {private, at("/portal/pay"), 422},
	"GET /portal/payments/:id":         {private, func(c client) string { return "/portal/payments/" + c.payment }, 200},
	"GET /portal/payments/:id/state":   {acting, func(c client) string { return "/portal/payments/" + c.payment + "/state" }, 200},
	"GET /portal/payments/:id/confirm": {acting, func(c client) string { return "/portal/payments/" + c.payment + "/confirm" }, 303},
	"POST /portal/payments/:id/cancel": {acting, func(c client) string { return "/portal/payments/" + c.payment + "/cancel" }, 303},
	"GET /portal/add-method/:kind":     {acting, at("/portal/add-method/card"), 303},
	"POST /portal/add-method/:kind":    {acting, at("/portal/add-method/bank"), 303},
	"GET /portal/method-back":          {acting, at("/portal/method-back"), 303},
	"GET /portal/methods/:id":          {acting, methodPath(""), 303},
	"POST /portal/methods/:id":         {acting, methodPath(""), 303},
	"POST /portal/methods/:id/default": {acting, methodPath("/default"), 303},
	"GET /portal/methods/:id/remove":   {private, methodPath("/remove"), 200},
	"POST /portal/methods/:id/remove":  {acting, methodPath("/remove"), 303},

	"GET /portal/confirm":                        {private, at("/portal/confirm"), 200},
	"POST /portal/confirm":                       {private, at("/portal/confirm"), 422},
	"POST /portal/confirm/send":                  {acting, at("/portal/confirm/send"), 303},
	"POST /portal/account/details":               {private, at("/portal/account/details"), 422},
	"GET /portal/account/email":                  {acting, at("/portal/account/email"), 303},
	"POST /portal/account/email":                 {acting, at("/portal/account/email"), 303},
	"POST /portal/account/email/code":            {acting, at("/portal/account/email/code"), 303},
	"GET /portal/account":                        {private, at("/portal/account"), 200},
	"POST /portal/account/sessions/:id/sign-out": {acting, func(c client) string { return "/portal/account/sessions/" + c.session + "/sign-out" }, 303},
	"GET /portal/companies":                      {acting, at("/portal/companies"), 303},
	"POST /portal/companies/:id":                 {acting, func(c client) string { return "/portal/companies/" + c.contact.ID }, 404},
	"POST /portal/account/sign-out-everywhere":   {acting, at("/portal/account/sign-out-everywhere"), 303},
}

// methodPath is a page of the way to pay that a client has saved.
func methodPath(rest string) func(client) string {
	return func(c client) string { return "/portal/methods/" + c.method + rest }
}

func at(path string) func(client) string { return func(client) string { return path } }

func TestIsolation_EveryPortalRouteAgainstEveryActor(t *testing.T) {
	f := newFleet(t, 1, nil)
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta")
	c := f.client(f.nodes[0])
	mine, neighbour := alpha.clients[0], alpha.clients[1]
	own, sibling := f.signIn(t, c, alpha, mine), f.signIn(t, c, alpha, neighbour)
	foreign := f.signIn(t, c, beta, beta.clients[0])
	revoked := f.signIn(t, c, alpha, mine)
	revokeNewest(t, f, alpha, mine)
	mine.session, mine.method = f.spareSession(t, c, alpha, mine), f.savedMethod(t, alpha, mine)
	mine.payment = f.paidInCash(t, alpha, mine.invoice)

	for _, route := range f.nodes[0].portal.Routes() {
		name := route.Method + " " + route.Pattern
		t.Run(name, func(t *testing.T) {
			spec, known := portalRoutes[name]
			if !known {
				t.Fatal("is not in the table: say how it is guarded")
			}
			url := "https://" + alpha.host + spec.path(mine)
			call := func(url string, cookie ...string) answer {
				return ask(t, c, route.Method, url, "", append(cookie, "Sec-Fetch-Site: same-origin", "Content-Type: application/x-www-form-urlencoded")...)
			}
			if spec.guard == public {
				r := call(url)
				if spec.code != 0 && r.StatusCode != spec.code {
					t.Errorf("%s, want %d", r.Status, spec.code)
				}
				noCanary(t, r, alpha, beta)
				return
			}
			for actor, cookie := range map[string][]string{"nobody": nil, "another tenant's client": {foreign}, "a revoked session": {revoked},
				"a made-up session": {"Cookie: __Host-bp=" + strings.Repeat("B", 43)}, "two sessions": {own, sibling}} {
				r := call(url, cookie...)
				if r.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s: %s, want 401", actor, r.Status)
				}
				noCanary(t, r, alpha, beta)
			}
			// Its own session on another host of the same tenant.
			r := call("https://"+alpha.other+spec.path(mine), own)
			if r.StatusCode != http.StatusUnauthorized {
				t.Errorf("on another host: %s, want 401", r.Status)
			}
			noCanary(t, r, alpha, beta)
			// Another client of the same tenant, with this client's path.
			r = call(url, sibling)
			if strings.Contains(route.Pattern, ":id") {
				path := strings.NewReplacer(mine.invoice, "inv_00000000000000000000000000", mine.session, "ses_00000000000000000000000000", mine.method, "pmt_00000000000000000000000000", mine.payment, "pay_00000000000000000000000000", mine.contact.ID, "con_00000000000000000000000000").Replace(spec.path(mine))
				random := call("https://"+alpha.host+path, sibling)
				if r.StatusCode != http.StatusNotFound || withoutID(r) != withoutID(random) {
					t.Errorf("a foreign id: %s, want the same 404 as for an unknown one", r.Status)
				}
			}
			if strings.Contains(r.body, mine.canary) {
				t.Errorf("another client reads %s", mine.canary)
			}
			// The control comes last, so that the refusals above did not break it.
			if spec.guard == acting {
				if r := call(url, own); r.StatusCode != spec.code {
					t.Errorf("control: %s, want %d", r.Status, spec.code)
				}
				own, sibling = f.signIn(t, c, alpha, mine), f.signIn(t, c, alpha, neighbour)
				mine.session = f.spareSession(t, c, alpha, mine)
				return
			}
			if r := call(url, own); r.StatusCode != spec.code || !strings.Contains(r.body, mine.canary) {
				t.Errorf("control: %s with its own data %t, want %d with it", r.Status, strings.Contains(r.body, mine.canary), spec.code)
			} else if strings.Contains(r.body, neighbour.canary) || strings.Contains(r.body, beta.clients[0].canary) {
				t.Error("the page holds another client's data")
			}
		})
	}
	if r := ask(t, c, "GET", "https://"+alpha.host+"/portal/invoices/"+mine.draft, "", own); r.StatusCode != http.StatusNotFound {
		t.Errorf("its own draft: %s, want 404", r.Status)
	}
}

// withoutID is a page without what differs by design: the request id that it shows.
func withoutID(r answer) string {
	return strings.ReplaceAll(r.body, r.Header.Get("X-Request-Id"), "")
}

func noCanary(t *testing.T, r answer, all ...*business) {
	t.Helper()
	for _, b := range all {
		for _, c := range b.clients {
			if strings.Contains(r.body+fmt.Sprint(r.Header), c.canary) {
				t.Errorf("%s %s leaks %s", r.Request.Method, r.Request.URL.Path, c.canary)
			}
		}
	}
}

// spareSession signs a client in once more and returns the session's id.
func (f *fleet) spareSession(t *testing.T, c *http.Client, b *business, who client) string {
	t.Helper()
	f.signIn(t, c, b, who)
	list, err := f.nodes[0].access.Sessions(context.Background(), b.ID, access.SessionQuery{ContactID: who.contact.ID, Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return list[0].ID
}

func revokeNewest(t *testing.T, f *fleet, b *business, c client) {
	t.Helper()
	list, err := f.nodes[0].access.Sessions(context.Background(), b.ID, access.SessionQuery{ContactID: c.contact.ID, Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := f.nodes[0].access.RevokeSession(context.Background(), b.ID, list[0].ID, access.Actor{Kind: "api"}); err != nil {
		t.Fatal(err)
	}
}

// apiRoutes says how to call each route of the API about a client. A route that is missing here fails the test.
var apiRoutes = map[string]struct {
	path string // %c company, %p contact, %i invoice, %s session, %o domain, %k key, %m mail, %x connection, %y payment
	body string
	code int // for the tenant's own key
}{
	"POST /api/crm/companies":                    {"", `{"name":"New","currency":"USD"}`, 201},
	"GET /api/crm/companies":                     {"", "", 200},
	"GET /api/crm/companies/:id":                 {"%c", "", 200},
	"PATCH /api/crm/companies/:id":               {"%c", `{"reference":"R-1"}`, 200},
	"POST /api/crm/contacts":                     {"", `{"company_id":"%c","name":"N","email":"n%n@client.test"}`, 201},
	"GET /api/crm/contacts":                      {"", "", 200},
	"GET /api/crm/contacts/:id":                  {"%p", "", 200},
	"PATCH /api/crm/contacts/:id":                {"%p", `{"locale":"en-GB"}`, 200},
	"POST /api/crm/contacts/:id/clear-bounce":    {"%p", "", 200},
	"POST /api/crm/contacts/:id/portal-link":     {"%p", `{"send_email":false}`, 201},
	"POST /api/crm/contacts/:id/preview-session": {"%p", `{"reason":"a call"}`, 201},
	"GET /api/crm/access-requests":               {"", "", 200},
	"POST /api/crm/access-requests/:id/approve":  {"%a", `{"role":"viewer"}`, 200},
	"POST /api/crm/access-requests/:id/dismiss":  {"%b", "", 200},
	"POST /api/crm/invoices":                     {"", `{"company_id":"%c","lines":[{"description":"L","quantity":"1","unit_amount":{"amount":100,"currency":"USD"}}]}`, 201},
	"GET /api/crm/invoices":                      {"", "", 200},
	"GET /api/crm/invoices/:id":                  {"%i", "", 200},
	"POST /api/crm/invoices/:id/send":            {"%i", "", 200},
	"POST /api/crm/invoices/:id/void":            {"%d", `{"reason":"x"}`, 200},
	"POST /api/crm/invoices/:id/payments":        {"%i", `{"amount":{"amount":1,"currency":"USD"},"method":"Cash"}`, 201},
	"POST /api/crm/client-portal-sessions":       {"", `{"contact_id":"%p"}`, 201},
	"GET /api/crm/client-portal-sessions":        {"", "", 200},
	"GET /api/crm/client-portal-sessions/:id":    {"%s", "", 200},
	"DELETE /api/crm/client-portal-sessions/:id": {"%s", "", 204},
	"GET /api/crm/audit-events":                  {"", "", 200},
	"GET /api/crm/audit-events/head":             {"", "", 200},
	"GET /api/crm/mails":                         {"", "", 200},
	"GET /api/crm/mails/:id":                     {"%m", "", 200},
	"GET /api/crm/payments":                      {"", "", 200},
	"GET /api/crm/payments/:id":                  {"%y", "", 200},
	"POST /api/crm/payments/:id/refunds":         {"%y", "", 409}, // no processor received it
	"GET /api/crm/companies/:id/credit":          {"%c", "", 200},
	"POST /api/crm/invoices/:id/apply-credit":    {"%i", "", 422}, // there is none
	"POST /api/payment-connections":              {"", `{"processor":"stripe","publishable_key":"pk_test_x","secret_key":"sk_test_x"}`, 422},
	"GET /api/payment-connections":               {"", "", 200},
	"GET /api/payment-connections/:id":           {"%x", "", 200},
	"PATCH /api/payment-connections/:id":         {"%x", `{"secret_key":"sk_test_x"}`, 422},
	"POST /api/payment-connections/:id/test":     {"%x", "", 200},
	"DELETE /api/payment-connections/:id":        {"%x", "", 200},
	"GET /api/brand":                             {"", "", 200},
	"PATCH /api/brand":                           {"", `{"footer_text":"x"}`, 200},
	"GET /api/brand/logo":                        {"", "", 404},
	"PUT /api/brand/logo":                        {"", "not an image", 422},
	"DELETE /api/brand/logo":                     {"", "", 204},
	"GET /api/settings":                          {"", "", 200},
	"PATCH /api/settings":                        {"", `{"log_visitors":true}`, 200},
	"GET /api/settings/sender":                   {"", "", 200},
	"PUT /api/settings/sender":                   {"", `{"address":"billing@sender.test"}`, 200},
	"POST /api/settings/sender/check":            {"", "", 200},
	"POST /api/settings/sender/rotate":           {"", "", 200},
	"DELETE /api/settings/sender":                {"", "", 204},
	"POST /api/domains":                          {"", `{"host":"pay.both.test"}`, 201},
	"GET /api/domains":                           {"", "", 200},
	"GET /api/domains/:id":                       {"%o", "", 200},
	"POST /api/domains/:id/check":                {"%o", "", 200},
	"DELETE /api/domains/:id":                    {"%o", "", 200},
	"POST /api/keys":                             {"", `{"name":"K","scopes":["brand:read"]}`, 201},
	"GET /api/keys":                              {"", "", 200},
	"DELETE /api/keys/:id":                       {"%k", "", 204},
	"GET /api/openapi.json":                      {"", "", 200},
}

func TestIsolation_EveryAPIRouteAgainstEveryKey(t *testing.T) {
	f := newFleet(t, 1, nil)
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta")
	c := f.client(f.nodes[0])
	mine := alpha.clients[0]
	ctx := context.Background()
	_, spare, err1 := f.nodes[0].tenants.CreateKey(ctx, alpha.ID, "spare", nil)
	dead, deadKey, err2 := f.nodes[0].tenants.CreateKey(ctx, alpha.ID, "dead", nil)
	if err := errors.Join(err1, err2, f.nodes[0].tenants.RevokeKey(ctx, alpha.ID, deadKey.ID)); err != nil {
		t.Fatal(err)
	}
	minted, err := f.nodes[0].access.Mint(ctx, alpha.Tenant, access.MintRequest{ContactID: mine.contact.ID})
	if err != nil {
		t.Fatal(err)
	}
	domain, err := f.nodes[0].tenants.AddDomain(ctx, alpha.ID, tenant.MustParseHostname(mine.canary+".test")) // one that stays when it is given up
	if err != nil {
		t.Fatal(err)
	}
	mail := one[string](t, f, `SELECT id FROM mails WHERE tenant_id = $1 AND contact_id = $2 ORDER BY id LIMIT 1`, string(alpha.ID), mine.contact.ID)
	approved, dismissed := f.askedFor(t, alpha, mine), f.askedFor(t, alpha, mine)
	connection, _ := f.connected(t, alpha)
	payment := f.paidInCash(t, alpha, mine.invoice)
	n := 0
	for _, route := range f.nodes[0].api.Routes() {
		name := route.Method + " " + route.Pattern
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(route.Pattern, "/webhooks/") {
				return // processors have no key: they sign
			}
			spec, known := apiRoutes[name]
			if !known {
				t.Fatal("is not in the table: say how to call it")
			}
			n++
			fill := strings.NewReplacer("%a", approved, "%b", dismissed, "%c", mine.company.ID, "%p", mine.contact.ID, "%i", mine.invoice, "%d", mine.draft, "%s", minted.Session.ID, "%o", domain.ID, "%k", spare.ID, "%m", mail, "%x", connection, "%y", payment, "%n", fmt.Sprint(n))
			url := "https://api." + fleetDomain + strings.Replace(route.Pattern, ":id", fill.Replace(spec.path), 1)
			body := fill.Replace(spec.body)
			call := func(key string) answer {
				header := []string{"Content-Type: application/json"}
				if strings.HasSuffix(route.Pattern, "/logo") {
					header[0] = "Content-Type: image/png"
				}
				if key != "" {
					header = append(header, "Authorization: Bearer "+key)
				}
				return ask(t, c, route.Method, url, body, header...)
			}
			if route.Pattern == "/api/openapi.json" {
				return
			}
			unknown := withoutID(call("thk_live_" + strings.Repeat("0", 70)))
			for actor, key := range map[string]string{"nobody": "", "a revoked key": dead, "a mangled key": alpha.key[:len(alpha.key)-1] + "!"} {
				if r := call(key); r.StatusCode != http.StatusUnauthorized || actor != "nobody" && withoutID(r) != unknown {
					t.Errorf("%s: %s, want the same 401 for all", actor, r.Status)
				}
			}
			r := call(beta.key)
			noCanary(t, r, alpha)
			if strings.Contains(spec.path+spec.body, "%") && r.StatusCode != http.StatusNotFound {
				t.Errorf("another tenant's key with these ids: %s, want 404", r.Status)
			}
			if r := call(alpha.key); r.StatusCode != spec.code {
				t.Errorf("control: %s, want %d\n%s", r.Status, spec.code, r.body)
			} else {
				noCanary(t, r, beta)
			}
		})
	}
}
