package edge

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

func TestRates_RememberABoundedNumberOfNetworks(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	r := newRates(1, 1, func() time.Time { return at })
	known := netip.MustParsePrefix("2001:db8::/48")
	if !r.take(known) || r.take(known) {
		t.Fatal("a burst of one is not one")
	}
	for i := range 3 * rememberedNetworks {
		r.take(network(netip.AddrFrom16([16]byte{0x20, 0x01, byte(i >> 16), byte(i >> 8), byte(i)})))
		if i%1000 == 0 && r.take(known) {
			t.Fatalf("a network that keeps coming is forgotten after %d others", i)
		}
	}
	if n := len(r.current) + len(r.last); n > 2*rememberedNetworks {
		t.Errorf("%d networks are remembered, want at most %d", n, 2*rememberedNetworks)
	}
}

func TestNetwork_IsASlash24OrASlash48(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::3": "2001:db8:1::/48"} {
		if got := network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s is counted as %s, want %s", address, got, want)
		}
	}
}

func TestTally_ForgetsWhoHasLeft(t *testing.T) {
	t.Parallel()
	tally := newTally(1)
	n := netip.MustParsePrefix("192.0.2.0/24")
	if !tally.enter(n) || tally.enter(n) {
		t.Error("a limit of one is not one")
	}
	tally.leave(n)
	if len(tally.live) != 0 {
		t.Errorf("%v is kept", tally.live)
	}
}

func TestGate_TurnsAwayWhoDoesNotFitItsQueue(t *testing.T) {
	t.Parallel()
	g := newGate(1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	if err := g.enter(ctx); err != nil {
		t.Fatal(err)
	}
	queued := make(chan error, 1)
	go func() { queued <- g.enter(ctx) }()
	for g.waiting.Load() == 0 {
		runtime.Gosched()
	}
	if err := g.enter(ctx); !errors.Is(err, errBusy) {
		t.Errorf("a third: %v, want busy", err)
	}
	g.leave()
	if err := <-queued; err != nil {
		t.Errorf("the one that queued: %v", err)
	}
	cancel()
	if err := g.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// A turn that computes no more, and does not read either, gives its place back by itself.
func TestTurn_IsLentForAMomentOnly(t *testing.T) {
	t.Parallel()
	g := newGate(1, 1)
	waits := &turn{gate: g, ctx: t.Context()}
	if err := waits.begin(); err != nil {
		t.Fatal(err)
	}
	next := &turn{gate: g, ctx: t.Context()}
	if err := next.begin(); err != nil { // blocks for ever when the place is not given back
		t.Fatal(err)
	}
	waits.end()
	if len(g.places) != 1 {
		t.Error("the end of a turn that was over gave somebody else's place away")
	}
	next.end()
	if len(g.places) != 0 {
		t.Error("the place is not given back")
	}
}
