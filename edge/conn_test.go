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
	"tollhouse/tenant/request"
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
	bodyError := make(chan error, 1)
	h := start(t, func(c *edge.Config) {
		c.Limits.HandshakeTime = 50 * time.Millisecond
		c.Limits.HeaderTime = 50 * time.Millisecond
		c.Limits.RequestTime = 200 * time.Millisecond
		c.Limits.IdleTime = 50 * time.Millisecond
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				_, err := io.ReadAll(r.Body)
				bodyError <- err
				return
			}
			for r.URL.Path == "/endless" { // until the client's refusal to read is felt
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					bodyError <- err
					return
				}
			}
		})
	})
	const host = "Host: billing.acme.test\r\n"
	for _, tt := range []struct {
		name string
		conn func() net.Conn
		text string
	}{
		{"no hello", func() net.Conn { return h.tcp(t, h.addrs.HTTPS()) }, ""},
		{"half a hello", func() net.Conn { return h.tcp(t, h.addrs.HTTPS()) }, "\x16\x03\x01\x02"},
		{"no header", func() net.Conn { return h.dial(t, acme.String(), "http/1.1") }, ""},
		{"half a header", func() net.Conn { return h.dial(t, acme.String(), "http/1.1") }, "GET / HTTP/1.1\r\nX-A: "},
		{"idle after a request", func() net.Conn { return h.dial(t, acme.String(), "http/1.1") }, "GET / HTTP/1.1\r\n" + host + "\r\n"},
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

	c := h.dial(t, acme.String(), "http/1.1")
	h.send(t, c, "POST / HTTP/1.1\r\n"+host+"Content-Length: 10\r\n\r\nhalf")
	if err := <-bodyError; err == nil {
		t.Error("half a body: the handler read it without an error")
	}
	if !closedByServer(c) {
		t.Error("half a body: the connection stays open")
	}
	c = h.dial(t, acme.String(), "http/1.1")
	h.send(t, c, "GET /endless HTTP/1.1\r\n"+host+"\r\n")
	if err := <-bodyError; err == nil {
		t.Error("unread answer: the handler wrote it without an error")
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

func TestProxyHeader_IsBelievedFromListedPeersOnly(t *testing.T) {
	t.Parallel()
	const v1 = "PROXY TCP4 192.0.2.7 203.0.113.1 50000 443\r\n"
	const v2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xcb\x00\x71\x01\xc3\x50\x01\xbb"
	const local = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	for _, tt := range []struct {
		name, header string
		trusted      bool
		want         string // the client's address, or "" for a refusal
	}{
		{"listed, version 1", v1, true, "192.0.2.7"},
		{"listed, version 2", v2, true, "192.0.2.7"},
		{"listed, its own health check", local, true, "127.0.0.1"},
		{"listed, without", "", true, ""},
		{"listed, garbage", "PROXY TCP4 nonsense\r\n", true, ""},
		{"not listed, without", "", false, "127.0.0.1"},
		{"not listed, version 1", v1, false, ""},
		{"not listed, version 2", v2, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, func(c *edge.Config) {
				if tt.trusted {
					c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
				}
				c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.WriteString(w, request.From(r.Context()).Client.String())
				})
			})
			socket := h.tcp(t, h.addrs.HTTPS())
			h.send(t, socket, tt.header)
			_ = socket.SetDeadline(time.Now().Add(5 * time.Second))
			c := tls.Client(socket, &tls.Config{RootCAs: h.roots, ServerName: acme.String(), NextProtos: []string{"http/1.1"}})
			if err := c.HandshakeContext(t.Context()); err != nil {
				if tt.want != "" || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("refused: %v", err)
				}
				return
			}
			h.send(t, c, "GET / HTTP/1.1\r\nHost: billing.acme.test\r\nConnection: close\r\n\r\n")
			if answers := hear(t, c); len(answers) != 1 || answers[0].body != tt.want {
				t.Errorf("got %v, want %q", answers, tt.want)
			}
		})
	}
}

func TestProxyHeader_ThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Limits.ProxyHeaderTime = 50 * time.Millisecond
	})
	for _, addr := range []netip.AddrPort{h.addrs.HTTPS(), h.addrs.HTTP()} {
		c := h.tcp(t, addr)
		h.send(t, c, "PROXY")
		if !closedByServer(c) {
			t.Errorf("%v: half a header is waited for", addr)
		}
	}
}
