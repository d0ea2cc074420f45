package domaindoctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tollhouse/tenant"
)

// Config is what a Doctor works with. Resolvers, Targets.Edge and CAs are required.
type Config struct {
	// Resolvers are recursive resolvers that validate DNSSEC, by address, at least two; naming one twice is allowed and worth one.
	Resolvers []netip.AddrPort
	Targets   Targets
	// Own are the platform's own names: neither they nor anything below them is a custom host. Targets.Edge is one without being named.
	Own []tenant.Hostname

	// CAs are the names of our CA in CAA records, like "letsencrypt.org"; any one of them is enough.
	CAs []string
	// AccountURI returns our ACME account, for CAA records that are bound to one (RFC 8657). It is asked once at each examination, because
	// the account may be registered while the program runs, and should answer soon. nil or "": not known, so that such a record leaves the
	// verdict open.
	AccountURI func() string
	// PrivateCA says that the CA is our own and certifies names that no public one does, like those below .test (RFC 6761).
	PrivateCA bool

	Probe Probe
	Now   func() time.Time // time.Now by default

	QueryTime time.Duration // of one DNS query with its repetition and TCP; 3 s by default
	TotalTime time.Duration // of one examination; 15 s by default
}

// Targets is where tenants' names must lead.
type Targets struct {
	// Edge is the domain below which every claim has its own CNAME target.
	Edge tenant.Hostname
	// Addresses are the gateway's public ones. Empty: those that the claim's target resolves to, and nothing is probed.
	Addresses []netip.Addr
}

// Probe says how our own doors are tried. The zero value tries ports 80 and 443 of the configured addresses.
type Probe struct {
	HTTPPort, TLSPort uint16        // other than 80 and 443 only where the CA is our own
	Timeout           time.Duration // of one try; 5 s by default
}

// Proof is what a claim is proven by. Both are valid at the same time, one of them is enough. The zero value leaves ownership out.
type Proof struct {
	CNAMETarget tenant.Hostname // this claim's own name below the edge domain
	TXTToken    string          // stands at _tollhouse.<host>
}

func (p Proof) none() bool { return p.CNAMETarget.IsZero() && p.TXTToken == "" }

// Doctor examines names. It is safe for concurrent use and keeps nothing between two examinations; whoever calls it for tenants must limit
// how often.
type Doctor struct {
	cfg Config
}

// quorum is how many resolvers must say the same.
const quorum = 2

// New checks the configuration. It asks nothing yet.
func New(cfg Config) (*Doctor, error) {
	switch {
	case len(cfg.Resolvers) < quorum:
		return nil, fmt.Errorf("the domain doctor needs %d resolvers, not %d", quorum, len(cfg.Resolvers))
	case slices.ContainsFunc(cfg.Resolvers, func(r netip.AddrPort) bool { return !r.IsValid() || r.Port() == 0 }):
		return nil, errors.New("the domain doctor needs resolvers by address and port")
	case cfg.Targets.Edge.IsZero():
		return nil, errors.New("the domain doctor needs the edge domain")
	case len(cfg.CAs) == 0:
		return nil, errors.New("the domain doctor needs the name of the CA in CAA records")
	}
	cfg.Targets.Addresses = unmapped(cfg.Targets.Addresses)
	cfg.Now = either(cfg.Now == nil, time.Now, cfg.Now)
	cfg.QueryTime = either(cfg.QueryTime <= 0, 3*time.Second, cfg.QueryTime)
	cfg.TotalTime = either(cfg.TotalTime <= 0, 15*time.Second, cfg.TotalTime)
	cfg.Probe.HTTPPort = either(cfg.Probe.HTTPPort == 0, 80, cfg.Probe.HTTPPort)
	cfg.Probe.TLSPort = either(cfg.Probe.TLSPort == 0, 443, cfg.Probe.TLSPort)
	cfg.Probe.Timeout = either(cfg.Probe.Timeout <= 0, 5*time.Second, cfg.Probe.Timeout)
	return &Doctor{cfg: cfg}, nil
}

func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

func unmapped(addrs []netip.Addr) []netip.Addr {
	plain := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		plain[i] = a.Unmap()
	}
	return plain
}

// exam is one examination: who asks for which name, and what the records should be.
type exam struct {
	*Config
	host    tenant.Hostname
	want    Proof
	account string // the same for all resolvers of one examination
}

