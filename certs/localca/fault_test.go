package localca_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
	"github.com/miekg/dns"

	"tollhouse/certs/localca"
)

// client has an account at the CA.
type client struct {
	acme.Client
	account acme.Account
}

func newClient(t *testing.T, ca *localca.CA) *client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: endpointTLS(ca)}
	t.Cleanup(transport.CloseIdleConnections)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Client: acme.Client{Directory: ca.DirectoryURL, HTTPClient: &http.Client{Transport: transport}, PollTimeout: time.Second}}
	if c.account, err = c.NewAccount(t.Context(), acme.Account{PrivateKey: key, TermsOfServiceAgreed: true}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *client) order(ctx context.Context, name string) error {
	_, err := c.NewOrder(ctx, c.account, acme.Order{Identifiers: []acme.Identifier{{Type: "dns", Value: name}}})
	return err
}

func TestCA_RefusesOrdersAsItIsTold(t *testing.T) {
	ca := start(t, nil)
	c := newClient(t, ca)
	for _, tc := range []struct {
		name  string
		fault localca.Fault
		want  string // the problem's type
		asked bool
	}{
		{"rate limited", localca.Fault{Order: localca.RateLimited(time.Hour)}, acme.ProblemTypeRateLimited, true},
		{"paused", localca.Fault{Order: localca.Paused()}, acme.ProblemTypeRateLimited, true},
		{"rejected", localca.Fault{Order: localca.Problem{Type: "rejectedIdentifier"}}, acme.ProblemTypeRejectedIdentifier, true},
		{"only renewals", localca.Fault{Replaces: localca.Problem{Type: "alreadyReplaced"}}, "", true},
		{"some nonces", localca.Fault{BadNonces: 0.3}, "", true},
		{"nothing", localca.Fault{}, "", true},
	} {
		ca.SetFault(tc.fault)
		asked, orders := ca.Asked(), ca.Orders()
		err := c.order(t.Context(), "billing.acme.test")
		var problem acme.Problem
		if errors.As(err, &problem); problem.Type != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if made := ca.Orders() > orders; made != (tc.want == "") || (ca.Asked() > asked) != tc.asked {
			t.Errorf("%s: asked %d, made %d", tc.name, ca.Asked()-asked, ca.Orders()-orders)
		}
	}
}

func TestCA_CanBeUnreachableBrokenOrSlow(t *testing.T) {
	ca := start(t, nil)
	for name, fault := range map[string]localca.Fault{
		"refuses": {Refuse: true}, "500": {Status: http.StatusInternalServerError}, "503": {Status: http.StatusServiceUnavailable}, "slow": {Delay: time.Minute},
	} {
		ca.SetFault(localca.Fault{})
		c := newClient(t, ca)
		ca.SetFault(fault)
		before := ca.Requests()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if err := c.order(ctx, "billing.acme.test"); err == nil {
			t.Errorf("%s: it took an order", name)
		}
		cancel()
		if ca.Requests() == before {
			t.Errorf("%s: nothing was counted", name)
		}
	}
	ca.SetFault(localca.Fault{})
	if err := newClient(t, ca).order(t.Context(), "billing.acme.test"); err != nil {
		t.Errorf("back again: %v", err)
	}
}

func TestOrderLog_TellsWhatWasOrdered(t *testing.T) {
	ca := start(t, nil)
	c := newClient(t, ca)
	if _, err := c.NewOrder(t.Context(), c.account, acme.Order{Profile: "default", Identifiers: []acme.Identifier{{Type: "dns", Value: "pay.acme.test"}}}); err != nil {
		t.Fatal(err)
	}
	log := ca.OrderLog()
	if len(log) != 1 || !slices.Equal(log[0].Names, []string{"pay.acme.test"}) || log[0].Profile != "default" || log[0].Replaces != "" ||
		log[0].Account != c.account.Location || log[0].At.IsZero() {
		t.Errorf("got %+v", log)
	}
}

func TestDNSAddrs_AreTwoServersThatAgree(t *testing.T) {
	ca := start(t, nil)
	if len(ca.DNSAddrs) != 2 || ca.DNSAddrs[0] == ca.DNSAddrs[1] || ca.DNSAddrs[0] != ca.DNSAddr {
		t.Fatalf("got %v", ca.DNSAddrs)
	}
	for _, addr := range ca.DNSAddrs {
		reply, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion("billing.acme.test.", dns.TypeA), addr)
		if err != nil || len(reply.Answer) != 1 {
			t.Errorf("%s: %v, %v", addr, reply, err)
		}
	}
}

// stranger is a DNS server that knows one host, and where it is.
func stranger(t *testing.T, host string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg).SetReply(q)
		if q.Question[0].Name == host+"." && q.Question[0].Qtype == dns.TypeA {
			reply.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(reply)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

// answers is the web server of a host that is validated.
type answers struct {
	mu    sync.Mutex
	token map[string]string
}

func (a *answers) Present(_ context.Context, c acme.Challenge) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token[c.HTTP01ResourcePath()] = c.KeyAuthorization
	return nil
}

func (a *answers) CleanUp(context.Context, acme.Challenge) error { return nil }

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = io.WriteString(w, a.token[r.URL.Path])
}

func TestResolver_IsAskedInsteadAndRevocationsAreNoted(t *testing.T) {
	const host = "billing.acme.example" // a name that the CA's own servers do not know
	web := &answers{token: map[string]string{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: web}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	ca := start(t, func(o *localca.Options) {
		o.Resolver, o.HTTPPort = stranger(t, host), listener.Addr().(*net.TCPAddr).Port
	})
	c := newClient(t, ca)
	client := acmez.Client{Client: &c.Client, ChallengeSolvers: map[string]acmez.Solver{acme.ChallengeTypeHTTP01: web}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := client.ObtainCertificateForSANs(t.Context(), c.account, key, []string{host})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(issued[0].ChainPEM)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RevokeCertificate(t.Context(), c.account, leaf, c.account.PrivateKey, 4); err != nil {
		t.Fatal(err)
	}
	if log := ca.Revocations(); len(log) != 1 || log[0].Serial != leaf.SerialNumber.Text(16) || log[0].Reason != 4 || log[0].At.IsZero() {
		t.Errorf("got %+v", log)
	}
}
