package worlds_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// world is one tenant with one processor, and its dice.
type world struct {
	*paymentstest.World
	t           testing.TB
	core        *core.Core
	side        side
	url         string // the processor's
	http        *http.Client
	line        *line
	store       *paymentsdb.Store
	ring        *seal.Ring
	connections *payments.Connections
	methods     *payments.Methods
	nodes       []*payments.Service
	turn        atomic.Int64 // whose turn it is to take a message
	contacts    []string
	invoices    []ledger.Invoice
	paid        []string // payments that were begun
	forms       []payments.PayRequest
	planted     map[string]bool // money that is none of ours
	submits     int
	charges     int
	calm        atomic.Bool

	mu   sync.Mutex // guards what follows: nodes die on goroutines of their own
	dice *rand.Rand
	log  strings.Builder
}

// newWorld connects a tenant to a processor, by its own way of connecting.
func newWorld(t testing.TB, db pgtest.DB, build func(*world) side, seed uint64) *world {
	w := &world{World: paymentstest.New(t, db), t: t, dice: rand.New(rand.NewPCG(seed, seed)), ring: seal.RandomRing(), planted: map[string]bool{}}
	w.core = core.New(core.Config{Seed: seed, Now: func() time.Time { return paymentstest.Now }})
	w.side = build(w)
	processor := httptest.NewServer(w.side.handler())
	t.Cleanup(processor.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	w.line = &line{RoundTripper: transport}
	w.url, w.http = processor.URL, &http.Client{Transport: w.line}
	w.store = paymentsdb.New(db.App, paymentsdb.Hooks{})
	events := httptest.NewServer(http.HandlerFunc(w.takeEvent))
	t.Cleanup(events.Close)
	var err error
	w.connections, err = payments.NewConnections(payments.ConnectionsConfig{Store: w.store, Ring: w.ring, EventsURL: events.URL + "/webhooks/", Now: w.core.Clock.Now,
		Log: slog.New(slog.DiscardHandler), Open: func(_ string, c payments.Credentials) (payments.Processor, error) { return w.side.processor(c) }})
	if err != nil {
		t.Fatal(err)
	}
	w.methods = payments.NewMethods(w.store, w.connections, w.core.Clock.Now)
	if made, err := w.connections.Connect(ctx, w.Tenant, w.side.credentials()); err != nil || !made.Listening {
		t.Fatalf("connecting: %+v, %v", made, err)
	}
	w.Tenant.Policy.PartialPayments = true
	w.contacts = []string{w.Contact, w.AddContact(t, w.Company, "payer")}
	w.nodes = []*payments.Service{w.node(0), w.node(time.Duration(w.roll(180)-90) * time.Second)}
	return w
}

// node is one process. It dies at a crash point, now and then, with all that it was about; deferred calls run as a cut connection's would.
func (w *world) node(skew time.Duration) *payments.Service {
	node, err := payments.New(payments.ServiceConfig{Store: w.store, Ring: w.ring, Parallel: 1,
		Now: func() time.Time { return w.core.Clock.Now().Add(skew) },
		Open: func(ctx context.Context, t tenant.ID, c payments.Connection) (payments.Processor, error) {
			return w.connections.OpenConnection(ctx, t, c)
		},
		Crash: func(point string) {
			if !w.calm.Load() && w.roll(80) == 0 {
				w.note("a node dies at %s", point)
				runtime.Goexit()
			}
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return node
}

// alone runs fn on a goroutine that may die.
func alone(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	<-done
}

// takeEvent is the endpoint for events.
func (w *world) takeEvent(rw http.ResponseWriter, r *http.Request) {
	status := http.StatusInternalServerError
	defer func() { rw.WriteHeader(status) }()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	body, err := io.ReadAll(r.Body)
	if err != nil || len(parts) != 3 {
		return
	}
	t, c, err := w.connections.ByToken(r.Context(), strings.ReplaceAll(parts[1], "-", "_"), parts[2])
	if err != nil {
		return
	}
	node := w.nodes[int(w.turn.Add(1))%len(w.nodes)]
	switch err := node.TakeEvent(r.Context(), t, c, r.Header, body); {
	case err == nil:
		status = http.StatusOK
	default:
		status = http.StatusBadRequest
	}
}

func (w *world) roll(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dice.IntN(n)
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(&w.log, w.core.Clock.Now().Format("01-02 15:04:05 ")+format+"\n", args...)
}

func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

// pass lets time go by, for everybody.
func (w *world) pass(d time.Duration) {
	w.core.Clock.Advance(d)
	w.Advance(d)
}

// stormy arms what goes wrong on the lines and on the way of messages.
func (w *world) stormy() {
	w.line.storm.Store(true)
	w.side.storm(func(route string, kinds ...core.Kind) {
		for _, kind := range kinds {
			if _, err := w.core.Faults.Arm(core.Fault{Route: route, Kind: kind, PerMille: 12}); err != nil {
				w.t.Fatal(err)
			}
		}
	})
	for _, rule := range []core.Rule{{Lose: true, PerMille: 150}, {Copies: 2, PerMille: 150}, {Delay: 3 * time.Hour, PerMille: 150}, {Swap: true, PerMille: 150},
		{Spoil: core.WrongSignature, PerMille: 60}, {Spoil: core.WrongAccount, PerMille: 60}, {Spoil: core.WrongVersion, PerMille: 60}} {
		if _, err := w.core.Deliveries.Script(rule); err != nil {
			w.t.Fatal(err)
		}
	}
}
