package edge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tollhouse/edge"
	"tollhouse/tenant/request"
)

func TestChain_HandlersSeeNoForwardingHeaders(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name := range r.Header {
				_, _ = fmt.Fprintln(w, name)
			}
		})
	})
	const forged = "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.test\r\nx_forwarded_proto: http\r\nX-Forwarded: for=1.2.3.4\r\nForwarded: host=evil.test\r\n" +
		"X-Real-IP: 1.2.3.4\r\nX_Real_IP: 1.2.3.4\r\nx-real_ip: 1.2.3.4\r\nX-Request-Id: mine\r\nX-Other: stays\r\n"
	answers := h.speak(t, acme.String(), "GET / HTTP/1.1\r\nHost: billing.acme.test\r\n"+forged+"\r\n")
	if len(answers) != 1 || answers[0].body != "X-Other\n" {
		t.Errorf("handlers see %v, want X-Other alone", answers)
	}
	if id := answers[0].header.Get("X-Request-Id"); id == "mine" || id == "" {
		t.Errorf("request id %q, want a fresh one", id)
	}
}

// What a request says in headers, path or Host must not come back in an answer that somebody else could be made to read.
func TestChain_ReflectsNothing(t *testing.T) {
	t.Parallel()
	h := start(t)
	const canary = "canary6d1f"
	names := strings.Fields(`Accept Accept-Language Accept-Encoding Authorization CF-Connecting-IP Client-IP Cookie Fastly-Client-IP Forwarded From
		Front-End-Https If-None-Match Origin Pragma Range Referer Surrogate-Capability TE Traceparent True-Client-IP Upgrade-Insecure-Requests
		User-Agent Via X-Client-IP X-Cluster-Client-IP X-Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto
		X-Forwarded-Scheme X-Forwarded-Server X-Host X-HTTP-Method-Override X-Original-Host X-Original-URL X-ProxyUser-IP X-Real-IP
		X-Request-Id X-Rewrite-URL X-WAP-Profile`)
	var head strings.Builder
	for _, name := range names {
		_, _ = fmt.Fprintf(&head, "%s: %s\r\n", name, canary)
	}
	for _, line := range []string{
		"GET / HTTP/1.1\r\nHost: billing.acme.test",
		"TRACE / HTTP/1.1\r\nHost: billing.acme.test",
		"GET /" + canary + " HTTP/1.1\r\nHost: " + canary + ".test",
		"GET /" + canary + " HTTP/1.1\r\nHost: " + canary + "..test",
	} {
		for _, a := range h.speak(t, acme.String(), line+"\r\n"+head.String()+"\r\n") {
			if strings.Contains(fmt.Sprint(a), canary) {
				t.Errorf("%q is answered with %v", line, a)
			}
		}
	}
}

func TestChain_APanicIsA500ForOneRequest(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Secret", "half-done")
			switch r.URL.Path {
			case "/before":
				panic("secret sesame in " + r.URL.Path)
			case "/nil":
				var nothing *request.Info
				_ = nothing.ID
			case "/after":
				_, _ = io.WriteString(w, strings.Repeat("half a page ", 1000))
				panic("secret sesame")
			}
		})
	})
	for _, http2 := range []bool{false, true} {
		c := h.client(t, http2)
		for _, path := range []string{"/before", "/nil"} {
			res, body := get(t, c, newRequest(t, "GET", "https://billing.acme.test"+path, nil))
			if res.StatusCode != 500 || res.Header.Get("X-Secret") != "" || res.Header.Get("X-Request-Id") == "" {
				t.Errorf("http2=%v %s: %d %v", http2, path, res.StatusCode, res.Header)
			}
			for _, leak := range []string{"secret", "goroutine", ".go:", "runtime", "tollhouse", "before"} {
				if strings.Contains(body, leak) {
					t.Errorf("http2=%v %s: the page tells %q", http2, path, leak)
				}
			}
		}
		res, err := c.Do(newRequest(t, "GET", "https://billing.acme.test/after", nil))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err == nil {
			t.Errorf("http2=%v: half a page passes for a whole one", http2)
		}
		if res, _ := get(t, c, newRequest(t, "GET", "https://billing.acme.test/", nil)); res.StatusCode != 200 {
			t.Errorf("http2=%v: afterwards %d", http2, res.StatusCode)
		}
	}
	if n := h.count(t, "tollhouse_edge_panics_total", ""); n != 6 {
		t.Errorf("%v panics counted, want 6", n)
	}
	if text := h.log.String(); strings.Contains(text, "sesame") || !strings.Contains(text, "nil pointer dereference") || !strings.Contains(text, "chain_test.go") {
		t.Errorf("the log should say where, and what only when the runtime says it:\n%s", text)
	}
}

