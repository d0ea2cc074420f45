package tenantdb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func TestClaim_BeginsWithoutProofAndIsCheckedAtOnce(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	got, created, err := store.Claim(t.Context(), f.acme.ID, domains.NewClaim{Host: host("billing.acme.test"), Label: label, Token: token, Limit: 1})
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	want := tenant.Domain{ID: got.ID, Tenant: f.acme.ID, Host: host("billing.acme.test"), Status: tenant.DomainPendingOwnership, Epoch: got.Epoch,
		Label: label, Token: token, BlockingOn: tenant.BlockingOnNobody, StatusAt: got.CreatedAt, ArmedAt: got.CreatedAt, NextCheckAt: got.CreatedAt,
		CreatedAt: got.CreatedAt}
	if diff := cmp.Diff(want, got, same, cmpopts.IgnoreUnexported(tenant.Domain{})); diff != "" || got.CreatedAt.IsZero() || !tenant.ValidID("dom", got.ID) {
		t.Errorf("-want +got:\n%s", diff)
	}
	read, err := store.Domain(t.Context(), f.acme.ID, got.ID)
	if diff := cmp.Diff(got, read, same, cmpopts.IgnoreUnexported(tenant.Domain{})); diff != "" || err != nil {
		t.Errorf("Domain: %v\n%s", err, diff)
	}
	history, err := store.History(t.Context(), f.acme.ID, got.ID, 10)
	if diff := cmp.Diff([]tenant.DomainStep{{At: got.CreatedAt, To: tenant.DomainPendingOwnership}}, history); diff != "" || err != nil {
		t.Errorf("History: %v\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{string(f.acme.ID) + " domain.claimed"}, noted.events); diff != "" {
		t.Errorf("noted:\n%s", diff)
	}
	if due, err := store.Take(t.Context(), 10, 0, domains.Work{}); err != nil || len(due) != 1 || due[0] != (domains.Ref{Tenant: f.acme.ID, ID: got.ID}) {
		t.Errorf("due: %v, %v", due, err)
	}
}

func TestClaim_ManyAtOnceAreOne(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	made := make(chan tenant.Domain, 16)
	var fresh sync.Map
	for range cap(made) {
		wg.Go(func() {
			d, created, err := f.store.Claim(t.Context(), f.acme.ID, domains.NewClaim{Host: host("billing.acme.test"), Label: label, Token: token, Limit: 1})
			if err != nil {
				t.Error(err)
			}
			if created {
				if _, again := fresh.LoadOrStore(f.acme.ID, true); again {
					t.Error("two calls say that they made it")
				}
			}
			made <- d
		})
	}
	wg.Wait()
	close(made)
	first := <-made
	for d := range made {
		if d.ID != first.ID {
			t.Errorf("claims %s and %s to one host", first.ID, d.ID)
		}
	}
	if history, err := f.store.History(t.Context(), f.acme.ID, first.ID, 10); len(history) != 1 || err != nil {
		t.Errorf("history %v, %v", history, err)
	}
}

func TestClaim_KeepsToTheLimitAtOnce(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	results := make(chan error, 12)
	for i := range cap(results) {
		wg.Go(func() {
			_, _, err := f.store.Claim(t.Context(), f.acme.ID, domains.NewClaim{Host: host(string(rune('a'+i)) + "x.acme.test"), Label: label, Token: token, Limit: 5})
			results <- err
		})
	}
	wg.Wait()
	close(results)
	made := 0
	for err := range results {
		if err == nil {
			made++
			continue
		}
		is(t, "a claim too many", err, domains.ErrQuota)
	}
	if made != 5 {
		t.Errorf("%d claims, want 5", made)
	}
	if _, _, err := f.store.Claim(t.Context(), f.globe.ID, domains.NewClaim{Host: host("x.globe.test"), Label: label, Token: token, Limit: 1}); err != nil {
		t.Errorf("the other tenant's first: %v", err)
	}
}

// The limit counts what is given up and not deleted yet, and an existing claim is returned at the limit too.
func TestClaim_AtTheLimit(t *testing.T) {
	f := setup(t)
	first := f.claimAt(t, f.acme.ID, "a.acme.test", tenant.DomainQuarantined)
	claim := func(name string, limit int) (tenant.Domain, bool, error) {
		return f.store.Claim(t.Context(), f.acme.ID, domains.NewClaim{Host: host(name), Label: label, Token: token, Limit: limit})
	}
	_, _, err := claim("b.acme.test", 1)
	is(t, "one in quarantine, limit 1", err, domains.ErrQuota)
	made, created, err := claim("b.acme.test", 2)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	if again, created, err := claim("b.acme.test", 2); err != nil || created || again.ID != made.ID {
		t.Errorf("again: %s, %v, %v", again.ID, created, err)
	}
	f.lead(t, first, tenant.DomainDeleted)
	if _, created, err := claim("c.acme.test", 2); err != nil || !created {
		t.Errorf("after a deletion: %v, %v", created, err)
	}
}

// A tenant that claims and deletes in turns has a name looked at each time, whatever its number of domains.
func TestClaim_HoldsBackOneThatClaimsAndDeletesInTurns(t *testing.T) {
	f := setup(t)
	claim := func(id tenant.ID, name string) (tenant.Domain, error) {
		d, _, err := f.store.Claim(t.Context(), id, domains.NewClaim{Host: host(name), Label: label, Token: token, Limit: 2, PerHour: 3})
		return d, err
	}
	var last tenant.Domain
	for i := range 3 {
		d, err := claim(f.acme.ID, fmt.Sprintf("n%d.acme.test", i))
		if err != nil {
			t.Fatalf("claim %d: %v", i, err)
		}
		last = f.lead(t, d, tenant.DomainDeleted)
	}
	_, err := claim(f.acme.ID, "more.acme.test")
	var many *domains.ManyClaimsError
	if !errors.As(err, &many) || many.After <= 59*time.Minute || many.After > time.Hour {
		t.Fatalf("the fourth of an hour: %v", err)
	}
	if _, err := claim(f.globe.ID, "more.acme.test"); err != nil {
		t.Errorf("the other tenant's first: %v", err)
	}
	f.owner(t, f.acme.ID, `UPDATE domains SET created_at = created_at - interval '61 minutes' WHERE tenant_id = $1 AND id <> $2`, f.acme.ID, last.ID)
	live, err := claim(f.acme.ID, "more.acme.test")
	if err != nil {
		t.Errorf("an hour after the first: %v", err)
	}
	if again, err := claim(f.acme.ID, "more.acme.test"); err != nil || again.ID != live.ID {
		t.Errorf("the claim that there is: %s, %v; want %s", again.ID, err, live.ID)
	}
}

func TestClaim_AQuarantinedNameIsClaimedAnewByItsTenant(t *testing.T) {
	f := setup(t)
	old := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainQuarantined)
	again := f.claim(t, f.acme.ID, "billing.acme.test")
	if again.ID == old.ID || again.Status != tenant.DomainPendingOwnership {
		t.Errorf("claimed anew: %+v", again)
	}
	if third := f.claim(t, f.acme.ID, "billing.acme.test"); third.ID != again.ID {
		t.Errorf("a third claim %s beside %s", third.ID, again.ID)
	}
}

