package edge_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Every way to write a Host on a connection whose hello said billing.acme.test. There are three ends: the canonical tenant, "I do not
// understand you", "not here". Never another tenant.
func TestHost_InAnyFormIsTheCanonicalTenantOrRefused(t *testing.T) {
	t.Parallel()
	h := start(t)
	port := h.addrs.HTTPS().Port()
	long := strings.Repeat("a.", 130) + "test"
	for _, tt := range []struct {
		name, head string
		want       int
	}{
		{"plain", "GET / HTTP/1.1\r\nHost: billing.acme.test", 200},
		{"upper case", "GET / HTTP/1.1\r\nHost: BILLING.Acme.TEST", 200},
		{"trailing dot", "GET / HTTP/1.1\r\nHost: billing.acme.test.", 200},
		{"port", fmt.Sprintf("GET / HTTP/1.1\r\nHost: billing.acme.test:%d", port), 200},
		{"port, dot and case", "GET / HTTP/1.1\r\nHost: Billing.acme.test.:443", 200},
		{"spaces around", "GET / HTTP/1.1\r\nHost:   billing.acme.test  ", 200},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: billing.acme.test", 200},
		{"absolute form", "GET https://billing.acme.test/ HTTP/1.1\r\nHost: billing.acme.test", 200},
		{"absolute form decides", "GET https://billing.acme.test/ HTTP/1.1\r\nHost: pay.globex.test", 200},

		{"another tenant", "GET / HTTP/1.1\r\nHost: pay.globex.test", 421},
		{"another tenant in absolute form", "GET https://pay.globex.test/ HTTP/1.1\r\nHost: billing.acme.test", 421},
		{"the API host", "GET / HTTP/1.1\r\nHost: api.tollhouse.test", 421},
		{"unknown", "GET / HTTP/1.1\r\nHost: unknown.test", 421},
		{"a name below", "GET / HTTP/1.1\r\nHost: x.billing.acme.test", 421},
		{"a name above", "GET / HTTP/1.1\r\nHost: acme.test", 421},
		{"punycode of another", "GET / HTTP/1.1\r\nHost: xn--bcher-kva.test", 421},

		{"HTTP/1.0 without", "GET / HTTP/1.0", 400},
		{"HTTP/1.1 without", "GET / HTTP/1.1", 400},
		{"empty", "GET / HTTP/1.1\r\nHost:", 400},
		{"twice the same", "GET / HTTP/1.1\r\nHost: billing.acme.test\r\nHost: billing.acme.test", 400},
		{"twice, another tenant second", "GET / HTTP/1.1\r\nHost: billing.acme.test\r\nHost: pay.globex.test", 400},
		{"two in one", "GET / HTTP/1.1\r\nHost: billing.acme.test, pay.globex.test", 400},
		{"user information", "GET / HTTP/1.1\r\nHost: billing.acme.test@pay.globex.test", 400},
		{"user information in absolute form", "GET https://me@billing.acme.test/ HTTP/1.1\r\nHost: billing.acme.test", 400},
		{"absolute form in the clear", "GET http://billing.acme.test/ HTTP/1.1\r\nHost: billing.acme.test", 400},
		{"IPv4", "GET / HTTP/1.1\r\nHost: 127.0.0.1", 400},
		{"IPv4 as a number", "GET / HTTP/1.1\r\nHost: 2130706433", 400},
		{"IPv6", "GET / HTTP/1.1\r\nHost: [::1]:443", 400},
		{"a port that is none", "GET / HTTP/1.1\r\nHost: billing.acme.test:https", 400},
		{"an empty port", "GET / HTTP/1.1\r\nHost: billing.acme.test:", 400},
		{"two ports", "GET / HTTP/1.1\r\nHost: billing.acme.test:443:443", 400},
		{"a single label", "GET / HTTP/1.1\r\nHost: localhost", 400},
		{"an empty label", "GET / HTTP/1.1\r\nHost: billing..acme.test", 400},
		{"two trailing dots", "GET / HTTP/1.1\r\nHost: billing.acme.test..", 400},
		{"a wildcard", "GET / HTTP/1.1\r\nHost: *.acme.test", 400},
		{"an underscore", "GET / HTTP/1.1\r\nHost: bill_ing.acme.test", 400},
		{"a path", "GET / HTTP/1.1\r\nHost: billing.acme.test/x", 400},
		{"invalid punycode", "GET / HTTP/1.1\r\nHost: xn--\u00e9.test", 400},
		{"too many labels", "GET / HTTP/1.1\r\nHost: " + long, 400},
		{"NUL", "GET / HTTP/1.1\r\nHost: billing.acme.test\x00", 400},
		{"space before the colon", "GET / HTTP/1.1\r\nHost : billing.acme.test", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := h.speak(t, acme.String(), tt.head+"\r\n\r\n")
			if len(answers) != 1 || answers[0].status != tt.want {
				t.Fatalf("got %v, want one %d", answers, tt.want)
			}
			body := answers[0].body
			if tt.want == 200 && body != "portal of billing.acme.test" {
				t.Errorf("answered by %q", body)
			}
			if tt.want != 200 && (strings.Contains(body, "portal of") || strings.Contains(body, "test")) {
				t.Errorf("a refusal tells something of a tenant: %q", body)
			}
		})
	}
}

