package tenantdb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func ref(d tenant.Domain) domains.Ref { return domains.Ref{Tenant: d.Tenant, ID: d.ID} }

func agree(*tenant.Domain) error { return nil }

// rivals is a host that one tenant holds and another has proven too.
func (f fixture) rivals(t *testing.T, holder, claimant tenant.ID, name string) (held, claimed tenant.Domain) {
	t.Helper()
	return f.claimAt(t, holder, name, tenant.DomainActive), f.claimAt(t, claimant, name, tenant.DomainClaimConflict)
}

func TestTakeOver_MovesTheHostInOneTransaction(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	held, claimed := f.rivals(t, f.acme.ID, f.globe.ID, "billing.acme.test")
	if err := store.TakeOver(t.Context(), ref(held), ref(claimed), agree, to(tenant.DomainPendingDNS)); err != nil {
		t.Fatal(err)
	}
	won, err := store.Domain(t.Context(), f.globe.ID, claimed.ID)
	if err != nil || won.Status != tenant.DomainPendingDNS || won.Epoch <= held.Epoch {
		t.Errorf("the claimant: %+v, %v; the holder's epoch was %d", won, err, held.Epoch)
	}
	_, err = store.Domain(t.Context(), f.acme.ID, held.ID)
	is(t, "the holder's", err, tenant.ErrNotFound)
	history, err := store.History(t.Context(), f.acme.ID, held.ID, 2)
	if err != nil || history[0].From != tenant.DomainQuarantined || history[1].From != tenant.DomainActive || history[1].Reason != "claim.lost" {
		t.Errorf("its end: %v, %v", history, err)
	}
	want := []string{fmt.Sprintf("%s domain.quarantined active claim.lost", f.acme.ID), fmt.Sprintf("%s domain.deleted quarantined claim.lost", f.acme.ID),
		fmt.Sprintf("%s domain.pending_dns claim_conflict some.reason", f.globe.ID)}
	if diff := cmp.Diff(want, noted.events); diff != "" {
		t.Errorf("noted:\n%s", diff)
	}
	if diff := cmp.Diff([]tenant.Hostname{held.Host}, noted.lost, same); diff != "" {
		t.Errorf("lost:\n%s", diff)
	}
	if holder, err := store.Holder(t.Context(), held.Host); err != nil || ref(holder) != ref(claimed) {
		t.Errorf("the holder: %+v, %v", holder, err)
	}
}

func TestTakeOver_KeepsTheReasonThatLoseGives(t *testing.T) {
	f := setup(t)
	held, claimed := f.rivals(t, f.acme.ID, f.globe.ID, "billing.acme.test")
	lose := func(d *tenant.Domain) error { return d.Go(tenant.DomainQuarantined, "conflict.in_use", at) }
	if err := f.store.TakeOver(t.Context(), ref(held), ref(claimed), lose, to(tenant.DomainPendingDNS)); err != nil {
		t.Fatal(err)
	}
	history, err := f.store.History(t.Context(), f.acme.ID, held.ID, 2)
	for _, step := range history {
		if step.Reason != "conflict.in_use" || !step.At.Equal(at) {
			t.Errorf("%+v", step)
		}
	}
	if len(history) != 2 || err != nil {
		t.Error(history, err)
	}
}

func TestTakeOver_OfAQuarantinedName(t *testing.T) {
	f := setup(t)
	held, claimed := f.rivals(t, f.acme.ID, f.globe.ID, "billing.acme.test")
	held = f.lead(t, held, tenant.DomainQuarantined)
	if err := f.store.TakeOver(t.Context(), ref(held), ref(claimed), agree, to(tenant.DomainPendingDNS)); err != nil {
		t.Fatal(err)
	}
	if holders := f.holders(t, held.Host); len(holders) != 1 || holders[0] != f.globe.ID {
		t.Errorf("held by %v", holders)
	}
}

