package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

type domainCmd struct {
	Add  domainAddCmd  `cmd:"" help:"Give a tenant a custom host, on your word that it is proven."`
	List domainListCmd `cmd:"" help:"List a tenant's custom hosts."`

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
	Tenant string `arg:"" help:"Slug or id."`
}

// Run lists custom hosts.
func (c domainListCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		t, err := s.Show(ctx, c.Tenant)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", c.Tenant))
		}
		domains, err := s.Domains(ctx, t.ID)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "HOST\tSTATUS\tID")
		for _, d := range domains {
			fmt.Fprintf(w, "%s\t%s\t%s\n", d.Host.Unicode(), d.Status, d.ID)
		}
		return w.Flush()
	})
}
