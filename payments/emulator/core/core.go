package core

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Config is what a Core is made of. The zero value works: random ids, the real time, http.DefaultClient, no log.
type Config struct {
	// Seed makes ids, probabilities and shuffles repeat. 0 takes a random one.
	Seed uint64
	// Now is the time below the emulator's own clock; default time.Now. With a constant one time moves by Advance and Set alone.
	Now func() time.Time
	// Client sends webhooks; default one that gives an endpoint ten seconds and follows no redirects.
	Client *http.Client
	// Backoff are the waits before the second, third, … try of a webhook. Default: about three days in ten tries. Empty but not nil: one try.
	Backoff []time.Duration
	// SignedAt is the time written into signatures; default the emulator's clock.
	SignedAt func() time.Time
	// Log hears what cannot be answered to a caller; default none.
	Log *slog.Logger
	// Keep bounds each log and list that grows with traffic; default 10,000 rows.
	Keep int
}

// Core is one emulated world: its time, its faults, its webhooks, its counters. Safe for concurrent use.
type Core struct {
	Clock      *Clock
	Faults     *Faults
	Deliveries *Deliveries
	Source     *Source
	Calls      *Calls
}

// New makes a Core. It starts nothing: without Run webhooks and other due jobs happen inside Advance, Advance(0) included.
func New(c Config) *Core {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Keep <= 0 {
		c.Keep = 10_000
	}
	if c.Backoff == nil {
		c.Backoff = defaultBackoff
	}
	if c.Client == nil {
		c.Client = &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	clock := newClock(c.Now)
	if c.SignedAt == nil {
		c.SignedAt = clock.Now
	}
	source := newSource(c.Seed)
	deliveries := newDeliveries(c, clock, source)
	clock.settle = deliveries.Wait
	return &Core{
		Clock: clock, Faults: newFaults(source, c.Keep), Deliveries: deliveries, Source: source, Calls: &Calls{counts: map[string]int{}},
	}
}

// Run does what falls due as time passes by itself, until ctx ends. Webhooks are then sent in the background, several at once.
func (c *Core) Run(ctx context.Context) error {
	stop := c.Deliveries.background()
	defer stop()
	return c.Clock.run(ctx)
}
