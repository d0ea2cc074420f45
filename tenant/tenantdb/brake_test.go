package tenantdb_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func (f fixture) turned(t *testing.T, turned, of int) {
	t.Helper()
	gotTurned, gotOf, err := f.store.Turned(t.Context())
	if err != nil || gotTurned != turned || gotOf != of {
		t.Errorf("%d of %d turned bad, %v; want %d of %d", gotTurned, gotOf, err, turned, of)
	}
}

// Only a name that DNS has proven, and that has something to lose, tells anything about our resolvers.
func TestTurned_CountsServedNamesThatDNSHasProven(t *testing.T) {
	f := setup(t)
	want := 0
	for i, status := range tenant.DomainStatuses() {
		for j, by := range []string{tenant.ProvenByCNAME, tenant.ProvenByTXT, tenant.ProvenByOperator, ""} {
			d := f.claim(t, f.acme.ID, fmt.Sprintf("h%d-%d.acme.test", i, j))
			d = f.change(t, d, func(d *tenant.Domain) { d.ProvenBy, d.BadSince = by, at })
			f.lead(t, d, status)
			if j < 2 && (status.Served() || status == tenant.DomainMoved) {
				want++
			}
		}
	}
	f.turned(t, want, want)
}

func TestTurned_ForgetsWhatCameBack(t *testing.T) {
	f := setup(t)
	var all []tenant.Domain
	for i := range 3 {
		d := f.claimAt(t, []tenant.ID{f.acme.ID, f.globe.ID}[i%2], fmt.Sprintf("h%d.acme.test", i), tenant.DomainActive)
		all = append(all, f.change(t, d, func(d *tenant.Domain) { d.ProvenBy = tenant.ProvenByCNAME }))
	}
	f.turned(t, 0, 3)
	for _, d := range all[:2] {
		f.change(t, d, func(d *tenant.Domain) { d.BadSince = at })
	}
	f.turned(t, 2, 3)
	f.change(t, all[0], func(d *tenant.Domain) { d.BadSince = time.Time{} })
	f.turned(t, 1, 3)
	f.lead(t, all[1], tenant.DomainQuarantined)
	f.turned(t, 0, 2)
}

func TestTurnedOfOthers_LeavesOutTheTenantThatHasMost(t *testing.T) {
	f := setup(t)
	expect := func(turned, of int) {
		t.Helper()
		if gotTurned, gotOf, err := f.store.TurnedOfOthers(t.Context()); err != nil || gotTurned != turned || gotOf != of {
			t.Errorf("%d of %d, %v; want %d of %d", gotTurned, gotOf, err, turned, of)
		}
	}
	expect(0, 0)
	third := f.create(t, tenant.Draft{Slug: "third", Name: "Third"})
	for i, c := range []struct {
		owner tenant.ID
		bad   bool
	}{{f.acme.ID, true}, {f.acme.ID, true}, {f.globe.ID, true}, {f.globe.ID, false}, {f.globe.ID, false}, {third.ID, false}} {
		d := f.claimAt(t, c.owner, fmt.Sprintf("h%d.acme.test", i), tenant.DomainActive)
		f.change(t, d, func(d *tenant.Domain) {
			if d.ProvenBy = tenant.ProvenByCNAME; c.bad {
				d.BadSince = at
			}
		})
	}
	f.turned(t, 3, 6)
	expect(1, 4)
}

func TestBrake_OneOfManyTripsIt(t *testing.T) {
	f := setup(t)
	if brake, err := f.store.Brake(t.Context()); brake != (domains.Brake{}) || err != nil {
		t.Errorf("at first: %+v, %v", brake, err)
	}
	var wg sync.WaitGroup
	var tripped atomic.Int32
	for range 8 {
		wg.Go(func() {
			did, err := f.store.Trip(t.Context(), 3, 100)
			if err != nil {
				t.Error(err)
			}
			if did {
				tripped.Add(1)
			}
		})
	}
	wg.Wait()
	first, err := f.store.Brake(t.Context())
	if tripped.Load() != 1 || err != nil || first.TrippedAt.IsZero() || first.TrippedAt.Location() != time.UTC || first.Turned != 3 || first.Of != 100 {
		t.Errorf("%d tripped it: %+v, %v", tripped.Load(), first, err)
	}
	if did, err := f.store.Trip(t.Context(), 50, 100); did || err != nil {
		t.Errorf("tripped while it is set: %v, %v", did, err)
	}
	if again, err := f.store.Brake(t.Context()); again != first || err != nil {
		t.Errorf("a second trip changed %+v to %+v, %v", first, again, err)
	}
}

func TestRelease_CountsAgainUnlessAccepted(t *testing.T) {
	f := setup(t)
	var all []tenant.Domain
	for i := range 4 {
		d := f.claimAt(t, f.acme.ID, fmt.Sprintf("h%d.acme.test", i), tenant.DomainActive)
		all = append(all, f.change(t, d, func(d *tenant.Domain) { d.ProvenBy = tenant.ProvenByTXT }))
	}
	bad := func(d tenant.Domain, since time.Time) {
		f.change(t, d, func(d *tenant.Domain) { d.BadSince = since })
	}
	release := func(accept bool) {
		t.Helper()
		if err := f.store.Release(t.Context(), accept); err != nil {
			t.Error(err)
		}
		if brake, err := f.store.Brake(t.Context()); brake != (domains.Brake{}) || err != nil {
			t.Errorf("released: %+v, %v", brake, err)
		}
	}
	bad(all[0], at)
	bad(all[1], at.Add(time.Minute))
	if _, err := f.store.Trip(t.Context(), 2, 4); err != nil {
		t.Fatal(err)
	}
	release(false)
	f.turned(t, 2, 4)
	release(true)
	f.turned(t, 0, 4)
	bad(all[2], at.Add(2*time.Minute))
	f.turned(t, 1, 4)
	release(false)
	f.turned(t, 1, 4)
	bad(all[0], time.Time{})
	bad(all[0], at.Add(time.Hour)) // came back and went again
	f.turned(t, 2, 4)
}

func TestRelease_AcceptsNothingWhenNothingIsBad(t *testing.T) {
	f := setup(t)
	if err := f.store.Release(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	d := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	f.change(t, d, func(d *tenant.Domain) { d.ProvenBy, d.BadSince = tenant.ProvenByCNAME, at })
	f.turned(t, 1, 1)
}
