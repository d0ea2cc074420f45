package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tollhouse/certs"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

type domainCmd struct {
	Add     domainAddCmd     `cmd:"" help:"Give a tenant a custom host, on your word that it is proven."`
	List    domainListCmd    `cmd:"" help:"List custom hosts, of all tenants or of one, with who has to act."`
	Show    domainShowCmd    `cmd:"" help:"Show everything about a custom host: every claim to it, records, checks, problems, certificate, nodes, history."`
	Retry   domainRetryCmd   `cmd:"" help:"Check a custom host now, with its patience renewed, and end the back-off of its certificate."`
	Suspend domainSuspendCmd `cmd:"" help:"Stop serving a custom host; it stays its tenant's."`
	Resume  domainResumeCmd  `cmd:"" help:"Serve a suspended custom host again, as before, and check it at once."`
	Remove  domainRemoveCmd  `cmd:"" help:"Take a custom host from its tenant. A proven one is quarantined and its certificate revoked."`
	Brake   domainBrakeCmd   `cmd:"" help:"Show the brake that stops all losses when too many hosts turn bad at once, or release it."`

	Doctor domainDoctorCmd `cmd:"" help:"Say whether a certificate would be issued for a name, and if not, which record to change."`
}

type domainAddCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
	Host   string `arg:"" help:"Like billing.acme.com."`
}

// Run adds a custom host.
func (c domainAddCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		host, err := tenant.ParseHostname(c.Host)
		if err != nil {
			return err
		}
		t, err := s.Show(ctx, c.Tenant)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", c.Tenant))
		}
		d, err := s.AddDomain(ctx, t.ID, host)
		if err != nil {
			return plain(err, host.String())
		}
		fmt.Fprintf(e.stdout, "%s %s is %s. Every node serves it within a second and fetches its certificate.\n", d.ID, d.Host, d.Status)
		return nil
	})
}

type domainListCmd struct {
	Tenant string `arg:"" optional:"" help:"Slug or id. All tenants without it."`
	Status string `help:"Only hosts in this status, like blocked." placeholder:"STATUS"`
	JSON   bool   `name:"json" help:"Print for programs."`
}

// Run lists custom hosts.
func (c domainListCmd) Run(e *env) error {
	if err := c.checkStatus(); err != nil {
		return err
	}
	return withDesk(e, func(ctx context.Context, d *desk) error {
		lines, err := c.lines(ctx, d)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, lines)
		}
		if len(lines) == 0 {
			fmt.Fprintln(e.stderr, "There are no such custom hosts. A tenant claims one with POST /api/domains; `tollhouse domain add` vouches for one.")
			return nil
		}
		return printDomainLines(e, lines)
	})
}

func (c domainListCmd) checkStatus() error {
	if c.Status == "" {
		return nil
	}
	var known []string
	for _, s := range tenant.DomainStatuses() {
		if string(s) == c.Status {
			return nil
		}
		known = append(known, string(s))
	}
	return fmt.Errorf("--status: %q is none of %s", c.Status, strings.Join(known, ", "))
}

// domainLine is one host in a list.
type domainLine struct {
	Host        string     `json:"host"`
	Tenant      string     `json:"tenant"`
	ID          string     `json:"id"`
	Status      string     `json:"status"`
	Reason      string     `json:"reason"`
	BlockingOn  string     `json:"blocking_on"`
	NotAfter    *time.Time `json:"certificate_not_after"`
	NextCheckAt *time.Time `json:"next_check_at"`

	unicode string
}

// linesAtOnce is how many hosts one query lists.
const linesAtOnce = 500

func (c domainListCmd) lines(ctx context.Context, d *desk) ([]domainLine, error) {
	if c.Tenant != "" {
		return c.linesOfOne(ctx, d)
	}
	lines := []domainLine{}
	for after := ""; ; {
		page, err := d.tenants.AllDomains(ctx, tenant.DomainStatus(c.Status), after, linesAtOnce)
		if err != nil {
			return nil, err
		}
		more, err := d.lines(ctx, page)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
		if len(page) < linesAtOnce {
			return lines, nil
		}
		after = page[len(page)-1].ID
	}
}

func (c domainListCmd) linesOfOne(ctx context.Context, d *desk) ([]domainLine, error) {
	t, err := d.tenants.Show(ctx, c.Tenant)
	if err != nil {
		return nil, plain(err, fmt.Sprintf("tenant %q", c.Tenant))
	}
	all, err := d.tenants.Domains(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var owned []tenantdb.OwnedDomain
	for _, one := range slices.Backward(all) { // the oldest first, as in the list of all
		if c.Status == "" || string(one.Status) == c.Status {
			owned = append(owned, tenantdb.OwnedDomain{Domain: one, Slug: t.Slug})
		}
	}
	return d.lines(ctx, owned)
}

// lines makes a list's lines of domains, with one question about all their certificates.
func (d *desk) lines(ctx context.Context, page []tenantdb.OwnedDomain) ([]domainLine, error) {
	var hosts []tenant.Hostname
	for _, o := range page {
		if hasCertificate(o.Status) {
			hosts = append(hosts, o.Host)
		}
	}
	facts, err := d.certs.Facts(ctx, hosts)
	if err != nil {
		return nil, err
	}
	lines := make([]domainLine, len(page))
	for i, o := range page {
		lines[i] = lineOf(o, facts[o.Host])
	}
	return lines, nil
}

// hasCertificate reports whether the certificate of its host is a domain's own: somebody else may hold the name, or have held it last.
func hasCertificate(s tenant.DomainStatus) bool { return s.Holds() && s != tenant.DomainQuarantined }

func lineOf(o tenantdb.OwnedDomain, f certs.Facts) domainLine {
	line := domainLine{Host: o.Host.String(), Tenant: o.Slug, ID: o.ID, Status: string(o.Status), Reason: o.Reason, BlockingOn: string(o.BlockingOn),
		NextCheckAt: timeOrNil(o.NextCheckAt), unicode: o.Host.Unicode()}
	if f.Serial != "" && hasCertificate(o.Status) {
		line.NotAfter = timeOrNil(f.NotAfter)
	}
	return line
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func printDomainLines(e *env, lines []domainLine) error {
	now := time.Now()
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tTENANT\tSTATUS\tREASON\tWHO ACTS\tCERTIFICATE ENDS\tNEXT CHECK\tID")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.unicode, l.Tenant, l.Status, orDash(l.Reason), whoActs(l), awayOrDash(l.NotAfter, now), awayOrDash(l.NextCheckAt, now), l.ID)
	}
	return w.Flush()
}

func whoActs(l domainLine) string {
	if l.Reason == "" && l.BlockingOn == string(tenant.BlockingOnNobody) {
		return "–"
	}
	return orDash(l.BlockingOn)
}

func awayOrDash(t *time.Time, now time.Time) string {
	if t == nil {
		return "–"
	}
	return away(*t, now)
}
