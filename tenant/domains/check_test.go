package domains_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func TestCheck_LeadsFromTheRecordToTheServedCertificate(t *testing.T) {
	w := newWorld(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	d = expectStatus(t, w.check(t, d), "pending_ownership")
	if codes(d) != "ownership.missing dns.not_found" || d.Problems[0].Fix == "" || len(d.Checks) == 0 {
		t.Errorf("%s, checks %v", codes(d), d.Checks)
	}
	w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example", caa: true})
	if d = expectStatus(t, w.check(t, d), "blocked"); d.Reason != "caa.forbids" || d.BlockingOn != "tenant" || d.ProvenBy != "cname" {
		t.Errorf("%+v", d.Domain)
	}
	w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
	d = expectStatus(t, w.check(t, d), "issuing")
	w.fleet.certify(d.Host)
	d = expectStatus(t, w.check(t, d), "active")
	if d.Reason != "" || d.BlockingOn != "nobody" || d.Certificate.Serial != "4f" || len(d.Problems) != 0 {
		t.Errorf("%+v", d)
	}
	var steps []tenant.DomainStatus
	for _, step := range d.History {
		steps = append(steps, step.To)
	}
	if len(steps) != 8 || steps[0] != "active" || steps[7] != "pending_ownership" {
		t.Errorf("history %v", steps)
	}
	if d.NextCheckAt.Before(w.clock.Now().Add(12*time.Hour)) || d.NextCheckAt.After(w.clock.Now().Add(36*time.Hour)) {
		t.Errorf("an active name is looked at again at %s, now is %s", d.NextCheckAt, w.clock.Now())
	}
}

func TestCheck_OfManyAtOnceOnSeveralNodesExaminesOnce(t *testing.T) {
	w := newWorld(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	nodes := []*domains.Service{w.node(t), w.node(t)}
	var wait sync.WaitGroup
	var refused atomic.Int64
	for i := range 20 {
		wait.Go(func() {
			_, err := nodes[i%2].Check(context.Background(), d.Tenant, d.ID)
			var soon *domains.TooSoonError
			switch {
			case errors.As(err, &soon) && soon.After > 0 && soon.After <= 10*time.Second:
				refused.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := w.dns.count(); n != 1 || refused.Load() != 19 {
		t.Errorf("%d examinations, %d refused", n, refused.Load())
	}
}

func TestCheck_IsGrantedFiftyTimesAnHour(t *testing.T) {
	w := newWorld(t)
	w.cfg.Limits.ChecksPerHour = 50
	w.service = w.node(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	for range 50 {
		w.check(t, d)
	}
	w.clock.Advance(10 * time.Second)
	_, err := w.service.Check(context.Background(), d.Tenant, d.ID)
	var soon *domains.TooSoonError
	if !errors.As(err, &soon) || soon.After < 50*time.Minute || soon.After > time.Hour {
		t.Fatalf("the 51st: %v", err)
	}
	w.clock.Advance(soon.After)
	w.check(t, d)
	if n := w.dns.count(); n != 51 {
		t.Errorf("%d examinations", n)
	}
}

func TestCheck_BeginsAnewAfterTimeRanOut(t *testing.T) {
	w := newWorld(t)
	w.cfg.Timing.MaxChecks = 1
	w.service = w.node(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	d = expectStatus(t, w.check(t, d), "timed_out")
	if !d.NextCheckAt.IsZero() {
		t.Errorf("looked at again at %s", d.NextCheckAt)
	}
	w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
	expectStatus(t, w.check(t, d), "issuing")
}

func TestCheck_ThatIsCutShortSaysNothing(t *testing.T) {
	w := newWorld(t)
	d := w.active(t, w.tenants[0], "billing.acme.com")
	w.dns.lie(true)
	gate := w.dns.shut()
	w.clock.Advance(time.Minute)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { _, err := w.service.Check(ctx, d.Tenant, d.ID); done <- err }()
	<-gate.entered
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if after := w.show(t, d); !after.BadSince.IsZero() || !after.CheckedAt.Equal(d.CheckedAt) {
		t.Errorf("%+v", after.Domain)
	}
}

// Resolvers that answer late, or never, must not cost the caller its answer: the edge ends requests that take longer.
func TestCheck_AnswersInTimeAndLeavesTheRestToTheLoop(t *testing.T) {
	w := newWorld(t)
	w.cfg.Timing.CheckTime = 50 * time.Millisecond
	w.service = w.node(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
	gate := w.dns.shut()
	after, err := w.service.Check(context.Background(), d.Tenant, d.ID)
	if err != nil || after.Status != "pending_ownership" || !after.CheckedAt.IsZero() || after.NextCheckAt.After(w.clock.Now()) {
		t.Fatalf("%v, %s, looked at %s, next at %s, now is %s", err, after.Status, after.CheckedAt, after.NextCheckAt, w.clock.Now())
	}
	<-gate.entered
	close(gate.open)
	w.run(t, 1)
	until(t, "issuing", func() bool { return w.show(t, d).Status == "issuing" })
}

// A verdict on what was examined is not written to what the domain has become meanwhile.
func TestCheck_JudgesByTheRowAsItIsAfterTheExamination(t *testing.T) {
	w := newWorld(t)
	d := w.claim(t, w.tenants[0], "billing.acme.com")
	w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
	gate := w.dns.shut()
	done := make(chan error)
	go func() { _, err := w.service.Check(context.Background(), d.Tenant, d.ID); done <- err }()
	<-gate.entered
	if _, err := w.service.Remove(context.Background(), d.Tenant, d.ID); err != nil {
		t.Fatal(err)
	}
	close(gate.open)
	if err := <-done; !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("a deleted claim was checked: %v", err)
	}
	if _, err := w.cfg.Store.Holder(context.Background(), d.Host); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("somebody holds the name: %v", err)
	}
}

// Both tenants' proofs stand in DNS, and both press the button on every node.
func TestCheck_OfTwoTenantsGivesTheNameToExactlyOne(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		host := tenant.NewID("h", time.Now())[2:] + ".acme.com"
		claims := []domains.View{w.claim(t, w.tenants[0], host), w.claim(t, w.tenants[1], host)}
		w.dns.set(host, answers{txt: []string{claims[0].Token, claims[1].Token}})
		var wait sync.WaitGroup
		for _, d := range claims {
			wait.Go(func() {
				if _, err := w.node(t).Check(context.Background(), d.Tenant, d.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		a, b := w.show(t, claims[0]), w.show(t, claims[1])
		if a.Status != "issuing" {
			a, b = b, a
		}
		if a.Status != "issuing" || b.Status != "claim_conflict" || b.Reason != "conflict.in_use" || b.Certificate.Serial != "" {
			t.Errorf("%s and %s (%s)", a.Status, b.Status, b.Reason)
		}
	}
}
