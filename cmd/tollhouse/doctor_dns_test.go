package main

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor/dnstest"
)

// targetWorld is a configuration with a public CA, which is never asked, and two resolvers.
func targetWorld(t *testing.T) (Config, func(name string, records ...string)) {
	t.Helper()
	resolvers := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	c := Config{EdgeDomain: tenant.MustParseHostname("edge.pay.example"), PlatformDomain: tenant.MustParseHostname("pay.example"), CAAIssuers: []string{"letsencrypt.org"},
		PublicAddresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Resolvers: []netip.AddrPort{resolvers[0].Addr, resolvers[1].Addr}}
	c.ACME.Directory = "https://acme-v02.api.letsencrypt.org/directory"
	return c, func(name string, records ...string) {
		for _, s := range resolvers {
			s.Set(name, records...)
		}
	}
}

func TestDoctor_LooksAtTheTargetsOfTenantsNames(t *testing.T) {
	const account = "https://acme-v02.api.letsencrypt.org/acme/acct/27182818"
	const bound = `CAA 0 issue "letsencrypt.org; accounturi=` + account + `; validationmethods=http-01,tls-alpn-01"`
	for name, tc := range map[string]struct {
		records []string
		account string
		change  func(c *Config)
		failed  int
		want    []string
	}{
		"right and bound":        {[]string{"A 192.0.2.1", bound}, account, nil, 0, []string{"ok    targets    *.edge.pay.example leads to A 192.0.2.1\n", "ok    caa        lets our account issue for hosts that lead to the targets, and no other\n"}},
		"without CAA":            {[]string{"A 192.0.2.1"}, account, nil, 0, []string{"ok    caa        at the targets: no CAA record\n", "→ publish *.edge.pay.example " + bound + ": it counts"}},
		"account not known":      {[]string{"A 192.0.2.1"}, "", nil, 0, []string{`→ publish *.edge.pay.example CAA 0 issue "letsencrypt.org; validationmethods=http-01,tls-alpn-01"`, "once serve has registered our account"}},
		"bound, and not known":   {[]string{"A 192.0.2.1", bound}, "", nil, 0, []string{"which account is ours is not known yet"}},
		"bound to somebody":      {[]string{"A 192.0.2.1", bound}, account + "0", nil, 1, []string{"FAIL  caa        caa.forbids: expected CAA 0 issue", "create *.edge.pay.example CAA 0 issue"}},
		"nothing there":          {nil, account, nil, 1, []string{"FAIL  targets    dns.not_found: expected A 192.0.2.1 at *.edge.pay.example; seen no address", "→ At the DNS provider of edge.pay.example, create *.edge.pay.example A 192.0.2.1"}},
		"somewhere else":         {[]string{"A 198.51.100.7"}, account, nil, 1, []string{"FAIL  targets    dns.wrong_target", "seen A 198.51.100.7"}},
		"no addresses to expect": {[]string{"A 198.51.100.7"}, account, func(c *Config) { c.PublicAddresses = nil }, 0, []string{"ok    targets    *.edge.pay.example leads to A 198.51.100.7\n", "→ set TOLLHOUSE_PUBLIC_ADDRESSES"}},
		"a CA on this machine":   {[]string{"A 192.0.2.1"}, "", func(c *Config) { c.ACME.Directory = "https://127.0.0.1:14000/dir" }, 0, []string{"ok    caa        of no concern to a CA on this machine\n"}},
		"one resolver":           {nil, "", func(c *Config) { c.Resolvers = c.Resolvers[:1] }, 1, []string{"FAIL  targets", "TOLLHOUSE_DNS_RESOLVERS"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, set := targetWorld(t)
			set("*.edge.pay.example", tc.records...)
			if tc.change != nil {
				tc.change(&c)
			}
			var out strings.Builder
			failed := report(&out, checkTargets(context.Background(), c, func() string { return tc.account }))
			if failed != tc.failed {
				t.Errorf("%d failed, want %d\n%s", failed, tc.failed, &out)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
		})
	}
}
