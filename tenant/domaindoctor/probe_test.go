package domaindoctor_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/tenant/domaindoctor"
)

// canary listens on the doors' ports at an address that is not ours, and counts who comes.
func canary(t *testing.T, w *ward, address string) *atomic.Int64 {
	t.Helper()
	visits := new(atomic.Int64)
	for _, p := range []uint16{w.cfg.Probe.HTTPPort, w.cfg.Probe.TLSPort} {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(int(p))))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				visits.Add(1)
				conn.Close()
			}
		}()
	}
	return visits
}

// Where a name leads is a stranger's choice: we connect to none of it but our own doors.
func TestExamine_ConnectsToNobodyElse(t *testing.T) {
	w := newWard(t)
	visits := canary(t, w, "127.0.0.2")
	for _, records := range [][]string{
		{"A 127.0.0.2"}, {"A 169.254.169.254"}, {"A 10.0.0.1"}, {"A 100.64.0.1"}, {"A 0.0.0.0"}, {"AAAA ::1"}, {"AAAA ::ffff:127.0.0.2"}, {"AAAA fd00::1"}, {"AAAA ::"},
		{"A 127.0.0.1", "A 127.0.0.2"}, {"A 127.0.0.1", "AAAA ::ffff:127.0.0.2"}, {"A 127.0.0.1", "AAAA ::1"},
	} {
		w.set("acme.com", records...)
		w.set("_tollhouse.acme.com", `TXT "`+token+`"`)
		r := w.examine(t, "acme.com", claim)
		if r.Verdict != domaindoctor.Blocked || !r.Proven {
			t.Errorf("%v: %s, proven %v", records, r.Verdict, r.Proven)
		}
	}
	if visits.Load() != 0 || w.door.knocks.Load() != 0 {
		t.Fatalf("%d visits elsewhere, %d knocks", visits.Load(), w.door.knocks.Load())
	}
	w.set("acme.com", "A 127.0.0.1")
	if expect(t, w.examine(t, "acme.com", claim), domaindoctor.Ready); w.door.knocks.Load() != 2 {
		t.Errorf("%d knocks at our own", w.door.knocks.Load())
	}
	w.cfg.Targets.Addresses = append(w.cfg.Targets.Addresses, netip.MustParseAddr("127.0.0.2"))
	w.set("acme.com", "A 127.0.0.2")
	if w.examine(t, "acme.com", claim); visits.Load() != 2 {
		t.Errorf("%d visits once the address is ours, want 2: the canary is deaf", visits.Load())
	}
}

func TestExamine_FollowsNoRedirect(t *testing.T) {
	w := newWard(t)
	visits := canary(t, w, "127.0.0.2")
	w.set(host, "CNAME "+target+".")
	w.door.answer.Store(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, fmt.Sprintf("http://127.0.0.2:%d/", w.cfg.Probe.HTTPPort), http.StatusFound)
	}))
	r := w.examine(t, host, claim)
	expect(t, r, domaindoctor.Blocked, "probe.http_unreachable")
	if f := r.Findings[0]; f.Who != domaindoctor.Platform || !strings.Contains(f.Seen, "302") || visits.Load() != 0 {
		t.Errorf("%d visits, %+v", visits.Load(), f)
	}
}

func TestExamine_FindsDoorsThatDoNotOpen(t *testing.T) {
	endless := func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusNotFound)
		for chunk := make([]byte, 32<<10); ; {
			if _, err := rw.Write(chunk); err != nil {
				return
			}
		}
	}
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		spoil  func(w *ward)
		want   []string
	}{
		"all well":               {want: nil},
		"an endless answer":      {answer: endless, want: nil},
		"a proxy that says 503":  {answer: func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(503) }, want: []string{"probe.http_unreachable"}},
		"another server's page":  {answer: func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "It works!") }, want: []string{"probe.http_unreachable"}},
		"headers without end":    {answer: func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("X", strings.Repeat("x", 1<<20)) }, want: []string{"probe.http_unreachable"}},
		"silence":                {answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, want: []string{"probe.http_unreachable"}},
		"no HTTP":                {spoil: func(w *ward) { _ = w.door.http.Close() }, want: []string{"probe.http_unreachable"}},
		"no TLS":                 {spoil: func(w *ward) { _ = w.door.tls.Close() }, want: []string{"probe.tls_unreachable"}},
		"HTTP where TLS must be": {spoil: func(w *ward) { w.cfg.Probe.TLSPort = w.cfg.Probe.HTTPPort }, want: []string{"probe.tls_unreachable"}},
		"TLS where HTTP must be": {spoil: func(w *ward) { w.cfg.Probe.HTTPPort = w.cfg.Probe.TLSPort }, want: []string{"probe.http_unreachable"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			if name == "silence" {
				w.cfg.Probe.Timeout = time.Second
			}
			w.set(host, "CNAME "+target+".")
			if tc.answer != nil {
				w.door.answer.Store(tc.answer)
			}
			if tc.spoil != nil {
				tc.spoil(w)
			}
			r := w.examine(t, host, claim)
			if !r.Proven || r.Disproven() {
				t.Error("the proof does not depend on our doors")
			}
			verdict := domaindoctor.Blocked
			if tc.want == nil {
				verdict = domaindoctor.Ready
			}
			expect(t, r, verdict, tc.want...)
		})
	}
}
