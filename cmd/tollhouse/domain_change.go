package main

import (
	"context"
	"fmt"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/tenantdb"
)

// oneDomain is the argument of commands that change one domain.
type oneDomain struct {
	Domain string `arg:"" help:"Its host, like billing.acme.com, or its id, like dom_…, which says whose claim is meant." name:"host|id"`
}

// change runs one operation of the service on the domain that is meant and tells what has become of it, and what next says of its id.
func (c oneDomain) change(e *env, find func(*desk, context.Context, string) (tenantdb.OwnedDomain, error), do func(*domains.Service, context.Context, tenant.ID, string) (domains.View, error), next string) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		found, err := find(d, ctx, c.Domain)
		if err != nil {
			return err
		}
		v, err := do(d.domains, ctx, found.Tenant, found.ID)
		if err != nil {
			return plain(err, "such domain any more: it is deleted")
		}
		fmt.Fprintf(e.stdout, "%s of %s is %s.\n"+next+"\n", v.Host.Unicode(), found.Slug, v.Status, v.ID)
		return nil
	})
}

type domainRetryCmd struct{ oneDomain }

// Run has a domain checked at once, and its certificate asked for again.
func (c domainRetryCmd) Run(e *env) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		found, err := d.claim(ctx, c.Domain)
		if err != nil {
			return err
		}
		v, err := d.domains.Retry(ctx, found.Tenant, found.ID)
		if err != nil {
			return plain(err, "such domain any more: it is deleted")
		}
		next := "A node checks it within seconds."
		if hasCertificate(v.Status) {
			if err := d.certs.Retry(ctx, v.Host); err != nil {
				return err
			}
			next = "A node checks it within seconds, and what the CA refused is asked for again."
		}
		fmt.Fprintf(e.stdout, "%s of %s is %s. %s\nSee: tollhouse domain show %s\n", v.Host.Unicode(), found.Slug, v.Status, next, v.ID)
		return nil
	})
}

type domainSuspendCmd struct{ oneDomain }

// Run suspends a domain.
func (c domainSuspendCmd) Run(e *env) error {
	return c.change(e, (*desk).holder, (*domains.Service).Suspend, "No node serves it from within a second on; sessions and tickets end. To undo: tollhouse domain resume %s")
}

type domainResumeCmd struct{ oneDomain }

// Run resumes a domain.
func (c domainResumeCmd) Run(e *env) error {
	return c.change(e, (*desk).holder, (*domains.Service).Resume, "It is as it was before, and a node checks it within seconds: tollhouse domain show %s")
}

type domainRemoveCmd struct{ oneDomain }

// Run takes a domain from its tenant.
func (c domainRemoveCmd) Run(e *env) error {
	return c.change(e, (*desk).claim, (*domains.Service).TakeAway, "Its tenant is served there no more. What is left: tollhouse domain show %s")
}
