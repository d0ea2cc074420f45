package certs_test

import (
	"crypto/tls"
	"sync"
	"testing"

	"tollhouse/certs/localca"
)

func TestHandshake_KnownHostGetsACertificate(t *testing.T) {
	f := newFleet(t, localca.Options{}, "billing.acme.test")
	n := f.start(quiet)
	state, err := n.shake("billing.acme.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := state.PeerCertificates[0].VerifyHostname("billing.acme.test"); err != nil {
		t.Error(err)
	}
	if state.Version != tls.VersionTLS13 || state.CurveID != tls.X25519MLKEM768 {
		t.Errorf("negotiated version %x, curve %s", state.Version, state.CurveID)
	}
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

func TestHandshake_HerdOnTwoNodesMakesOneOrder(t *testing.T) {
	f := newFleet(t, localca.Options{}, "billing.acme.test")
	nodes := []*node{f.start(quiet), f.start(quiet)}
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			if _, err := nodes[i%2].shake("billing.acme.test"); err != nil {
				t.Errorf("handshake %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if got := f.ca.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}
