package domaindoctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"tollhouse/tenant"
)

// TargetReport is how the names are in DNS that tenants' CNAMEs lead to. It is the operator's to mend.
type TargetReport struct {
	Route, CAA Check
	Findings   []Finding // what is wrong; empty when nothing is

	// Bound says that CAA at the targets lets our ACME account issue and no other.
	Bound bool
	// Publish are the CAA records that do so, in full. Because CAA follows a CNAME (RFC 8659 section 3), they count for every host that leads
	// to a target: what stands at the tenant's own domain no longer hinders, and who diverts a name for a moment gets no certificate for it.
	Publish []string
}

// ExamineTargets looks at a target that nobody has, as any target of a claim would be looked at.
func (d *Doctor) ExamineTargets(ctx context.Context) TargetReport {
	target := d.anyTarget()
	e := exam{Config: &d.cfg, host: target, want: Proof{CNAMETarget: target}}
	if d.cfg.AccountURI != nil {
		e.account = d.cfg.AccountURI()
	}
	looking, cancel := context.WithTimeout(ctx, e.TotalTime)
	defer cancel()
	return e.judgeTargets(e.lookAtTarget(looking))
}

// anyTarget is a name below the edge domain that no cache knows yet.
func (d *Doctor) anyTarget() tenant.Hostname {
	host, err := tenant.ParseHostname(strings.ToLower(rand.Text()) + "." + d.cfg.Targets.Edge.String())
	if err != nil {
		return d.cfg.Targets.Edge // so long that no claim has a target
	}
	return host
}

func (e exam) lookAtTarget(ctx context.Context) []view {
	views := make([]view, len(e.Resolvers))
	var wait sync.WaitGroup
	for i, resolver := range e.Resolvers {
		wait.Go(func() {
			a := newAsker(resolver, e.QueryTime)
			views[i].resolver = resolver
			e.lookRoute(ctx, a, &views[i])
			views[i].permits = permits{found: caaRecords(ctx, a, absolute(e.host)), name: absolute(e.host)} // the target's parents do not count
			views[i].alive = a.alive(ctx)
		})
	}
	wait.Wait()
	return views
}

func (e exam) judgeTargets(views []view) TargetReport {
	var routes, permits []opinion
	for _, v := range views {
		routes = append(routes, e.judgeTarget(v))
		permits = append(permits, e.judgeCAA(v))
	}
	route, permit := e.merge(routes), e.merge(permits)
	for i, f := range permit.findings {
		if f.Code != CAAForbids || !f.Certain {
			continue
		}
		permit.findings[i].Fix = "At the DNS provider of " + e.Targets.Edge.String() + ", create " + strings.Join(e.publish(views), " and ") + "."
	}
	cause := causeOf(route)
	return TargetReport{
		Route:    route.check(routeCheck, e.expectedAddresses(), cause),
		CAA:      permit.check(caaCheck, strings.Join(e.publish(views), " and "), cause),
		Findings: onePerCause(slices.Concat(route.findings, permit.findings)),
		Bound:    len(permit.findings) == 0 && !slices.ContainsFunc(views, func(v view) bool { return !e.boundBy(v.permits.records) }),
		Publish:  e.publish(views),
	}
}

func (e exam) expectedAddresses() string {
	return cmp.Or(list(e.Targets.Addresses), "addresses of the nodes")
}

// judgeTarget asks whether a target leads to us.
func (e exam) judgeTarget(v view) opinion {
	c := v.chain
	if c.status != answered {
		return v.failed(c.status, c.about)
	}
	for _, f := range []found[netip.Addr]{v.v4, v.v6} {
		if f.status != answered {
			return v.failed(f.status, f.about)
		}
	}
	foreign := append(strangers(v.v4, v.ours), strangers(v.v6, v.ours)...)
	switch {
	case c.loop || c.tooLong:
		return v.troubled(e.mistargeted(DNSWrongTarget, "CNAME records without end: "+e.path(c)))
	case len(v.v4.records)+len(v.v6.records) == 0:
		return v.troubled(e.mistargeted(DNSNotFound, "no address at "+v.end()))
	case len(foreign) > 0:
		return v.troubled(e.mistargeted(DNSWrongTarget, e.shown(v, foreign)))
	}
	return v.fine(e.shown(v, v.v4.records, v.v6.records) + e.missing(v))
}

// missing tells which of our addresses a target does not lead to. That is no fault: balancers leave some out by turns.
func (e exam) missing(v view) string {
	seen := found[netip.Addr]{records: slices.Concat(v.v4.records, v.v6.records)}
	if absent := strangers(v.ours, seen); len(absent) > 0 {
		return "; not " + list(absent)
	}
	return ""
}

func (e exam) mistargeted(code Code, seen string) Finding {
	f := Finding{Code: code, Who: Platform, Expected: e.expectedAddresses() + " at *." + e.Targets.Edge.String(), Seen: seen, RetryAfter: soon,
		Fix: fmt.Sprintf("At the DNS provider of %s, let *.%s have A and AAAA records with the addresses of the nodes, and nothing else.", e.Targets.Edge, e.Targets.Edge)}
	if len(e.Targets.Addresses) > 0 {
		f.Fix = fmt.Sprintf("At the DNS provider of %s, create %s and nothing else at that name, or correct TOLLHOUSE_PUBLIC_ADDRESSES.",
			e.Targets.Edge, each("*."+e.Targets.Edge.String(), e.Targets.Addresses))
	}
	return f
}

// publish are the CAA records to have at the targets, one for each CA. Where the wildcard is an alias they stand at its end.
func (e exam) publish(views []view) []string {
	at := "*." + e.Targets.Edge.String()
	for _, v := range views {
		if len(v.chain.hops) > 0 && !v.chain.loop && !v.chain.tooLong {
			at = v.end()
		}
	}
	records := make([]string, len(e.CAs))
	for i, ca := range e.CAs {
		value := ca
		if i == 0 && e.account != "" {
			value += "; accounturi=" + e.account
		}
		records[i] = fmt.Sprintf("%s CAA 0 issue %q", at, value+"; validationmethods=http-01,tls-alpn-01")
	}
	return records
}

// boundBy reports whether a CAA set names our account wherever it lets the first CA issue, and lets it issue at all.
func (e exam) boundBy(set []*dns.CAA) bool {
	bound := false
	for _, rr := range set {
		if strings.ToLower(rr.Tag) != "issue" || e.permits(rr.Value) == forbidden || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(rr.Value)), e.CAs[0]) {
			continue
		}
		if !strings.Contains(strings.ToLower(rr.Value), "accounturi") {
			return false
		}
		bound = true
	}
	return bound
}
