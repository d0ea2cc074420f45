package certs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

// hello is what a listener hands over, without the listener.
func hello(name string, protocols ...string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, SupportedProtos: protocols}
}

// warm starts a fleet of one node that holds the certificate of billing.
func warm(t testing.TB, hosts ...string) (*fleet, *node) {
	t.Helper()
	f := newFleet(t, localca.Options{}, append(hosts, billing)...)
	n := f.start(quiet)
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	return f, n
}

// Trap 8 and finding 5: certmagic asks its permission function for each of them.
func TestHandshake_FloodOfUnknownNamesReadsNothing(t *testing.T) {
	f, n := warm(t)
	calls, orders := n.store.calls.Load(), f.ca.Orders()
	flood := func(round int) {
		for i := range 50_000 {
			cert, err := n.manager.GetCertificate(hello(fmt.Sprintf("x%d-%d.acme.test", round, i)))
			if cert != nil || err != nil {
				t.Fatalf("an unknown name got %v, %v", cert, err)
			}
		}
	}
	flood(0)
	before := heap()
	flood(1)
	if grown := int64(heap()) - int64(before); grown > 256<<10 {
		t.Errorf("%d bytes are kept after 50,000 more unknown names", grown)
	}
	if got := n.store.calls.Load(); got != calls {
		t.Errorf("%d calls to the store", got-calls)
	}
	if got := f.ca.Orders(); got != orders {
		t.Errorf("%d orders", got-orders)
	}
	if _, err := n.shake("unknown.acme.test"); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("the client was told %v, want unrecognized name", err)
	}
	if _, err := n.shake(billing); err != nil {
		t.Errorf("the known host: %v", err)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Trap 5: certmagic spends 6 s of CPU on a name of 30 KB.
func TestHandshake_RefusesMalformedNamesBeforeAnyLookup(t *testing.T) {
	_, n := warm(t)
	calls := n.store.calls.Load()
	begun := time.Now()
	for _, name := range []string{
		"", "localhost", "127.0.0.1", "[::1]", "::1", "*.acme.test", "bil_ling.acme.test", "billing..acme.test", ".acme.test",
		"billing.acme.test\x00", "billing acme.test", "xn--a.acme.test", "\xff\xfe.acme.test",
		strings.Repeat("a", 64) + ".acme.test", strings.Repeat("a.", 11) + "test",
		strings.Repeat("a.", 5000) + "test", strings.Repeat("a.", 15_000) + "test", strings.Repeat("a", 65_000),
	} {
		for range 100 {
			if cert, err := n.manager.GetCertificate(hello(name)); cert != nil || err != nil {
				t.Errorf("%.40q got %v, %v", name, cert, err)
			}
		}
	}
	if spent := time.Since(begun); spent > 2*time.Second {
		t.Errorf("1,800 malformed names took %s", spent)
	}
	if n.store.calls.Load() != calls {
		t.Error("a malformed name reached the store")
	}
}

// Findings 10 and 11, on the side of the handshake: forms of one name are one host or none.
func TestHandshake_FormsOfAName(t *testing.T) {
	_, n := warm(t)
	want, err := n.manager.GetCertificate(hello(billing))
	if err != nil || want == nil {
		t.Fatal(want, err)
	}
	for _, form := range []string{"BILLING.Acme.TEST", "billing.acme.test.", "ｂilling.acme.test", "billing。acme．test", "bil\u00adling.acme.test"} {
		got, err := n.manager.GetCertificate(hello(form))
		if err != nil || (got != nil && got != want) {
			t.Errorf("%q got %v, %v", form, got, err)
		}
	}
	if got, _ := n.manager.GetCertificate(hello("BILLING.Acme.TEST")); got != want {
		t.Error("upper case is another host")
	}
	if got, _ := n.manager.GetCertificate(hello(billing + ":443")); got != nil {
		t.Error("a name with a port got a certificate")
	}
}

// Trap 6: such hellos and requests read certmagic's storage, twice each and without asking whose name it is.
func TestChallenge_WithoutOneUnderWayReadsNothing(t *testing.T) {
	f, n := warm(t)
	calls := n.store.calls.Load()
	handler := n.manager.HTTPChallengeHandler(http.NotFoundHandler())
	var group sync.WaitGroup
	for i := range 1000 {
		name := billing
		if i%2 == 0 {
			name = fmt.Sprintf("x%d.acme.test", i)
		}
		group.Go(func() {
			if cert, err := n.manager.GetCertificate(hello(name, "acme-tls/1")); cert != nil || err != nil {
				t.Errorf("a challenge hello got %v, %v", cert, err)
			}
			r := httptest.NewRequest(http.MethodGet, "http://"+name+"/.well-known/acme-challenge/token", nil)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusNotFound {
				t.Errorf("a challenge request got %d", w.Code)
			}
		})
	}
	group.Wait()
	if got := n.store.calls.Load(); got != calls {
		t.Errorf("%d reads of the store", got-calls)
	}
	if _, err := n.shakeWith(&tls.Config{ServerName: billing, RootCAs: f.roots, NextProtos: []string{"h2", "acme-tls/1"}}); err != nil {
		t.Errorf("a client that also offers acme-tls/1: %v", err)
	}
}

func TestChallengeHandler_LeavesOtherPathsAlone(t *testing.T) {
	_, n := warm(t)
	handler := n.manager.HTTPChallengeHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://"+billing+"/portal/", nil))
	if w.Code != http.StatusTeapot {
		t.Errorf("got %d", w.Code)
	}
}

func TestHandshake_WarmTouchesNoStorageAndAllocatesNothing(t *testing.T) {
	_, n := warm(t)
	calls := n.store.calls.Load()
	h := hello(billing, "h2", "http/1.1")
	if allocations := testing.AllocsPerRun(1000, func() { _, _ = n.manager.GetCertificate(h) }); allocations > 0 {
		t.Errorf("%v allocations, want none", allocations)
	}
	if n.store.calls.Load() != calls {
		t.Error("a warm handshake read the store")
	}
	unknown := hello("nobody.acme.test")
	if allocations := testing.AllocsPerRun(1000, func() { _, _ = n.manager.GetCertificate(unknown) }); allocations > 0 {
		t.Errorf("an unknown name: %v allocations, want none", allocations)
	}
}

// Findings 1 to 3: with the database away certmagic drops a live certificate, since its permission function can only say no.
func TestOutage_LiveCertificateIsServedOn(t *testing.T) {
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

func TestHandshake_RefusalIsRememberedByAllNodes(t *testing.T) {
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

func TestHandshake_HostThatIsGoneIsRefusedAndForgotten(t *testing.T) {
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(nil)
	entry := f.entry(billing)
	eventually(t, "there is a certificate", func() bool { return entry.Certificate.Load() != nil })
	f.feed.set(1)
	eventually(t, "the host is refused", func() bool {
		cert, err := n.manager.GetCertificate(hello(billing))
		return cert == nil && err == nil
	})
	eventually(t, "its certificate left memory", func() bool { return entry.Certificate.Load() == nil })
}

// Trap 10: certmagic's cache scans itself under its write lock when it is full.
func TestCache_FullCacheEvictsAndLoadsAgainWithoutAnOrder(t *testing.T) {
	hosts := []string{"a.acme.test", "b.acme.test", "c.acme.test"}
	f := newFleet(t, localca.Options{}, hosts...)
	n := f.start(func(c *certs.Config) { quiet(c); c.Capacity = 2 })
	for range 3 {
		for _, host := range hosts {
			if _, err := n.shake(host); err != nil {
				t.Fatalf("%s: %v", host, err)
			}
		}
	}
	held := 0
	for _, host := range hosts {
		if f.entry(host).Certificate.Load() != nil {
			held++
		}
	}
	if held != 2 {
		t.Errorf("%d certificates in memory, want 2", held)
	}
	if got := f.ca.Orders(); got != 3 {
		t.Errorf("%d orders, want 3", got)
	}
}
