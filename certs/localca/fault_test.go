package localca_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

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
