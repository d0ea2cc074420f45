package accessdb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

func TestLinkKeys_CountLinksOfAllTenantsThatCanStillBeMailed(t *testing.T) {
	b := setupClients(t)
	const q = `INSERT INTO portal_links (tenant_id, id, company_id, contact_id, purpose, key_id, token_hash, expires_at, revoked_at, superseded_at)
		VALUES ($1, 'live', $2, $3, 'login', 'old', decode(repeat('01', 32), 'hex'), now() + interval '1 day', NULL, NULL),
			($1, 'newer', $2, $3, 'login', 'new', decode(repeat('02', 32), 'hex'), now() + interval '1 day', NULL, NULL),
			($1, 'expired', $2, $3, 'login', 'older', decode(repeat('03', 32), 'hex'), now() - interval '1 day', NULL, NULL),
			($1, 'revoked', $2, $3, 'login', 'older', decode(repeat('04', 32), 'hex'), now() + interval '1 day', now(), NULL),
			($1, 'superseded', $2, $3, 'login', 'older', decode(repeat('05', 32), 'hex'), now() + interval '1 day', NULL, now())`
	for _, s := range []side{b.own, b.foreign} {
		err := rls.Tx(t.Context(), b.db.App, s.tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), q, string(s.tenant), s.company.ID, s.contact.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := accessdb.LinkKeys(t.Context(), b.db.App)
	if diff := cmp.Diff(map[string]int{"old": 2, "new": 2}, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
}

func TestDraftKeys_CountKeptFormsOfAllTenantsUntilTheyRunOut(t *testing.T) {
	b := setupClients(t)
	ring, err := seal.ParseRing("old:" + strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	const q = `INSERT INTO form_drafts (tenant_id, browser_hash, company_id, contact_id, form, path, body_sealed, created_at, expires_at)
		VALUES ($1, decode(repeat('01', 32), 'hex'), $2, $3, 'details', '/portal/account', $4, now(), now() + interval '1 hour'),
			($1, decode(repeat('01', 32), 'hex'), $2, $3, 'email', '/portal/account/email', '\x01', now(), now() + interval '1 hour'),
			($1, decode(repeat('02', 32), 'hex'), $2, $3, 'details', '/portal/account', $4, now() - interval '2 hours', now() - interval '1 hour')`
	for _, s := range []side{b.own, b.foreign} {
		err := rls.Tx(t.Context(), b.db.App, s.tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), q, string(s.tenant), s.company.ID, s.contact.ID, ring.Seal([]byte("{}"), nil))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := accessdb.DraftKeys(t.Context(), b.db.App)
	if diff := cmp.Diff(map[string]int{"old": 2, "": 2}, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
}
