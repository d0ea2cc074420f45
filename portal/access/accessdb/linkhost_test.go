package accessdb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// A link is clicked by somebody who has nothing else to go by: it leads to a custom host only where that is known to answer.
func TestLinkHost_IsACustomHostExactlyWhileItIsLinkable(t *testing.T) {
	b := setupClients(t)
	ring, err := seal.ParseRing("only:" + strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	noMail := func(context.Context, pgx.Tx, tenant.ID, accessdb.Mail) error { return nil }
	store, err := accessdb.New(b.db.App, ring, tenant.MustParseHostname("portal.example"), noMail)
	if err != nil {
		t.Fatal(err)
	}
	const q = `INSERT INTO domains (tenant_id, id, host, status) VALUES ($1, $2, $3, $4)`
	for _, status := range tenant.DomainStatuses() {
		b.alone(q, string(b.own.tenant), "dom_"+string(status), "billing.acme.test", string(status))
		want := "acme.portal.example"
		if status.Linkable() {
			want = "billing.acme.test"
		}
		if got, err := store.LinkHost(t.Context(), b.own.tenant); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v; want %s", status, got, err, want)
		}
		if got, err := store.LinkHost(t.Context(), b.foreign.tenant); err != nil || got.String() != "bolt.portal.example" {
			t.Errorf("%s: the other tenant's is %s, %v", status, got, err)
		}
	}
}

// alone stores a domain as the tenant's only one, as the schema's owner: the server deletes no row.
func (b *clientsBench) alone(q string, args ...any) {
	b.t.Helper()
	err := rls.Tx(b.t.Context(), b.db.Owner, b.own.tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.t.Context(), `DELETE FROM domains WHERE tenant_id = $1`, string(b.own.tenant)); err != nil {
			return err
		}
		_, err := tx.Exec(b.t.Context(), q, args...)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
