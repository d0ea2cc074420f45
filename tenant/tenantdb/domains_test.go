package tenantdb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tollhouse/tenant"
)

func TestAddDomain_OneTenantHoldsAHost(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	first, err := f.store.AddDomain(ctx, f.acme.ID, host("billing.acme.test"))
	if err != nil || first.Host != host("billing.acme.test") || first.Status != tenant.DomainActive || first.ProvenAt.IsZero() || first.Tenant != f.acme.ID {
		t.Fatalf("AddDomain = %+v, %v", first, err)
	}
	for who, id := range map[string]tenant.ID{"the same tenant": f.acme.ID, "another tenant": f.globe.ID} {
		_, err := f.store.AddDomain(ctx, id, host("BILLING.acme.test."))
		is(t, who, err, tenant.ErrTaken)
		if strings.Contains(err.Error(), string(f.acme.ID)) && id != f.acme.ID {
			t.Errorf("the refusal tells who holds the host: %v", err)
		}
	}
	second, err := f.store.AddDomain(ctx, f.acme.ID, host("pay.acme.test"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.store.Domains(ctx, f.acme.ID)
	if diff := cmp.Diff([]tenant.Domain{second, first}, got, same, cmpopts.IgnoreUnexported(tenant.Domain{})); diff != "" || err != nil {
		t.Errorf("Domains: %v (-want +got):\n%s", err, diff)
	}
	if got, err := f.store.Domains(ctx, f.globe.ID); len(got) != 0 || err != nil {
		t.Errorf("the other tenant's domains: %v, %v", got, err)
	}
	_, err = f.store.AddDomain(ctx, "ten_00000000000000000000000000", host("x.acme.test"))
	is(t, "a domain for nobody", err, tenant.ErrNotFound)
}

func TestAddDomain_RefusesThePlatformsNames(t *testing.T) {
	f := setup(t)
	for _, name := range []string{"pay.test", "globe.pay.test", "api.pay.test", "a.b.pay.test"} {
		_, err := f.store.AddDomain(t.Context(), f.acme.ID, host(name))
		wrongFields(t, err, "host")
	}
	if _, err := f.store.AddDomain(t.Context(), f.acme.ID, host("repay.test")); err != nil {
		t.Errorf("a name that only ends alike: %v", err)
	}
}

func TestAddDomain_OneOfManyAtOnceWins(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	results := make(chan error, 16)
	for i := range cap(results) {
		id := []tenant.ID{f.acme.ID, f.globe.ID}[i%2]
		wg.Go(func() {
			_, err := f.store.AddDomain(t.Context(), id, host("billing.acme.test"))
			results <- err
		})
	}
	wg.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, tenant.ErrTaken) {
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d won, want 1", won)
	}
}

// Brand and domain changes of one tenant lock the same rows; in different orders they would deadlock.
func TestChangesOfOneTenant_DoNotDeadlock(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := f.store.AddDomain(t.Context(), f.acme.ID, host(fmt.Sprintf("h%d.acme.test", i))); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := f.store.UpdateBrand(t.Context(), f.acme.ID, func(*tenant.Brand) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			act := f.store.Suspend
			if i%2 == 0 {
				act = f.store.Resume
			}
			if _, err := act(t.Context(), f.acme.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := f.store.Domains(t.Context(), f.acme.ID); len(got) != 8 || err != nil {
		t.Errorf("%d domains, %v; want 8", len(got), err)
	}
}

func TestSuspend_RaisesEveryEpochOfThatTenantOnce(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	before, err := f.store.AddDomain(ctx, f.acme.ID, host("billing.acme.test"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.store.AddDomain(ctx, f.globe.ID, host("billing.globe.test"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := f.store.Suspend(ctx, f.acme.ID)
		if err != nil || got.Status != tenant.Suspended {
			t.Fatalf("Suspend = %+v, %v", got, err)
		}
	}
	after, err := f.store.Domains(ctx, f.acme.ID)
	if err != nil || len(after) != 1 || after[0].Epoch != before.Epoch+1 {
		t.Errorf("epoch of the suspended tenant's domain: %+v, %v; want %d", after, err, before.Epoch+1)
	}
	if got, _ := f.store.Domains(ctx, f.globe.ID); got[0].Epoch != other.Epoch {
		t.Errorf("epoch of the other tenant's domain went from %d to %d", other.Epoch, got[0].Epoch)
	}
	if got, err := f.store.Resume(ctx, f.acme.ID); err != nil || got.Status != tenant.Active {
		t.Errorf("Resume = %+v, %v", got, err)
	}
	_, err = f.store.Suspend(ctx, "ten_00000000000000000000000000")
	is(t, "suspending nobody", err, tenant.ErrNotFound)
	_, err = f.store.Resume(ctx, "ten_00000000000000000000000000")
	is(t, "resuming nobody", err, tenant.ErrNotFound)
}

// A session or ticket of a former holder must never fit the next one.
func TestEpoch_GrowsWhenAHostChangesHands(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	last := int64(0)
	for i := range 6 {
		id := []tenant.ID{f.acme.ID, f.globe.ID}[i%2]
		d, err := f.store.AddDomain(ctx, id, host("billing.acme.test"))
		if err != nil {
			t.Fatal(err)
		}
		if d.Epoch <= last {
			t.Fatalf("epoch %d after %d", d.Epoch, last)
		}
		for range i {
			for _, act := range []func() error{
				func() error { _, err := f.store.Suspend(ctx, id); return err },
				func() error { _, err := f.store.Resume(ctx, id); return err },
			} {
				if err := act(); err != nil {
					t.Fatal(err)
				}
			}
		}
		held, err := f.store.Domains(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		last = held[0].Epoch
		for _, status := range []tenant.DomainStatus{tenant.DomainQuarantined, tenant.DomainDeleted} {
			f.owner(t, id, `UPDATE domains SET status = $3 WHERE tenant_id = $1 AND id = $2`, id, d.ID, status)
		}
	}
}
