package certs_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/certs/localca"
)

func leafOf(b *certs.Bundle) *x509.Certificate {
	block, _ := pem.Decode(b.ChainPEM)
	return must(x509.ParseCertificate(block.Bytes))
}

// replaceable is how the order that replaces a certificate names it: by its identifier, or not at all for one in 256, whose serial has a leading
// zero there, and which Pebble does not find again.
func replaceable(id string) string {
	_, serial, _ := strings.Cut(id, ".")
	if must(base64.RawURLEncoding.DecodeString(serial))[0] == 0 {
		return ""
	}
	return id
}

// idOf is how a renewal names the certificate that the node serves for the host.
func (f *fleet) idOf(n *node, host string) string {
	f.t.Helper()
	state, err := n.shake(host)
	if err != nil {
		f.t.Fatal(err)
	}
	return must(acme.ARIUniqueIdentifier(state.PeerCertificates[0]))
}

// clock is ahead of the real one by as much as the test says.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) set(at time.Time) { c.ahead.Store(int64(time.Until(at))) }

// startAt starts a node whose schedule and store go by the clock.
func (f *fleet) startAt(c *clock, change func(*certs.Config)) *node {
	f.t.Helper()
	return f.start(func(cfg *certs.Config) {
		cfg.Store.(*watchedStore).backing = must(certsdb.New(certsdb.Config{
			Pool: f.db.App, Ring: f.ring, CA: f.ca.DirectoryURL, Roots: f.roots, Log: f.log, Now: c.now,
		}))
		cfg.Now = c.now
		change(cfg)
	})
}

// looks waits until the schedule has looked for work so often.
func (n *node) looks(times int64) {
	n.fleet.t.Helper()
	until := n.store.calls.Load() + times
	eventually(n.fleet.t, "the schedule has looked for work", func() bool { return n.store.calls.Load() >= until })
}

func TestProfile_IsOrderedAndItsSixDaysAreRenewedAtHalf(t *testing.T) {
	t.Parallel()
	const profile, sixDays = "shortlived", 6 * 24 * time.Hour
	f := newFleet(t, localca.Options{Profiles: map[string]time.Duration{profile: sixDays}}, billing)
	var clock clock
	n := f.startAt(&clock, func(c *certs.Config) { eager(c); c.CA.Profile = profile })
	first := f.awaitOthers(nil, billing)
	b := f.stored(billing)
	life := b.NotAfter.Sub(b.NotBefore)
	if (sixDays - life).Abs() > time.Minute {
		t.Fatalf("it is valid for %s, want the profile's %s", life, sixDays)
	}
	half := b.NotBefore.Add(life / 2)
	if b.RenewAt.After(half) || b.RenewAt.Before(half.Add(-life/20)) {
		t.Errorf("it is renewed %s into its life of %s", b.RenewAt.Sub(b.NotBefore), life)
	}
	clock.set(b.RenewAt.Add(-time.Minute))
	n.looks(20)
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("a minute before its time there were %d orders, want 1", got)
	}
	clock.set(half)
	f.awaitOthers(first, billing) // without a visitor
	log := f.ca.OrderLog()
	for _, order := range log {
		if order.Profile != profile {
			t.Errorf("ordered with profile %q", order.Profile)
		}
	}
	if log[0].Replaces != "" || log[1].Replaces != replaceable(first[billing]) {
		t.Errorf("replaced %q and %q, want nothing and %q", log[0].Replaces, log[1].Replaces, replaceable(first[billing]))
	}
}
