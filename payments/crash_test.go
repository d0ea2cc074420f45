package payments_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
)

// died is what a Crash panics with; dies runs fn until its end or its death.
type died struct{ point string }

func dies(fn func()) (dead bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(died); !is {
				panic(r)
			}
			dead = true
		}
	}()
	fn()
	return false
}

func dyingAt(point string) func(string) {
	return func(p string) {
		if p == point {
			panic(died{p})
		}
	}
}

// A process dies at each of the points; another one finds everything, and the payer's second press of the button is the same payment.
func TestCrash_AnotherNodeFinishesWhatWasBegun(t *testing.T) {
	s := shop(t)
	for _, point := range payments.CrashPoints() {
		for _, late := range []time.Duration{time.Minute, 11 * time.Minute, 21 * time.Hour} {
			for _, source := range []string{"ok", "declined"} {
				name := fmt.Sprint(point, " ", late, " ", source)
				inv := s.Sent(t, 100)
				in := s.Request(source, inv)
				in.Session.ID = name
				before, _ := s.Fake.Captured()
				if !dies(func() { _, _ = s.Node(t, dyingAt(point)).Pay(ctx, s.Tenant, in) }) {
					t.Fatalf("%s: the process lives", name)
				}
				s.Advance(late)
				node := s.Node(t, nil)
				s.Work(t, node)
				after, _ := s.Fake.Captured()
				settled, inFlight := s.Balance(t, inv.ID)
				stuck := point == payments.CrashAfterReserve && late > 20*time.Hour // nothing was sent, and that cannot be proven yet
				if settled != after-before || (inFlight != 0) != stuck {
					t.Errorf("%s: %d captured, %d settled, %d in flight", name, after-before, settled, inFlight)
				}
				if again, err := node.Pay(ctx, s.Tenant, in); err != nil || point != payments.CrashBeforeReserve && again.Amount != 100 {
					t.Errorf("%s: again: %s, %v", name, again.Status, err)
				}
				if total, _ := s.Fake.Captured(); total-before > 100 {
					t.Errorf("%s: %d captured", name, total-before)
				}
			}
		}
	}
	for range 3 {
		s.Advance(25 * time.Hour)
		s.Work(t, s.Service)
	}
	if n := s.Int(t, `SELECT count(*) FROM payments WHERE tenant_id = $1 AND payment_live(status)`, s.Tenant.ID); n != 0 {
		t.Errorf("%d payments are still open", n)
	}
	if broken := s.Fake.Broken(); broken != nil {
		t.Error(broken)
	}
	sound(t, s)
}

