package main

import (
	"net/http"
	"strings"
	"testing"
)

// A card number that is typed where it does not belong is nowhere afterwards.
func TestCardNumber_IsInNoTableMailOrLog(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	const number = "4242424242424242"
	session := f.signIn(t, c, b, b.clients[0])
	for _, path := range []string{"/portal/people", "/portal/account/details", "/portal/account/email", "/portal/sign-in", "/portal/confirm"} {
		r := press(t, c, "https://"+b.host+path, "name=N"+number+"&email="+number+"%40x.example&code="+number+"&language=en", session)
		if want := http.StatusUnprocessableEntity; r.StatusCode != want && r.StatusCode != http.StatusSeeOther || strings.Contains(r.body, number) {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	f.api(t, b, "POST", "/api/crm/companies", `{"name":"Card `+number+`","currency":"USD"}`, http.StatusUnprocessableEntity)
	tables := f.count(t, b, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND details::text LIKE '%424242%'`, b.ID) +
		f.count(t, b, `SELECT count(*) FROM companies WHERE tenant_id = $1 AND name LIKE '%424242%'`, b.ID) +
		f.count(t, b, `SELECT count(*) FROM contacts WHERE tenant_id = $1 AND (name LIKE '%424242%' OR email LIKE '%424242%')`, b.ID) +
		f.count(t, b, `SELECT count(*) FROM access_requests WHERE tenant_id = $1 AND email LIKE '%424242%'`, b.ID)
	if tables != 0 || strings.Contains(f.logs.String(), "424242") {
		t.Errorf("%d rows or the log hold it", tables)
	}
	for _, m := range f.sink.Messages() {
		if strings.Contains(m.Text+m.Subject, "424242") {
			t.Error("a mail holds it")
		}
	}
}
