package certs_test

import (
	"context"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

func TestHandshake_HostThatIsGoneIsRefusedAndForgotten(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

func TestCache_EvictedHostIsLoadedThoughItsRenewalFails(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Validity: 20 * time.Second}, billing, "pay.acme.test")
	n := f.start(func(c *certs.Config) { quiet(c); c.Capacity = 1; c.Check = 10 * time.Millisecond })
	for _, host := range []string{"pay.acme.test", billing} {
		if _, err := n.shake(host); err != nil {
			t.Fatal(err)
		}
	}
	f.ca.SetOffline(true)
	const due = `UPDATE certificates SET renew_at = now()`
	if _, err := f.db.Owner.Exec(context.Background(), due); err != nil {
		t.Fatal(err)
	}
	calls := n.store.calls.Load()
	eventually(t, "renewals were tried", func() bool { return n.store.calls.Load() > calls+20 })
	for _, host := range []string{"pay.acme.test", billing, "pay.acme.test"} {
		if _, err := n.shake(host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestHandshake_ExpiredStoredCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{Validity: 3 * time.Second}, billing)
	first := f.start(quiet)
	state, err := first.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	first.close()
	old := state.PeerCertificates[0]
	eventually(t, "it has expired", func() bool { return time.Now().After(old.NotAfter.Add(time.Second)) })
	f.directory, f.feed = newDirectory(t, f.log, billing)
	if state, err = f.start(quiet).shake(billing); err != nil {
		t.Fatal(err)
	}
	if state.PeerCertificates[0].Equal(old) {
		t.Error("the expired certificate is served")
	}
}
