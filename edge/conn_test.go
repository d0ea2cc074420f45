package edge_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/edge"
)

// closedByServer reports whether the server ends a connection on which we wait, and not our own patience.
func closedByServer(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := io.Copy(io.Discard, c)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func (h *house) tcp(t *testing.T, addr netip.AddrPort) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (h *house) send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func TestSlowClients_AreClosedInTime(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Limits.HandshakeTime = 500 * time.Millisecond
		c.Limits.HeaderTime = 500 * time.Millisecond
		c.Limits.IdleTime = 500 * time.Millisecond
	})
	const request = "GET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n"
	for _, tt := range []struct {
		name string
		conn func() net.Conn
		text string
	}{
		{"no hello", func() net.Conn { return h.tcp(t, h.addrs.HTTPS()) }, ""},
		{"half a hello", func() net.Conn { return h.tcp(t, h.addrs.HTTPS()) }, "\x16\x03\x01\x02"},
		{"no header", func() net.Conn { return h.dial(t, acme.String(), "http/1.1") }, ""},
		{"half a header", func() net.Conn { return h.dial(t, acme.String(), "http/1.1") }, "GET / HTTP/1.1\r\nX-A: "},
		{"idle after a request", func() net.Conn { return h.dial(t, acme.String(), "http/1.1") }, request},
		{"HTTP/2, then nothing", func() net.Conn { return h.dialHTTP2(t, acme.String()).conn }, ""},
		{"no header in the clear", func() net.Conn { return h.tcp(t, h.addrs.HTTP()) }, ""},
		{"half a header in the clear", func() net.Conn { return h.tcp(t, h.addrs.HTTP()) }, "GET / HT"},
	} {
		c := tt.conn()
		h.send(t, c, tt.text)
		if !closedByServer(c) {
			t.Errorf("%s: the connection stays open", tt.name)
		}
	}
}

// Somebody who sends half a body, and somebody who does not take the answer, end with their request's time.
func TestSlowClients_DoNotHoldAHandler(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	h := start(t, func(c *edge.Config) {
		c.Limits.RequestTime, c.Limits.HeaderTime = 500*time.Millisecond, 2*time.Second
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			for err == nil && r.Method == http.MethodGet {
				_, err = w.Write(make([]byte, 64<<10))
			}
			ended <- err
		})
	})
	const host = "Host: billing.acme.test\r\n\r\n"
	for name, text := range map[string]string{
		"half a body":      "POST / HTTP/1.1\r\nContent-Length: 10\r\n" + host + "half",
		"an unread answer": "GET / HTTP/1.1\r\n" + host,
	} {
		c := h.dial(t, acme.String(), "http/1.1")
		h.send(t, c, text)
		within(t, "the end of "+name, func() bool { return len(ended) > 0 })
		if err := <-ended; err == nil {
			t.Errorf("%s: the handler heard of no error", name)
		}
		if !closedByServer(c) {
			t.Errorf("%s: the connection stays open", name)
		}
	}
}

func TestHello_InSinglesIsReadAsOne(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := tls.Client(singles{h.tcp(t, h.addrs.HTTPS())}, &tls.Config{RootCAs: h.roots, ServerName: acme.String(), NextProtos: []string{"http/1.1"}})
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Errorf("a hello sent byte by byte: %v", err)
	}
}

// singles writes one byte at a time.
type singles struct{ net.Conn }

func (s singles) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := s.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

func TestHello_ThatIsHTTPIsToldToUseTLS(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.tcp(t, h.addrs.HTTPS())
	h.send(t, c, "GET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n")
	answer, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(answer), "HTTP/1.0 400 ") || !strings.Contains(string(answer), "https") {
		t.Errorf("got %q", answer)
	}
}

func TestHello_ForAnACMEChallengeIsAllThatItsConnectionIsFor(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.dial(t, acme.String(), "acme-tls/1")
	if !closedByServer(c) {
		t.Error("the connection stays open")
	}
	within(t, "its count", func() bool { return h.count(t, "tollhouse_edge_refused_connections_total", "acme_challenge") == 1 })
}

func TestConnections_AreLimitedByClientAndInAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		limits edge.Limits
	}{
		{"client_full", edge.Limits{HandshakeRate: -1, ConnectionsPerClient: 2}},
		{"full", edge.Limits{HandshakeRate: -1, Connections: 2}},
	} {
		h := start(t, func(c *edge.Config) { c.Limits = tt.limits })
		first := h.dial(t, acme.String())
		_ = h.dial(t, globex.String())
		if c := h.tcp(t, h.addrs.HTTPS()); !closedByServer(c) {
			t.Errorf("%s: a third connection is let in", tt.name)
		}
		if c := h.tcp(t, h.addrs.HTTP()); !closedByServer(c) {
			t.Errorf("%s: a third connection, in the clear, is let in", tt.name)
		}
		if n := h.count(t, "tollhouse_edge_refused_connections_total", tt.name); n != 2 {
			t.Errorf("%s: %v refusals counted, want 2", tt.name, n)
		}
		_ = first.Close()
		within(t, "the place to be free", func() bool { return h.count(t, "tollhouse_edge_connections", "") == 1 })
		_ = h.dial(t, acme.String())
	}
}

func TestHandshakes_AreLimitedByRate(t *testing.T) {
	t.Parallel()
	clock := &clock{at: time.Unix(1_800_000_000, 0)}
	h := start(t, func(c *edge.Config) {
		c.Limits.HandshakeRate, c.Limits.HandshakeBurst, c.Now = 1, 2, clock.now
	})
	_ = h.dial(t, acme.String())
	_ = h.dial(t, acme.String())
	if c := h.tcp(t, h.addrs.HTTPS()); !closedByServer(c) {
		t.Error("a third handshake within the second is let in")
	}
	clock.advance(time.Second)
	_ = h.dial(t, acme.String())
	if n := h.count(t, "tollhouse_edge_refused_connections_total", "rate"); n != 1 {
		t.Errorf("%v refusals counted, want 1", n)
	}
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// With one place to compute in, neither somebody who never finishes a hello nor somebody whose certificate is long in coming holds it.
func TestHandshakes_ThatWaitDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	issued := make(chan struct{})
	waiting := make(chan struct{}, 8)
	h := start(t, func(c *edge.Config) {
		c.Limits.Handshakes = 1
		known := c.TLS.GetCertificate
		c.TLS.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == globex.String() {
				waiting <- struct{}{}
				<-issued
			}
			return known(hello)
		}
	})
	for range 4 {
		h.send(t, h.tcp(t, h.addrs.HTTPS()), "\x16\x03\x01\x02")
	}
	var slow sync.WaitGroup
	for range 4 {
		slow.Go(func() {
			c, err := tls.Dial("tcp", h.addrs.HTTPS().String(), &tls.Config{RootCAs: h.roots, ServerName: globex.String()})
			if err != nil {
				t.Errorf("the one that waited: %v", err)
				return
			}
			_ = c.Close()
		})
	}
	for range 4 {
		<-waiting
	}
	_ = h.dial(t, acme.String())
	close(issued)
	slow.Wait()
}
