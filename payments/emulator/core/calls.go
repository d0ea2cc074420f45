package core

import (
	"maps"
	"sync"
)

// Calls counts requests per route, so that "no second charge was asked for" is an assertion. Safe for concurrent use.
type Calls struct {
	mu     sync.Mutex
	counts map[string]int
}

// Count adds one to the route's number. The route is a pattern of the server's own table, never a path that a caller wrote.
func (c *Calls) Count(route string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[route]++
}

// Of is how often the route was called.
func (c *Calls) Of(route string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[route]
}

// All is a copy of all counts.
func (c *Calls) All() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// Ring keeps the newest n values. Not safe for concurrent use; the holder locks.
type Ring[T any] struct {
	n     int
	items []T
	start int
}

// NewRing makes a ring that keeps n values, at least one.
func NewRing[T any](n int) *Ring[T] { return &Ring[T]{n: max(n, 1)} }

// Add keeps the value and gives back the one that had to leave, if any.
func (r *Ring[T]) Add(v T) (left T, full bool) {
	if len(r.items) < r.n {
		r.items = append(r.items, v)
		return left, false
	}
	left = r.items[r.start]
	r.items[r.start] = v
	r.start = (r.start + 1) % r.n
	return left, true
}

// All are the values, oldest first, in a new slice.
func (r *Ring[T]) All() []T {
	out := make([]T, 0, len(r.items))
	out = append(out, r.items[r.start:]...)
	return append(out, r.items[:r.start]...)
}
