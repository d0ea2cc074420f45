package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"tollhouse/tenant/domaindoctor/dnstest"
)

// doctorWorld has two resolvers, and a node whose doors are there to be knocked at.
func doctorWorld(t *testing.T) (map[string]string, []*dnstest.Server) {
	t.Helper()
	f := newFleet(t, 1, nil)
	resolvers := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	return map[string]string{
		"PLATFORM_DOMAIN": "portal.test", "ACME_DIRECTORY": f.ca.DirectoryURL, "PUBLIC_ADDRESSES": "127.0.0.1",
		"DNS_RESOLVERS": resolvers[0].Addr.String() + ", " + resolvers[1].Addr.String(),
		"HTTP_ADDR":     f.nodes[0].listeners.HTTP().String(), "HTTPS_ADDR": f.nodes[0].listeners.HTTPS().String(),
	}, resolvers
}

func TestDomainDoctor_SaysTheMendAndExitsWithTheVerdict(t *testing.T) {
	settings, resolvers := doctorWorld(t)
	for _, s := range resolvers {
		s.Set("*.edge.portal.test", "A 127.0.0.1")
		s.Set("right.acme.test", "CNAME k1.edge.portal.test.")
		s.Set("wrong.acme.test", "A 198.51.100.7")
		s.Set("broken.acme.test", "A 127.0.0.1")
	}
	resolvers[0].Break("broken.acme.test", dnstest.ServFail)
	for _, tc := range []struct {
		args []string
		exit int
		want string
	}{
		{[]string{"right.acme.test", "--target", "k1.edge.portal.test"}, 0, "✓ right.acme.test: a certificate would be issued.\n✓ the claim is proven by its CNAME target"},
		{[]string{"right.acme.test", "--target", "k1.edge.portal.test"}, 0, "  ✓ route      CNAME k1.edge.portal.test, A 127.0.0.1\n  ✓ ownership  CNAME k1.edge.portal.test\n"},
		{[]string{"wrong.acme.test"}, 1, "  ✗ route      dns.wrong_target: A 198.51.100.7\n  – ownership  no claim was given to look for\n  ✓ caa        no CAA record\n"},
		{[]string{"Right.ACME.test."}, 0, "✓ right.acme.test"},
		{[]string{"right.acme.test", "--token", "abc"}, 1, `→ At your DNS provider, create _tollhouse.right.acme.test TXT "abc".`},
		{[]string{"wrong.acme.test"}, 1, "→ At your DNS provider, delete wrong.acme.test A 198.51.100.7 and create wrong.acme.test CNAME edge.portal.test."},
		{[]string{"broken.acme.test"}, 2, "? dns.servfail: nobody has to act"},
		{[]string{"acme.portal.test"}, 1, "✗ name.reserved: the tenant has to act"},
		{[]string{"192.0.2.1"}, 1, "point a name at it"},
		{[]string{strings.Repeat("a", 64) + ".acme.test"}, 1, "✗ name.too_long"},
	} {
		out, _, err := cliRun(t, settings, append([]string{"domain", "doctor"}, tc.args...)...)
		exit := 0
		if err != nil {
			exit = exitCode(err)
		}
		if exit != tc.exit || !strings.Contains(out, tc.want) {
			t.Errorf("%v: exit %d, want %d with %q\n%s%v", tc.args, exit, tc.exit, tc.want, out, err)
		}
	}
}

func TestDomainDoctor_PrintsForPrograms(t *testing.T) {
	settings, resolvers := doctorWorld(t)
	for _, s := range resolvers {
		s.Set("acme.test", "A 127.0.0.1", "AAAA 2001:db8::1")
	}
	out, _, err := cliRun(t, settings, "domain", "doctor", "acme.test", "--json")
	var r reportJSON
	if decoding := json.Unmarshal([]byte(out), &r); decoding != nil || exitCode(err) != 1 {
		t.Fatalf("%v, exit %v\n%s", decoding, err, out)
	}
	if r.Host != "acme.test" || r.Verdict != "blocked" || len(r.Findings) != 1 || r.Findings[0].Code != "dns.stale_aaaa" || r.Findings[0].Who != "tenant" || r.Findings[0].RetryAfterSeconds <= 0 {
		t.Errorf("%+v", r)
	}
	if len(r.Checks) != 6 || r.Checks[1] != (checkJSON{Name: "route", Result: "failed", Code: "dns.stale_aaaa", Expected: "no AAAA record but ours at acme.test", Seen: "AAAA 2001:db8::1"}) {
		t.Errorf("checks: %+v", r.Checks)
	}
}

func TestDomainDoctor_FindsThatNoNodeIsReached(t *testing.T) {
	settings, resolvers := doctorWorld(t)
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings["HTTPS_ADDR"] = closed.Addr().String()
	closed.Close()
	for _, s := range resolvers {
		s.Set("acme.test", "A 127.0.0.1")
	}
	out, _, err := cliRun(t, settings, "domain", "doctor", "acme.test")
	if exitCode(err) != 1 || !strings.Contains(out, "✗ probe.tls_unreachable: the platform's operator has to act") || strings.Contains(out, "probe.http") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDomainDoctor_NamesTheSettingWithoutWhichNoDoorIsTried(t *testing.T) {
	settings, resolvers := doctorWorld(t)
	for _, s := range resolvers {
		s.Set("edge.portal.test", "A 127.0.0.1")
		s.Set("acme.test", "A 127.0.0.1")
	}
	delete(settings, "PUBLIC_ADDRESSES")
	out, hints, err := cliRun(t, settings, "domain", "doctor", "acme.test")
	if err != nil || !strings.Contains(hints, "TOLLHOUSE_PUBLIC_ADDRESSES is not set") || !strings.Contains(out, "the platform's operator has not named") {
		t.Errorf("%v\n%s%s", err, out, hints)
	}
}

func TestDomainDoctor_RefusesWrongSettings(t *testing.T) {
	for name, value := range map[string]string{"DNS_RESOLVERS": "1.1.1.1:53", "PUBLIC_ADDRESSES": "edge.portal.test", "CAA_ISSUERS": "letsencrypt", "EDGE_DOMAIN": "edge"} {
		_, _, err := cliRun(t, map[string]string{"PLATFORM_DOMAIN": "portal.test", name: value}, "domain", "doctor", "acme.com")
		if err == nil || !strings.Contains(err.Error(), prefix+name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	if _, _, err := cliRun(t, map[string]string{"PLATFORM_DOMAIN": "portal.test"}, "domain", "doctor", "acme.com", "--target", "x"); err == nil || !strings.Contains(err.Error(), "--target") {
		t.Errorf("a bad target: %v", err)
	}
}
