package edge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/edge"
)

// Two nodes behind a balancer that looks at /readyz, clients of every kind, and one node that goes: nobody may notice.
func TestDrain_LosesNoRequest(t *testing.T) {
	t.Parallel()
	long := make(chan struct{})
	leaving := start(t, func(c *edge.Config) {
		c.DrainDelay = 300 * time.Millisecond
		portal := c.Portal
		c.Portal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/long" {
				<-long
			}
			portal.ServeHTTP(w, r)
		})
	})
	staying := start(t, func(c *edge.Config) { c.TLS = leaving.tls })
	staying.roots = leaving.roots

	ctx, enough := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var done atomic.Int64
	report := func(kind string, err error) {
		if err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", kind, err)
		}
		done.Add(1)
	}
	for _, http2 := range []bool{false, true} {
		for _, keep := range []bool{false, true} {
			c := balanced(t, leaving, staying, http2, keep)
			kind := map[bool]string{false: "HTTP/1.1", true: "HTTP/2"}[http2] + map[bool]string{false: ", new connections", true: ", kept connections"}[keep]
			for range 2 {
				wg.Go(func() {
					for ctx.Err() == nil {
						report(kind, ask(ctx, c, "GET", "/"))
						report(kind+", POST", ask(ctx, c, "POST", "/"))
					}
				})
			}
		}
	}
	wg.Go(func() {
		report("a long request", ask(ctx, balanced(t, leaving, staying, false, false), "GET", "/long"))
	})
	within(t, "traffic", func() bool { return done.Load() > 200 })
	leaving.stop()
	within(t, "the drain to be known", func() bool { status, _ := leaving.operator(t, "/readyz"); return status == 503 })
	close(long)
	var err error
	within(t, "the end", func() bool {
		select {
		case err = <-leaving.ended:
			leaving.ended <- err
			return true
		default:
			return false
		}
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	after := done.Load()
	within(t, "traffic on the other node", func() bool { return done.Load() > after+200 })
	enough()
	wg.Wait()
}

// balanced connects to the first house while it is ready, else to the second.
func balanced(t *testing.T, first, second *house, http2, keep bool) *http.Client {
	c := first.client(t, http2)
	transport := c.Transport.(*http.Transport)
	transport.DisableKeepAlives = !keep
	ready := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		target := second.addrs.HTTPS()
		res, err := ready.Get("http://" + first.addrs.Ops().String() + "/readyz")
		if err == nil {
			if res.StatusCode == 200 {
				target = first.addrs.HTTPS()
			}
			_ = res.Body.Close()
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", target.String())
	}
	return c
}

func ask(ctx context.Context, c *http.Client, method, path string) error {
	// A body that can be sent again lets the client repeat what a GOAWAY says was not begun (RFC 9113, section 6.8). Over HTTP/1.1 nothing
	// says so, and net/http repeats no POST.
	var body io.Reader = http.NoBody
	if method == "POST" {
		body = strings.NewReader("x")
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://billing.acme.test"+path, body)
	if err != nil {
		return err
	}
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != 200 || string(answer) != "portal of billing.acme.test" {
		return errors.New(res.Status + " " + string(answer))
	}
	return nil
}

// net/http's own Shutdown reads the first request of such a connection and drops it.
func TestDrain_AnswersTheFirstRequestOfAnAcceptedConnection(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.dial(t, acme.String(), "http/1.1")
	h.stop()
	within(t, "the listener to close", func() bool {
		probe, err := net.Dial("tcp", h.addrs.HTTPS().String())
		if err == nil {
			_ = probe.Close()
		}
		return err != nil
	})
	h.send(t, c, "GET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n")
	answers := hear(t, c)
	if len(answers) != 1 || answers[0].status != 200 || !answers[0].last {
		t.Errorf("got %v, want 200 and the end", answers)
	}
	if err := <-h.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	h.ended <- nil
}

func TestDrain_CutsWhatTakesTooLongAndSaysSo(t *testing.T) {
	t.Parallel()
	running, release := make(chan struct{}), make(chan struct{})
	h := start(t, func(c *edge.Config) {
		c.DrainTime = 50 * time.Millisecond
		c.Portal = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(running)
			<-release
		})
	})
	c := h.dial(t, acme.String(), "http/1.1")
	h.send(t, c, "GET / HTTP/1.1\r\nHost: billing.acme.test\r\n\r\n")
	<-running
	h.stop()
	err := <-h.ended
	h.ended <- err
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "cut") {
		t.Errorf("Run: %v", err)
	}
	if !closedByServer(c) {
		t.Error("the connection stays open")
	}
	close(release)
}
