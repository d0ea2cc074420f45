package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// endings are the ways in which a session comes to its end, or ought not to have been one in the first place.
var endings = map[string]func(t *testing.T, f *fleet, b *business, who client, session string){
	"signing out": func(t *testing.T, f *fleet, b *business, _ client, session string) {
		if r := press(t, f.client(f.nodes[0]), "https://"+b.host+"/portal/sign-out", "", session); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s", r.Status)
		}
	},
	"signing out everywhere, from another browser": func(t *testing.T, f *fleet, b *business, who client, _ string) {
		c := f.client(f.nodes[0])
		other := f.signIn(t, c, b, who)
		if r := press(t, c, "https://"+b.host+"/portal/account/sign-out-everywhere", "", other); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s", r.Status)
		}
	},
	"another address": changed(func(c *access.Contact) { c.Email = "moved-" + c.Email }),
	"disabling":       changed(func(c *access.Contact) { c.Status = "disabled" }),
	"removal":         changed(func(c *access.Contact) { c.Status = "removed" }),
	"portal off": func(t *testing.T, f *fleet, b *business, who client, _ string) {
		_, err := f.nodes[0].clients.UpdateCompany(t.Context(), b.ID, access.Actor{Kind: "operator"}, who.company.ID,
			func(c *access.Company) error { c.PortalEnabled = false; return nil })
		if err != nil {
			t.Fatal(err)
		}
	},
	"disabling, in the record alone":  inRecord(`UPDATE contacts SET status = 'disabled' WHERE tenant_id = $1 AND id = $2`),
	"removal, in the record alone":    inRecord(`UPDATE contacts SET status = 'removed' WHERE tenant_id = $1 AND id = $2`),
	"portal off, in the record alone": inRecord(`UPDATE companies k SET portal_enabled = false FROM contacts c WHERE k.tenant_id = $1 AND c.tenant_id = $1 AND c.id = $2 AND k.id = c.company_id`),
	"the tenant's own call":           func(t *testing.T, f *fleet, b *business, who client, _ string) { revokeNewest(t, f, b, who) },
	"its time": func(t *testing.T, f *fleet, b *business, _ client, _ string) {
		f.exec(t, b, `UPDATE crm_client_portal_sessions SET expires_at = app_now() WHERE tenant_id = $1 AND revoked_at IS NULL`, b.ID)
	},
}

func changed(change func(*access.Contact)) func(*testing.T, *fleet, *business, client, string) {
	return func(t *testing.T, f *fleet, b *business, who client, _ string) {
		t.Helper()
		_, err := f.nodes[0].clients.UpdateContact(context.Background(), b.ID, access.Actor{Kind: "operator"}, who.contact.ID,
			func(c *access.Contact) error { change(c); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// inRecord changes who may enter and leaves the rows of sessions, and their copies, as they are: like a change that another program made, and that ended
// no session itself. What stands in the record decides alone.
func inRecord(q string) func(*testing.T, *fleet, *business, client, string) {
	return func(t *testing.T, f *fleet, b *business, who client, _ string) {
		t.Helper()
		f.exec(t, b, q, b.ID, who.contact.ID)
		if n := f.count(t, b, `SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND contact_id = $2 AND revoked_at IS NULL
			AND expires_at > app_now()`, b.ID, who.contact.ID); n != 1 {
			t.Fatalf("control: %d sessions are live in their own rows, want 1", n)
		}
	}
}

// replayed is what the cookie of before finds at a node: pages, a file, and what it would change. None of them may take it.
func (f *fleet) replayed(t *testing.T, n *fleetNode, host string, who client, session string) {
	t.Helper()
	c := f.client(n)
	defer c.CloseIdleConnections()
	for _, path := range []string{"/portal/", "/portal/invoices", "/portal/invoices/" + who.invoice, "/portal/activity", "/portal/activity.csv", "/portal/account",
		"/portal/companies", "/portal/people", "/portal/confirm", "/portal/account/email"} {
		if r := ask(t, c, "GET", "https://"+host+path, "", session); r.StatusCode != http.StatusUnauthorized || strings.Contains(r.body, who.canary) {
			t.Errorf("%s on %s: %s", path, host, r.Status)
		}
	}
	for path, form := range map[string]string{"/portal/account/sign-out-everywhere": "", "/portal/confirm": "code=2222-2222", "/portal/confirm/send": "",
		"/portal/people": "email=guest%40client.test", "/portal/account/details": "name=Mallory&locale=de", "/portal/account/email": "email=m%40client.test",
		"/portal/account/email/code": "code=2222-2222", "/portal/companies/" + who.contact.ID: ""} {
		if r := press(t, c, "https://"+host+path, form, session); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("POST %s on %s: %s", path, host, r.Status)
		}
	}
}

// Each ending is heard at the very next request, at the node that did it and at the other, whose copies in memory and in Redis are warm.
func TestReplay_OfAnEndedSessionIsRefusedOnEveryNodeAtOnce(t *testing.T) {
	f := newFleet(t, 2, nil)
	businesses := map[string]*business{}
	for name := range endings {
		businesses[name] = f.addBusiness(t, "b"+strings.ToLower(strings.Map(letters, name)))
	}
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			b := businesses[name]
			who := b.clients[0]
			session, bystander := f.signIn(t, f.client(f.nodes[1]), b, who), f.signIn(t, f.client(f.nodes[1]), b, b.clients[1])
			for _, n := range f.nodes {
				for _, cookie := range []string{session, bystander} {
					if r := f.pageOn(t, n, b, cookie); r.StatusCode != http.StatusOK {
						t.Fatalf("control: %s", r.Status)
					}
				}
			}
			end(t, f, b, who, session)
			for _, n := range f.nodes {
				f.replayed(t, n, b.host, who, session)
				if r := f.pageOn(t, n, b, bystander); name != "its time" && r.StatusCode != http.StatusOK {
					t.Errorf("another client's session ended as well: %s", r.Status)
				}
			}
		})
	}
}