// sound demands that the ledger and the processor agree, and that nothing was taken twice.
func sound(t testing.TB, s *paymentstest.Shop) {
	t.Helper()
	captured, n := s.Fake.Captured()
	refunded, disputed := s.Fake.GivenBack()
	one := func(q string) int64 { t.Helper(); return s.Int(t, q, s.Tenant.ID) }
	posted := -one(`SELECT COALESCE(sum(e.amount), 0)::bigint FROM ledger_entries e JOIN payment_attempts a ON a.tenant_id = e.tenant_id AND a.payment_id = e.payment_id
		WHERE e.tenant_id = $1 AND e.kind IN ('payment', 'credit_given')`)
	back := one(`SELECT COALESCE(sum(e.amount), 0)::bigint FROM ledger_entries e JOIN payment_attempts a ON a.tenant_id = e.tenant_id AND a.payment_id = e.payment_id
		WHERE e.tenant_id = $1 AND e.kind IN ('refund', 'reversal', 'reinstatement')`)
	if captured != posted || refunded+disputed != back {
		t.Errorf("captured %d and posted %d; given back %d + %d and posted %d", captured, posted, refunded, disputed, back)
	}
	for what, q := range map[string]string{
		"invoices that took too much": `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND settled + in_flight > total`,
		"invoices whose sum is not the ledger's": `SELECT count(*) FROM invoices i WHERE i.tenant_id = $1 AND i.settled <> (SELECT COALESCE(-sum(e.amount), 0)
			FROM ledger_entries e WHERE e.tenant_id = i.tenant_id AND e.invoice_id = i.id AND e.kind NOT IN ('invoice', 'void'))`,
		"invoices with more reserved than is under way": `SELECT count(*) FROM invoices i WHERE i.tenant_id = $1 AND i.in_flight <> (SELECT COALESCE(sum(a.amount), 0)
			FROM payment_allocations a JOIN payments p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id WHERE a.tenant_id = i.tenant_id AND a.invoice_id = i.id
			 AND payment_live(p.status))`,
		"uses of credit that do not add up": `SELECT count(*) FROM (SELECT 1 FROM ledger_entries WHERE tenant_id = $1 AND kind = 'credit_used'
			GROUP BY effect HAVING sum(amount) <> 0) x`,
		"payments left with a person at them": `SELECT count(*) FROM payment_allocations a JOIN payments p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id
			WHERE a.tenant_id = $1 AND a.interactive <> (payment_interactive(p.status) AND p.kind <> 'manual')`,
	} {
		if n := one(q); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	receipts := one(`SELECT count(*) FROM receipts r JOIN payment_attempts a ON a.tenant_id = r.tenant_id AND a.payment_id = r.payment_id WHERE r.tenant_id = $1`)
	if receipts != int64(n) {
		t.Errorf("%d receipts of %d charges", receipts, n)
	}
}

// Two contacts, two hundred tabs, one invoice, and everything that can go wrong goes wrong somewhere.
func TestTwoHundredSubmitsAtOnce_TakeNoMoreThanIsOwed(t *testing.T) {
	s := shop(t)
	s.Tenant.Policy.PartialPayments = true
	inv := s.Sent(t, 10_000)
	second := s.AddContact(t, s.Company, "payer")
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(7, 7))
	roll := func(n int) int { mu.Lock(); defer mu.Unlock(); return random.IntN(n) }
	s.Fake.OnCall = func(string) paymentstest.Fault { return paymentstest.Fault(max(0, roll(12)-7)) % 4 }
	points := payments.CrashPoints()
	node := []*payments.Service{}
	for range 2 {
		node = append(node, s.Node(t, func(point string) {
			if roll(20) == 0 && points[roll(len(points))] == point {
				panic(died{point})
			}
		}))
	}
	faults := s.Fake.OnCall
	captured := int64(0)
	for round := 0; round < 4 || captured == 0 && round < 12; round++ { // so many declines may come first that the invoice takes a day's pause
		s.Fake.OnCall = faults
		var group sync.WaitGroup
		for i := range 50 {
			in := s.Request([]string{"ok", "ok", "funds", "processing"}[i%4], inv)
			in.Items[0].Amount, in.Items[0].Version = int64(100+roll(3000)), 0
			if in.Session.ID = fmt.Sprint(round, i%10); i%2 == 0 {
				in.ContactID = second
			}
			group.Go(func() {
				for range 3 {
					dies(func() { _, _ = node[i%2].Pay(ctx, s.Tenant, in) })
				}
			})
		}
		group.Wait()
		s.Fake.OnCall = nil
		calm(t, s)
		s.Advance(25 * time.Hour)
		captured, _ = s.Fake.Captured()
	}
	if captured > 10_000 || captured == 0 {
		t.Errorf("%d captured of 10000", captured)
	}
	sound(t, s)
	if broken := s.Fake.Broken(); broken != nil {
		t.Error(broken)
	}
}

// calm lets time pass and the processor end everything, until nothing is open.
func calm(t testing.TB, s *paymentstest.Shop) {
	t.Helper()
	const open = `SELECT (SELECT count(*) FROM payments WHERE tenant_id = $1 AND payment_live(status))
		+ (SELECT count(*) FROM refunds WHERE tenant_id = $1 AND status NOT IN ('succeeded', 'failed'))
		+ (SELECT count(*) FROM processor_events WHERE tenant_id = $1 AND done_at IS NULL)`
	for range 40 {
		s.Fake.EndAll()
		s.Deliver(t, s.Service)
		s.Work(t, s.Service)
		if s.Int(t, open, s.Tenant.ID) == 0 {
			return
		}
		s.Advance(7 * time.Hour)
	}
	t.Error("something is open for ever")
}
