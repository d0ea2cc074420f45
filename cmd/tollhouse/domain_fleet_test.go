package main

import (
	"strings"
	"testing"

	"tollhouse/tenant/domaindoctor/dnstest"
)

// A tenant's claim that meets a CAA record, from the operator's chair: the list says who acts, the details which record, and once it is there
// a retry is enough.
func TestDomain_ABlockedClaimIsSeenThroughByTheOperator(t *testing.T) {
	resolvers := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	set := func(name string, records ...string) {
		for _, s := range resolvers {
			s.Set(name, records...)
		}
	}
	f := newFleet(t, 1, map[string]string{"DNS_RESOLVERS": resolvers[0].Addr.String() + "," + resolvers[1].Addr.String(), "RENEWAL_CHECK": "1s"})
	b := f.addBusiness(t, "acme")
	const host = "pay.acme.test"
	v, _, err := f.nodes[0].domains.Claim(t.Context(), b.ID, host)
	if err != nil {
		t.Fatal(err)
	}
	set("*.edge."+fleetDomain, "A 127.0.0.1")
	set(host, "CNAME "+v.Records[0].Value+".")
	set("acme.test", `CAA 0 issue "otherca.net"`)
	operate := func(args ...string) string {
		t.Helper()
		out, _, err := cliRun(t, f.conf, args...)
		if err != nil {
			t.Errorf("%v: %v", args, err)
		}
		return out
	}
	operate("domain", "retry", host)
	waitFor(t, "the claim to be blocked", func() bool { return strings.Contains(operate("domain", "list", "--status", "blocked"), host) })
	if got := row(operate("domain", "list", "--status", "blocked"), host); !strings.HasPrefix(got, host+" acme blocked caa.forbids tenant – in ") {
		t.Errorf("the list says %q", got)
	}
	out := operate("domain", "show", host)
	for _, want := range []string{"  ✓ route      CNAME " + v.Records[0].Value + ", A 127.0.0.1\n", `  ✗ caa        caa.forbids: CAA 0 issue "otherca.net" at acme.test`,
		"✗ caa.forbids: the tenant has to act", `→ At your DNS provider, create acme.test CAA 0 issue "letsencrypt.org" beside the others.`, "preflight → blocked"} {
		if !strings.Contains(out, want) {
			t.Errorf("domain show does not say %q:\n%s", want, out)
		}
	}
	if out := operate("explain", host); !strings.Contains(out, "because acme has proven it, and something would stop the CA: caa.forbids.") {
		t.Errorf("explain:\n%s", out)
	}
	set("acme.test", `CAA 0 issue "otherca.net"`, `CAA 0 issue "letsencrypt.org"`)
	operate("domain", "retry", host)
	waitFor(t, "the host to be active", func() bool { return strings.Contains(operate("domain", "list", "--status", "active"), host) })
	if out := operate("explain", host); !strings.Contains(out, "The portal of tenant acme answers, with certificate") {
		t.Errorf("explain:\n%s", out)
	}
}
