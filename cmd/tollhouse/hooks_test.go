package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/tenantdb"
)

func TestNoteChange_TellsWhereAStepCameFromAndWhy(t *testing.T) {
	db, ctx := pgtest.Clone(t), t.Context()
	store := tenantdb.New(db.App, tenant.MustParseHostname("pay.test"), tenantdb.Hooks{Note: noteChange})
	made, err := store.Create(ctx, tenant.Draft{Slug: "acme", Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := store.Claim(ctx, made.ID, domains.NewClaim{Host: tenant.MustParseHostname("billing.acme.test"), Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Update(ctx, made.ID, d.ID, func(d *tenant.Domain) error {
		return d.Go(tenant.DomainTimedOut, "ownership.missing", time.Now())
	}); err != nil {
		t.Fatal(err)
	}
	const q = `SELECT a.kind || ' ' || a.actor || ' ' || a.details::text FROM audit_events a WHERE a.tenant_id = $1 AND a.document_id = $2 ORDER BY a.at, a.id`
	var entries []string
	err = rls.Tx(ctx, db.App, made.ID, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q, made.ID, d.ID)
		entries, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	want := []string{`domain.claimed system {}`, `domain.timed_out system {"from": "pending_ownership", "reason": "ownership.missing"}`}
	if diff := cmp.Diff(want, entries); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
