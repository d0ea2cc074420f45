package edge

import (
	"net/netip"
	"sync"
	"time"
)

// network is the part of an address that one party usually holds: limits count by it, because an attacker has a whole IPv6 /48 for nothing.
func network(a netip.Addr) netip.Prefix {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // fails only for the zero address, whose zero prefix is a fine key
	return p
}

// tally counts live connections, in all and by client network. It holds an entry for each network that has a connection open, no more.
type tally struct {
	perClient int // negative: no limit
	mu        sync.Mutex
	live      map[netip.Prefix]int
}

func newTally(perClient int) *tally {
	return &tally{perClient: perClient, live: map[netip.Prefix]int{}}
}

// enter counts one more connection of a network, or reports that it has enough.
func (t *tally) enter(n netip.Prefix) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.perClient >= 0 && t.live[n] >= t.perClient {
		return false
	}
	t.live[n]++
	return true
}

func (t *tally) leave(n netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live[n]--; t.live[n] <= 0 {
		delete(t.live, n)
	}
}

// rememberedNetworks bounds the table of rates: two generations of this many, about 100 bytes each.
const rememberedNetworks = 32_768

// rates is a token bucket for each client network. It keeps the networks seen last, in two generations; a network that was forgotten starts
// with a full bucket, which is what an idle one would have by then.
type rates struct {
	perSecond, burst float64 // perSecond negative: no limit
	now              func() time.Time
	mu               sync.Mutex
	current, last    map[netip.Prefix]*bucket
}

type bucket struct {
	tokens float64
	filled time.Time
}

func newRates(perSecond, burst int, now func() time.Time) *rates {
	return &rates{perSecond: float64(perSecond), burst: float64(burst), now: now, current: map[netip.Prefix]*bucket{}}
}

// take takes one token of a network, or reports that there is none.
func (r *rates) take(n netip.Prefix) bool {
	if r.perSecond < 0 {
		return true
	}
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bucket(n, now)
	b.tokens = min(r.burst, b.tokens+r.perSecond*max(0, now.Sub(b.filled).Seconds()))
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (r *rates) bucket(n netip.Prefix, now time.Time) *bucket {
	if b, ok := r.current[n]; ok {
		return b
	}
	b, ok := r.last[n]
	if !ok {
		b = &bucket{tokens: r.burst, filled: now}
	}
	if len(r.current) >= rememberedNetworks {
		r.current, r.last = map[netip.Prefix]*bucket{}, r.current
	}
	r.current[n] = b
	return b
}
