package tenantdb_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// due makes a domain's next check due so long before now.
func (f fixture) due(t *testing.T, d tenant.Domain, ago time.Duration) {
	t.Helper()
	f.change(t, d, func(d *tenant.Domain) { d.NextCheckAt = time.Now().Add(-ago) })
}

func (f fixture) change(t *testing.T, d tenant.Domain, change func(*tenant.Domain)) tenant.Domain {
	t.Helper()
	changed, err := f.store.Update(t.Context(), d.Tenant, d.ID, func(d *tenant.Domain) error { change(d); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func (f fixture) take(t *testing.T, limit int, hold time.Duration) []domains.Ref {
	t.Helper()
	taken, err := f.store.Take(t.Context(), limit, hold, domains.Work{})
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func TestTake_LongestWaitingFirst(t *testing.T) {
	f := setup(t)
	a, b, c := f.claim(t, f.acme.ID, "a.acme.test"), f.claim(t, f.globe.ID, "b.globe.test"), f.claim(t, f.acme.ID, "c.acme.test")
	later := f.claim(t, f.acme.ID, "later.acme.test")
	f.due(t, a, time.Minute)
	f.due(t, b, time.Hour)
	f.due(t, c, time.Second)
	f.due(t, later, -time.Hour)
	if got, want := f.take(t, 2, time.Hour), []domains.Ref{ref(b), ref(a)}; !slices.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
	if got, want := f.take(t, 2, time.Hour), []domains.Ref{ref(c)}; !slices.Equal(got, want) {
		t.Errorf("then took %v, want %v", got, want)
	}
	if got := f.take(t, 2, time.Hour); len(got) != 0 {
		t.Errorf("at last took %v", got)
	}
}

// Examinations of names whose DNS answers slowly take long: a hundred of one tenant must not keep the single name of another waiting.
func TestTake_GivesEachTenantItsTurn(t *testing.T) {
	f := setup(t)
	for i := range 20 {
		f.due(t, f.claim(t, f.acme.ID, fmt.Sprintf("h%d.acme.test", i)), time.Hour+time.Duration(i)*time.Minute)
	}
	single := f.claim(t, f.globe.ID, "billing.globe.test")
	f.due(t, single, time.Second)
	if got := f.take(t, 2, time.Hour); !slices.Contains(got, ref(single)) {
		t.Errorf("took %v, not %v", got, ref(single))
	}
}

// A tenant with a hundred slow names, the first of them due for hours, leaves room for another's that is due since a second.
func TestTake_TenantsTakeTurnsWithinTheirShare(t *testing.T) {
	f := setup(t)
	var many []domains.Ref
	for i := range 6 {
		d := f.claim(t, f.acme.ID, fmt.Sprintf("n%d.acme.test", i))
		f.due(t, d, time.Duration(10-i)*time.Hour)
		many = append(many, ref(d))
	}
	one := f.claim(t, f.globe.ID, "billing.globe.test")
	f.due(t, one, time.Second)
	take := func(limit int, at domains.Work) []domains.Ref {
		t.Helper()
		refs, err := f.store.Take(t.Context(), limit, time.Hour, at)
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	if got := take(8, domains.Work{Share: 2, Busy: map[tenant.ID]int{f.acme.ID: 2, f.globe.ID: 2}}); len(got) != 0 {
		t.Errorf("both have their share, and %v were taken", got)
	}
	if got, want := take(1, domains.Work{Share: 2, Busy: map[tenant.ID]int{f.acme.ID: 1}}), []domains.Ref{ref(one)}; !slices.Equal(got, want) {
		t.Errorf("the node works for the first already, and took %v, want %v", got, want)
	}
	if got, want := take(8, domains.Work{Share: 2}), many[:2]; !slices.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
	if got, want := take(8, domains.Work{Share: 2, Busy: map[tenant.ID]int{f.acme.ID: 1}}), many[2:3]; !slices.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
	if got, want := take(8, domains.Work{}), many[3:]; !slices.Equal(got, want) {
		t.Errorf("without a share took %v, want %v", got, want)
	}
}

func TestTake_ManyNodesNeverGetTheSame(t *testing.T) {
	f := setup(t)
	for i := range 40 {
		f.claim(t, []tenant.ID{f.acme.ID, f.globe.ID}[i%2], fmt.Sprintf("h%d.acme.test", i))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := map[domains.Ref]int{}
	for range 8 {
		wg.Go(func() {
			for {
				refs, err := f.store.Take(t.Context(), 3, time.Hour, domains.Work{})
				if err != nil {
					t.Error(err)
				}
				if len(refs) == 0 {
					return
				}
				mu.Lock()
				for _, r := range refs {
					taken[r]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	// A row that another node was just taking is passed over, so a node may stop early; what it left is still due.
	for _, r := range f.take(t, 100, time.Hour) {
		taken[r]++
	}
	for r, n := range taken {
		if n != 1 {
			t.Errorf("%v was taken %d times", r, n)
		}
	}
	if len(taken) != 40 {
		t.Errorf("%d were taken, want 40", len(taken))
	}
}

// A node that takes a domain and dies has lost nothing: when its hold has run out, the check is due again.
func TestTake_AHoldRunsOut(t *testing.T) {
	f := setup(t)
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	if got := f.take(t, 9, time.Hour); len(got) != 1 {
		t.Fatalf("took %v", got)
	}
	if got := f.take(t, 9, time.Hour); len(got) != 0 {
		t.Errorf("took %v while it is held", got)
	}
	if read, err := f.store.Domain(t.Context(), f.acme.ID, d.ID); err != nil || !read.NextCheckAt.Equal(d.NextCheckAt) || read.Checks != 0 {
		t.Errorf("the domain itself: %+v, %v", read, err)
	}
	const pass = `UPDATE domain_checks SET due_at = due_at - interval '1 hour'`
	if _, err := f.db.Owner.Exec(t.Context(), pass); err != nil {
		t.Fatal(err)
	}
	if got := f.take(t, 9, time.Hour); len(got) != 1 {
		t.Errorf("took %v after the hold", got)
	}
}

func TestTake_AFailedUpdateLeavesTheHold(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	f.take(t, 9, 0)
	noted.fail = func(_ context.Context, _ pgx.Tx, _ string) error { return errStop }
	_, err := store.Update(t.Context(), f.acme.ID, d.ID, func(d *tenant.Domain) error {
		d.NextCheckAt = time.Now().Add(time.Hour)
		return to(tenant.DomainPendingDNS)(d)
	})
	is(t, "an audit log that refuses", err, errStop)
	if got := f.take(t, 9, time.Hour); len(got) != 1 {
		t.Errorf("took %v, want the domain once more", got)
	}
}

func TestUpdate_DecidesWhenADomainIsLookedAtNext(t *testing.T) {
	f := setup(t)
	d := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	d = f.change(t, d, func(d *tenant.Domain) { d.NextCheckAt = time.Now().Add(time.Hour) })
	if got := f.take(t, 9, time.Hour); len(got) != 0 {
		t.Errorf("took %v an hour early", got)
	}
	f.due(t, d, time.Second)
	if got := f.take(t, 9, time.Hour); len(got) != 1 {
		t.Errorf("took %v when it is due", got)
	}
	f.change(t, d, func(d *tenant.Domain) { d.NextCheckAt = time.Time{} })
	if n := ask[int](t, f, f.acme.ID, `SELECT count(*) FROM domain_checks`); n != 0 {
		t.Errorf("nothing is to come, and %d checks are", n)
	}
}

func TestHurry_MakesACheckDueAtOnce(t *testing.T) {
	f := setup(t)
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	overdue := f.claim(t, f.acme.ID, "first.acme.test")
	f.due(t, d, -time.Hour)
	f.due(t, overdue, time.Hour)
	hurry := func(id tenant.ID, domain string) {
		t.Helper()
		if err := f.store.Hurry(t.Context(), id, domain); err != nil {
			t.Error(err)
		}
	}
	hurry(f.globe.ID, d.ID)
	hurry(f.acme.ID, "dom_00000000000000000000000000")
	hurry(f.acme.ID, overdue.ID) // which does not lose its place
	hurry(f.acme.ID, d.ID)
	if got, want := f.take(t, 9, time.Hour), []domains.Ref{ref(overdue), ref(d)}; !slices.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
	f.change(t, d, func(d *tenant.Domain) { d.NextCheckAt = time.Time{} })
	hurry(f.acme.ID, d.ID) // nothing was to come
	if got, want := f.take(t, 9, time.Hour), []domains.Ref{ref(d)}; !slices.Equal(got, want) {
		t.Errorf("then took %v, want %v", got, want)
	}
	f.lead(t, d, tenant.DomainDeleted)
	hurry(f.acme.ID, d.ID)
	if got := f.take(t, 9, time.Hour); len(got) != 0 {
		t.Errorf("a deleted domain is checked: %v", got)
	}
}

func TestAddDomain_IsWatchedAndHasAHistory(t *testing.T) {
	f := setup(t)
	d, err := f.store.AddDomain(t.Context(), f.acme.ID, host("billing.acme.test"))
	if err != nil || d.ProvenBy != tenant.ProvenByOperator || d.Label != "" {
		t.Errorf("%+v, %v", d, err)
	}
	if got := f.take(t, 9, time.Hour); len(got) != 1 || got[0] != ref(d) {
		t.Errorf("its check: %v", got)
	}
	history, err := f.store.History(t.Context(), f.acme.ID, d.ID, 9)
	if err != nil || len(history) != 1 || history[0].To != tenant.DomainActive || history[0].From != "" {
		t.Errorf("its history: %v, %v", history, err)
	}
	if _, of, err := f.store.Turned(t.Context()); of != 0 || err != nil {
		t.Errorf("the brake counts %d that the operator vouches for, %v", of, err)
	}
}