func TestHost_MisdirectedRequestEndsItsConnection(t *testing.T) {
	t.Parallel()
	h := start(t)
	answers := h.speak(t, acme.String(), "GET / HTTP/1.1\r\nHost: pay.globex.test\r\n\r\nGET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n")
	if len(answers) != 1 || answers[0].status != 421 {
		t.Errorf("got %v, want one 421 and the end", answers)
	}
	answers = h.speak(t, acme.String(), strings.Repeat("GET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n", 2))
	if len(answers) != 2 || answers[1].status != 200 {
		t.Errorf("got %v, want 200 twice on one connection", answers)
	}
}

func TestHost_OverHTTP2(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.dialHTTP2(t, acme.String())
	for _, tt := range []struct {
		name   string
		fields []string
		want   string // the status, or "reset"
	}{
		{"the hello's host", []string{":authority", "billing.acme.test"}, "200"},
		{"in another form", []string{":authority", "Billing.Acme.test:8443"}, "200"},
		{"another tenant", []string{":authority", "pay.globex.test"}, "421"},
		{"host instead of authority", []string{"host", "billing.acme.test"}, "200"},
		{"the same in both", []string{":authority", "billing.acme.test", "host", "billing.acme.test"}, "200"},
		{"another tenant in host", []string{":authority", "billing.acme.test", "host", "pay.globex.test"}, "400"},
		{"another tenant in authority", []string{":authority", "pay.globex.test", "host", "billing.acme.test"}, "400"},
		{"host twice", []string{":authority", "billing.acme.test", "host", "billing.acme.test", "host", "pay.globex.test"}, "400"},
		{"neither", nil, "400"},
		{"user information", []string{":authority", "me@billing.acme.test"}, "reset"},
		{"the hello's host, still on the same connection", []string{":authority", "billing.acme.test"}, "200"},
	} {
		if got := c.ask(t, tt.fields...); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestHost_ThatLeftTheDirectoryIsMisdirectedOnOpenConnections(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t, true)
	if res, _ := get(t, c, newRequest(t, "GET", "https://billing.acme.test/", nil)); res.StatusCode != 200 {
		t.Fatalf("before: %d", res.StatusCode)
	}
	h.feed.remove(acme)
	within(t, "the Directory to hear it", func() bool { _, known := h.directory.Lookup(acme); return !known })
	if res, body := get(t, c, newRequest(t, "GET", "https://billing.acme.test/", nil)); res.StatusCode != 421 || strings.Contains(body, "acme") {
		t.Errorf("after: %d %q", res.StatusCode, body)
	}
}

func TestHost_OfASuspendedTenantIs403WithoutItsBrand(t *testing.T) {
	t.Parallel()
	h := start(t)
	res, body := get(t, h.client(t, true), newRequest(t, "GET", "https://billing.initech.test/portal/", nil))
	if res.StatusCode != 403 || strings.Contains(strings.ToLower(body), "initech") {
		t.Errorf("%d %q", res.StatusCode, body)
	}
}

// heard is one answer on a raw connection.
type heard struct {
	status int
	body   string
	header http.Header
	last   bool // says that the connection ends
}

// speak sends bytes on a fresh HTTP/1.1 connection whose hello names sni, then closes its side, and returns every answer.
func (h *house) speak(t *testing.T, sni, text string) []heard {
	t.Helper()
	c := h.dial(t, sni, "http/1.1")
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return hear(t, c)
}

func hear(t *testing.T, c io.Reader) []heard {
	t.Helper()
	var answers []heard
	for in := bufio.NewReader(c); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		answers = append(answers, heard{res.StatusCode, string(body), res.Header, res.Close})
	}
}

// rawHTTP2 sends frames that a well-behaved client would not.
type rawHTTP2 struct {
	conn   *tls.Conn
	framer *http2.Framer
	stream uint32
	away   bool // the server said GOAWAY while we asked
}

func (h *house) dialHTTP2(t *testing.T, sni string) *rawHTTP2 {
	t.Helper()
	c := h.dial(t, sni, "h2")
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(c, c)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := errors.Join(framer.WriteSettings(), framer.WriteSettingsAck()); err != nil {
		t.Fatal(err)
	}
	return &rawHTTP2{conn: c, framer: framer, stream: 1}
}

// open sends a GET with extra fields and returns its stream.
func (c *rawHTTP2) open(t *testing.T, fields ...string) uint32 {
	t.Helper()
	id, err := c.tryOpen(fields...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// tryOpen is open on a connection that may be gone.
func (c *rawHTTP2) tryOpen(fields ...string) (uint32, error) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	all := append([]string{":method", "GET", ":scheme", "https", ":path", "/"}, fields...)
	for pair := range slices.Chunk(all, 2) {
		if err := encoder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]}); err != nil {
			return 0, err
		}
	}
	id := c.stream
	c.stream += 2
	return id, c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
}

// ask sends a GET and returns the status of its answer, or "reset".
func (c *rawHTTP2) ask(t *testing.T, fields ...string) string {
	t.Helper()
	id := c.open(t, fields...)
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := frame.(*http2.GoAwayFrame); ok {
			c.away = true
		}
		if frame.Header().StreamID != id {
			continue
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return "reset"
		}
	}
}
