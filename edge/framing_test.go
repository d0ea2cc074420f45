package edge_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"tollhouse/edge"
)

// A second request behind a body of two lengths may be a smuggled one. It must not be answered on that connection.
func TestFraming_NothingRunsBehindAnAmbiguousBody(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/smuggled" {
				served.Add(1)
			}
			if _, err := io.ReadAll(r.Body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
			}
		})
	})
	const host = "Host: billing.acme.test\r\n"
	const smuggled = "GET /smuggled HTTP/1.1\r\n" + host + "\r\n"
	for _, tt := range []struct{ name, text string }{
		{"CL.TE", "POST / HTTP/1.1\r\n" + host + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"TE.CL", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"},
		{"TE alone", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"TE.TE", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"},
		{"TE list", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"TE misspelt", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
		{"TE with a tab and CL", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding:\tchunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n"},
		{"TE with a space before the colon", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
		{"signed CL", "POST / HTTP/1.1\r\n" + host + "Content-Length: +0\r\n\r\n"},
		{"negative CL", "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"},
		{"hexadecimal CL", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0x0\r\n\r\n"},
		{"two CLs", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nContent-Length: 7\r\n\r\n"},
		{"CL list", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0, 7\r\n\r\n"},
		{"bare LF after a chunk's size", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n"},
		{"chunk longer than said", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n"},
		{"HTTP/1.0 with TE", "POST / HTTP/1.0\r\n" + host + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	} {
		served.Store(0)
		answers := h.speak(t, acme.String(), tt.text+smuggled)
		if served.Load() != 0 || len(answers) > 1 {
			t.Errorf("%s: the request behind it was served: %v", tt.name, answers)
		}
	}

	answers := h.speak(t, acme.String(), "POST / HTTP/1.1\r\n"+host+"Content-Length: 1\r\n\r\nx"+smuggled)
	if served.Load() != 1 || len(answers) != 2 {
		t.Errorf("a clean body: %v, want both requests served", answers)
	}
}

func TestFraming_RefusesOversizedHeadersAndBodies(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Limits.PortalBody = 1000
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			}
		})
	})
	const host = "Host: billing.acme.test\r\n"
	body := strings.Repeat("x", 1000)
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"a body of the limit", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1000\r\n\r\n" + body, 200},
		{"one byte more, announced", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1001\r\n\r\n" + body + "x", 413},
		{"one byte more, chunked", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + body + "x\r\n0\r\n\r\n", 413},
		{"a large header", "GET / HTTP/1.1\r\n" + host + "X-Large: " + strings.Repeat("x", 30<<10) + "\r\n\r\n", 200},
		{"too large a header", "GET / HTTP/1.1\r\n" + host + "X-Large: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", 431},
	} {
		answers := h.speak(t, acme.String(), tt.text)
		if len(answers) != 1 || answers[0].status != tt.want {
			t.Errorf("%s: %v, want %d", tt.name, answers, tt.want)
		}
	}
}

func TestMethods_ThatNobodyNeedsAre405(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, tt := range []struct {
		line string
		want int
	}{
		{"TRACE / HTTP/1.1", 405},
		{"OPTIONS * HTTP/1.1", 405},
		{"CONNECT billing.acme.test:443 HTTP/1.1", 405},
		{"OPTIONS / HTTP/1.1", 200}, // the portal's router decides
		{"GET / HTTP/1.1", 200},
	} {
		answers := h.speak(t, acme.String(), tt.line+"\r\nHost: billing.acme.test\r\nCookie: secret\r\n\r\n")
		if len(answers) != 1 || answers[0].status != tt.want || strings.Contains(answers[0].body, "secret") {
			t.Errorf("%s: %v, want %d", tt.line, answers, tt.want)
		}
	}
}