func letters(c rune) rune {
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return c
	}
	return -1
}

func TestReplay_OnAnotherHostOrTenantIsRefusedOnEveryNode(t *testing.T) {
	f := newFleet(t, 2, nil)
	b, foreign := f.addBusiness(t, "acme"), f.addBusiness(t, "globex")
	session := f.signIn(t, f.client(f.nodes[0]), b, b.clients[0])
	for _, n := range f.nodes {
		for _, host := range []string{b.other, foreign.host, foreign.other} {
			f.replayed(t, n, host, b.clients[0], session)
		}
		if r := f.pageOn(t, n, b, session); r.StatusCode != http.StatusOK {
			t.Errorf("control: at home: %s", r.Status)
		}
	}
	// The host gets another epoch, as when it was given away and came back: what was handed out before opens nothing any more.
	before, ok := f.nodes[1].directory.Lookup(tenant.MustParseHostname(b.host))
	if !ok {
		t.Fatal("control: the host is not served")
	}
	epoch := before.Site().Epoch
	f.asSuperuser(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE domains SET epoch = epoch + 1 WHERE host = $1`, b.host)
		return err
	})
	for _, n := range f.nodes {
		waitFor(t, "the new epoch", func() bool {
			entry, ok := n.directory.Lookup(tenant.MustParseHostname(b.host))
			return ok && entry.Site().Epoch != epoch
		})
		f.replayed(t, n, b.host, b.clients[0], session)
	}
}

// refusesOn reports whether a node answers a session with 403. The suspension may cut the connection while it is asked: that is no answer yet.
func (f *fleet) refusesOn(t *testing.T, n *fleetNode, b *business, session string) bool {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://"+b.host+"/portal/", nil)
	if err != nil {
		t.Fatal(err)
	}
	name, value, _ := strings.Cut(session, ": ")
	r.Header.Set(name, value)
	response, err := f.client(n).Do(r)
	if err != nil {
		return false
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode == http.StatusForbidden
}

func TestReplay_AfterASuspensionIsRefusedOnEveryNode(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	session := f.signIn(t, f.client(f.nodes[0]), b, b.clients[0])
	if _, err := f.nodes[0].tenants.Suspend(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	for _, n := range f.nodes {
		waitFor(t, "the suspension", func() bool { return f.refusesOn(t, n, b, session) })
	}
	if _, err := f.nodes[0].tenants.Resume(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	for _, n := range f.nodes {
		waitFor(t, "the portal to be back", func() bool {
			return ask(t, f.client(n), "GET", "https://"+b.host+"/portal/test", "").StatusCode == http.StatusOK
		})
		f.replayed(t, n, b.host, b.clients[0], session)
	}
}