func TestClaim_DoesNotTellThatSomebodyHoldsTheHost(t *testing.T) {
	f := setup(t)
	f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	free, held := f.claim(t, f.globe.ID, "free.acme.test"), f.claim(t, f.globe.ID, "billing.acme.test")
	held.ID, held.Host = free.ID, free.Host
	held.Epoch, held.StatusAt, held.ArmedAt, held.NextCheckAt, held.CreatedAt = free.Epoch, free.StatusAt, free.ArmedAt, free.NextCheckAt, free.CreatedAt
	if diff := cmp.Diff(free, held, same, cmpopts.IgnoreUnexported(tenant.Domain{})); diff != "" {
		t.Errorf("a claim to a held host differs (-free +held):\n%s", diff)
	}
	held = f.claim(t, f.globe.ID, "billing.acme.test")
	_, err := f.store.Update(t.Context(), f.globe.ID, held.ID, to(tenant.DomainPendingDNS))
	is(t, "proving it", err, tenant.ErrTaken)
	for _, word := range []string{string(f.acme.ID), f.acme.Slug + " ", f.acme.Name, label, token} {
		if strings.Contains(err.Error(), word) {
			t.Errorf("the refusal says %q: %v", word, err)
		}
	}
}

func TestClaim_RefusesThePlatformsNamesAndNobody(t *testing.T) {
	f := setup(t)
	for _, name := range []string{"pay.test", "globe.pay.test"} {
		_, _, err := f.store.Claim(t.Context(), f.acme.ID, domains.NewClaim{Host: host(name), Label: label, Token: token, Limit: 9})
		wrongFields(t, err, "host")
	}
	_, _, err := f.store.Claim(t.Context(), "ten_00000000000000000000000000", domains.NewClaim{Host: host("x.test"), Label: label, Token: token, Limit: 9})
	is(t, "a claim for nobody", err, tenant.ErrNotFound)
}

