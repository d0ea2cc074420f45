package main

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/mail/mailsink"
)

var switchForm = regexp.MustCompile(`action="(/portal/companies/[^"]+)"`)

// One mailbox serves a company of this tenant, another one of it, and one of another tenant.
func TestJourney_OneMailboxOfThreeCompanies(t *testing.T) {
	f := newFleet(t, 2, nil)
	b, elsewhere := f.addBusiness(t, "acme"), f.addBusiness(t, "globex")
	first, second, foreign := b.clients[0], b.clients[1], elsewhere.clients[0]
	address := first.contact.Email
	for owner, who := range map[*business]client{b: second, elsewhere: foreign} {
		_, err := f.nodes[0].clients.UpdateContact(t.Context(), owner.ID, access.Actor{Kind: "operator"}, who.contact.ID, func(c *access.Contact) error {
			c.Email = strings.ToUpper(address)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	c, home := f.client(f.nodes[0]), "https://"+b.host
	press := func(path, form string, header ...string) answer {
		t.Helper()
		return ask(t, c, "POST", home+path, form, append(header, "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin")...)
	}
	asked := press("/portal/sign-in", "email="+url.QueryEscape(address))
	in := redeem(t, c, f.mailTo(t, address, "sign-in link"), askCookie(t, asked))
	if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "/portal/companies" {
		t.Fatalf("signing in: %s to %q", in.Status, in.Header.Get("Location"))
	}
	session := sessionCookie(t, in)
	choice := ask(t, f.client(f.nodes[1]), "GET", home+"/portal/companies", "", session)
	forms := switchForm.FindAllStringSubmatch(choice.body, -1)
	if choice.StatusCode != http.StatusOK || len(forms) != 1 || forms[0][1] != "/portal/companies/"+second.contact.ID {
		t.Fatalf("the choice: %s, %v", choice.Status, forms)
	}
	noCanary(t, choice, elsewhere)
	if r := press("/portal/companies/"+foreign.contact.ID, "", session); r.StatusCode != http.StatusNotFound {
		t.Errorf("to another tenant's: %s, want 404", r.Status)
	}
	switched := press(forms[0][1], "", session)
	if switched.StatusCode != http.StatusSeeOther {
		t.Fatalf("switching: %s\n%s", switched.Status, switched.body)
	}
	after := sessionCookie(t, switched)
	for i, n := range f.nodes {
		if r := f.pageOn(t, n, b, session); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("node %d: the first session: %s, want 401", i, r.Status)
		}
		r := f.pageOn(t, n, b, after)
		if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Company "+second.canary) || strings.Contains(r.body, "Company "+first.canary) {
			t.Errorf("node %d: after the switch: %s", i, r.Status)
		}
	}
	for _, who := range []client{first, foreign} {
		if r := ask(t, c, "GET", home+"/portal/invoices/"+who.invoice, "", after); r.StatusCode != http.StatusNotFound {
			t.Errorf("an invoice of %s: %s, want 404", who.canary, r.Status)
		}
	}
	logins := 0
	for _, m := range f.sink.Messages() {
		if strings.EqualFold(m.To[0], address) && isLogin(m) {
			logins++
		}
	}
	if logins != 1 {
		t.Errorf("%d login mails for one address, want 1", logins)
	}
	if list, err := f.nodes[0].access.Sessions(context.Background(), b.ID, access.SessionQuery{CompanyID: first.company.ID, Limit: 10}); err != nil || len(list) != 1 || list[0].Status != "revoked" {
		t.Errorf("sessions of the first company: %+v, %v", list, err)
	}
}

func isLogin(m mailsink.Message) bool { return strings.Contains(m.Subject, "sign-in link") }
