package certs_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

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
