package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs/certsdb"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal/api/apidb"
	"tollhouse/portal/mail/senders/sendersdb"
	"tollhouse/tenant/seal"
)

// sealedPlaces are all places in Postgres where sealed values are kept. Local copies are not among them: each node seals its own anew.
func sealedPlaces(pool *pgxpool.Pool, ring *seal.Ring) []seal.Place {
	places := append(certsdb.SealedPlaces(pool, ring), apidb.SealedReplies(pool, ring), sendersdb.SealedKeys(pool, ring))
	return append(places, paymentsdb.SealedPlaces(pool, ring)...)
}

// rotation seals anew, in the background, what the newest key did not seal.
type rotation struct {
	h      *house
	places []seal.Place
	old    *prometheus.GaugeVec
}

const (
	rotationStep = 50
	// rotationLease is held by the one node that rotates.
	rotationLease = "seal_rotation"
	// While old values are left they are looked after each minute, which is how soon a rotation begins after the last node was given the new
	// key; otherwise now and then, since counting reads the head of every value.
	rotationSoon, rotationLater = time.Minute, time.Hour
)

func (h *house) newRotation(metrics *prometheus.Registry) *rotation {
	r := &rotation{h: h, places: sealedPlaces(h.pool, h.config.SealKeys), old: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "tollhouse_seal_old_values", Help: "Sealed values that need another key than the newest.",
	}, []string{"table"})}
	metrics.MustRegister(r.old)
	return r
}

// Run rotates when there is something to rotate, until ctx ends.
func (r *rotation) Run(ctx context.Context) error {
	for {
		wait := rotationLater
		left, err := r.count(ctx)
		moves := false
		if err == nil && left > 0 {
			moves, err = r.rotate(ctx)
		}
		if err != nil && ctx.Err() == nil {
			r.h.log.Warn("what older keys sealed is not sealed anew for now", "error", err)
		}
		if err != nil || moves {
			wait = rotationSoon
		}
		if !rested(ctx, wait) {
			return nil
		}
	}
}

// count returns how many values in all places need an older key, and says so in the metric.
func (r *rotation) count(ctx context.Context) (left int, err error) {
	for _, p := range r.places {
		tally, err := p.Tally(ctx)
		if err != nil {
			return 0, err
		}
		old := total(tally) - tally[r.h.config.SealKeys.Newest()]
		r.old.WithLabelValues(p.Name()).Set(float64(old))
		left += old
	}
	return left, nil
}

// rotate goes over all places once, if all nodes seal with the same key and no other node rotates. Nodes of two minds would seal the same
// values to and fro. It reports whether there may be more to do soon: what no key opens does not count.
func (r *rotation) rotate(ctx context.Context) (moves bool, err error) {
	if err := agreed(ctx, r.h.pool, r.h.config.SealKeys); err != nil {
		return false, err
	}
	taken, err := r.h.certStore.TryLock(ctx, rotationLease)
	if err != nil || !taken {
		return true, err
	}
	defer func() { _ = r.h.certStore.Unlock(context.WithoutCancel(ctx), rotationLease) }() // it runs out by itself
	for _, p := range r.places {
		done, err := seal.ResealAll(ctx, p, rotationStep, politely(time.Now()))
		if err != nil {
			return moves, err
		}
		if done.Resealed > 0 {
			moves = true
			r.h.log.Info("sealed anew with the newest key", "table", p.Name(), "values", done.Resealed)
		}
		if len(done.Unreadable) > 0 {
			r.h.log.Error("sealed values that no key of the ring opens are left as they are", "table", p.Name(), "where", done.Unreadable)
		}
	}
	_, err = r.count(ctx)
	return moves, err
}

// politely returns a rest of as long as was worked, so that a rotation takes at most half of one processor and connection.
func politely(begun time.Time) func(context.Context) {
	return func(ctx context.Context) {
		rested(ctx, time.Since(begun))
		begun = time.Now()
	}
}

// rested waits and reports whether ctx goes on.
func rested(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func total(tally map[string]int) (n int) {
	for _, count := range tally {
		n += count
	}
	return n
}

// agreed is nil when every living node seals with the newest key of this ring.
func agreed(ctx context.Context, pool *pgxpool.Pool, ring *seal.Ring) error {
	nodes, err := certsdb.SealingKeys(ctx, pool)
	if err != nil {
		return err
	}
	var others []string
	for id, n := range nodes {
		if id != ring.Newest() {
			others = append(others, fmt.Sprintf("%d with %q", n, id))
		}
	}
	if len(others) > 0 {
		slices.Sort(others)
		return fmt.Errorf("nodes seal with another key than %q still: %s", ring.Newest(), strings.Join(others, ", "))
	}
	return nil
}
