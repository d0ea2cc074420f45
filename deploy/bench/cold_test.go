package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestBareClient_ObtainsOneCertificateAName(t *testing.T) {
	bare, err := startBareClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer bare.close()
	for _, name := range []string{"one.bench.test", "two.bench.test"} {
		if err := bare.obtain(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := bare.ca.Orders(); n != 2 {
		t.Errorf("%d orders", n)
	}
}

func TestPercentile_IsTheSmallestThatSoManyDoNotExceed(t *testing.T) {
	var v []time.Duration
	for i := 100; i >= 1; i-- {
		v = append(v, time.Duration(i))
	}
	for p, want := range map[int]time.Duration{50: 50, 99: 99, 100: 100} {
		if got := percentile(v, p); got != want {
			t.Errorf("p%d is %d, want %d", p, got, want)
		}
	}
	if got := percentile([]time.Duration{7}, 99); got != 7 {
		t.Errorf("of one: %d", got)
	}
}

func TestTables_SayTheRatios(t *testing.T) {
	var out bytes.Buffer
	printCold(&out, cold{10 * time.Millisecond, 20 * time.Millisecond}, cold{30 * time.Millisecond, 80 * time.Millisecond})
	printCalm(&out, calm{}, calm{ratio: 1.25, own: 1.15, perHello: 75 * time.Microsecond})
	for _, want := range []string{"3.0x", "4.0x", "1.25x", "1.15x", "75µs"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in:\n%s", want, out.String())
		}
	}
}
