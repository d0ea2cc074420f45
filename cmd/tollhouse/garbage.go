package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// headroom is how much garbage may lie about before it is collected. By Go's own rule, as much as there is live data, a process that holds 15 MB
// collects many times a second under load, and each page pays a fifth of its processor time for it. With this much it pays a twentieth; and
// a process that holds more than this collects by Go's rule, so memory stays within twice what a node needs.
const headroom = 64 << 20

// mostPercent bounds the share of garbage in a very small heap.
const mostPercent = 400

// collectLess keeps the collector's pace in step with the heap until ctx ends. GOGC set by the operator switches it off.
func collectLess(ctx context.Context) {
	now := mostPercent
	debug.SetGCPercent(now)
	for tick := time.NewTicker(10 * time.Second); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			if want := gcPercent(liveHeap()); want != now {
				debug.SetGCPercent(want)
				now = want
			}
		}
	}
}

// gcPercent is what GOGC has to be so that headroom is the garbage of a small heap, and 100 for a large one.
func gcPercent(live uint64) int {
	return int(min(max(100*headroom/max(live, 1), 100), mostPercent))
}

// liveHeap is what the last collection found in use, in bytes; 0 before the first.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
