package edge_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"tollhouse/edge"
	"tollhouse/tenant/request"
)

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
