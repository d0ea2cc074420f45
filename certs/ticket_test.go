package certs_test

import (
	"crypto/tls"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

// wallet is a client's session cache that hands out the last ticket for whatever name is asked, as a hostile client would.
type wallet struct {
	mu   sync.Mutex
	last *tls.ClientSessionState
}

func (w *wallet) Get(string) (*tls.ClientSessionState, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.last != nil
}

func (w *wallet) Put(_ string, s *tls.ClientSessionState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s != nil {
		w.last = s
	}
}

// visit makes a request, so that TLS 1.3 tickets arrive, and reports whether the session was resumed.
func (n *node) visit(t *testing.T, name string, w *wallet, version uint16) bool {
	t.Helper()
	conn, err := tls.Dial("tcp", n.addr, &tls.Config{
		ServerName: name, ClientSessionCache: w, MaxVersion: version,
		InsecureSkipVerify: true, // a client that does not mind whose session it resumes
	})
	if err != nil {
		t.Fatalf("the handshake: %v", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: " + name + "\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatalf("the answer: %v", err)
	}
	return conn.ConnectionState().DidResume
}

// In Go, a ticket of one name resumes under any other, without a call to GetCertificate.
func TestTicket_ResumesOnEveryNodeForItsOwnHostOnly(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"TLS 1.3": tls.VersionTLS13, "TLS 1.2": tls.VersionTLS12} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, localca.Options{}, billing, "pay.globex.test")
			a, b := f.start(quiet), f.start(quiet)
			w := &wallet{}
			if a.visit(t, billing, w, version) {
				t.Fatal("the first visit resumed")
			}
			if !a.visit(t, billing, w, version) {
				t.Error("the second visit did not resume")
			}
			if !b.visit(t, billing, w, version) {
				t.Error("the other node did not resume")
			}
			if a.visit(t, "pay.globex.test", w, version) {
				t.Error("a ticket of one host resumed under another")
			}
		})
	}
}

func TestTicket_EndsWithTheEpochOfItsHost(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(quiet)
	w := &wallet{}
	n.visit(t, billing, w, tls.VersionTLS13)
	if !n.visit(t, billing, w, tls.VersionTLS13) {
		t.Fatal("the second visit did not resume")
	}
	f.feed.set(2, billing)
	eventually(t, "the epoch is known", func() bool { return f.entry(billing).Site().Epoch == 2 })
	if n.visit(t, billing, w, tls.VersionTLS13) {
		t.Error("a ticket of the epoch before resumed")
	}
	if !n.visit(t, billing, w, tls.VersionTLS13) {
		t.Error("a ticket of the new epoch did not resume")
	}
}

func TestTicket_LastsADay(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	var later atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	n := f.start(func(c *certs.Config) { quiet(c); c.Now = clock })
	w := &wallet{}
	n.visit(t, billing, w, tls.VersionTLS13)
	later.Store(int64(15 * time.Hour))
	kept := w.last
	if !n.visit(t, billing, w, tls.VersionTLS13) {
		t.Error("a ticket of 15 hours did not resume")
	}
	w.last = kept
	later.Store(int64(25 * time.Hour))
	if n.visit(t, billing, w, tls.VersionTLS13) {
		t.Error("a ticket of 25 hours resumed")
	}
}

// Keys are derived, so that a node has the next period's before it comes: at the change of periods no ticket is in vain because of a clock that
// is a little slow.
func TestTicket_OfTheNextPeriodIsTakenAndNoLaterOne(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	b := f.start(quiet)
	b.visit(t, billing, &wallet{}, tls.VersionTLS13) // the certificate is there from here on
	for ahead, want := range map[time.Duration]bool{8 * time.Hour: true, 16 * time.Hour: false} {
		a := f.start(func(c *certs.Config) { quiet(c); c.Now = func() time.Time { return time.Now().Add(ahead) } })
		w := &wallet{}
		a.visit(t, billing, w, tls.VersionTLS13)
		if got := b.visit(t, billing, w, tls.VersionTLS13); got != want {
			t.Errorf("a ticket of %s ahead resumed: %v, want %v", ahead, got, want)
		}
	}
}

func TestTLSConfig_RefusesOldVersionsAndWeakSuites(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(quiet)
	weak := &tls.Config{ServerName: billing, RootCAs: f.roots, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}
	if _, err := n.shakeWith(weak); err == nil {
		t.Error("a weak suite was taken")
	}
	if _, err := n.shakeWith(&tls.Config{ServerName: billing, RootCAs: f.roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
	state, err := n.shakeWith(&tls.Config{ServerName: billing, RootCAs: f.roots, MaxVersion: tls.VersionTLS12})
	if err != nil || state.Version != tls.VersionTLS12 {
		t.Errorf("TLS 1.2: %v", err)
	}
}
