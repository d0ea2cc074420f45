package domains_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

const contestedHost = "billing.acme.com"

// conflict is a holder, and somebody else whose claim is proven beside.
func (w *world) conflict(t *testing.T, byTXT bool) (holder, claimant domains.View) {
	t.Helper()
	holder = w.active(t, w.tenants[0], contestedHost)
	claimant = w.claim(t, w.tenants[1], contestedHost)
	a := answers{cname: claimant.Label + ".edge.pay.example"}
	if byTXT {
		a = answers{cname: "cdn.example", txt: []string{claimant.Token}}
	}
	w.dns.set(contestedHost, a)
	return holder, expectStatus(t, w.check(t, claimant), "claim_conflict")
}

// wait checks a claimant every six hours for so long.
func (w *world) wait(t *testing.T, d domains.View, long time.Duration) domains.View {
	t.Helper()
	for passed := time.Duration(0); passed < long; passed += 6 * time.Hour {
		w.clock.Advance(6*time.Hour - 10*time.Second)
		d = w.check(t, d)
	}
	return d
}

func TestTakeOver_NeedsAProofThatHoldsForADay(t *testing.T) {
	w := newWorld(t)
	holder, claimant := w.conflict(t, true)
	claimant = expectStatus(t, w.wait(t, claimant, 18*time.Hour), "claim_conflict")
	if warned := w.show(t, holder); warned.Reason != "conflict.claimed_elsewhere" || warned.BlockingOn != "tenant" || !strings.Contains(codes(warned), "conflict.claimed_elsewhere") {
		t.Errorf("the holder is not warned: %s, %s", warned.Reason, codes(warned))
	}
	claimant = expectStatus(t, w.wait(t, claimant, 6*time.Hour), "issuing")
	if claimant.Epoch <= holder.Epoch {
		t.Errorf("epoch %d after the holder's %d", claimant.Epoch, holder.Epoch)
	}
	held, err := w.cfg.Store.Holder(context.Background(), holder.Host)
	if err != nil || held.ID != claimant.ID {
		t.Errorf("%v %+v", err, held)
	}
	if _, err := w.service.Show(context.Background(), holder.Tenant, holder.ID); err == nil {
		t.Error("the holder's domain is still there")
	}
}

func TestTakeOver_BeginsAnewWhenTheProofWasGone(t *testing.T) {
	w := newWorld(t)
	_, claimant := w.conflict(t, true)
	w.wait(t, claimant, 18*time.Hour)
	proof := w.dns.names[contestedHost]
	w.dns.set(contestedHost, answers{cname: "cdn.example"})
	expectStatus(t, w.check(t, claimant), "pending_ownership")
	w.dns.set(contestedHost, proof)
	expectStatus(t, w.check(t, claimant), "claim_conflict")
	expectStatus(t, w.wait(t, claimant, 18*time.Hour), "claim_conflict")
	expectStatus(t, w.wait(t, claimant, 6*time.Hour), "issuing")
}

func TestTakeOver_WaitsWhileNothingCanBeDecided(t *testing.T) {
	w := newWorld(t)
	_, claimant := w.conflict(t, true)
	proof := w.dns.names[contestedHost]
	w.dns.set(contestedHost, answers{servfail: true})
	expectStatus(t, w.wait(t, claimant, 3*day), "claim_conflict")
	w.dns.set(contestedHost, proof)
	for range 3 {
		expectStatus(t, w.check(t, claimant), "claim_conflict")
	}
	expectStatus(t, w.check(t, claimant), "issuing")
}

