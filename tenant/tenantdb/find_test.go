package tenantdb_test

import (
	"context"
	"errors"
	"testing"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func TestFindDomain_FindsEveryTenantsAlsoDeletedOnes(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	held, err := f.store.AddDomain(ctx, f.acme.ID, host("billing.acme.test"))
	if err != nil {
		t.Fatal(err)
	}
	claim, _, err := f.store.Claim(ctx, f.globe.ID, domains.NewClaim{Host: host("billing.acme.test"), Label: "0123456789abcdef", Token: "t", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.Update(ctx, f.globe.ID, claim.ID, func(d *tenant.Domain) error { return d.Go(tenant.DomainDeleted, "", d.CreatedAt) }); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		slug   string
		status tenant.DomainStatus
	}{held.ID: {"acme", tenant.DomainActive}, claim.ID: {"globe", tenant.DomainDeleted}} {
		if got, err := f.store.FindDomain(ctx, id); err != nil || got.Slug != want.slug || got.Status != want.status || got.ID != id {
			t.Errorf("%s: %+v, %v; want %+v", id, got, err, want)
		}
	}
	if _, err := f.store.FindDomain(ctx, "dom_00000000000000000000000000"); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestDirectorySeq_GrowsWithEachChangeOfAServedHost(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	before, err := f.store.DirectorySeq(ctx)
	if err != nil || before == 0 {
		t.Fatalf("%d, %v", before, err)
	}
	if _, err := f.store.AddDomain(ctx, f.acme.ID, host("billing.acme.test")); err != nil {
		t.Fatal(err)
	}
	if after, err := f.store.DirectorySeq(ctx); err != nil || after <= before {
		t.Errorf("%d, %v; before %d", after, err, before)
	}
}
