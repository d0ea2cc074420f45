package certs_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/certs/localca"
	"tollhouse/tenant"
)

// heard is the fleet's list as one node uses it: it signals what the node reports and lets its beats be slowed down and falsified.
type heard struct {
	certs.Fleet
	sightings chan certs.Sighting
	beats     chan certs.Pulse
	ahead     atomic.Int64 // nanoseconds that the database's clock is off
}

func listenTo(inner certs.Fleet) *heard {
	return &heard{Fleet: inner, sightings: make(chan certs.Sighting, 10_000), beats: make(chan certs.Pulse, 100)}
}

func (h *heard) Beat(ctx context.Context, n certs.Node) (certs.Pulse, error) {
	p, err := h.Fleet.Beat(ctx, n)
	p.Now = p.Now.Add(time.Duration(h.ahead.Load()))
	if err == nil {
		h.beats <- p
	}
	return p, err
}

func (h *heard) Saw(ctx context.Context, id string, seen []certs.Sighting) error {
	err := h.Fleet.Saw(ctx, id, seen)
	for _, one := range seen {
		if err == nil {
			h.sightings <- one
		}
	}
	return err
}

// await takes sightings until one of the host with this serial comes.
func (h *heard) await(t testing.TB, host, serial string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case s := <-h.sightings:
			if s.Host.String() == host && (serial == "" || s.Serial == serial) {
				return
			}
		case <-deadline:
			t.Fatalf("the node was not seen serving %s %s", host, serial)
		}
	}
}

// member starts a node that tells the fleet of itself.
func (f *fleet) member(change func(*certs.Config)) (*node, *heard) {
	f.t.Helper()
	h := listenTo(f.record())
	n := f.start(func(c *certs.Config) {
		c.Fleet, c.NodeName = h, "machine"
		if change != nil {
			change(c)
		}
	})
	<-h.beats
	return n, h
}

// apart gives a node a Directory of its own, as in a process of its own: the others' certificates are not in its entries.
func (f *fleet) apart(hosts ...string) func(*certs.Config) {
	f.t.Helper()
	directory, _ := newDirectory(f.t, f.log, hosts...)
	return func(c *certs.Config) { c.Directory = onDemandOnly{directory} }
}

// record is a store of the fleet's database for what the test itself asks.
func (f *fleet) record() *certsdb.Store {
	f.t.Helper()
	return must(certsdb.New(certsdb.Config{Pool: f.db.App, Ring: f.ring, CA: f.ca.DirectoryURL, Roots: f.roots, Log: f.log}))
}

func (f *fleet) facts(host string) certs.Facts {
	f.t.Helper()
	h := tenant.MustParseHostname(host)
	return must(f.record().Facts(context.Background(), []tenant.Hostname{h}))[h]
}

func TestSightings_ACommitIsSeenOnEveryNode(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	first, a := f.member(quiet)
	second, b := f.member(f.apart(billing))
	if _, err := first.shake(billing); err != nil { // the second has no visitor
		t.Fatal(err)
	}
	serial := f.facts(billing).Serial
	a.await(t, billing, serial)
	b.await(t, billing, serial)
	if got := f.facts(billing); got.Live != 2 || got.Serving != 2 {
		t.Errorf("%d of %d nodes serve %s", got.Serving, got.Live, serial)
	}
	second.close()
	if got := f.facts(billing); got.Live != 1 || got.Serving != 1 {
		t.Errorf("after an orderly end %d of %d nodes serve", got.Serving, got.Live)
	}
}

func TestSightings_ARenewalIsSeenOnEveryNode(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	first, a := f.member(func(c *certs.Config) { c.Check = 50 * time.Millisecond })
	_, b := f.member(f.apart(billing))
	a.await(t, billing, "")
	b.await(t, billing, "")
	old := f.facts(billing)
	const due = `UPDATE certificates SET renew_at = now() - interval '1 minute'`
	if _, err := f.db.Owner.Exec(context.Background(), due); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is renewed", func() bool { return f.facts(billing).Serial != old.Serial })
	renewed := f.facts(billing).Serial
	a.await(t, billing, renewed)
	b.await(t, billing, renewed)
	if got := f.facts(billing); got.Serving != 2 || got.Version != old.Version+1 {
		t.Errorf("after the renewal: %+v", got)
	}
	if _, err := first.shake(billing); err != nil {
		t.Error(err)
	}
}

