package certs_test

import (
	"slices"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/localca"
	"tollhouse/tenant"
)

// leave says of which hosts the proof is gone; of all others it is there.
func (f *feed) leave(hosts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	for i, site := range f.sites {
		changed := *site
		changed.Leaving = slices.Contains(hosts, site.Host.String())
		f.sites[i] = &changed
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// A host whose proof is gone is served with the certificate that it has. Nothing is ordered for it, neither by the schedule nor by a visitor,
// until the proof is back.
func TestOrders_AreNotMadeForAHostThatIsLeaving(t *testing.T) {
	t.Parallel()
	const leaving, bare = "pay.acme.test", "new.acme.test"
	f := newFleet(t, localca.Options{Validity: 6 * time.Second}, billing, leaving)
	n := f.start(quiet)
	for _, host := range []string{billing, leaving} {
		if _, err := n.shake(host); err != nil {
			t.Fatal(err)
		}
	}
	n.close()
	f.feed.add(owner, bare)
	f.feed.leave(leaving, bare)
	for _, host := range []string{leaving, bare} {
		eventually(t, host+" is leaving", func() bool { return f.entry(host).Site().Leaving })
	}
	n = f.start(func(c *certs.Config) { c.Check = 50 * time.Millisecond })
	if _, err := n.shake(leaving); err != nil {
		t.Errorf("with the certificate that it has: %v", err)
	}
	if _, err := n.shake(bare); err == nil {
		t.Error("a visitor got a certificate for a host that is leaving")
	}
	eventually(t, "the other one is renewed twice", func() bool { return f.version(billing) >= 3 })
	if v := f.version(leaving); v != 1 {
		t.Errorf("the host that is leaving is at version %d", v)
	}
	for _, order := range f.ca.OrderLog() {
		if slices.Contains(order.Names, bare) {
			t.Errorf("an order was made for %s", bare)
		}
	}
	f.feed.leave()
	eventually(t, "it is renewed once it is back", func() bool { return f.version(leaving) > 1 })
	if entry, ok := f.directory.Lookup(tenant.MustParseHostname(leaving)); !ok || entry.Site().Leaving {
		t.Error("it is still leaving")
	}
}
