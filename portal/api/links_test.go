package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const sessions = "/api/crm/client-portal-sessions"

func TestMint_AnswersAPendingSessionWithItsURLOnce(t *testing.T) {
	b := setup(t)
	contact := b.contact(b.acme, b.company(b.acme, "Hartmann"), "m@example.com")
	made := b.call(b.acme, "POST", sessions, fmt.Sprintf(`{"contact_id":%q,"ttl_seconds":3600}`, contact)).want(201)
	link, _ := made.Body["url"].(string)
	if made.Body["status"] != "pending" || !strings.HasPrefix(link, "https://acme.portal.example/portal/l/") {
		t.Errorf("minted %s", made.Raw)
	}
	ends, _ := time.Parse(time.RFC3339, made.Body["expires_at"].(string))
	if in := time.Until(ends); in < 59*time.Minute || in > 61*time.Minute {
		t.Errorf("the link ends in %v, want an hour", in)
	}
	read := b.call(b.acme, "GET", sessions+"/"+made.id(), "").want(200)
	if _, again := read.Body["url"]; again || strings.Contains(read.Raw, link) {
		t.Error("the link is shown a second time")
	}
	if trail, _ := read.Body["audit_trail"].([]any); len(trail) == 0 {
		t.Error("the session comes without its audit trail")
	}
	if list := b.call(b.acme, "GET", sessions+"?contact_id="+contact, "").want(200); len(list.data()) != 1 || strings.Contains(list.Raw, link) {
		t.Errorf("listed %s", list.Raw)
	}
}

func TestPortalLink_IsMailedOrShownNeverBoth(t *testing.T) {
	b := setup(t)
	contact := b.contact(b.acme, b.company(b.acme, "Hartmann"), "m@example.com")
	path := contacts + "/" + contact + "/portal-link"
	if _, shown := b.call(b.acme, "POST", path, "").want(201).Body["url"]; shown {
		t.Error("a mailed link is shown as well")
	}
	if _, shown := b.call(b.acme, "POST", path, `{"send_email":false}`).want(201).Body["url"]; !shown {
		t.Error("a link that is not mailed is not shown")
	}
}

func TestMint_RefusesWhoCannotEnter(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	contact := b.contact(b.acme, company, "m@example.com")
	body := fmt.Sprintf(`{"contact_id":%q}`, contact)
	b.call(b.acme, "POST", sessions, body).want(201)
	b.call(b.acme, "PATCH", companies+"/"+company, `{"portal_enabled":false}`).want(200)
	b.call(b.acme, "POST", sessions, body).problem(409, "conflict")
	b.call(b.acme, "POST", sessions, `{"contact_id":"con_nobody"}`).problem(404, "not_found")
	for _, ttl := range []string{"0", "59", "-1", "2592001", "9223372036854775807"} {
		got := b.call(b.acme, "POST", sessions, fmt.Sprintf(`{"contact_id":%q,"ttl_seconds":%s}`, contact, ttl)).problem(422, "invalid")
		if got.fields()["ttl_seconds"] != "out_of_range" {
			t.Errorf("ttl %s: %s", ttl, got.Raw)
		}
	}
}

func TestSession_IsRevokedNow(t *testing.T) {
	b := setup(t)
	contact := b.contact(b.acme, b.company(b.acme, "Hartmann"), "m@example.com")
	path := sessions + "/" + b.call(b.acme, "POST", sessions, fmt.Sprintf(`{"contact_id":%q}`, contact)).want(201).id()
	b.call(b.acme, "DELETE", path, "").want(204)
	b.call(b.acme, "DELETE", path, "").want(204)
	if got := b.call(b.acme, "GET", path, "").want(200); got.Body["status"] != "revoked" || got.Body["revoked_at"] == nil {
		t.Errorf("after revoking: %s", got.Raw)
	}
}
