package edge_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"testing"
	"time"

	"tollhouse/edge"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// turn begins a new epoch of a host and waits until the Directory knows it.
func (h *house) turn(t *testing.T, host tenant.Hostname) {
	t.Helper()
	before, _ := h.directory.Lookup(host)
	epoch := before.Site().Epoch
	h.feed.turn(host)
	within(t, "the Directory to hear of the turn", func() bool { return before.Site().Epoch != epoch })
}

// Requests run on both kinds of connection while their host turns: what comes after them is refused, and soon the connections end.
func TestTurn_RefusesAndEndsConnectionsOfBefore(t *testing.T) {
	t.Parallel()
	h := start(t)
	first, second := h.dial(t, acme.String(), "http/1.1"), h.dialHTTP2(t, acme.String())
	other := h.dial(t, globex.String(), "http/1.1")
	const text = "GET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n"
	h.send(t, first, text)
	if res := h.hearOne(t, first); res.StatusCode != 200 {
		t.Fatalf("control: HTTP/1.1 answers %d", res.StatusCode)
	}
	if got := second.ask(t, ":authority", "billing.acme.test"); got != "200" {
		t.Fatalf("control: HTTP/2 answers %s", got)
	}
	h.turn(t, acme)
	h.send(t, first, text)
	if res := h.hearOne(t, first); res.StatusCode != 421 || !res.Close {
		t.Errorf("HTTP/1.1 after the turn: %d, ends %v, want 421 and the end", res.StatusCode, res.Close)
	}
	if got := second.ask(t, ":authority", "billing.acme.test"); got != "421" {
		t.Errorf("HTTP/2 after the turn: %s, want 421", got)
	}
	if !second.away {
		t.Error("HTTP/2 is not told to go away")
	}
	if !closedByServer(first) || !closedByServer(second.conn) {
		t.Error("a connection of before stays open")
	}
	h.send(t, other, "GET / HTTP/1.1\r\nHost: pay.globex.test\r\n\r\n")
	if res := h.hearOne(t, other); res.StatusCode != 200 {
		t.Errorf("a host that did not turn: %d", res.StatusCode)
	}
	if res, body := get(t, h.client(t, true), newRequest(t, "GET", "https://billing.acme.test/", nil)); res.StatusCode != 200 {
		t.Errorf("a new connection: %d %q", res.StatusCode, body)
	}
}

// hearOne reads one answer and leaves the connection open.
func (h *house) hearOne(t *testing.T, c io.Reader) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReaderSize(c, 16), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res
}

// Nobody asks anything more, and one answer never ends.
func TestTurn_EndsIdleConnectionsAndRunningAnswers(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			request.From(r.Context()).SetRoute("/who")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(ended)
		})
	})
	silent, idle, running := h.dial(t, acme.String(), "http/1.1"), h.dialHTTP2(t, acme.String()), h.dialHTTP2(t, acme.String())
	if got := running.ask(t, ":authority", "billing.acme.test"); got != "200" {
		t.Fatalf("control: %s", got)
	}
	// A client has done its part of the handshake before the server has: one that is not done when the host turns is refused, and counts as that.
	within(t, "the handshakes", func() bool { return h.count(t, "tollhouse_edge_handshakes_total", "") == 3 })
	h.turn(t, acme)
	if !closedByServer(silent) || !closedByServer(idle.conn) || !closedByServer(running.conn) {
		t.Error("a connection of before stays open")
	}
	<-ended
	within(t, "the counts", func() bool { return h.count(t, "tollhouse_edge_turned_connections_total", "") == 3 })
}

func TestTurn_EndsConnectionsOfAHostThatIsGone(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.dialHTTP2(t, acme.String())
	if got := c.ask(t, ":authority", "billing.acme.test"); got != "200" {
		t.Fatalf("control: %s", got)
	}
	h.feed.remove(acme)
	if !closedByServer(c.conn) {
		t.Error("the connection stays open")
	}
}

// The certificate is chosen under one epoch, and the handshake ends under the next.
func TestTurn_DuringAHandshakeRefusesTheConnection(t *testing.T) {
	t.Parallel()
	chosen, turned := make(chan struct{}), make(chan struct{})
	h := start(t, func(c *edge.Config) {
		known := c.TLS.GetCertificate
		c.TLS.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			close(chosen)
			<-turned
			return known(hello)
		}
	})
	go func() {
		<-chosen
		h.feed.turn(acme)
		entry, _ := h.directory.Lookup(acme)
		for tick := time.NewTicker(time.Millisecond); entry.Site().Epoch == 0; {
			<-tick.C
		}
		close(turned)
	}()
	c := h.dial(t, acme.String(), "http/1.1")
	if !closedByServer(c) {
		t.Error("the connection stays open")
	}
	within(t, "the count", func() bool { return h.count(t, "tollhouse_edge_refused_connections_total", "turned") == 1 })
}

func TestHello_ForAnUnknownNameIsRefusedByItsOwnReason(t *testing.T) {
	t.Parallel()
	h := start(t)
	// A hello that shares no version with us: the name is looked at before anything is negotiated.
	_, err := tls.Dial("tcp", h.addrs.HTTPS().String(), &tls.Config{ServerName: "unknown.test", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil || err.Error() != "remote error: tls: unrecognized name" {
		t.Errorf("got %v", err)
	}
	within(t, "the count", func() bool { return h.count(t, "tollhouse_edge_refused_connections_total", "unknown_name") == 1 })
}
