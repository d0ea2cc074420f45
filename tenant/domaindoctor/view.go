package domaindoctor

import (
	"context"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"tollhouse/tenant"
)

// view is all that one resolver shows of a name.
type view struct {
	resolver netip.AddrPort
	alive    bool // the resolver, whatever it says of this name

	chain   chain
	v4, v6  found[netip.Addr]
	ours    found[netip.Addr] // where a name must lead
	txt     found[string]
	permits permits
}

// permits is the CAA set that counts for a name (RFC 8659 section 3), with the name at which climbing found it.
type permits struct {
	found[*dns.CAA]
	name string
}

// proofLabel is where the TXT proof stands.
const proofLabel = "_tollhouse."

// longestProvable is the longest host whose TXT proof is still a DNS name.
const longestProvable = 253 - len(proofLabel)

func (e exam) asksTXT() bool { return e.want.TXTToken != "" && len(e.host.String()) <= longestProvable }

// lookThrough asks one resolver for everything, three questions at a time.
func (e exam) lookThrough(ctx context.Context, a asker) view {
	v := view{resolver: a.resolver}
	var wait sync.WaitGroup
	wait.Go(func() { e.lookRoute(ctx, a, &v) })
	wait.Go(func() { v.permits = climb(ctx, a, absolute(e.host)) })
	if e.asksTXT() {
		wait.Go(func() { v.txt = texts(ctx, a, proofLabel+absolute(e.host)) })
	}
	wait.Wait()
	v.alive = a.alive(ctx)
	return v
}

func (e exam) lookRoute(ctx context.Context, a asker, v *view) {
	v.chain = walk(ctx, a, absolute(e.host))
	if v.chain.status != answered || v.chain.loop || v.chain.tooLong {
		return
	}
	v.v4 = addresses(ctx, a, v.chain.end, dns.TypeA)
	v.v6 = addresses(ctx, a, v.chain.end, dns.TypeAAAA)
	if v.ours = (found[netip.Addr]{records: e.Targets.Addresses}); len(e.Targets.Addresses) == 0 {
		v.ours = targetAddresses(ctx, a, e.target())
	}
}

// targetAddresses learns where our own target leads. What is learned is compared with, never connected to.
func targetAddresses(ctx context.Context, a asker, target tenant.Hostname) found[netip.Addr] {
	v4, v6 := addresses(ctx, a, absolute(target), dns.TypeA), addresses(ctx, a, absolute(target), dns.TypeAAAA)
	if v4.status == answered && v6.status != answered {
		return v6
	}
	v4.records = append(v4.records, v6.records...)
	return v4
}

// target is where this claim's CNAME should lead.
func (e exam) target() tenant.Hostname {
	if e.want.CNAMETarget.IsZero() {
		return e.Targets.Edge
	}
	return e.want.CNAMETarget
}

// climb finds the CAA set that counts: the first that is not empty on the way from the name to its top-level domain. Aliases are followed at
// each step, but the parents of an alias's target do not count.
func climb(ctx context.Context, a asker, name string) permits {
	for name != "" {
		set := caaRecords(ctx, a, name)
		if set.status != answered || len(set.records) > 0 {
			return permits{found: set, name: name}
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return permits{}
}
