package domaindoctor

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// apex reports whether the host is a registered domain itself, at which a CNAME cannot stand (RFC 1034 section 3.6.2).
func (e exam) apex() bool {
	registered, err := publicsuffix.EffectiveTLDPlusOne(e.host.String())
	return err == nil && registered == e.host.String()
}

// routeRecord is the record that leads to us, as it is to be created.
func (e exam) routeRecord() string {
	switch {
	case !e.apex():
		return fmt.Sprintf("%s CNAME %s", e.host, e.target())
	case len(e.Targets.Addresses) == 0:
		return fmt.Sprintf("%s ALIAS %s (or ANAME, or what your provider calls a flattened CNAME)", e.host, e.target())
	}
	return each(e.host.String(), e.Targets.Addresses)
}

func (e exam) expectedRoute() string {
	if e.apex() && len(e.Targets.Addresses) > 0 {
		return list(e.Targets.Addresses)
	}
	return "CNAME " + e.target().String()
}

// proofRecord is the record that proves the claim; with a choice the one that also leads to us comes first.
func (e exam) proofRecord() string {
	txt := fmt.Sprintf("%s%s TXT %q", proofLabel, e.host, e.want.TXTToken)
	cname := fmt.Sprintf("%s CNAME %s", e.host, e.want.CNAMETarget)
	switch {
	case !e.asksTXT():
		return cname
	case e.want.CNAMETarget.IsZero() || e.apex():
		return txt
	}
	return cname + " or " + txt
}

// replaceAlias names the CNAME that leads astray, and what it has to be.
func (e exam) replaceAlias(c chain) string {
	return fmt.Sprintf("At your DNS provider, delete %s CNAME %s and create %s.", e.host, clip(strings.TrimSuffix(c.hops[0], ".")), e.routeRecord())
}

func (e exam) replaceAddresses(v view) string {
	foreign := append(strangers(v.v4, v.ours), strangers(v.v6, v.ours)...)
	if len(foreign) == 0 {
		return fmt.Sprintf("At your DNS provider, keep nothing at %s but %s.", e.host, e.routeRecord())
	}
	return fmt.Sprintf("At your DNS provider, delete %s and create %s.", each(e.host.String(), foreign), e.routeRecord())
}

// path shows the aliases, like "CNAME a.example, CNAME b.example".
func (e exam) path(c chain) string {
	if len(c.hops) == 0 {
		return ""
	}
	const shown = 6
	var hops []string
	for _, hop := range c.hops[:min(len(c.hops), shown)] {
		hops = append(hops, "CNAME "+clip(strings.TrimSuffix(hop, ".")))
	}
	if len(c.hops) > shown {
		hops = append(hops, "…")
	}
	return strings.Join(hops, ", ")
}

// shown is the way of a name with the addresses at its end.
func (e exam) shown(v view, addrs ...[]netip.Addr) string {
	if len(v.chain.hops) == 0 {
		return list(addrs...)
	}
	return e.path(v.chain) + ", " + list(addrs...)
}

const shownAddresses = 4

// list shows addresses as records, like "A 192.0.2.1, AAAA 2001:db8::1".
func list(sets ...[]netip.Addr) string {
	return joined(", ", func(a netip.Addr) string { return kind(a) + " " + a.String() }, sets...)
}

// each is the same with the name that they stand at.
func each(name string, sets ...[]netip.Addr) string {
	return joined(" and ", func(a netip.Addr) string { return fmt.Sprintf("%s %s %s", name, kind(a), a) }, sets...)
}

func joined(with string, show func(netip.Addr) string, sets ...[]netip.Addr) string {
	var shown []string
	total := 0
	for _, set := range sets {
		for _, a := range set {
			if total++; total <= shownAddresses {
				shown = append(shown, show(a))
			}
		}
	}
	if total > shownAddresses {
		shown = append(shown, fmt.Sprintf("%d more", total-shownAddresses))
	}
	return strings.Join(shown, with)
}

func kind(a netip.Addr) string {
	if a.Is4() {
		return "A"
	}
	return "AAAA"
}

// clip keeps what strangers wrote short. It is ASCII already: the DNS library escapes everything else, and what it hands over raw is quoted.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
