package localca_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"tollhouse/certs/localca"
)

func start(t *testing.T, change func(*localca.Options)) *localca.CA {
	t.Helper()
	o := localca.Options{HTTPPort: 1, TLSPort: 2}
	if change != nil {
		change(&o)
	}
	ca, err := localca.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ca.Close() })
	return ca
}

// endpointTLS trusts the ACME endpoint.
func endpointTLS(ca *localca.CA) *tls.Config { return &tls.Config{RootCAs: ca.EndpointRoots()} }

func TestDNS_AnswersForReservedSuffixesOnly(t *testing.T) {
	ca := start(t, func(o *localca.Options) {
		o.Hosts = map[string]netip.Addr{"broken.acme.test": netip.MustParseAddr("127.0.0.9")}
	})
	for _, network := range []string{"udp", "tcp"} {
		client := &dns.Client{Net: network}
		for name, want := range map[string]string{
			"billing.acme.test.": "127.0.0.1", "Billing.Acme.TEST.": "127.0.0.1", "acme.localhost.": "127.0.0.1",
			"broken.acme.test.": "127.0.0.9", "example.com.": "",
		} {
			reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), ca.DNSAddr)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(reply.Answer) == 1 {
				got = reply.Answer[0].(*dns.A).A.String()
			}
			if got != want || (want == "") != (reply.Rcode == dns.RcodeNameError) {
				t.Errorf("%s %s: got %q, %s", network, name, got, dns.RcodeToString[reply.Rcode])
			}
		}
	}
}

func TestCA_ShowsItsDirectoryAndPlaysDead(t *testing.T) {
	ca := start(t, nil)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: endpointTLS(ca)}}
	defer client.CloseIdleConnections()
	get := func() int {
		response, err := client.Get(ca.DirectoryURL)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if got := get(); got != http.StatusOK {
		t.Errorf("got %d", got)
	}
	ca.SetOffline(true)
	if got := get(); got != http.StatusServiceUnavailable {
		t.Errorf("offline: got %d", got)
	}
	ca.SetOffline(false)
	if got := get(); got != http.StatusOK {
		t.Errorf("back again: got %d", got)
	}
}

func TestStart_EndsWithItsContext(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	ca, err := localca.Start(ctx, localca.Options{HTTPPort: 1, TLSPort: 2})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := ca.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"))
}

func TestStart_RefusesWhatCannotWork(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, o := range map[string]localca.Options{
		"no ports":         {},
		"validity too low": {HTTPPort: 1, TLSPort: 2, Validity: time.Second},
		"address taken":    {HTTPPort: 1, TLSPort: 2, Addr: taken.Addr().String()},
		"DNS taken":        {HTTPPort: 1, TLSPort: 2, DNSAddr: taken.Addr().String()},
	} {
		if ca, err := localca.Start(context.Background(), o); err == nil {
			t.Errorf("%s: it started", name)
			_ = ca.Close()
		}
	}
}
