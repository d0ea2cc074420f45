package certs_test

import (
	"context"
	"crypto/tls"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tollhouse/certs"
	"tollhouse/certs/localca"
	"tollhouse/tenant"
)

const billing = "billing.acme.test"

func TestHandshake_KnownHostGetsACertificate(t *testing.T) {
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(quiet)
	state, err := n.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	if err := state.PeerCertificates[0].VerifyHostname(billing); err != nil {
		t.Error(err)
	}
	if state.Version != tls.VersionTLS13 || state.CurveID != tls.X25519MLKEM768 {
		t.Errorf("negotiated version %x, curve %s", state.Version, state.CurveID)
	}
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

func TestManager_LeavesNothingRunning(t *testing.T) {
	f := newFleet(t, localca.Options{}, billing)
	before := goleak.IgnoreCurrent()
	n := f.start(nil)
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	n.close()
	f.db.App.Reset()
	if err := f.ca.Close(); err != nil { // it holds certmagic's idle connections open
		t.Fatal(err)
	}
	goleak.VerifyNone(t, append(stays, before)...)
}

// shakeAll makes count handshakes at once, spread over the nodes.
func shakeAll(t *testing.T, count int, host string, nodes ...*node) {
	t.Helper()
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			if _, err := nodes[i%len(nodes)].shake(host); err != nil {
				t.Errorf("handshake %d: %v", i, err)
			}
		})
	}
	group.Wait()
}

func TestHandshake_HerdOnTwoNodesMakesOneOrder(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	shakeAll(t, 200, billing, f.start(quiet), f.start(quiet))
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

func TestHandshake_HerdOnTwoProcessesMakesOneOrder(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	shakeAll(t, 200, billing, f.start(quiet), f.startProcess(billing))
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

// The CA meets only the node that did not order.
func TestChallenge_AnsweredByTheNodeThatDidNotOrder(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			f := newFleet(t, localca.Options{}, billing)
			f.front.put(f.start(quiet))
			other := f.start(func(c *certs.Config) { quiet(c); c.Challenges = []string{challenge} })
			if _, err := other.shake(billing); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// behind has not heard of any host yet.
type behind struct{ onDemandOnly }

func (behind) Lookup(tenant.Hostname) (*tenant.Entry, bool) { return nil, false }

// A host that was added a moment ago is known to the node that orders and not yet to the one that the CA meets.
func TestChallenge_AnsweredByANodeWhoseDirectoryIsBehind(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			f := newFleet(t, localca.Options{}, billing)
			f.front.put(f.start(func(c *certs.Config) { c.Directory = behind{onDemandOnly{c.Directory}} }))
			other := f.start(func(c *certs.Config) { quiet(c); c.Challenges = []string{challenge} })
			if _, err := other.shake(billing); err != nil {
				t.Fatal(err)
			}
			if got := f.ca.Orders(); got != 1 {
				t.Errorf("%d orders, want 1", got)
			}
		})
	}
}

func TestRestart_StoredCertificateIsOneReadAndNoOrder(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	first := f.start(quiet)
	if _, err := first.shake(billing); err != nil {
		t.Fatal(err)
	}
	first.close()
	f.directory, f.feed = newDirectory(t, f.log, billing)
	second := f.start(quiet)
	if _, err := second.shake(billing); err != nil {
		t.Fatal(err)
	}
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
	if got := second.store.calls.Load(); got != 1 {
		t.Errorf("%d reads of the store, want 1", got)
	}
}

func TestAhead_HostThatAppearsIsIssuedBeforeItsFirstVisitor(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(nil)
	f.feed.set(1, billing, "pay.acme.test")
	for _, host := range []string{billing, "pay.acme.test"} {
		entry := f.entry(host)
		eventually(t, host+" has a certificate", func() bool { return entry.Certificate.Load() != nil })
	}
	if got := f.ca.Orders(); got != 2 {
		t.Errorf("%d orders, want 2", got)
	}
	calls := n.store.calls.Load()
	if _, err := n.shake("pay.acme.test"); err != nil {
		t.Error(err)
	}
	if n.store.calls.Load() != calls {
		t.Error("the first visitor read the store")
	}
}

// Trap 1: certmagic renews certificates obtained in its on-demand mode only when somebody visits.
func TestRenewal_WithoutTraffic(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Validity: 10 * time.Second}, billing)
	n := f.start(func(c *certs.Config) { c.Check = 100 * time.Millisecond })
	entry := f.entry(billing)
	eventually(t, "there is a certificate", func() bool { return entry.Certificate.Load() != nil })
	first := entry.Certificate.Load().Leaf
	eventually(t, "it is replaced", func() bool { return !entry.Certificate.Load().Leaf.Equal(first) })
	if !time.Now().Before(first.NotAfter) {
		t.Error("it was renewed after it had expired")
	}
	state, err := n.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	if state.PeerCertificates[0].Equal(first) {
		t.Error("the old certificate is still served")
	}
}

func TestRenewal_OneNodeRenewsAndTheOtherServesItAtOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Validity: 10 * time.Second}, billing)
	fast := func(c *certs.Config) { c.Check = 50 * time.Millisecond }
	one := f.start(fast)
	other, _ := newDirectory(t, f.log, billing)
	second := f.start(func(c *certs.Config) { fast(c); c.Directory = other })
	host := f.entry(billing)
	mirror, _ := other.Lookup(host.Host)
	for _, n := range []*node{one, second} {
		if _, err := n.shake(billing); err != nil {
			t.Fatal(err)
		}
	}
	first := mirror.Certificate.Load().Leaf
	eventually(t, "both serve the next one", func() bool {
		a, b := host.Certificate.Load().Leaf, mirror.Certificate.Load().Leaf
		return !b.Equal(first) && a.Equal(b)
	})
	if got := f.ca.Orders(); got != 2 {
		t.Errorf("%d orders, want 2: one each generation", got)
	}
}

// A CA that does not know the account of the certificate being replaced refuses the order; certmagic alone would ask the same again until
// the certificate expires.
func TestRenewal_SucceedsAfterTheAccountChanged(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(quiet)
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	n.close()
	const due = `UPDATE certificates SET renew_at = now()`
	if _, err := f.db.Owner.Exec(context.Background(), due); err != nil {
		t.Fatal(err)
	}
	f.start(func(c *certs.Config) { quiet(c); c.CA.Email = "new@example.com"; c.Check = 20 * time.Millisecond })
	eventually(t, "it is renewed", func() bool { return f.version(billing) == 2 })
}

func TestRenewal_LeavesHostsAloneThatAreNotServed(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Validity: 4 * time.Second}, billing, "pay.acme.test")
	n := f.start(quiet)
	for _, host := range []string{billing, "pay.acme.test"} {
		if _, err := n.shake(host); err != nil {
			t.Fatal(err)
		}
	}
	n.close()
	f.directory, f.feed = newDirectory(t, f.log, billing)
	f.start(func(c *certs.Config) { quiet(c); c.Check = 20 * time.Millisecond })
	eventually(t, "the served one is renewed twice", func() bool { return f.ca.Orders() >= 4 })
	if v := f.version("pay.acme.test"); v != 1 {
		t.Errorf("the host that is gone is at version %d", v)
	}
}
