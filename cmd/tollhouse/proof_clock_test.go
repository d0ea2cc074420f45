package main

import (
	"testing"
	"time"
)

// wrongClocks: certificates of a minute, one node whose clock is an hour fast, so that it takes them all for run out, and one whose clock is an
// hour slow, so that it takes none for due. Neither may order. The third renews for all of them, and they serve what it renews.
type wrongClocks struct {
	*lapse
	fast, slow *process
}

// beginWrongClocks starts it.
func beginWrongClocks(t *testing.T) *wrongClocks {
	t.Helper()
	w := &wrongClocks{lapse: newLapse(t, 3)}
	w.fast, w.slow = w.members[1], w.members[2]
	before := w.orders()
	w.fast.clock(t, `{"wrong":"1h"}`)
	w.slow.clock(t, `{"wrong":"-1h"}`)
	for n, want := range map[*process]float64{w.members[0]: 0, w.fast: 3600, w.slow: -3600} {
		waitFor(t, "the skew to be measured", func() bool {
			off := n.metric(t, "tollhouse_clock_skew_seconds", "") - want
			return -5 < off && off < 5
		})
		if n.said("this node's clock is wrong") != (want != 0) {
			t.Errorf("a clock that is %v s off is told as wrong: %v", want, want == 0)
		}
	}
	w.ordered(t, before)
	w.begin(t)
	return w
}

func (w *wrongClocks) conclude(t *testing.T) {
	w.lapse.conclude(t)
	most := 2 + int(time.Since(w.since)/(26*time.Second)) // renewals come 27 s apart at least
	for _, host := range w.hosts {
		if n := len(w.versions[host]); n > most {
			t.Errorf("%s had %d certificates in %s, want %d at most", host, n, time.Since(w.since).Round(time.Second), most)
		}
	}
}
