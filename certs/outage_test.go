package certs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/localca"
	"tollhouse/tenant"
)

// Findings 1 to 3: with the database away certmagic drops a live certificate, since its permission function can only say no.
func TestOutage_LiveCertificateIsServedOn(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Validity: 6 * time.Second}, billing)
	n := f.start(func(c *certs.Config) { quiet(c); c.Check = 20 * time.Millisecond })
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	n.store.cut.Store(true)
	leaf := f.entry(billing).Certificate.Load().Leaf
	due := leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) * 3 / 5) // past the time at which it is renewed
	eventually(t, "renewal was due", func() bool { return time.Now().After(due) })
	for range 20 {
		if state, err := n.shake(billing); err != nil || !state.PeerCertificates[0].Equal(leaf) {
			t.Fatalf("during the outage: %v", err)
		}
	}
	n.store.cut.Store(false)
	eventually(t, "it is renewed after the outage", func() bool { return !f.entry(billing).Certificate.Load().Leaf.Equal(leaf) })
}

// An outage is never "not ours", and ends without waiting for its time-out.
func TestOutage_IsNoAnswerAboutAHost(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(func(c *certs.Config) {
		quiet(c)
		c.Pause = certs.Backoff{Base: time.Millisecond, Max: time.Millisecond}
	})
	n.store.cut.Store(true)
	if _, err := n.manager.GetCertificate(hello(billing)); !errors.Is(err, certs.ErrTrouble) {
		t.Errorf("got %v, want ErrTrouble", err)
	}
	if _, err := n.shake(billing); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("the client was told %v, want internal error", err)
	}
	if f.ca.Orders() != 0 {
		t.Error("the outage made an order")
	}
	n.store.cut.Store(false)
	eventually(t, "it is served after the outage", func() bool { _, err := n.shake(billing); return err == nil })
}

// blackHole takes the CA's connections for a host and never answers.
func blackHole(t *testing.T, f *front) netip.Addr {
	t.Helper()
	addr := netip.MustParseAddr("127.0.0.9")
	for _, p := range []int{port(f.http), port(f.tls)} {
		l, err := net.Listen("tcp", netip.AddrPortFrom(addr, uint16(p)).String())
		if err != nil {
			t.Fatal(err)
		}
		var open []net.Conn
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				open = append(open, c)
			}
		}()
		t.Cleanup(func() {
			_ = l.Close()
			<-done
			for _, c := range open {
				_ = c.Close()
			}
		})
	}
	return addr
}

// Finding 4: certmagic holds such handshakes for two to three minutes.
func TestHandshake_BrokenValidationEndsInTimeAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const broken = "broken.acme.test"
	f := newFleet(t, localca.Options{Hosts: map[string]netip.Addr{broken: netip.MustParseAddr("127.0.0.9")}}, broken, billing)
	blackHole(t, f.front)
	n := f.start(func(c *certs.Config) { c.HandshakeWait = time.Second; c.OrdersAhead = 2 })
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			begun := time.Now()
			if _, err := n.shake(broken); err == nil {
				t.Error("a handshake for the broken host succeeded")
			}
			if spent := time.Since(begun); spent > 5*time.Second {
				t.Errorf("a handshake for the broken host took %s", spent)
			}
		})
	}
	eventually(t, "the good host is served", func() bool { _, err := n.shake(billing); return err == nil })
	group.Wait()
}

// told is a Directory of which the test says what the schedule hears, and when.
type told struct {
	certs.Directory
	change chan func(appeared, gone []*tenant.Entry)
}

func (d told) Subscribe(change func(appeared, gone []*tenant.Entry)) func() {
	d.change <- change
	return func() {}
}

