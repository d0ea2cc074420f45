package main

import (
	"runtime"
	"testing"
)

func TestGCPercent_LetsASmallHeapKeepGarbageAndALargeOneNone(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 10 << 20: 400, 32 << 20: 200, 64 << 20: 100, 500 << 20: 100} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d MB in use: %d %%, want %d", live>>20, got, want)
		}
	}
	runtime.GC()
	if liveHeap() == 0 {
		t.Error("the runtime does not tell what is in use")
	}
}
