package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"tollhouse/portal/access"
)

// colleague gives a client's company another contact and signs them in.
func (f *fleet) colleague(t *testing.T, c *http.Client, b *business, of client, role access.Role) string {
	t.Helper()
	who := client{company: of.company}
	var err error
	if who.contact, err = f.nodes[0].clients.CreateContact(context.Background(), b.ID, access.Actor{Kind: "operator", ID: "test"}, access.Contact{
		CompanyID: of.company.ID, Name: "Colleague", Email: string(role) + "@elsewhere.test", Role: role, Status: "active"}); err != nil {
		t.Fatal(err)
	}
	return f.signIn(t, c, b, who)
}

// Who only signs sees nothing of money or people on any route, and who only reads asks for nobody; new routes are walked as they come.
func TestIsolation_EveryPortalRouteAgainstRolesThatMayLess(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, mine := f.client(f.nodes[0]), b.clients[0]
	payer := f.signIn(t, c, b, mine)
	secrets := []string{mine.invoice, "Title " + mine.canary, "Line " + mine.canary, "Notes " + mine.canary, mine.contact.Name, mine.contact.Email}
	leaks := func(r answer) (found []string) {
		for _, secret := range secrets {
			if strings.Contains(r.body, secret) {
				found = append(found, secret)
			}
		}
		return found
	}
	call := func(method, path, cookie string) answer {
		return ask(t, c, method, "https://"+b.host+path, "", cookie, "Sec-Fetch-Site: same-origin", formType)
	}
	shown := 0
	for _, route := range f.nodes[0].portal.Routes() {
		spec := portalRoutes[route.Method+" "+route.Pattern]
		if spec.path == nil || spec.guard == public {
			continue
		}
		path := spec.path(mine)
		signer := f.colleague(t, c, b, mine, access.Signer)
		if r := call(route.Method, path, signer); len(leaks(r)) > 0 || r.StatusCode >= 500 {
			t.Errorf("%s %s shows a signer %q: %s", route.Method, path, leaks(r), r.Status)
		}
		f.exec(t, b, `UPDATE contacts SET status = 'removed' WHERE tenant_id = $1 AND role = 'signer'`, b.ID)
		if route.Method == http.MethodGet && len(leaks(call(route.Method, path, payer))) > 0 {
			shown++
		}
	}
	if shown < 5 {
		t.Errorf("control: only %d pages show a payer any of it", shown)
	}
	viewer := f.colleague(t, c, b, mine, access.Viewer)
	for path, want := range map[string]int{"/portal/": 200, "/portal/invoices/" + mine.invoice: 200, "/portal/activity.csv": 200, "/portal/people": 404} {
		if r := call("GET", path, viewer); r.StatusCode != want {
			t.Errorf("a viewer at %s: %s, want %d", path, r.Status, want)
		}
	}
	if r := press(t, c, "https://"+b.host+"/portal/people", "email=guest%40client.test", viewer); r.StatusCode != http.StatusNotFound {
		t.Errorf("a viewer asks for a colleague: %s, want 404", r.Status)
	}
	if n := f.count(t, b, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL AND company_id <> $2`, b.ID, mine.company.ID); n != 0 {
		t.Errorf("%d invoices of others count as viewed", n)
	}
}
