package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/access"
	"tollhouse/portal/audit"
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
	want := []string{`domain.claimed system {}`, `domain.timed_out system {"from": "pending_ownership", "reason": "ownership.missing"}`}
	if diff := cmp.Diff(want, entriesOf(t, db, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// entriesOf is what the audit log of a domain's tenant has of it.
func entriesOf(t *testing.T, db pgtest.DB, d tenant.Domain) (entries []string) {
	t.Helper()
	const q = `
		SELECT concat_ws(' ', a.kind, a.actor, NULLIF(a.actor_id, ''), host(a.ip), NULLIF(a.user_agent, ''), a.details::text) FROM audit_events a
		WHERE a.tenant_id = $1 AND a.document_id = $2 ORDER BY a.at, a.id`
	err := rls.Tx(t.Context(), db.App, d.Tenant, func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(t.Context(), q, d.Tenant, d.ID)
		entries, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// Claims never reveal the holder, nor a take-over the claimant: who pressed "check now" is in the log of that one only.
func TestNoteChange_TellsNoTenantWhoTookItsHostOver(t *testing.T) {
	db := pgtest.Clone(t)
	store := tenantdb.New(db.App, tenant.MustParseHostname("pay.test"), tenantdb.Hooks{Note: noteChange})
	var claims []tenant.Domain
	for i, slug := range []string{"acme", "globe"} {
		made, err := store.Create(t.Context(), tenant.Draft{Slug: slug, Name: slug})
		if err != nil {
			t.Fatal(err)
		}
		d, _, err := store.Claim(t.Context(), made.ID, domains.NewClaim{Host: tenant.MustParseHostname("billing.acme.test"), Limit: 1})
		if err == nil {
			d, err = store.Update(t.Context(), made.ID, d.ID, goTo([]tenant.DomainStatus{tenant.DomainPendingDNS, tenant.DomainClaimConflict}[i]))
		}
		if err != nil {
			t.Fatal(err)
		}
		claims = append(claims, d)
	}
	holder, claimant := claims[0], claims[1]
	ctx := access.WithActor(t.Context(), access.Actor{Kind: string(audit.Key), ID: "key_1",
		Visitor: access.Visitor{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "claimant/1"}})
	if _, err := store.Update(ctx, holder.Tenant, holder.ID, func(d *tenant.Domain) error { d.Tell("contested"); return nil }); err != nil {
		t.Fatal(err)
	}
	lose := func(*tenant.Domain) error { return nil }
	if err := store.TakeOver(ctx, domains.Ref{Tenant: holder.Tenant, ID: holder.ID}, domains.Ref{Tenant: claimant.Tenant, ID: claimant.ID}, lose, goTo(tenant.DomainPendingDNS)); err != nil {
		t.Fatal(err)
	}
	want := []string{"domain.contested system {}", `domain.quarantined system {"from": "pending_dns", "reason": "claim.lost"}`,
		`domain.deleted system {"from": "quarantined", "reason": "claim.lost"}`}
	if diff := cmp.Diff(want, entriesOf(t, db, holder)[2:]); diff != "" {
		t.Errorf("the holder's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`domain.pending_dns api key_1 192.0.2.7 claimant/1 {"from": "claim_conflict"}`}, entriesOf(t, db, claimant)[2:]); diff != "" {
		t.Errorf("the claimant's (-want +got):\n%s", diff)
	}
}

func goTo(next tenant.DomainStatus) func(*tenant.Domain) error {
	return func(d *tenant.Domain) error { return d.Go(next, "", time.Now()) }
}
