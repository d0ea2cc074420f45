package domaindoctor_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

const (
	host   = "billing.acme.com"
	edge   = "edge.pay.example"
	target = "k7q2.edge.pay.example" // of the claim under examination
	other  = "m3x9.edge.pay.example" // of somebody else's
	token  = "5f0c1d2e3b4a59687786a5b4c3d2e1f0"
	ours   = "127.0.0.1"
)

var claim = domaindoctor.Proof{CNAMETarget: tenant.MustParseHostname(target), TXTToken: token}

// ward is a doctor with all that it looks at: two resolvers and the gateway's doors.
type ward struct {
	cfg  domaindoctor.Config
	dns  []*dnstest.Server
	door *door
}

// newWard starts a world in which everything is right: the edge domain leads to the doors, and both answer.
func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{dns: []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}, door: newDoor(t, ours)}
	w.cfg = domaindoctor.Config{
		Resolvers: []netip.AddrPort{w.dns[0].Addr, w.dns[1].Addr},
		Targets:   domaindoctor.Targets{Edge: tenant.MustParseHostname(edge), Addresses: []netip.Addr{netip.MustParseAddr(ours)}},
		Own:       []tenant.Hostname{tenant.MustParseHostname("pay.example")},
		CAs:       []string{"letsencrypt.org"},
		Probe:     w.door.probe(),
		QueryTime: 5 * time.Second, // of a busy machine; tests of silence say less
	}
	w.set("*."+edge, "A "+ours)
	w.set(edge, "A "+ours)
	return w
}

// set writes records into both resolvers.
func (w *ward) set(name string, records ...string) {
	for _, s := range w.dns {
		s.Set(name, records...)
	}
}

func (w *ward) breakAll(name string, f dnstest.Fault) {
	for _, s := range w.dns {
		s.Break(name, f)
	}
}

func (w *ward) examine(t *testing.T, name string, want domaindoctor.Proof) domaindoctor.Report {
	t.Helper()
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Examine(context.Background(), tenant.MustParseHostname(name), want)
}

// asked counts the questions to both resolvers.
func (w *ward) asked() (n int) {
	for _, s := range w.dns {
		n += s.Asked()
	}
	return n
}

// door is what stands on the gateway's address: a node that knows no challenge.
type door struct {
	http, tls *net.TCPListener
	answer    atomic.Value // http.HandlerFunc
	knocks    atomic.Int64
}

func newDoor(t *testing.T, address string) *door {
	t.Helper()
	d := &door{}
	d.answer.Store(http.HandlerFunc(http.NotFound))
	d.http, d.tls = listen(t, address), listen(t, address)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.knocks.Add(1)
		d.answer.Load().(http.HandlerFunc)(w, r)
	}))
	_ = server.Listener.Close()
	server.Listener = d.http
	server.Start()
	t.Cleanup(server.Close)
	go d.refuseTLS()
	return d
}

// refuseTLS answers every hello with an alert, like a node without a certificate for the name.
func (d *door) refuseTLS() {
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("unknown") }}
	for {
		conn, err := d.tls.Accept()
		if err != nil {
			return
		}
		d.knocks.Add(1)
		_ = tls.Server(conn, config).Handshake() // refused, as it should be
		_ = conn.Close()
	}
}

func (d *door) probe() domaindoctor.Probe {
	return domaindoctor.Probe{HTTPPort: port(d.http), TLSPort: port(d.tls), Timeout: 5 * time.Second}
}

func port(l net.Listener) uint16 { return netip.MustParseAddrPort(l.Addr().String()).Port() }

func listen(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// codes lists the codes of the findings, an uncertain one with a question mark.
func codes(r domaindoctor.Report) []string {
	list := []string{}
	for _, f := range r.Findings {
		code := string(f.Code)
		if !f.Certain {
			code += "?"
		}
		list = append(list, code)
	}
	return list
}

// expect compares verdict and codes, and holds every finding to what all of them promise.
func expect(t *testing.T, r domaindoctor.Report, verdict domaindoctor.Verdict, want ...string) {
	t.Helper()
	if got := codes(r); r.Verdict != verdict || !slices.Equal(got, append([]string{}, want...)) {
		t.Errorf("%s %v, want %s %v\n%+v", r.Verdict, got, verdict, want, r.Findings)
	}
	wellFormed(t, r)
	for _, f := range r.Findings {
		if f.Who == "" || f.Expected == "" || f.Seen == "" || f.Fix == "" || !strings.HasSuffix(f.Fix, ".") {
			t.Errorf("an incomplete finding: %+v", f)
		}
		for _, text := range []string{f.Expected, f.Seen, f.Fix} {
			if len(text) > 1200 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%s: a text of %d bytes, or with control characters: %q", f.Code, len(text), text)
			}
		}
	}
}
