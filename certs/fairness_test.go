package certs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

// A tenant that brings many names at once gets its share; another's single name comes in between, and the names above the share wait without
// asking anybody.
func TestOnboarding_OfManyNamesDoesNotStarveAnothersOne(t *testing.T) {
	t.Parallel()
	const many = 500
	f := newFleet(t, localca.Options{})
	n := f.start(func(c *certs.Config) {
		eager(c)
		c.OrdersAhead = 1
		c.CA.Limits = certs.Limits{Orders: certs.Limit{Count: 30, Per: 3 * time.Hour}, Registered: certs.Limit{Count: 500, Per: time.Hour}}
	})
	var names []string
	for i := range many {
		names = append(names, fmt.Sprintf("h%d.acme.test", i))
	}
	f.feed.add(owner, names...)
	eventually(t, "the first of many are issued", func() bool { return f.ca.Orders() >= 2 })
	before := f.ca.Orders()
	f.feed.add(another, "billing.globex.test")
	eventually(t, "the single name has its certificate", func() bool { return f.issued("billing.globex.test") == 1 })
	for i, order := range f.ca.OrderLog() {
		if order.Names[0] == "billing.globex.test" && i > before+4 {
			t.Errorf("it came as number %d, %d were issued when it appeared", i, before)
		}
	}
	// Half of 30 is what one tenant may take while nobody else asks; the single name counts among them.
	eventually(t, "the share is used up", func() bool { return f.ca.Orders() >= 15 })
	rounds := n.store.calls.Load() + 3000
	eventually(t, "the rest was refused by the ledger", func() bool { return n.store.calls.Load() > rounds })
	if got := f.ca.Orders(); got != 15 {
		t.Errorf("%d orders were made, want 15", got)
	}
	if got := f.waiting(); got < many/2 {
		t.Errorf("%d names are known to wait for the limit", got)
	}
	f.feed.add(another, "pay.globex.test")
	eventually(t, "the other tenant still gets one", func() bool { return f.issued("pay.globex.test") == 1 })
}

// issued counts the certificates of a host.
func (f *fleet) issued(host string) (n int) {
	f.t.Helper()
	if err := f.db.Owner.QueryRow(context.Background(), `SELECT count(*) FROM certificates WHERE host = $1`, host).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// waiting counts the hosts that wait for a limit, until a time that everybody can read.
func (f *fleet) waiting() (n int) {
	f.t.Helper()
	const q = `SELECT count(*) FROM certificate_failures WHERE code = $1 AND retry_at > now() AND failures = 1`
	if err := f.db.Owner.QueryRow(context.Background(), q, certs.CodeRateLimited).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}
