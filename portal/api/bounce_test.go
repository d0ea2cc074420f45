package api_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// bounced notes that an address does not exist, as a mail server's answer does.
func (b *bench) bounced(p party, address string) {
	b.t.Helper()
	b.as(p.tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.t.Context(), `INSERT INTO mail_bounces (tenant_id, address_hash, mail_id, code, bounced_at)
			VALUES ($1, mail_address_hash($2), 'mail_1', '550', now())`, string(p.tenant.ID), address)
		return err
	})
}

func TestContact_ShowsThatItsAddressDoesNotExistUntilThatIsMended(t *testing.T) {
	b := setup(t)
	ours, theirs := b.company(b.acme, "Hartmann"), b.company(b.bolt, "Hartmann")
	path := contacts + "/" + b.contact(b.acme, ours, "ap@example.com")
	foreign := contacts + "/" + b.contact(b.bolt, theirs, "ap@example.com")
	shows := func(what string, a answer, bounced bool) {
		t.Helper()
		if (a.Body["bounced_at"] != nil) != bounced || (a.Body["bounce_code"] == "550") != bounced {
			t.Errorf("%s: %s", what, a.Raw)
		}
	}
	shows("before", b.call(b.acme, "GET", path, "").want(200), false)
	b.bounced(b.acme, "ap@example.com")
	shows("bounced", b.call(b.acme, "GET", path, "").want(200), true)
	shows("another tenant's with the same address", b.call(b.bolt, "GET", foreign, "").want(200), false)
	listed := b.call(b.acme, "GET", contacts, "").want(200).data()
	shows("in the list", answer{t: t, Body: listed[0].(map[string]any)}, true)
	shows("renamed", b.call(b.acme, "PATCH", path, `{"name":"Mary"}`).want(200), true)
	shows("with another address", b.call(b.acme, "PATCH", path, `{"email":"new@example.com"}`).want(200), false)
	shows("with the old one again", b.call(b.acme, "PATCH", path, `{"email":"AP@example.com"}`).want(200), true)
	b.call(b.bolt, "POST", path+"/clear-bounce", "").problem(404, "not_found")
	b.call(b.bolt, "POST", foreign+"/clear-bounce", "").want(200)
	shows("another tenant cleared its own", b.call(b.acme, "GET", path, "").want(200), true)
	shows("cleared", b.call(b.acme, "POST", path+"/clear-bounce", "").want(200), false)
	shows("cleared again", b.call(b.acme, "POST", path+"/clear-bounce", "").want(200), false)
	shows("afterwards", b.call(b.acme, "GET", path, "").want(200), false)
	var entries int
	b.as(b.acme.tenant.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'contact.bounce_cleared' AND actor = 'api'`, string(b.acme.tenant.ID)).Scan(&entries)
	})
	if entries != 1 {
		t.Errorf("%d audit entries of the clearing, want 1", entries)
	}
}