// Examine looks at a name as a CA would, without asking one. It takes as long as the slowest resolver, at most Config.TotalTime and one
// probe; when ctx ends before, the report is Unknown. A name that can never be served is refused without any query.
func (d *Doctor) Examine(ctx context.Context, host tenant.Hostname, want Proof) Report {
	report := Report{Host: host, CheckedAt: d.cfg.Now(), Findings: d.judgeName(host)}
	if len(report.Findings) > 0 {
		return refuse(report)
	}
	e := exam{Config: &d.cfg, host: host, want: want}
	if d.cfg.AccountURI != nil {
		e.account = d.cfg.AccountURI()
	}
	e.examine(ctx, &report)
	if ctx.Err() != nil {
		report = e.interrupted(report)
	}
	report.conclude()
	return report
}

// ExamineTyped is ParseName and Examine in one: a name that is none is refused in the same kind of report, whose Host may then be zero.
func (d *Doctor) ExamineTyped(ctx context.Context, typed string, want Proof) Report {
	host, findings := d.ParseName(typed)
	if len(findings) > 0 {
		return refuse(Report{Host: host, CheckedAt: d.cfg.Now(), Findings: findings})
	}
	return d.Examine(ctx, host, want)
}

// refuse ends the report on a name whose DNS does not matter.
func refuse(report Report) Report {
	report.Checks = unlooked(report.Findings[0])
	report.conclude()
	return report
}

func (e exam) examine(ctx context.Context, report *Report) {
	looking, cancel := context.WithTimeout(ctx, e.TotalTime)
	views := e.look(looking)
	cancel()
	var routes, proofs, permits []opinion
	for _, v := range views {
		routes = append(routes, e.judgeRoute(v))
		proofs = append(proofs, e.judgeProof(v))
		permits = append(permits, e.judgeCAA(v))
	}
	route, proof, permit := e.merge(routes), e.merge(proofs), e.merge(permits)
	report.Findings = onePerCause(slices.Concat(route.findings, proof.findings, permit.findings))
	if !e.want.none() && proof.settled && len(proof.findings) == 0 {
		report.Proven, report.By = true, proof.by
	}
	var knocks []knock
	if route.settled && len(route.findings) == 0 {
		knocks = e.probe(ctx, views)
		report.Findings = append(report.Findings, failures(knocks)...)
	}
	report.Checks = e.checks(route, proof, permit, knocks)
}

// interrupted is the report of an examination that was ended before it was done: nothing follows from what it has seen.
func (e exam) interrupted(report Report) Report {
	f := Finding{Code: DNSServfail, Who: Nobody, Expected: "time to look", Seen: "the examination was ended before it was done", Fix: "Ask again.", RetryAfter: soon}
	undone := Check{Result: Undecided, Code: f.Code, Expected: f.Expected, Seen: f.Seen}
	return Report{Host: report.Host, CheckedAt: report.CheckedAt, Findings: []Finding{f},
		Checks: []Check{e.nameCheck(), undone.named(routeCheck), undone.named(ownershipCheck), undone.named(caaCheck), undone.named(httpCheck), undone.named(tlsCheck)}}
}

// look asks every resolver for everything, all at the same time.
func (e exam) look(ctx context.Context) []view {
	views := make([]view, len(e.Resolvers))
	var wait sync.WaitGroup
	for i, resolver := range e.Resolvers {
		wait.Go(func() { views[i] = e.lookThrough(ctx, newAsker(resolver, e.QueryTime)) })
	}
	wait.Wait()
	return views
}

// onePerCause drops what says again that the same resolvers have no answer: route, proof and CAA fail together. What a broken record makes
// of the other questions is dropped too: with a loop of aliases nothing else at the name can be looked up.
func onePerCause(findings []Finding) []Finding {
	known := slices.ContainsFunc(findings, brokenRecord)
	var kept []Finding
	for _, f := range findings {
		if f.Code == DNSServfail && known {
			continue
		}
		if (f.Code == DNSServfail || f.Code == DNSBogus) && slices.ContainsFunc(kept, func(k Finding) bool { return k.Code == f.Code && k.Who == f.Who }) {
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// brokenRecord is a finding that explains why other questions at the same name have no answer.
func brokenRecord(f Finding) bool { return f.Certain && strings.HasPrefix(string(f.Code), "dns.") }

// absolute is a host as DNS writes it.
func absolute(host tenant.Hostname) string { return host.String() + "." }

// within reports whether name is domain, or below it. Both are absolute and in lower case.
func within(name, domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }
