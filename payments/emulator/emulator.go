package emulator

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"tollhouse/payments/emulator/core"
)

// Version is the only API version that is spoken.
const Version = "2023-10-16"

// Config is what an emulator is made of. The zero value works.
type Config struct {
	// Seed makes ids and chances repeat. 0 takes a random one.
	Seed uint64
	// Now is the time below the emulator's clock; default time.Now.
	Now func() time.Time
	// Client sends webhooks; default one with a limit of ten seconds.
	Client *http.Client
	// Log hears what nobody else can be told; default none.
	Log *slog.Logger
	// Core is the world to live in, when another emulator shares it. It makes Seed, Now and Client unused.
	Core *core.Core
	// PublicURL is where browsers reach the server, like "http://127.0.0.1:4010"; default what a request says.
	PublicURL string
	// Forget bounds memory: beyond this many payments of an account, the oldest that are finished leave everything but the totals. 0 keeps all.
	Forget int
}

// Emulator is the server. Safe for concurrent use.
type Emulator struct {
	*core.Core
	log       *slog.Logger
	publicURL string
	forget    int
	handler   http.Handler

	// mu guards everything below, and all that hangs on it. No request to elsewhere is made while it is held.
	mu       sync.Mutex
	accounts map[string]*account
	order    []*account
	byKey    map[string]*account // by secret and by publishable key
	keys     map[string]*kept    // the idempotency store
	keyOrder []*kept
	actions  map[string]*intent // by the token of its page
}

// New makes an emulator without accounts. It starts nothing; see Run.
func New(c Config) *Emulator {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Core == nil {
		c.Core = core.New(core.Config{Seed: c.Seed, Now: c.Now, Client: c.Client, Log: c.Log})
	}
	e := &Emulator{
		Core: c.Core, log: c.Log, publicURL: c.PublicURL, forget: c.Forget,
		accounts: map[string]*account{}, byKey: map[string]*account{}, keys: map[string]*kept{},
		actions: map[string]*intent{},
	}
	e.handler = e.routes()
	return e
}

// Handler serves the API, the script, the hosted pages, the page for people, and the control surface.
func (e *Emulator) Handler() http.Handler { return e.handler }

// Run lets time pass: what falls due happens, webhooks go out. It returns when ctx ends. Without it all this happens in Advance.
func (e *Emulator) Run(ctx context.Context) error { return e.Core.Run(ctx) }

// Advance moves the clock and returns when all that fell due is done, webhooks included.
func (e *Emulator) Advance(d time.Duration) { e.Clock.Advance(d) }

// Fault arms a fault and returns its id. It panics for one that Arm refuses: that is a mistake in a test.
func (e *Emulator) Fault(f core.Fault) (id string) {
	id, err := e.Faults.Arm(f)
	if err != nil {
		panic(err)
	}
	return id
}

// later does something to the state once the clock shows t. The lock is held in do.
func (e *Emulator) later(t time.Time, do func()) {
	e.Clock.At(t, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		do()
	})
}

func (e *Emulator) now() time.Time { return e.Clock.Now() }
