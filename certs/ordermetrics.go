package certs

import (
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ordered counts the end of an attempt.
func (x *metrics) ordered(a *attempt, err error) {
	kind := "first"
	if a.seen != 0 {
		kind = "renewal"
	}
	x.orders.WithLabelValues(caNames[a.ca], kind, result(a, err)).Inc()
}

func result(a *attempt, err error) string {
	var held *refusal
	switch {
	case err == nil:
		return "obtained"
	case errors.Is(err, errDone):
		return "not_needed"
	case errors.As(err, &held):
		return "held"
	case !a.began:
		return "not_begun"
	}
	return judge(err, 0).Code
}

// failing shows how a CA is doing.
func (x *metrics) failing(ca int, is bool) {
	value := 0.0
	if is {
		value = 1
	}
	x.caFailing.WithLabelValues(caNames[ca]).Set(value)
}

// used notes what share of the first CA's first bucket was used, which this node learns with each order.
func (x *metrics) used(share float64, per time.Duration) { x.ledger.set(share, per) }

// usage is the share of the account's orders that is used. What was learned fades as the bucket fills again.
type usage struct {
	gauge prometheus.Collector

	mu    sync.Mutex
	share float64
	per   time.Duration
	at    time.Time
}

func newUsage() *usage {
	u := &usage{}
	u.gauge = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tollhouse_certs_ledger_used_ratio", Help: "Share of the first CA's limit that all nodes have used up, as this node learned with its last order.",
		ConstLabels: prometheus.Labels{"bucket": ordersBucket},
	}, u.now)
	return u
}

func (u *usage) set(share float64, per time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.share, u.per, u.at = share, per, time.Now()
}

func (u *usage) now() float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.per == 0 {
		return 0
	}
	return max(0, u.share-time.Since(u.at).Seconds()/u.per.Seconds())
}
