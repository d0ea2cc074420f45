package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"tollhouse/certs/certsdb"
	"tollhouse/portal/api"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domains"
)

type domainShowCmd struct {
	Domain string `arg:"" help:"Its host, like billing.acme.com, or its id, like dom_…" name:"host|id"`
	JSON   bool   `name:"json" help:"Print for programs: what the API answers, with the tenant and the nodes."`
}

// shownDomain is one claim with all that the operator may see.
type shownDomain struct {
	Tenant string      `json:"tenant"`
	Domain api.Domain  `json:"domain"`
	Nodes  []shownNode `json:"nodes"`

	view  domains.View
	nodes []certsdb.Holding
}

// shownNode is one node, and what it serves for a host.
type shownNode struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Alive        bool       `json:"alive"`
	BeatAt       time.Time  `json:"beat_at"` // when it last said that it lives
	DirectorySeq int64      `json:"directory_seq"`
	Serial       string     `json:"serial"`  // that it was seen serving; "" for none
	SeenAt       *time.Time `json:"seen_at"` // when that was
}

// Run shows every claim to a host, or one.
func (c domainShowCmd) Run(e *env) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		found, err := d.claims(ctx, c.Domain)
		if err != nil {
			return err
		}
		shown := make([]shownDomain, len(found))
		for i, o := range found {
			if shown[i], err = d.show(ctx, o.Slug, o.Tenant, o.ID); err != nil {
				return plain(err, "such domain any more: it is deleted")
			}
		}
		if c.JSON {
			return printJSON(e.stdout, shown)
		}
		for i, s := range shown {
			if i > 0 {
				fmt.Fprintln(e.stdout)
			}
			s.print(e.stdout, time.Now())
		}
		return nil
	})
}

func (d *desk) show(ctx context.Context, slug string, t tenant.ID, id string) (shownDomain, error) {
	v, err := d.domains.Show(ctx, t, id)
	if err != nil {
		return shownDomain{}, err
	}
	s := shownDomain{Tenant: slug, Domain: api.ShowDomain(v), Nodes: []shownNode{}, view: v}
	if !hasCertificate(v.Status) {
		return s, nil
	}
	s.nodes, err = d.certs.NodesHolding(ctx, v.Host)
	s.Nodes = showNodes(s.nodes)
	return s, err
}

func showNodes(nodes []certsdb.Holding) []shownNode {
	shown := make([]shownNode, len(nodes))
	for i, n := range nodes {
		shown[i] = shownNode{ID: n.Node, Name: n.Name, Alive: n.Alive, BeatAt: n.BeatAt, DirectorySeq: n.DirectorySeq, Serial: n.Serial, SeenAt: timeOrNil(n.SeenAt)}
	}
	return shown
}

func (s shownDomain) print(w io.Writer, now time.Time) {
	v := s.view
	fmt.Fprintf(w, "%s of %s is %s.\n", v.Host.Unicode(), s.Tenant, v.Status)
	s.printFacts(w, now)
	printRecords(w, v.Records)
	if len(v.Checks) > 0 {
		fmt.Fprintf(w, "Checks of %s\n", dated(v.CheckedAt, now))
		printChecks(w, v.Checks)
	}
	if len(v.Problems) > 0 {
		fmt.Fprintln(w, "Problems")
		printFindings(w, v.Problems)
	}
	if hasCertificate(v.Status) {
		printCertificate(w, v.Certificate, now)
		printNodes(w, s.nodes, now)
	}
	printHistory(w, v.History)
}

func (s shownDomain) printFacts(w io.Writer, now time.Time) {
	v := s.view
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  host\t%s\n  id\t%s\n  tenant\t%s (%s)\n  status\t%s, since %s\n", v.Host, v.ID, s.Tenant, v.Tenant, v.Status, dated(v.StatusAt, now))
	if v.Reason != "" {
		fmt.Fprintf(t, "  reason\t%s: %s\n", v.Reason, actors[domaindoctor.Who(v.BlockingOn)])
	}
	if v.Status == tenant.DomainSuspended {
		fmt.Fprintf(t, "  before\t%s\n", v.Before)
	}
	fmt.Fprintf(t, "  proven\t%s\n", provenBy(v.Domain, now))
	if !v.BadSince.IsZero() {
		fmt.Fprintf(t, "  no proof\tsince %s, in %d checks\n", dated(v.BadSince, now), v.BadChecks)
	}
	fmt.Fprintf(t, "  checked\t%s, %d times since %s\n  next check\t%s\n  epoch\t%d\n", dated(v.CheckedAt, now), v.Domain.Checks, moment(v.ArmedAt), dated(v.NextCheckAt, now), v.Epoch)
	_ = t.Flush() // its errors are the terminal's
}

func provenBy(d tenant.Domain, now time.Time) string {
	words := map[string]string{tenant.ProvenByCNAME: "by its CNAME", tenant.ProvenByTXT: "by its TXT record", tenant.ProvenByOperator: "on an operator's word"}
	if d.ProvenBy == "" {
		return "not yet"
	}
	return words[d.ProvenBy] + ", " + dated(d.ProvenAt, now)
}

// printRecords shows what the tenant was told to set.
func printRecords(w io.Writer, records []domains.Record) {
	if len(records) == 0 {
		return
	}
	fmt.Fprintln(w, "Records that the tenant was told to set; one of each purpose is enough")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range records {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%d\t%s\n", r.Purpose, r.Name, r.Type, r.Value, r.TTL, r.When)
	}
	_ = t.Flush()
}

func printCertificate(w io.Writer, c domains.Certificate, now time.Time) {
	if c.Serial == "" {
		fmt.Fprintln(w, "Certificate: none")
	} else {
		fmt.Fprintf(w, "Certificate %s of %s, served by %d of %d nodes\n", c.Serial, c.Issuer, c.Serving, c.Live)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "  valid\tfrom %s to %s\n  renewed\t%s\n", moment(c.NotBefore), dated(c.NotAfter, now), dated(c.RenewAt, now))
		_ = t.Flush()
	}
	if c.Trouble != "" {
		fmt.Fprintf(w, "  ✗ %s since %s; the CA is asked again %s\n", c.Trouble, dated(c.TroubleSince, now), retry(c.RetryAt, now))
	}
}

// retry says when a CA is asked again.
func retry(at, now time.Time) string {
	if !at.After(now) {
		return "now"
	}
	return dated(at, now)
}

func printNodes(w io.Writer, nodes []certsdb.Holding, now time.Time) {
	if len(nodes) == 0 {
		fmt.Fprintln(w, "Nodes: none has told of itself in the last hour")
		return
	}
	fmt.Fprintln(w, "Nodes")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range nodes {
		alive := "alive"
		if !n.Alive {
			alive = "silent for " + roughly(now.Sub(n.BeatAt))
		}
		serves := "not seen serving this host"
		if n.Serial != "" {
			serves = fmt.Sprintf("seen serving %s %s", n.Serial, away(n.SeenAt, now))
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\tdirectory %d\t%s\n", n.Name, n.Node, alive, n.DirectorySeq, serves)
	}
	_ = t.Flush()
}

func printHistory(w io.Writer, steps []tenant.DomainStep) {
	fmt.Fprintln(w, "History, the newest first")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		from := "claimed, "
		if s.From != "" {
			from = string(s.From) + " → "
		}
		fmt.Fprintf(t, "  %s\t%s%s\t%s\n", moment(s.At), from, s.To, s.Reason)
	}
	_ = t.Flush()
}
