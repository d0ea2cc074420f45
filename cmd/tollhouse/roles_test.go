package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// roleReader is one contact's session, read on several nodes.
type roleReader struct {
	b       *business
	clients []*http.Client // one for each node
	session string
	invoice string
	secrets []string // what only those who may see invoices are shown
}

// pages are the pages that show invoices or speak of them, with the answer to who may see them; the second is to who may not.
func (r *roleReader) pages() map[string][2]int {
	return map[string][2]int{"/portal/": {200, 200}, "/portal/invoices": {200, 200}, "/portal/invoices?tab=all": {200, 200}, "/portal/invoices?tab=paid": {200, 200},
		"/portal/invoices/" + r.invoice: {200, 404}, "/portal/activity": {200, 200}, "/portal/activity?what=paid": {200, 200}, "/portal/activity.csv": {200, 200},
		"/portal/account": {200, 200}}
}

// told are the pages on a node that hold a secret.
func (r *roleReader) told(t *testing.T, node int, may bool) (pages []string) {
	t.Helper()
	for path, codes := range r.pages() {
		a := ask(t, r.clients[node], "GET", "https://"+r.b.host+path, "", r.session)
		want := codes[1]
		if may {
			want = codes[0]
		}
		if a.StatusCode != want {
			t.Errorf("%s on node %d: %s, want %d", path, node, a.Status, want)
		}
		if slices.ContainsFunc(r.secrets, func(s string) bool { return strings.Contains(a.body, s) }) {
			pages = append(pages, path)
		}
	}
	slices.Sort(pages)
	return pages
}

// A viewer reads and takes along what a payer does; a signer finds no trace of an invoice, of what it comes to, or of who paid it. A role that is
// changed counts at the next request on every node, whatever a node keeps of the session.
func TestRoles_DecideOnEveryNodeAtOnceWhoSeesInvoices(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "alpha")
	payer := b.clients[0]
	f.paidInCash(t, b, payer.invoice)
	number := f.api(t, b, "GET", "/api/crm/invoices/"+payer.invoice, "", http.StatusOK)["number"].(string)
	colleague := payer
	colleague.contact.ID = f.api(t, b, "POST", "/api/crm/contacts",
		fmt.Sprintf(`{"company_id":%q,"name":"Bo","email":"bo@client.test","role":"viewer"}`, payer.company.ID), http.StatusCreated)["id"].(string)
	reader := &roleReader{b: b, clients: []*http.Client{f.client(f.nodes[0]), f.client(f.nodes[1])}, invoice: payer.invoice,
		secrets: []string{payer.invoice, number, "Title " + payer.canary, "Line " + payer.canary, "$100.00", "$99.99", "$0.01", "100.00", "99.99", payer.draft}}
	paid := f.signIn(t, reader.clients[0], b, payer) // the payer is at work too, and the log says so
	ask(t, reader.clients[0], "GET", "https://"+b.host+"/portal/invoices/"+payer.invoice, "", paid)
	reader.session = f.signIn(t, reader.clients[0], b, colleague)
	shown := []string{"/portal/", "/portal/activity", "/portal/activity.csv", "/portal/activity?what=paid", "/portal/invoices", "/portal/invoices/" + payer.invoice, "/portal/invoices?tab=all"}
	change := func(role string) {
		t.Helper()
		f.api(t, b, "PATCH", "/api/crm/contacts/"+colleague.contact.ID, fmt.Sprintf(`{"role":%q}`, role), http.StatusOK)
	}
	for _, step := range []struct {
		role string
		sees []string
	}{{"viewer", shown}, {"signer", nil}, {"payer", shown}, {"signer", nil}, {"viewer", shown}} {
		change(step.role)
		for node := range f.nodes { // each has the session warm from the step before
			if got := reader.told(t, node, step.sees != nil); !slices.Equal(got, step.sees) {
				t.Errorf("a %s on node %d sees invoices on %q, want %q", step.role, node, got, step.sees)
			}
			people := ask(t, reader.clients[node], "GET", "https://"+b.host+"/portal/people", "", reader.session)
			if want := map[bool]int{true: 200, false: 404}[step.role == "payer"]; people.StatusCode != want {
				t.Errorf("a %s on node %d asks for the people: %s, want %d", step.role, node, people.Status, want)
			}
		}
	}
}
