package edge_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"tollhouse/edge"
)

func TestResets_FasterThanPeopleEndTheirConnectionOnly(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Wait") != "" {
				ran.Add(1)
				<-r.Context().Done()
				return
			}
			_, _ = io.WriteString(w, "served")
		})
	})
	guest := h.dialHTTP2(t, acme.String())
	if got := guest.ask(t, ":authority", acme.String()); got != "200" {
		t.Fatal(got)
	}
	attacker := h.dialHTTP2(t, acme.String())
	go func() { _, _ = io.Copy(io.Discard, attacker.conn) }()
	sent := 0
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); sent++ {
		if err := attacker.takeBack(t); err != nil {
			break
		}
	}
	if n := ran.Load(); sent >= 100_000 || n > 1000 {
		t.Errorf("the connection took back %d requests, and %d ran", sent, n)
	}
	t.Logf("closed after %d pairs, %d of them ran", sent, ran.Load())
	if got := guest.ask(t, ":authority", acme.String()); got != "200" {
		t.Errorf("another connection: %s", got)
	}
}

func TestResets_OfAReaderWhoLeavesPagesAreFine(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Wait") != "" {
				<-r.Context().Done()
			}
		})
	})
	c := h.dialHTTP2(t, acme.String())
	for range 100 {
		if err := c.takeBack(t); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.ask(t, ":authority", acme.String()); got != "200" {
		t.Errorf("afterwards: %s", got)
	}
}

// takeBack opens a stream that will not be answered, and resets it.
func (c *rawHTTP2) takeBack(t *testing.T) error {
	t.Helper()
	id, err := c.tryOpen(":authority", acme.String(), "x-wait", "1")
	if err != nil {
		return err
	}
	return c.framer.WriteRSTStream(id, http2.ErrCodeCancel)
}
