package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/mail/mailsink"
)

// Whoever was handed a link asks for access of their own: the tenant and the company's payer are mailed, and only the tenant's word lets them in.
func TestAskAccess_IsMailedToWhoMayKnowAndGrantedByTheTenantOnly(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	f.exec(t, b, `UPDATE tenants SET support_email = 'help@alpha.test' WHERE id = $1`, b.ID)
	c, who := f.client(f.nodes[0]), b.clients[0]
	link := f.mint(t, b, who).URL
	const asker = "handed.on@elsewhere.test"
	if r := press(t, c, link+"/ask", "name=Mallory&email="+url.QueryEscape(asker)); r.StatusCode != http.StatusSeeOther {
		t.Fatal(r.Status, r.body)
	}
	told := func() (to []string) {
		for _, m := range f.sink.Messages() {
			if strings.Contains(m.Subject, asker) {
				to = append(to, m.To...)
				if strings.Contains(m.Text+m.HTML, "Mallory") || strings.Contains(m.Text, "/portal/l/") {
					t.Errorf("the mail repeats what a stranger typed, or holds a link:\n%s", m.Text)
				}
			}
		}
		slices.Sort(to)
		return to
	}
	waitFor(t, "the mails", func() bool { return len(told()) == 2 })
	want := []string{"help@alpha.test", who.contact.Email}
	slices.Sort(want)
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	var id string
	list := ask(t, c, "GET", "https://api."+fleetDomain+"/api/crm/access-requests?status=pending", "", "Authorization: Bearer "+b.key)
	if _, after, ok := strings.Cut(list.body, `"id":"`); ok {
		id, _, _ = strings.Cut(after, `"`)
	}
	if n := f.count(t, b, `SELECT count(*) FROM contacts WHERE tenant_id = $1 AND email = $2`, b.ID, asker); n != 0 {
		t.Fatalf("asking made %d contacts", n)
	}
	r := ask(t, c, "POST", "https://api."+fleetDomain+"/api/crm/access-requests/"+id+"/approve", `{"role":"viewer"}`, "Content-Type: application/json", "Authorization: Bearer "+b.key)
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status, r.body)
	}
	waitFor(t, "the newcomer's link", func() bool {
		return slices.ContainsFunc(f.sink.Messages(), func(m mailsink.Message) bool {
			return slices.Equal(m.To, []string{asker}) && strings.Contains(m.Text, "/portal/l/")
		})
	})
}

func TestMetrics_CountWishesForAccessAndPreviews(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c, who := f.client(f.nodes[0]), b.clients[0]
	press(t, c, f.mint(t, b, who).URL+"/ask", "email=new@elsewhere.test")
	session := f.signIn(t, c, b, who)
	people := "https://" + b.host + "/portal/people"
	press(t, c, people, "email=dana@alpha.test", session)
	press(t, c, people, "email="+url.QueryEscape(who.contact.Email), session)
	requests := "https://api." + fleetDomain + "/api/crm/access-requests/"
	id := f.askedFor(t, b, who)
	for _, act := range []string{"approve", "approve", "dismiss"} {
		ask(t, c, "POST", requests+id+"/"+act, "{}", "Content-Type: application/json", "Authorization: Bearer "+b.key)
	}
	ask(t, c, "POST", requests+f.askedFor(t, b, who)+"/dismiss", "{}", "Content-Type: application/json", "Authorization: Bearer "+b.key)
	cookie, _ := f.preview(t, c, b, who)
	press(t, c, "https://"+b.host+"/portal/preview/"+strings.Repeat("A", 43), "nonce="+strings.Repeat("A", 43), "Cookie: __Host-bp-form="+strings.Repeat("A", 43))
	press(t, c, "https://"+b.host+"/portal/end-preview", "", cookie)
	_, metrics := f.nodes[0].ops(t, "/metrics")
	for _, series := range []string{`access_requests_total{act="ask",result="done"} 1`, `access_requests_total{act="colleague",result="done"} 1`,
		`access_requests_total{act="colleague",result="conflict"} 1`, `access_requests_total{act="approve",result="done"} 1`,
		`access_requests_total{act="approve",result="conflict"} 1`, `access_requests_total{act="dismiss",result="conflict"} 1`,
		`access_requests_total{act="dismiss",result="done"} 1`, `previews_total{act="start",result="done"} 1`, `previews_total{act="open",result="done"} 1`,
		`previews_total{act="open",result="not_found"} 1`, `previews_total{act="end",result="done"} 1`} {
		if !strings.Contains(metrics, "\ntollhouse_"+series+"\n") {
			t.Errorf("%s is not in the metrics", series)
		}
	}
}