// Whatever is not as the caller believes, everything stays as it was.
func TestTakeOver_LeavesAllAsItIsWhenRefused(t *testing.T) {
	f := setup(t)
	held, claimed := f.rivals(t, f.acme.ID, f.globe.ID, "billing.acme.test")
	elsewhere, loser := f.claim(t, f.globe.ID, "other.globe.test"), f.claim(t, f.acme.ID, "lost.acme.test")
	foreign := func(r domains.Ref, to tenant.ID) domains.Ref { r.Tenant = to; return r }
	refuse := func(*tenant.Domain) error { return errStop }
	win := to(tenant.DomainPendingDNS)
	for name, c := range map[string]struct {
		holder, claimant domains.Ref
		lose, win        func(*tenant.Domain) error
		want             error // nil: any
	}{
		"the holder's proof is back":     {ref(held), ref(claimed), refuse, win, errStop},
		"the claimant's proof is gone":   {ref(held), ref(claimed), agree, refuse, errStop},
		"a step that there is not":       {ref(held), ref(claimed), agree, to(tenant.DomainActive), nil},
		"the claimant does not take it":  {ref(held), ref(claimed), agree, agree, nil},
		"another host":                   {ref(held), ref(elsewhere), agree, win, nil},
		"the holder holds nothing":       {ref(loser), ref(claimed), agree, win, tenant.ErrNotFound},
		"the holder is another tenant's": {foreign(ref(held), f.globe.ID), foreign(ref(claimed), f.acme.ID), agree, win, tenant.ErrNotFound},
		"the claimant does not exist":    {ref(held), domains.Ref{Tenant: f.globe.ID, ID: "dom_x"}, agree, win, tenant.ErrNotFound},
		"nobody claims":                  {ref(held), domains.Ref{Tenant: "ten_x", ID: claimed.ID}, agree, win, tenant.ErrNotFound},
		"one tenant alone":               {ref(held), foreign(ref(claimed), f.acme.ID), agree, win, nil},
	} {
		err := f.store.TakeOver(t.Context(), c.holder, c.claimant, c.lose, c.win)
		if err == nil {
			t.Errorf("%s: taken over", name)
		}
		if c.want != nil {
			is(t, name, err, c.want)
		}
		for _, before := range []tenant.Domain{held, claimed, elsewhere, loser} {
			after, err := f.store.Domain(t.Context(), before.Tenant, before.ID)
			if diff := cmp.Diff(before, after, known); diff != "" || err != nil {
				t.Errorf("%s: %v (-before +after):\n%s", name, err, diff)
			}
		}
	}
}

// The connection is killed at each point where something was written, on the server's side, as a crash would.
func TestTakeOver_KilledInTheMiddleLeavesOneHolder(t *testing.T) {
	f := setup(t)
	held, claimed := f.rivals(t, f.acme.ID, f.globe.ID, "billing.acme.test")
	for survive := range 3 {
		store, noted := f.watched()
		noted.fail = func(ctx context.Context, tx pgx.Tx, _ string) error {
			if len(noted.events) <= survive {
				return nil
			}
			_, err := tx.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
			return err
		}
		err := store.TakeOver(t.Context(), ref(held), ref(claimed), agree, to(tenant.DomainPendingDNS))
		is(t, "a killed connection", err, tenant.ErrUnavailable)
		if len(noted.events) != survive+1 {
			t.Fatalf("killed after %d writes, want %d", len(noted.events), survive+1)
		}
		if holders := f.holders(t, held.Host); len(holders) != 1 || holders[0] != f.acme.ID {
			t.Errorf("killed after %d writes: held by %v", survive, holders)
		}
	}
	if err := f.store.TakeOver(t.Context(), ref(held), ref(claimed), agree, to(tenant.DomainPendingDNS)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if holders := f.holders(t, held.Host); len(holders) != 1 || holders[0] != f.globe.ID {
		t.Errorf("in the end held by %v", holders)
	}
}

// Two tenants take a host from each other at the same moment, and each take-over is tried on two nodes.
func TestTakeOver_OppositeOnesDoNotDeadlock(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	for i := range 6 {
		for _, pair := range [][2]tenant.ID{{f.acme.ID, f.globe.ID}, {f.globe.ID, f.acme.ID}} {
			held, claimed := f.rivals(t, pair[0], pair[1], fmt.Sprintf("h%d.%s.test", i, pair[0][4:]))
			done := make(chan error, 2)
			for range cap(done) {
				wg.Go(func() {
					done <- f.store.TakeOver(t.Context(), ref(held), ref(claimed), agree, to(tenant.DomainPendingDNS))
				})
			}
			wg.Go(func() {
				first, second := <-done, <-done
				if first != nil {
					first, second = second, first
				}
				if first != nil {
					t.Errorf("neither took it over: %v, %v", first, second)
				}
				is(t, "the second node", second, tenant.ErrNotFound)
			})
		}
	}
	wg.Wait()
	all, err := f.store.AllDomains(t.Context(), tenant.DomainPendingDNS, "", 100)
	if err != nil || len(all) != 12 {
		t.Errorf("%d taken over, %v, want 12", len(all), err)
	}
}