func TestChain_UsesThePagesOfAKnownSiteOnly(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.ErrorPage = func(w http.ResponseWriter, r *http.Request, status int) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "branded for "+request.From(r.Context()).Site.Host.String())
		}
		c.Limits.PortalBody = 1
	})
	c := h.client(t, false)
	res, body := get(t, c, newRequest(t, "POST", "https://billing.acme.test/", strings.NewReader("two")))
	if res.StatusCode != 413 || body != "branded for billing.acme.test" {
		t.Errorf("known site: %d %q", res.StatusCode, body)
	}
	r := newRequest(t, "GET", "https://billing.acme.test/", nil)
	r.Host = "pay.globex.test"
	res, body = get(t, c, r)
	if res.StatusCode != 421 || strings.Contains(body, "branded") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("misdirected: %d %q", res.StatusCode, body)
	}
}

func TestChain_LogsOneLineWithoutPersonalData(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			info := request.From(r.Context())
			info.SetRoute("/l/:token")
			info.Trips.Postgres.Add(1)
			info.Trips.Redis.Add(2)
			w.WriteHeader(http.StatusGone)
			_, _ = io.WriteString(w, "gone")
		})
	})
	r := newRequest(t, "TOKEN", "https://billing.acme.test/l/tokensecret?q=querysecret", nil)
	r.Header.Set("User-Agent", "agentsecret")
	r.Header.Set("Cookie", "cookiesecret")
	r.Header.Set("Referer", "https://referersecret.test/")
	res, _ := get(t, h.client(t, true), r)
	within(t, "the line", func() bool { return strings.Contains(h.log.String(), `"msg":"request"`) })
	text := h.log.String()
	for _, secret := range []string{"secret", "127.0.0.1", "billing.acme", "TOKEN"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log tells %q: %s", secret, text)
		}
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatalf("not one JSON line: %v\n%s", err, text)
	}
	for key, want := range map[string]any{
		"id": res.Header.Get("X-Request-Id"), "method": "other", "route": "/l/:token", "status": 410.0, "bytes": 4.0, "postgres": 1.0, "redis": 2.0,
		"tenant": "ten_acme", "proto": "HTTP/2.0", "level": "INFO",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if h.count(t, "tollhouse_edge_requests_total", "/l/:token") != 1 || h.count(t, "tollhouse_edge_request_trips_total", "redis") != 2 {
		t.Error("the request is not in the metrics")
	}
}

func TestChain_AReaderWhoHangsUpRingsNoAlarm(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				<-r.Context().Done()
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	})
	c := h.dial(t, acme.String(), "http/1.1")
	h.send(t, c, "GET /wait HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n")
	_ = c.Close()
	within(t, "the line", func() bool { return strings.Contains(h.log.String(), `"gone":true`) })
	if strings.Contains(h.log.String(), "ERROR") {
		t.Errorf("hanging up is logged as a fault of ours: %s", h.log.String())
	}
	if res, _ := get(t, h.client(t, true), newRequest(t, "GET", "https://billing.acme.test/", nil)); res.StatusCode != 503 {
		t.Fatal(res.Status)
	}
	within(t, "control: a fault", func() bool { return strings.Contains(h.log.String(), "ERROR") })
}

