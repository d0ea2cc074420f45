package main

import (
	"context"
	"fmt"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

type explainCmd struct {
	Host string `arg:"" help:"Any host, like billing.acme.com."`
	JSON bool   `name:"json" help:"Print for programs."`
}

// Help is shown by `tollhouse explain --help`.
func (explainCmd) Help() string {
	return "Says whose a host is, which certificate it has, what each node was seen serving, and so why it answers what it answers. Asks Postgres alone: for the DNS as it is now see `tollhouse domain doctor`."
}

// Run explains one host.
func (c explainCmd) Run(e *env) error {
	host, err := tenant.ParseHostname(c.Host)
	if err != nil {
		return err
	}
	return withDesk(e, func(ctx context.Context, d *desk) error {
		x, err := d.explain(ctx, host, time.Now())
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, x.json())
		}
		x.print(e.stdout)
		return nil
	})
}

// explanation is all that the record says about one host. What could not be read is in unknown and has its zero value.
type explanation struct {
	place
	now     time.Time
	config  Config
	fact    certs.Facts
	held    []certsdb.HeldBack
	nodes   []certsdb.Holding
	head    int64 // of the directory
	cas     []certsdb.CAState
	ledger  []certsdb.LedgerState
	revoked []certsdb.RevocationState
	brake   domains.Brake
	unknown []string
}

// explain gathers everything. Only without the record of tenants there is nothing to explain.
func (d *desk) explain(ctx context.Context, host tenant.Hostname, now time.Time) (*explanation, error) {
	found, err := d.place(ctx, host)
	if err != nil {
		return nil, err
	}
	x := &explanation{place: found, now: now, config: d.config}
	learn(x, "its certificate", &x.fact, func() (certs.Facts, error) { return d.fact(ctx, host) })
	learn(x, "refusals by the CA", &x.held, func() ([]certsdb.HeldBack, error) { return d.certs.HeldBack(ctx, host) })
	learn(x, "the nodes", &x.nodes, func() ([]certsdb.Holding, error) { return d.certs.NodesHolding(ctx, host) })
	learn(x, "how far the nodes should be", &x.head, func() (int64, error) { return d.tenants.DirectorySeq(ctx) })
	learn(x, "how the CAs are doing", &x.cas, func() ([]certsdb.CAState, error) { return d.certs.CAs(ctx) })
	learn(x, "the ledger", &x.ledger, func() ([]certsdb.LedgerState, error) { return d.certs.LedgerOf(ctx, host, x.owner()) })
	learn(x, "revocations", &x.revoked, func() ([]certsdb.RevocationState, error) { return d.certs.RevocationsOf(ctx, host) })
	learn(x, "the brake", &x.brake, func() (domains.Brake, error) { return d.tenants.Brake(ctx) })
	x.unknown = append(x.unknown, "what DNS says now: tollhouse domain doctor "+host.String(),
		"what a node holds in memory beyond what it was seen serving, and handshakes that wait: see its log and metrics")
	return x, nil
}

// learn fills one part, or notes that it is not known.
func learn[T any](x *explanation, what string, into *T, get func() (T, error)) {
	value, err := get()
	if err != nil {
		x.unknown = append(x.unknown, fmt.Sprintf("%s: %s", what, reason(err)))
		return
	}
	*into = value
}

// live counts the nodes that live.
func (x *explanation) live() (n int) {
	for _, node := range x.nodes {
		if node.Alive {
			n++
		}
	}
	return n
}

// answer is what a visitor meets: a word for programs and a sentence.
func (x *explanation) answer() (kind, says string) {
	kind, says = x.byRecord()
	if x.live() == 0 {
		return "no_node", "Nobody answers: no node has told of itself in the last 15 seconds. Once one lives: " + says
	}
	return kind, says
}

// byRecord is what a node answers that has heard of everything.
func (x *explanation) byRecord() (kind, says string) {
	switch {
	case !x.served():
		return "unserved", fmt.Sprintf("The handshake ends with the alert unrecognized_name: nobody is served at this name, because %s. On a connection made for another name it is status 421.", x.unserved())
	case x.fact.Serial == "":
		return "no_certificate", x.without()
	case x.fact.NotAfter.Before(x.now):
		return "expired", fmt.Sprintf("The certificate %s ran out %s: browsers refuse it. %s", x.fact.Serial, dated(x.fact.NotAfter, x.now), x.whyNone())
	case x.tenant != nil && x.tenant.Status == tenant.Suspended:
		return "suspended", fmt.Sprintf("Status 403 on a plain page: tenant %s is suspended (tollhouse tenant resume %s).", x.tenant.Slug, x.tenant.Slug)
	case x.kind == apiHost:
		return "api", fmt.Sprintf("The API answers, with certificate %s, which ends %s.", x.fact.Serial, away(x.fact.NotAfter, x.now))
	}
	return "portal", fmt.Sprintf("The portal of tenant %s answers, with certificate %s, which ends %s.", x.tenant.Slug, x.fact.Serial, away(x.fact.NotAfter, x.now))
}

// without is what a handshake meets at a host that has no certificate yet.
func (x *explanation) without() string {
	if x.fact.RetryAt.After(x.now) {
		return "The handshake ends with the alert internal_error: there is no certificate. " + x.whyNone()
	}
	return "The handshake waits up to " + x.config.HandshakeWait.String() + " for the first certificate, and if it does not come ends with the alert internal_error: " + x.whyNone()
}

// whyNone says why there is no certificate that is good.
func (x *explanation) whyNone() string {
	if x.fact.Trouble == "" {
		return "it is being fetched, or a node fetches it at its next round."
	}
	return fmt.Sprintf("%s since %s; the CA is asked again %s.", x.fact.Trouble, dated(x.fact.TroubleSince, x.now), retry(x.fact.RetryAt, x.now))
}