// What was committed before a node was started, or while it did not hear, is made up for.
func TestSightings_MakeUpForWhatWasNotHeard(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	first, a := f.member(quiet)
	if _, err := first.shake(billing); err != nil {
		t.Fatal(err)
	}
	a.await(t, billing, "")
	late, b := f.member(f.apart(billing))
	b.await(t, billing, f.facts(billing).Serial)
	if calls := late.store.calls.Load(); calls == 0 {
		t.Error("the late node did not load what it reports")
	}
}

// A certificate that this node's visitors are given in the end must be what it reports, so it reports what a handshake with itself gave.
func TestSightings_ReportWhatIsServedAndNotWhatIsStored(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n, a := f.member(quiet)
	state, err := n.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	a.await(t, billing, state.PeerCertificates[0].SerialNumber.Text(16))
	const another = `UPDATE certificates SET serial = 'another' WHERE host = $1`
	if _, err := f.db.Owner.Exec(context.Background(), another, billing); err != nil {
		t.Fatal(err)
	}
	f.listening(true) // it looks at everything again
	if got := f.facts(billing); got.Serving != 0 || got.Live != 1 {
		t.Errorf("%d of %d nodes serve a serial that nobody was given", got.Serving, got.Live)
	}
}

func TestFleetMetrics_TellOfNodesExpiryAndWhatIsLate(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	registry := prometheus.NewPedanticRegistry()
	n, h := f.member(func(c *certs.Config) { quiet(c); c.Registerer, c.Check = registry, 20*time.Millisecond })
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	h.await(t, billing, "")
	eventually(t, "the certificate is counted", func() bool {
		return value(t, registry, "tollhouse_certs_expiry_days", "90")+
			value(t, registry, "tollhouse_certs_expiry_days", "60") == 1
	})
	if got := value(t, registry, "tollhouse_nodes_live", ""); got != 1 {
		t.Errorf("%v nodes live", got)
	}
	f.ca.SetOffline(true)
	f.execute(`UPDATE certificates SET renew_at = now() - interval '30 days'`)
	eventually(t, "it is late", func() bool { return value(t, registry, "tollhouse_certs_renewals_late", "") == 1 })
	f.feed.set(2)
	eventually(t, "it is nobody's", func() bool { return value(t, registry, "tollhouse_certs_renewals_late", "") == 0 })
}

// logged keeps what is logged, for tests of alarms.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.all.String(), text)
}

func TestClock_OffByAnHourPlacesNoOrder(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing, "pay.acme.test")
	out := &logged{}
	n, h := f.member(func(c *certs.Config) {
		quiet(c)
		c.Log = slog.New(slog.NewTextHandler(out, nil))
		c.HandshakeWait = 5 * time.Second
	})
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	orders := f.ca.Orders()
	h.ahead.Store(int64(-time.Hour))
	eventually(t, "the clock's alarm", func() bool { return out.has("this node's clock is wrong") })
	if _, err := n.shake("pay.acme.test"); err == nil {
		t.Error("a certificate was obtained by a node whose clock is off by an hour")
	}
	if got := f.ca.Orders(); got != orders || n.manager.ClockRight() {
		t.Errorf("%d orders, want %d; the clock counts as right: %v", got, orders, n.manager.ClockRight())
	}
	if _, err := n.shake(billing); err != nil {
		t.Errorf("what is held is not served while the clock is wrong: %v", err)
	}
	h.ahead.Store(0)
	eventually(t, "the clock is right", func() bool { return out.has("this node's clock is right again") && n.manager.ClockRight() })
}

// A store that is away for a moment must not cost a sighting: nothing would report the host again until its renewal.
func TestSightings_AStoreThatWasAwayIsToldLater(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	first, a := f.member(quiet)
	second, b := f.member(f.apart(billing))
	second.store.cut.Store(true)
	if _, err := first.shake(billing); err != nil {
		t.Fatal(err)
	}
	a.await(t, billing, "")
	if got := f.facts(billing); got.Serving != 1 || got.Live != 2 {
		t.Errorf("%d of %d nodes serve while one cannot load", got.Serving, got.Live)
	}
	second.store.cut.Store(false)
	b.await(t, billing, f.facts(billing).Serial)
}
