package certsdb_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
)

var orders = certs.Bucket{Name: "orders", Limit: certs.Limit{Count: 10, Per: time.Hour}}

// pass lets time pass for the ledger.
func pass(t *testing.T, db pgtest.DB, d time.Duration) {
	t.Helper()
	for _, q := range []string{`UPDATE ca_ledger SET tat = tat - $1::interval`, `UPDATE ca_health SET retry_at = retry_at - $1::interval, failing_since = failing_since - $1::interval`} {
		if _, err := db.Owner.Exec(ctx, q, d); err != nil {
			t.Fatal(err)
		}
	}
}

func taken(t *testing.T, s *certsdb.Store, buckets ...certs.Bucket) certs.Taken {
	t.Helper()
	got, err := s.Take(ctx, 0, buckets)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The CA counts the same way with its own clock: whatever we allow, in any order and at any pace, it allows too, and the wait that we tell is
// long enough and not longer than needed.
func TestLedger_NeverAllowsWhatTheCAWouldRefuse(t *testing.T) {
	s, db := setup(t)
	step := orders.Limit.Per / time.Duration(orders.Limit.Count)
	var now, tat time.Duration // of the CA
	var events []time.Duration
	for i := range 300 {
		got := taken(t, s, orders)
		room := max(tat, now)+step <= now+orders.Limit.Per
		if allowed := got.Wait == 0; allowed != room && max(tat, now)+step-now-orders.Limit.Per > time.Second {
			t.Fatalf("step %d: allowed %v, and the CA has room: %v", i, allowed, room)
		}
		switch {
		case got.Wait == 0:
			tat = max(tat, now) + step
			events = append(events, now)
		case got.Wait > step+time.Second || got.Code != certs.CodeRateLimited || got.Bucket != "orders":
			t.Fatalf("step %d: refused with %+v", i, got)
		}
		d := time.Duration(0)
		switch rand.N(4) {
		case 0:
			d = rand.N(3 * step)
		case 1:
			d = got.Wait
		case 2:
			d = rand.N(step / 4)
		}
		now += d
		pass(t, db, d)
	}
	for i := range events {
		for j := i; j < len(events); j++ {
			if n, most := j-i+1, orders.Limit.Count+int((events[j]-events[i]+time.Minute)/step); n > most {
				t.Fatalf("%d events in %s, want at most %d", n, events[j]-events[i], most)
			}
		}
	}
	if len(events) < 30 {
		t.Errorf("only %d events were allowed", len(events))
	}
}

func TestLedger_IsExactOverNodes(t *testing.T) {
	first, db := setup(t)
	second := open(t, db, nil)
	names := certs.Bucket{Name: "registered:acme.test", Limit: certs.Limit{Count: 7, Per: time.Hour}}
	// The buckets are there, so that only their locks are in the way.
	const prepare = `INSERT INTO ca_ledger (issuer, bucket, tat) SELECT $1, b, now() FROM unnest($2::text[]) AS b ON CONFLICT DO NOTHING`
	if _, err := db.Owner.Exec(ctx, prepare, issuer, []string{orders.Name, names.Name}); err != nil {
		t.Fatal(err)
	}
	var allowed atomic.Int64
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i := range 60 {
		group.Go(func() {
			<-begin
			s, buckets := first, []certs.Bucket{orders, names}
			if i%2 == 1 {
				s, buckets = second, []certs.Bucket{names, orders}
			}
			if got, err := s.Take(ctx, 0, buckets); err != nil {
				t.Error(err)
			} else if got.Wait == 0 {
				allowed.Add(1)
			}
		})
	}
	close(begin)
	group.Wait()
	if got := allowed.Load(); got != 7 {
		t.Errorf("%d were allowed, want 7", got)
	}
	// What was refused for one bucket was not taken from the other.
	if got := taken(t, first, orders); got.Wait != 0 || got.Used > 0.71 || got.Used < 0.69 {
		t.Errorf("got %+v", got)
	}
}

func TestLedger_KeepsTheLastTenthForRenewals(t *testing.T) {
	s, _ := setup(t)
	first := orders
	first.Keep = 1
	for range 9 {
		if got := taken(t, s, first); got.Wait != 0 {
			t.Fatalf("refused: %+v", got)
		}
	}
	if got := taken(t, s, first); got.Wait == 0 {
		t.Error("a first order took from the reserve")
	}
	if got := taken(t, s, orders); got.Wait != 0 {
		t.Errorf("a renewal did not get the reserve: %+v", got)
	}
	if got := taken(t, s); got.Wait != 0 {
		t.Errorf("what is exempt was refused: %+v", got)
	}
}

func TestLedger_OneTenantLeavesOthersTheirPart(t *testing.T) {
	s, db := setup(t)
	account := certs.Bucket{Name: "orders", Limit: certs.Limit{Count: 30, Per: time.Hour}, Keep: 3}
	of := func(name string) []certs.Bucket {
		return []certs.Bucket{account, {Name: "tenant:" + name, Limit: certs.Limit{Count: 10, Per: time.Hour}, Soft: true}}
	}
	count := func(name string) (n int) {
		for taken(t, s, of(name)...).Wait == 0 {
			n++
		}
		return n
	}
	if got := count("greedy"); got != 15 {
		t.Errorf("alone it got %d, want half of 30", got)
	}
	if got := count("single"); got != 10 {
		t.Errorf("the other got %d, want its third", got)
	}
	if got := count("third"); got != 2 {
		t.Errorf("the next got %d, want what is left of 27", got)
	}
	pass(t, db, time.Hour)
	if got := count("single"); got == 0 {
		t.Error("nothing came back")
	}
}

func TestLedger_GivesBackHoldsAndPeeks(t *testing.T) {
	s, db := setup(t)
	for range 25 {
		if got := taken(t, s, orders); got.Wait != 0 {
			t.Fatalf("refused: %+v", got)
		}
		if err := s.GiveBack(ctx, 0, []certs.Bucket{orders}); err != nil {
			t.Fatal(err)
		}
	}
	failed := certs.Bucket{Name: "failed:" + billing, Limit: certs.Limit{Count: 2, Per: time.Hour}, Peek: true}
	for i := range 4 {
		if got := taken(t, s, failed); (got.Wait == 0) != (i < 2) {
			t.Errorf("after %d failures: %+v", i, got)
		}
		if err := s.Spend(ctx, 0, []certs.Bucket{failed}); err != nil {
			t.Fatal(err)
		}
	}
	domain := certs.Bucket{Name: "registered:acme.test", Limit: certs.Limit{Count: 50, Per: 7 * 24 * time.Hour}}
	if err := s.Hold(ctx, 0, domain, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := taken(t, s, domain); got.Wait < 119*time.Minute || got.Wait > 2*time.Hour {
		t.Errorf("held for %s, want two hours", got.Wait)
	}
	pass(t, db, 2*time.Hour)
	if got := taken(t, s, domain); got.Wait != 0 {
		t.Errorf("after that: %+v", got)
	}
}

func TestHealth_LeavesACAAloneLongerTheLongerItFails(t *testing.T) {
	s, db := setup(t)
	b := certs.Backoff{Base: 5 * time.Second, Max: 5 * time.Minute}
	trouble := certs.Refusal{Code: certs.CodeUnavailable, Reason: "connection refused"}
	for _, want := range []time.Duration{5 * time.Second, 30 * time.Second, 60 * time.Second, 90 * time.Second} {
		got, err := s.Troubled(ctx, trouble, b)
		if err != nil || got > want+time.Second || got < want-time.Second {
			t.Errorf("left alone for %s, %v, want %s", got, err, want)
		}
		if got := taken(t, s, orders); got.Wait == 0 || got.Code != certs.CodeUnavailable || got.Reason != "connection refused" || got.Bucket != "" {
			t.Errorf("meanwhile: %+v", got)
		}
		pass(t, db, time.Minute)
		if want > time.Minute {
			pass(t, db, time.Minute)
		}
	}
	if got, err := s.Failing(ctx); err != nil || len(got) != 1 || !got[0] {
		t.Errorf("failing: %v, %v", got, err)
	}
	limited := certs.Refusal{Code: certs.CodeRateLimited, Reason: strings.Repeat("ü", 400), RetryIn: time.Hour}
	if got, err := s.Troubled(ctx, limited, b); err != nil || got < 59*time.Minute {
		t.Errorf("the CA's own word: %s, %v", got, err)
	}
	if err := s.Answered(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if got := taken(t, s, orders); got.Wait != 0 {
		t.Errorf("after a success: %+v", got)
	}
	if got, err := s.Failing(ctx); err != nil || got[0] {
		t.Errorf("failing: %v, %v", got, err)
	}
}

func TestSweep_ForgetsFullBuckets(t *testing.T) {
	s, db := setup(t)
	for i := range 3 {
		taken(t, s, certs.Bucket{Name: fmt.Sprintf("names:%d", i), Limit: certs.Limit{Count: 5, Per: time.Hour}})
	}
	pass(t, db, 30*time.Minute)
	taken(t, s, orders)
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := db.Owner.QueryRow(ctx, `SELECT count(*) FROM ca_ledger`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d buckets are left, %v, want 1", left, err)
	}
}