// What a holder's state means to a claimant: at once, after a day, or not at all.
func TestTakeOver_ByTheHoldersState(t *testing.T) {
	ctx := context.Background()
	suspend := func(w *world, d domains.View) error { _, err := w.service.Suspend(ctx, d.Tenant, d.ID); return err }
	remove := func(w *world, d domains.View) error { _, err := w.service.Remove(ctx, d.Tenant, d.ID); return err }
	step := func(statuses ...tenant.DomainStatus) func(w *world, d domains.View) error {
		return func(w *world, d domains.View) error {
			_, err := w.cfg.Store.Update(ctx, d.Tenant, d.ID, func(d *tenant.Domain) error {
				for _, s := range statuses {
					if err := d.Go(s, "", w.clock.Now()); err != nil {
						return err
					}
				}
				return nil
			})
			return err
		}
	}
	vouch := func(w *world, d domains.View) error {
		_, err := w.cfg.Store.Update(ctx, d.Tenant, d.ID, func(d *tenant.Domain) error { d.ProvenBy = tenant.ProvenByOperator; return nil })
		return err
	}
	both := func(w *world, d domains.View) error { // a TXT record beside the CNAME that the holder left
		w.dns.set(contestedHost, answers{cname: d.Label + ".edge.pay.example", txt: w.dns.names[contestedHost].txt})
		return nil
	}
	for name, tc := range map[string]struct {
		holder      func(w *world, d domains.View) error
		byTXT       bool
		once, later bool
	}{
		"active, by CNAME":                      {nil, false, false, true},
		"suspended, by CNAME":                   {suspend, false, false, false},
		"suspended, by TXT":                     {suspend, true, false, false},
		"vouched for, by CNAME":                 {vouch, false, false, false},
		"moving, by CNAME":                      {step("moving"), false, true, true},
		"moving, by TXT":                        {step("moving"), true, false, true},
		"moved, by CNAME":                       {step("moving", "moved"), false, true, true},
		"moved, by TXT":                         {step("moving", "moved"), true, false, true},
		"quarantined, by CNAME":                 {remove, false, true, true},
		"quarantined, by TXT":                   {remove, true, false, true},
		"its CNAME still there, by TXT":         {both, true, false, false},
		"quarantined, its CNAME there, by TXT":  {func(w *world, d domains.View) error { _ = both(w, d); return remove(w, d) }, true, false, false},
		"removed after it was vouched for, TXT": {func(w *world, d domains.View) error { _ = vouch(w, d); return remove(w, d) }, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			holder, claimant := w.conflict(t, tc.byTXT)
			if tc.holder != nil {
				if err := tc.holder(w, holder); err != nil {
					t.Fatal(err)
				}
			}
			if claimant = w.check(t, claimant); claimant.Status.Holds() != tc.once {
				t.Fatalf("at once: %s", claimant.Status)
			}
			if !tc.once {
				if claimant = w.wait(t, claimant, 36*time.Hour); claimant.Status.Holds() != tc.later {
					t.Fatalf("after a day: %s", claimant.Status)
				}
			}
			if !tc.later {
				expectNoHint(t, claimant, holder)
			}
		})
	}
}

// expectNoHint holds what a claimant reads to telling the same of every holder.
func expectNoHint(t *testing.T, claimant, holder domains.View) {
	t.Helper()
	if claimant.Reason != "conflict.in_use" || claimant.BlockingOn != "tenant" || claimant.Certificate.Serial != "" {
		t.Errorf("%s %s %+v", claimant.Reason, claimant.BlockingOn, claimant.Certificate)
	}
	for _, f := range claimant.Problems {
		for _, secret := range []string{string(holder.Tenant), holder.ID, holder.Label, holder.Token, "suspended", "operator vouches"} {
			if strings.Contains(f.Expected+f.Seen+f.Fix, secret) || len(f.Fix) > 300 {
				t.Errorf("%+v tells %q", f, secret)
			}
		}
	}
}

func TestTakeOver_NotWhileTheResolversAreDistrusted(t *testing.T) {
	w := newWorld(t)
	_, claimant := w.conflict(t, false)
	if _, err := w.cfg.Store.Trip(context.Background(), 9, 10); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, w.wait(t, claimant, 2*day), "claim_conflict")
	if err := w.cfg.Store.Release(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, w.check(t, claimant), "issuing")
}
