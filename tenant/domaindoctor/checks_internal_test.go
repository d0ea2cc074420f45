package domaindoctor

import (
	"net/netip"
	"strings"
	"testing"
)

// A machine without IPv6 cannot be made here without leaving loopback, so what its tries come to is written down.
func TestDoorCheck_WithoutIPv6SaysNothingOfTheDoor(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddrPort("[2001:db8::1]:80")
	e := exam{Config: &Config{Targets: Targets{Addresses: []netip.Addr{v4.Addr(), v6.Addr()}}}}
	lost := knock{code: ProbeHTTP, door: v6, untried: true}
	for name, tc := range map[string]struct {
		knocks []knock
		want   Result
		seen   string
	}{
		"only IPv6":         {[]knock{lost}, Skipped, "no IPv6"},
		"beside IPv4":       {[]knock{{code: ProbeHTTP, door: v4, seen: "status 404"}, lost}, Passed, "status 404 at 192.0.2.1:80"},
		"beside closed TLS": {[]knock{e.unreachable(ProbeTLS, v4, "connection refused"), lost}, Skipped, "no IPv6"},
		"and IPv4 closed":   {[]knock{lost, e.unreachable(ProbeHTTP, v4, "connection refused")}, Failed, "connection refused"},
	} {
		if c := e.doorCheck(httpCheck, ProbeHTTP, conclusion{settled: true}, tc.knocks); c.Result != tc.want || !strings.Contains(c.Seen, tc.seen) {
			t.Errorf("%s: %+v, want %s with %q", name, c, tc.want, tc.seen)
		}
	}
}