func TestDomainPage_GoesThroughAllNewestFirst(t *testing.T) {
	f := setup(t)
	var want []string
	for _, name := range []string{"a.acme.test", "b.acme.test", "c.acme.test", "d.acme.test", "e.acme.test"} {
		want = append([]string{f.claim(t, f.acme.ID, name).ID}, want...)
	}
	gone := f.claimAt(t, f.acme.ID, "gone.acme.test", tenant.DomainDeleted)
	other := f.claim(t, f.globe.ID, "a.globe.test")
	var got []string
	after := ""
	for {
		page, err := f.store.DomainPage(t.Context(), f.acme.ID, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			got = append(got, d.ID)
		}
		after = got[len(got)-1]
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b string) bool { return a > b })); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for i := 1; i < len(got); i++ {
		if got[i] >= got[i-1] {
			t.Errorf("%s comes after %s", got[i], got[i-1])
		}
	}
	for _, id := range []string{gone.ID, other.ID} {
		_, err := f.store.Domain(t.Context(), f.acme.ID, id)
		is(t, "a deleted or foreign domain", err, tenant.ErrNotFound)
	}
	if history, err := f.store.History(t.Context(), f.acme.ID, gone.ID, 1); err != nil || len(history) != 1 || history[0].To != tenant.DomainDeleted {
		t.Errorf("a deleted domain's last step: %v, %v", history, err)
	}
}

func TestOperatorsLists_SeeEveryTenant(t *testing.T) {
	f := setup(t)
	claimed := f.claim(t, f.globe.ID, "billing.acme.test")
	held := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	f.claimAt(t, f.globe.ID, "gone.globe.test", tenant.DomainDeleted)
	found, err := f.store.FindDomains(t.Context(), host("billing.acme.test"))
	if err != nil || len(found) != 2 || found[0].ID != held.ID || found[0].Slug != "acme" || found[1].ID != claimed.ID || found[1].Slug != "globe" {
		t.Errorf("FindDomains = %+v, %v", found, err)
	}
	all, err := f.store.AllDomains(t.Context(), "", "", 10)
	if err != nil || len(all) != 2 || all[0].ID >= all[1].ID {
		t.Errorf("AllDomains = %+v, %v", all, err)
	}
	rest, err := f.store.AllDomains(t.Context(), "", all[0].ID, 10)
	if err != nil || len(rest) != 1 || rest[0].ID != all[1].ID {
		t.Errorf("the second page = %+v, %v", rest, err)
	}
	for status, want := range map[tenant.DomainStatus]int{tenant.DomainActive: 1, tenant.DomainDeleted: 1, tenant.DomainMoved: 0} {
		if some, err := f.store.AllDomains(t.Context(), status, "", 10); err != nil || len(some) != want {
			t.Errorf("%s: %+v, %v", status, some, err)
		}
	}
	counts, err := f.store.Counts(t.Context())
	want := map[tenant.DomainStatus]int{tenant.DomainPendingOwnership: 1, tenant.DomainActive: 1}
	if diff := cmp.Diff(want, counts); diff != "" || err != nil {
		t.Errorf("Counts: %v\n%s", err, diff)
	}
}
