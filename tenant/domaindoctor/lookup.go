package domaindoctor

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// found is what stands at a name: the records of one type, sorted, so that two resolvers can be compared and a cut is the same each time.
type found[T any] struct {
	status  status
	about   string // the name at which it failed
	at      string // where the records stand, after all aliases
	exists  bool
	records []T
	more    bool // than maxRecords
}

// lookup finds the records of one type, following aliases wherever the resolver has not.
func lookup[T any](ctx context.Context, a asker, name string, qtype uint16, take func(dns.RR) (T, bool), order func(T, T) int) found[T] {
	for range maxHops {
		reply := a.ask(ctx, name, qtype)
		if reply.status != answered {
			return found[T]{status: reply.status, about: name}
		}
		end := follow(reply.records, name)
		f := found[T]{at: end, exists: reply.exists}
		for _, rr := range reply.records {
			if value, ok := take(rr); ok && dns.CanonicalName(rr.Header().Name) == end {
				f.records = append(f.records, value)
			}
		}
		if len(f.records) > 0 || end == name || reply.final {
			slices.SortFunc(f.records, order)
			f.more = len(f.records) > maxRecords
			f.records = f.records[:min(len(f.records), maxRecords)]
			return f
		}
		name = end
	}
	return found[T]{status: servfail, about: name}
}

// follow walks the aliases inside one message, and stops where they leave it, or where it has come by before.
func follow(records []dns.RR, name string) string {
	aliases := map[string]string{}
	for _, rr := range records {
		if c, ok := rr.(*dns.CNAME); ok {
			aliases[dns.CanonicalName(c.Hdr.Name)] = dns.CanonicalName(c.Target)
		}
	}
	for range maxHops {
		next, ok := aliases[name]
		if !ok {
			break
		}
		name = next
	}
	return name
}

func addresses(ctx context.Context, a asker, name string, qtype uint16) found[netip.Addr] {
	return lookup(ctx, a, name, qtype, func(rr dns.RR) (netip.Addr, bool) {
		switch rr := rr.(type) {
		case *dns.A:
			addr, ok := netip.AddrFromSlice(rr.A)
			return addr.Unmap(), ok && qtype == dns.TypeA
		case *dns.AAAA:
			addr, ok := netip.AddrFromSlice(rr.AAAA)
			return addr, ok && qtype == dns.TypeAAAA // one that maps an IPv4 address stays what it is: nobody can connect to it
		}
		return netip.Addr{}, false
	}, netip.Addr.Compare)
}

// texts finds TXT records; the strings of one record are one value (RFC 7208 section 3.3 says so first).
func texts(ctx context.Context, a asker, name string) found[string] {
	return lookup(ctx, a, name, dns.TypeTXT, func(rr dns.RR) (string, bool) {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			return "", false
		}
		return strings.Join(txt.Txt, ""), true
	}, strings.Compare)
}

func caaRecords(ctx context.Context, a asker, name string) found[*dns.CAA] {
	return lookup(ctx, a, name, dns.TypeCAA, func(rr dns.RR) (*dns.CAA, bool) {
		caa, ok := rr.(*dns.CAA)
		return caa, ok
	}, func(x, y *dns.CAA) int {
		return cmp.Or(strings.Compare(x.Tag, y.Tag), strings.Compare(x.Value, y.Value), cmp.Compare(x.Flag, y.Flag))
	})
}

// chain is the way of a name through its aliases.
type chain struct {
	status  status
	about   string   // the name at which it failed
	hops    []string // the names after the first
	end     string
	loop    bool
	tooLong bool
}

// walk follows CNAMEs one at a time, because a resolver that follows them itself tells of a loop no more than "SERVFAIL".
func walk(ctx context.Context, a asker, name string) chain {
	c := chain{end: name}
	for {
		reply := a.ask(ctx, c.end, dns.TypeCNAME)
		if reply.status != answered {
			c.status, c.about = reply.status, c.end
			return c
		}
		next, ok := alias(reply.records, c.end)
		if !ok {
			return c
		}
		c.loop = next == name || slices.Contains(c.hops, next)
		c.hops, c.end = append(c.hops, next), next
		c.tooLong = len(c.hops) > maxHops
		if c.loop || c.tooLong {
			return c
		}
	}
}

// alias returns where a name leads, the same one each time if there are several.
func alias(records []dns.RR, name string) (string, bool) {
	var targets []string
	for _, rr := range records {
		if c, ok := rr.(*dns.CNAME); ok && dns.CanonicalName(c.Hdr.Name) == name {
			targets = append(targets, dns.CanonicalName(c.Target))
		}
	}
	if len(targets) == 0 {
		return "", false
	}
	return slices.Min(targets), true
}

// passes reports whether the chain goes through a name.
func (c chain) passes(name string) bool { return slices.Contains(c.hops, name) }
