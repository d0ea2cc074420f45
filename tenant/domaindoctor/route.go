package domaindoctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// judgeRoute asks whether visitors and the CA come to us.
func (e exam) judgeRoute(v view) opinion {
	c := v.chain
	switch {
	case c.status != answered:
		return v.failed(c.status, c.about)
	case c.loop:
		return v.troubled(e.astray(v, "a loop of CNAME records: "+e.path(c)))
	case c.tooLong:
		return v.troubled(e.astray(v, fmt.Sprintf("more than %d CNAME records in a row: %s", maxHops, e.path(c))))
	}
	for _, f := range []found[netip.Addr]{v.v4, v.v6, v.ours} {
		if f.status != answered {
			return v.failed(f.status, f.about)
		}
	}
	if len(v.ours.records) == 0 {
		return v.troubled(e.homeless())
	}
	return e.judgeAddresses(v)
}

func (e exam) judgeAddresses(v view) opinion {
	foreign4, foreign6 := strangers(v.v4, v.ours), strangers(v.v6, v.ours)
	all := len(v.v4.records) + len(v.v6.records)
	foreign := len(foreign4) + len(foreign6)
	switch {
	case all == 0:
		return v.troubled(e.leadsNowhere(v))
	case v.v4.more || v.v6.more:
		return v.troubled(e.astray(v, fmt.Sprintf("more than %d addresses", maxRecords)))
	case foreign == 0:
		return v.fine(e.shown(v, v.v4.records, v.v6.records))
	case e.passesTarget(v.chain):
		return v.troubled(e.strayTarget(v, slices.Concat(foreign4, foreign6)))
	case foreign == all && v.txt.status == answered && e.tokenIn(v.txt.records):
		return v.troubled(e.proxied(v, slices.Concat(foreign4, foreign6)))
	case foreign == all:
		return v.troubled(e.astray(v, e.shown(v, foreign4, foreign6)))
	case len(foreign4) == 0:
		return v.troubled(e.staleAAAA(v, foreign6))
	}
	return v.troubled(e.mixed(v, slices.Concat(foreign4, foreign6)))
}

// strangers are the addresses of set that are not ours.
func strangers(set, ours found[netip.Addr]) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(set.records), func(a netip.Addr) bool { return slices.Contains(ours.records, a) })
}

// passesTarget reports whether the tenant has done its part: from there on the way is the platform's.
func (e exam) passesTarget(c chain) bool {
	return c.passes(absolute(e.target())) || c.passes(absolute(e.Targets.Edge))
}

// homeless is our own edge domain without an address, and none configured.
func (e exam) homeless() Finding {
	return Finding{Code: DNSNotFound, Who: Platform, Expected: "addresses at " + e.target().String(), Seen: "none", RetryAfter: soon,
		Fix: fmt.Sprintf("The platform's operator must create A and AAAA records at *.%s, or set TOLLHOUSE_PUBLIC_ADDRESSES.", e.Targets.Edge)}
}

func (e exam) leadsNowhere(v view) Finding {
	f := Finding{Code: DNSNotFound, Who: Tenant, Expected: e.expectedRoute(), RetryAfter: later, Fix: "At your DNS provider, create " + e.routeRecord() + "."}
	switch {
	case e.passesTarget(v.chain):
		f.Who, f.Seen, f.RetryAfter = Platform, v.end()+" has no address", soon
		f.Fix = fmt.Sprintf("The platform's operator must create A and AAAA records at *.%s.", e.Targets.Edge)
	case len(v.chain.hops) > 0:
		f.Code, f.Seen = DNSWrongTarget, e.path(v.chain)+", which has no address"
		f.Fix = e.replaceAlias(v.chain)
	case v.v4.exists:
		f.Seen = "neither an address nor a CNAME at " + e.host.String()
		if !e.apex() && len(e.Targets.Addresses) > 0 { // RFC 1034 section 3.6.2: a CNAME stands alone
			f.Fix = fmt.Sprintf("At your DNS provider, create %s; beside records that must stay, like MX, create %s instead.", e.routeRecord(), each(e.host.String(), e.Targets.Addresses))
		}
	default:
		f.Seen = "no such name: " + e.host.String()
	}
	return f
}

// astray leads somewhere else. It is the tenant's to mend unless the way was lost after our own target.
func (e exam) astray(v view, seen string) Finding {
	f := Finding{Code: DNSWrongTarget, Who: Tenant, Expected: e.expectedRoute(), Seen: seen, RetryAfter: later, Fix: e.replaceAddresses(v)}
	switch {
	case e.passesTarget(v.chain):
		f.Who, f.RetryAfter = Platform, soon
		f.Fix = fmt.Sprintf("The platform's operator must mend the records at %s.", e.Targets.Edge)
	case len(v.chain.hops) > 0:
		f.Fix = e.replaceAlias(v.chain)
	}
	return f
}

func (e exam) strayTarget(v view, foreign []netip.Addr) Finding {
	return Finding{Code: DNSWrongTarget, Who: Platform, Expected: "only " + list(v.ours.records) + " at " + v.end(), Seen: list(foreign), RetryAfter: soon,
		Fix: fmt.Sprintf("The platform's operator must correct the records at %s, or TOLLHOUSE_PUBLIC_ADDRESSES.", v.end())}
}

func (e exam) proxied(v view, foreign []netip.Addr) Finding {
	return Finding{Code: DNSCDNInFront, Who: Tenant, Expected: e.expectedRoute(), Seen: e.shown(v, foreign) + ", while the TXT record proves the claim", RetryAfter: later,
		Fix: "A proxy (CDN) answers for " + e.host.String() + " instead of us, so that the certificate authority cannot reach us. At your DNS provider, switch the proxy off for this name (\"DNS only\") and see that the record is " + e.routeRecord() + "."}
}

func (e exam) staleAAAA(v view, foreign []netip.Addr) Finding {
	return Finding{Code: DNSStaleAAAA, Who: Tenant, Expected: "no AAAA record but ours at " + v.end(), Seen: list(foreign), RetryAfter: later,
		Fix: "At your DNS provider, delete " + each(v.end(), foreign) + ": it is left from before, and certificate authorities and most visitors use IPv6 first."}
}

func (e exam) mixed(v view, foreign []netip.Addr) Finding {
	return Finding{Code: DNSWrongTarget, Who: Tenant, Expected: "only " + list(v.ours.records) + " at " + v.end(), Seen: list(v.v4.records, v.v6.records), RetryAfter: later,
		Fix: "At your DNS provider, delete " + each(v.end(), foreign) + ": visitors and certificate authorities are sent there by turns."}
}

// end is the name at which the addresses stand.
func (v view) end() string { return strings.TrimSuffix(v.chain.end, ".") }