func TestChain_NoMetricCarriesAHostOrATenant(t *testing.T) {
	t.Parallel()
	h := start(t)
	_, _ = get(t, h.client(t, true), newRequest(t, "GET", "https://billing.acme.test/", nil))
	_ = h.speak(t, acme.String(), "GET / HTTP/1.1\r\nHost: pay.globex.test\r\n\r\n")
	_, _ = h.client(t, false).Do(newRequest(t, "GET", "https://unknown.test/", nil)) //nolint:bodyclose // refused in the handshake
	families, err := h.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(families)
	if !strings.Contains(text, "tollhouse_edge_requests_total") {
		t.Fatal("nothing was counted")
	}
	for _, name := range []string{".test", "acme\"", "globex", "ten_"} {
		if strings.Contains(text, name) {
			t.Errorf("metrics tell %q", name)
		}
	}
}

func TestChain_GivesARequestItsTimeOnly(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	h := start(t, func(c *edge.Config) {
		c.Limits.RequestTime = 50 * time.Millisecond
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			ended <- context.Cause(r.Context())
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	})
	for _, http2 := range []bool{false, true} {
		res, _ := get(t, h.client(t, http2), newRequest(t, "GET", "https://billing.acme.test/", nil))
		if err := <-ended; err == nil || res.StatusCode != 503 {
			t.Errorf("http2=%v: %d after %v", http2, res.StatusCode, err)
		}
	}
}

func TestPlain_RedirectsKnownHostsAndServesNobody(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) {
		c.PublicHTTPSPort = 443
		c.Challenge = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/.well-known/acme-challenge/known" {
					_, _ = io.WriteString(w, "the answer")
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	for _, tt := range []struct {
		head, location string
		want           int
	}{
		{"GET /a%2Fb?c=d HTTP/1.1\r\nHost: Billing.ACME.test.:80", "https://billing.acme.test/a%2Fb?c=d", 308},
		{"HEAD / HTTP/1.1\r\nHost: billing.acme.test", "https://billing.acme.test/", 308},
		{"GET //evil.test/ HTTP/1.1\r\nHost: billing.acme.test", "https://billing.acme.test//evil.test/", 308},
		{"GET http://billing.acme.test HTTP/1.1\r\nHost: evil.test", "https://billing.acme.test/", 308},
		{"GET / HTTP/1.1\r\nHost: billing.acme.test\r\nX-Forwarded-Host: evil.test", "https://billing.acme.test/", 308},
		{"GET /.well-known/acme-challenge/known HTTP/1.1\r\nHost: billing.acme.test", "", 200},
		{"GET /.well-known/acme-challenge/other HTTP/1.1\r\nHost: billing.acme.test", "https://billing.acme.test/.well-known/acme-challenge/other", 308},
		{"POST / HTTP/1.1\r\nHost: billing.acme.test\r\nContent-Length: 0", "", 403},
		{"GET / HTTP/1.1\r\nHost: unknown.test", "", 421},
		{"GET / HTTP/1.1\r\nHost: 127.0.0.1", "", 400},
		{"GET / HTTP/1.0", "", 400},
		{"TRACE / HTTP/1.1\r\nHost: billing.acme.test", "", 405},
	} {
		c := h.tcp(t, h.addrs.HTTP())
		h.send(t, c, tt.head+"\r\nConnection: close\r\n\r\n")
		answers := hear(t, c)
		if len(answers) == 0 || answers[0].status != tt.want || answers[0].header.Get("Location") != tt.location {
			t.Errorf("%q: %v, want %d %q", tt.head, answers, tt.want, tt.location)
		}
		if slices.ContainsFunc(answers, func(a heard) bool { return strings.Contains(a.body, "portal of") }) {
			t.Errorf("%q: the portal answers in the clear", tt.head)
		}
	}
}

func TestPlain_NamesThePortThatWasBoundWhenAnyWasAskedFor(t *testing.T) {
	t.Parallel()
	h := start(t)
	res, _ := get(t, h.client(t, false), newRequest(t, "GET", "http://billing.acme.test/x", nil))
	want := fmt.Sprintf("https://billing.acme.test:%d/x", h.addrs.HTTPS().Port())
	if got := res.Header.Get("Location"); got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
}
