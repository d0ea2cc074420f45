package localca_test

import (
	"context"
	"testing"
	"time"

	"tollhouse/certs/localca"
)

func TestBadNonces_AreTheShareThatWasAskedFor(t *testing.T) {
	ca := start(t, nil)
	c := newClient(t, ca)
	ca.SetFault(localca.Fault{BadNonces: 0.5})
	for _, name := range []string{"a.acme.test", "b.acme.test", "a.acme.test"} {
		refused := ca.RefusedNonces()
		if err := c.order(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		// Pebble itself refuses one nonce in twenty, after which the request comes as a new one.
		if got := ca.RefusedNonces() - refused; got < 1 || got > 4 {
			t.Errorf("%s: refused %d times before it passed, want 1", name, got)
		}
	}
	refused := ca.RefusedNonces()
	ca.SetFault(localca.Fault{})
	if err := c.order(t.Context(), "c.acme.test"); err != nil || ca.RefusedNonces() != refused {
		t.Errorf("without the fault: %v, %d refused", err, ca.RefusedNonces()-refused)
	}
}

func TestBadNonces_OfAllOfThemLetNothingPass(t *testing.T) {
	ca := start(t, nil)
	c := newClient(t, ca)
	ca.SetFault(localca.Fault{BadNonces: 1})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // the client would try ten times
	defer cancel()
	if err := c.order(ctx, "a.acme.test"); err == nil || ca.Orders() != 0 || ca.RefusedNonces() < 2 {
		t.Errorf("%v, %d orders, %d refused", err, ca.Orders(), ca.RefusedNonces())
	}
}
