package certs

import (
	"context"
	"time"

	"golang.org/x/net/publicsuffix"

	"tollhouse/tenant"
)

// Ledger keeps, for all nodes, what each CA's limits still allow and how each CA is doing. CAs are counted from 0. Its clock is the
// database's. Part of Store.
type Ledger interface {
	// Take takes one event from each of the buckets, or none if one of them is empty or the CA is to be left alone; with no buckets it
	// only tells the latter. It is atomic over all nodes, and one round trip.
	Take(ctx context.Context, ca int, buckets []Bucket) (Taken, error)
	// GiveBack returns events that did not happen.
	GiveBack(ctx context.Context, ca int, buckets []Bucket) error
	// Spend takes events that did happen, whatever the buckets hold.
	Spend(ctx context.Context, ca int, buckets []Bucket) error
	// Hold empties a bucket until wait is over, because the CA says so.
	Hold(ctx context.Context, ca int, b Bucket, wait time.Duration) error
	// Troubled notes that a CA is in trouble, for all names, and returns for how long it is left alone.
	Troubled(ctx context.Context, r Refusal, b Backoff) (time.Duration, error)
	// Answered notes that a CA issued a certificate, which ends its trouble.
	Answered(ctx context.Context, ca int) error
	// Failing tells of each CA whether it is in trouble.
	Failing(ctx context.Context) ([]bool, error)
}

// Bucket is one limit of one CA, counted by GCRA: Limit.Count events at once, and one more each Per/Count.
type Bucket struct {
	Name  string
	Limit Limit
	Keep  int  // events left to others
	Peek  bool // an event must be left but is not taken
	Soft  bool // may be empty while less than half of the first bucket is used
}

// Taken is what became of a Take. Wait is zero when everything was taken.
type Taken struct {
	Wait   time.Duration
	Bucket string  // that is empty; "" when it is the CA that is left alone
	Code   string  // why
	Reason string  // what the CA said
	Used   float64 // share of the first bucket that was used before; 0 without buckets
}

const ordersBucket = "orders"

// purpose is what an order is for, as the CA's limits see it.
type purpose uint8

const (
	firstOrder  purpose = iota // of a host that has no certificate
	newOrder                   // of a host that has one of another CA: all limits count, but it is a renewal and may use the reserve
	sameNames                  // a renewal that does not name what it replaces: only the limit on its names counts
	replacement                // a renewal that does: no limit counts
)

// tenantShare is the part of the account's orders that one tenant may use up while others may want them; reserve is the part that first
// orders leave to renewals.
const (
	tenantShare = 3
	reserve     = 10
)

// buckets are those that an order takes from. The account's orders are the first of them.
func (l Limits) buckets(host tenant.Hostname, owner tenant.ID, p purpose) []Bucket {
	if p == replacement {
		return nil
	}
	var list []Bucket
	add := func(b Bucket) {
		if !b.Limit.None() {
			list = append(list, b)
		}
	}
	if p != sameNames {
		orders := Bucket{Name: ordersBucket, Limit: l.Orders}
		if p == firstOrder {
			orders.Keep = l.Orders.Count / reserve
		}
		add(orders)
		add(l.registered(host))
	}
	if p == firstOrder && l.Orders.Count >= tenantShare && owner != "" {
		add(Bucket{Name: tenantBucket(owner), Limit: l.PerTenant(), Soft: true})
	}
	add(l.names(host))
	failed := l.failed(host)
	failed.Peek = true
	add(failed)
	return list
}

func tenantBucket(owner tenant.ID) string { return "tenant:" + string(owner) }

func (l Limits) registered(host tenant.Hostname) Bucket {
	domain, err := publicsuffix.EffectiveTLDPlusOne(host.String())
	if err != nil {
		domain = host.String() // a public suffix itself
	}
	return Bucket{Name: "registered:" + domain, Limit: l.Registered}
}

func (l Limits) names(host tenant.Hostname) Bucket {
	return Bucket{Name: "names:" + host.String(), Limit: l.Names}
}

func (l Limits) failed(host tenant.Hostname) Bucket {
	return Bucket{Name: "failed:" + host.String(), Limit: l.Failed}
}

// uncounted are those of the taken buckets that the CA did not count: all when it made no order, else what it counts when it issues.
func uncounted(taken []Bucket, made bool) []Bucket {
	var list []Bucket
	for i, b := range taken {
		ordered := i == 0 && b.Name == ordersBucket || b.Soft
		if !b.Peek && (!made || !ordered) {
			list = append(list, b)
		}
	}
	return list
}