// Names that validate slowly fill the places of orders that visitors began. Whoever connects to a new name then, before the schedule comes to
// it, must not put its order behind them.
func TestHandshake_ThatWaitsForItsTurnDoesNotKeepTheScheduleWaiting(t *testing.T) {
	t.Parallel()
	const broken = "broken.acme.test"
	f := newFleet(t, localca.Options{Hosts: map[string]netip.Addr{broken: netip.MustParseAddr("127.0.0.9")}}, broken, billing)
	blackHole(t, f.front)
	d := told{change: make(chan func(appeared, gone []*tenant.Entry), 8)}
	n := f.start(func(c *certs.Config) {
		d.Directory = c.Directory
		c.Directory, c.HandshakeWait, c.Orders = d, time.Second, 1
	})
	go func() { _, _ = n.manager.GetCertificate(hello(broken)) }()
	eventually(t, "the slow name has the place", func() bool { return f.ca.Orders() == 1 })
	calls := n.store.calls.Load()
	if _, err := n.manager.GetCertificate(hello(billing)); !errors.Is(err, certs.ErrWaiting) || n.store.calls.Load() == calls {
		t.Fatalf("%v", err)
	}
	entry, _ := d.Lookup(tenant.MustParseHostname(billing))
	for range len(d.change) {
		(<-d.change)([]*tenant.Entry{entry}, nil)
	}
	eventually(t, "the good host has its certificate", func() bool { return f.issued(billing) == 1 })
}

func TestHandshake_RefusalIsRememberedByAllNodes(t *testing.T) {
	t.Parallel()
	const broken = "broken.acme.test"
	// Nobody listens there: the CA refuses at once.
	f := newFleet(t, localca.Options{Hosts: map[string]netip.Addr{broken: netip.MustParseAddr("127.0.0.8")}}, broken, billing)
	first, second := f.start(quiet), f.start(quiet)
	if _, err := first.manager.GetCertificate(hello(broken)); !errors.Is(err, certs.ErrRefused) {
		t.Fatalf("got %v, want ErrRefused", err)
	}
	orders, calls := f.ca.Orders(), first.store.calls.Load()
	for range 100 {
		if _, err := first.manager.GetCertificate(hello(broken)); !errors.Is(err, certs.ErrRefused) {
			t.Fatalf("got %v, want ErrRefused", err)
		}
	}
	if got := first.store.calls.Load(); got != calls {
		t.Errorf("100 handshakes after a refusal read the store %d times", got-calls)
	}
	if _, err := second.manager.GetCertificate(hello(broken)); !errors.Is(err, certs.ErrRefused) {
		t.Errorf("the other node: got %v, want ErrRefused", err)
	}
	if got := f.ca.Orders(); got != orders {
		t.Errorf("%d orders during the back-off", got-orders)
	}
	if _, err := second.shake(billing); err != nil {
		t.Errorf("another host: %v", err)
	}
}

func TestHandshake_WaitersAreCapped(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Hosts: map[string]netip.Addr{"broken.acme.test": netip.MustParseAddr("127.0.0.9")}},
		"broken.acme.test", billing)
	blackHole(t, f.front)
	n := f.start(func(c *certs.Config) { quiet(c); c.HandshakeWait = 2 * time.Second; c.WaitersPerName = 3 })
	var crowded, late sync.Map
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			_, err := n.manager.GetCertificate(hello("broken.acme.test"))
			switch {
			case errors.Is(err, certs.ErrCrowded):
				crowded.Store(i, true)
			case errors.Is(err, certs.ErrWaiting):
				late.Store(i, true)
			}
		})
	}
	group.Wait()
	if a, b := count(&crowded), count(&late); a != 7 || b != 3 {
		t.Errorf("%d were refused and %d waited, want 7 and 3", a, b)
	}
	if _, err := n.shake(billing); err != nil {
		t.Errorf("another host: %v", err)
	}
}

func count(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestHandshake_EndsWithItsClient(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Hosts: map[string]netip.Addr{"broken.acme.test": netip.MustParseAddr("127.0.0.9")}}, "broken.acme.test")
	blackHole(t, f.front)
	n := f.start(quiet)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	server := tls.Server(pipeTo(t, f, ctx), n.config)
	if err := server.HandshakeContext(ctx); err == nil {
		t.Error("the handshake succeeded")
	}
	if spent := time.Since(begun); spent > 5*time.Second {
		t.Errorf("it outlived its context by %s", spent)
	}
}

// pipeTo returns the server's end of a connection whose client asks for the broken host.
func pipeTo(t *testing.T, f *fleet, ctx context.Context) net.Conn {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Client(client, &tls.Config{ServerName: "broken.acme.test", RootCAs: f.roots}).HandshakeContext(ctx)
	}()
	t.Cleanup(func() { _ = client.Close(); _ = server.Close(); <-done })
	return server
}
