package domains_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func (w *world) remove(t *testing.T, d domains.View) domains.View {
	t.Helper()
	v, err := w.service.Remove(context.Background(), d.Tenant, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRemove_KeepsAHeldNameInQuarantine(t *testing.T) {
	w := newWorld(t)
	d := w.active(t, w.tenants[0], "billing.acme.com")
	first := expectStatus(t, w.remove(t, d), "quarantined")
	w.clock.Advance(time.Hour)
	again := expectStatus(t, w.remove(t, d), "quarantined")
	if first.Epoch <= d.Epoch || again.Epoch != first.Epoch || !again.StatusAt.Equal(first.StatusAt) || again.Certificate.Serial != "" {
		t.Errorf("epochs %d, %d, %d; since %s and %s", d.Epoch, first.Epoch, again.Epoch, first.StatusAt, again.StatusAt)
	}
	if want := first.StatusAt.Add(30 * day); !first.NextCheckAt.Equal(want) {
		t.Errorf("deleted at %s, want %s", first.NextCheckAt, want)
	}
	before := w.dns.count()
	expectStatus(t, w.check(t, d), "quarantined")
	if w.dns.count() != before {
		t.Error("a name that was given up was examined")
	}
}

func TestRemove_DeletesAMereClaim(t *testing.T) {
	w := newWorld(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	expectStatus(t, w.remove(t, d), "deleted")
	if _, err := w.service.Remove(context.Background(), d.Tenant, d.ID); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// The old target still stands in DNS, and proves nothing for the new claim.
func TestClaim_AfterRemovalIsAFreshOne(t *testing.T) {
	w := newWorld(t)
	old := w.active(t, w.tenants[0], "billing.acme.com")
	w.remove(t, old)
	fresh := w.claim(t, w.tenants[0], "billing.acme.com")
	if fresh.ID == old.ID || fresh.Label == old.Label || fresh.Token == old.Token {
		t.Fatalf("%+v is the old claim", fresh.Domain)
	}
	expectStatus(t, w.check(t, fresh), "pending_ownership")
	w.dns.set("billing.acme.com", answers{cname: fresh.Label + ".edge.pay.example"})
	w.fleet.set(fresh.Host, domains.Certificate{})
	fresh = expectStatus(t, w.check(t, fresh), "issuing")
	if fresh.Epoch <= old.Epoch {
		t.Errorf("epoch %d after %d", fresh.Epoch, old.Epoch)
	}
	if _, err := w.service.Show(context.Background(), old.Tenant, old.ID); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("the old claim: %v", err)
	}
}

func TestSuspend_TakesOffTheAirAndResumeBringsBack(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	d := w.active(t, w.tenants[0], "billing.acme.com")
	for range 2 {
		v, err := w.service.Suspend(ctx, d.Tenant, d.ID)
		if err != nil || v.Status != "suspended" || v.Before != "active" || v.Reason != "domain.suspended" || v.BlockingOn != "platform" || codes(v) != "domain.suspended" {
			t.Fatalf("%v %+v", err, v.Domain)
		}
	}
	w.dns.lie(true)
	w.clock.Advance(90 * day)
	expectStatus(t, w.check(t, d), "suspended")
	w.dns.lie(false)
	for range 2 {
		v, err := w.service.Resume(ctx, d.Tenant, d.ID)
		if err != nil || v.Status != "active" || v.Before != "" || v.NextCheckAt.After(w.clock.Now()) {
			t.Fatalf("%v %+v", err, v.Domain)
		}
	}
	mere := w.claim(t, w.tenants[0], "other.acme.com")
	if _, err := w.service.Suspend(ctx, mere.Tenant, mere.ID); err == nil {
		t.Error("a mere claim was suspended")
	}
	w.remove(t, d)
	if _, err := w.service.Suspend(ctx, d.Tenant, d.ID); err == nil {
		t.Error("a domain in quarantine was suspended")
	}
}

// A tenant that could give a suspended name up would claim and prove it anew, and be back on the air.
func TestRemove_DoesNotEndASuspension(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	d := w.active(t, w.tenants[0], "billing.acme.com")
	if _, err := w.service.Suspend(ctx, d.Tenant, d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Remove(ctx, d.Tenant, d.ID); !errors.Is(err, domains.ErrSuspended) {
		t.Errorf("%v", err)
	}
	if again := w.claim(t, w.tenants[0], "billing.acme.com"); again.ID != d.ID {
		t.Errorf("claimed anew as %s, and is %s", again.ID, again.Status)
	}
	v, err := w.service.TakeAway(ctx, d.Tenant, d.ID)
	if err != nil || v.Status != tenant.DomainQuarantined {
		t.Errorf("the operator's word: %v %s", err, v.Status)
	}
}

func TestRetry_IsDueAtOnceAndBeginsAnew(t *testing.T) {
	w := newWorld(t)
	w.cfg.Timing.MaxChecks = 1
	w.service = w.node(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	expectStatus(t, w.check(t, d), "timed_out")
	for range 20 {
		v, err := w.service.Retry(context.Background(), d.Tenant, d.ID)
		if err != nil || v.Status != "pending_ownership" || v.NextCheckAt.After(w.clock.Now()) || v.Domain.Checks != 0 {
			t.Fatalf("%v %+v", err, v.Domain)
		}
	}
}

// An active name is examined once a day, unless the operator asks.
func TestRetry_MakesTheLoopExamineAnActiveName(t *testing.T) {
	w := newWorld(t)
	d := w.active(t, w.tenants[0], "billing.acme.com")
	before := w.dns.count()
	if _, err := w.service.Retry(context.Background(), d.Tenant, d.ID); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example", elsewhere: true})
	w.run(t, 2)
	until(t, "examined", func() bool { return w.show(t, d).Reason == "dns.wrong_target" })
	if n := w.dns.count() - before; n != 1 {
		t.Errorf("%d examinations", n)
	}
}

func TestList_PagesWithTheirCertificates(t *testing.T) {
	w := newWorld(t)
	a := w.active(t, w.tenants[0], "a.acme.com")
	w.claim(t, w.tenants[0], "b.acme.com")
	first, err := w.service.List(context.Background(), w.tenants[0], "", 1)
	if err != nil || len(first) != 1 || first[0].Host.String() != "b.acme.com" || len(first[0].Records) == 0 {
		t.Fatalf("%v %+v", err, first)
	}
	rest, err := w.service.List(context.Background(), w.tenants[0], first[0].ID, 100)
	if err != nil || len(rest) != 1 || rest[0].ID != a.ID || rest[0].Certificate.Serial != "4f" {
		t.Fatalf("%v %+v", err, rest)
	}
}
