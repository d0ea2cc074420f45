package domains

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"tollhouse/tenant"
)

const (
	proofPrefix = "_tollhouse."
	recordTTL   = 300 // seconds: a mistake is mended within minutes
	longestName = 253 // of a DNS name
)

// Records are the DNS records that a domain needs, the route before the proof and what suits most before what suits some. addresses are the
// gateway's public ones.
func Records(d tenant.Domain, edge tenant.Hostname, addresses []netip.Addr) []Record {
	w := recordWriter{domain: d, target: target(d, edge), addresses: addresses}
	if apex(d.Host) {
		return w.forApex()
	}
	return w.forSubdomain()
}

// target is where a domain has to lead: its claim's own name, or the edge itself for one that the operator vouches for.
func target(d tenant.Domain, edge tenant.Hostname) string {
	if d.Label == "" {
		return edge.String()
	}
	return d.Label + "." + edge.String()
}

type recordWriter struct {
	domain    tenant.Domain
	target    string
	addresses []netip.Addr
}

func (w recordWriter) forSubdomain() []Record {
	host := w.domain.Host.String()
	why := "Leads visitors of " + host + " here, and proves that the name is yours."
	if w.domain.Label == "" {
		why = "Leads visitors of " + host + " here."
	}
	records := []Record{w.record("route", "CNAME", host, w.target, "", why)}
	records = append(records, w.byAddress("Take this instead of the CNAME if other records, like MX, must stay at the same name. Then create the TXT record too.")...)
	return append(records, w.proof("Take this in addition if a proxy (CDN) stands in front of the name, or your provider replaces the CNAME by addresses. "+
		"Let the proxy fetch from "+w.target+".")...)
}

func (w recordWriter) forApex() []Record {
	host := w.domain.Host.String()
	records := []Record{w.record("route", "ALIAS", host, w.target, "",
		"Leads visitors of "+host+" here. Some providers call it ANAME, or a flattened CNAME; a plain CNAME cannot stand at a registered domain itself.")}
	records = append(records, w.byAddress("Take this if your provider offers neither ALIAS nor ANAME.")...)
	return append(records, w.proof("")...)
}

func (w recordWriter) byAddress(when string) []Record {
	var records []Record
	for _, a := range w.addresses {
		kind := "AAAA"
		if a = a.Unmap(); a.Is4() {
			kind = "A"
		}
		records = append(records, w.record("route", kind, w.domain.Host.String(), a.String(), when, "Leads visitors of "+w.domain.Host.String()+" here."))
	}
	return records
}

// proof is left out for a name that is too long to have the record, and for one that needs none.
func (w recordWriter) proof(when string) []Record {
	name := proofPrefix + w.domain.Host.String()
	if w.domain.Token == "" || len(name) > longestName {
		return nil
	}
	return []Record{w.record("proof", "TXT", name, w.domain.Token, when, "Proves that the name is yours. Leave it in place: it is looked at every day.")}
}

func (w recordWriter) record(purpose, kind, name, value, when, why string) Record {
	return Record{Purpose: purpose, Type: kind, Name: name, Relative: relative(name, w.domain.Host), Value: value, TTL: recordTTL, When: when, Why: why}
}

// relative is a name without the registered domain that its zone is usually named after; "@" for that domain itself.
func relative(name string, host tenant.Hostname) string {
	registered, err := publicsuffix.EffectiveTLDPlusOne(host.String())
	switch {
	case err != nil:
		return name
	case name == registered:
		return "@"
	}
	return strings.TrimSuffix(name, "."+registered)
}

// apex reports whether the host is a registered domain itself, at which a CNAME cannot stand (RFC 1034 section 3.6.2).
func apex(host tenant.Hostname) bool {
	registered, err := publicsuffix.EffectiveTLDPlusOne(host.String())
	return err == nil && registered == host.String()
}
