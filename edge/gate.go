package edge

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errBusy says that more handshakes wait than the queue holds; the word is a label of a metric.
var errBusy = errors.New("busy")

// lease is how long a handshake may hold its place without reading. The computing takes about a millisecond, so whoever is not done after
// this long is waiting for something else, a certificate being issued for example, and must not keep others out.
const lease = 25 * time.Millisecond

// gate lets a few handshakes compute at once, lets a bounded number wait, and turns the rest away: under a flood the ones let in finish,
// and requests on established connections keep their share of the processors.
type gate struct {
	places  chan struct{}
	waiting atomic.Int32
	queue   int32
}

func newGate(atOnce, queue int) *gate {
	return &gate{places: make(chan struct{}, atOnce), queue: int32(queue)}
}

func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return errBusy
	}
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.places }

// turn is one handshake's place at a gate: held while it computes, given up while it reads or waits.
type turn struct {
	gate  *gate
	ctx   context.Context
	held  atomic.Bool
	timer *time.Timer
}

func (t *turn) begin() error {
	if err := t.gate.enter(t.ctx); err != nil {
		return err
	}
	t.held.Store(true)
	if t.timer == nil {
		t.timer = time.AfterFunc(lease, t.release)
	} else {
		t.timer.Reset(lease)
	}
	return nil
}

// end may be called at any time; a place that is not held is not given back.
func (t *turn) end() {
	if t.timer != nil {
		t.timer.Stop()
	}
	t.release()
}

func (t *turn) release() {
	if t.held.CompareAndSwap(true, false) {
		t.gate.leave()
	}
}
