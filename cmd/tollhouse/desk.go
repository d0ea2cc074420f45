package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/seal"
	"tollhouse/tenant/tenantdb"
)

// desk is what an operator's command on hosts and certificates works with: the record. What it changes there every node hears of or finds;
// no node, CA or resolver has to be reachable from here.
type desk struct {
	config  Config
	pool    *pgxpool.Pool
	tenants *tenantdb.Store
	certs   *certsdb.Store
	domains *domains.Service
}

// withDesk runs an operator's command as withStore does.
func withDesk(e *env, do func(ctx context.Context, d *desk) error) error {
	return withPool(e, func(ctx context.Context, pool *pgxpool.Pool, c Config) error {
		d, err := newDesk(c, pool)
		if err != nil {
			return err
		}
		return do(ctx, d)
	})
}

func newDesk(c Config, pool *pgxpool.Pool) (*desk, error) {
	quiet := slog.New(slog.DiscardHandler)
	d := &desk{config: c, pool: pool, tenants: tenantStore(pool, c)}
	roots, err := c.issuedRoots()
	if err != nil {
		return nil, err
	}
	ring := c.SealKeys
	if ring == nil {
		ring = seal.RandomRing() // no command opens what is sealed
	}
	d.certs, err = certsdb.New(certsdb.Config{Pool: pool, Ring: ring, CA: c.ACME.Directory, Fallback: c.Fallback.Directory, Roots: roots, Log: quiet})
	if err != nil {
		return nil, err
	}
	doctor, err := newDomainDoctor(c, nil)
	if err != nil {
		return nil, err
	}
	d.domains, err = domains.New(domains.Config{Store: d.tenants, Doctor: doctor, Certificates: certificates{d.certs}, Edge: c.EdgeDomain,
		Addresses: c.PublicAddresses, Limits: domains.Limits{Domains: c.Domains}, Log: quiet})
	return d, err
}

// claims returns every live claim to a host, the holder's first, or the one domain whose id is given.
func (d *desk) claims(ctx context.Context, hostOrID string) ([]tenantdb.OwnedDomain, error) {
	if strings.HasPrefix(hostOrID, "dom_") {
		found, err := d.tenants.FindDomain(ctx, hostOrID)
		if err != nil {
			return nil, plain(err, fmt.Sprintf("domain %q", hostOrID))
		}
		return []tenantdb.OwnedDomain{found}, nil
	}
	host, err := tenant.ParseHostname(hostOrID)
	if err != nil {
		return nil, err
	}
	found, err := d.tenants.FindDomains(ctx, host)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no tenant has claimed %s; `tollhouse explain %s` says what it is, `tollhouse domain list` shows all that are claimed", host, host)
	}
	return found, err
}

// holder returns the domain that has a host's name, whoever else claims it, or the one whose id is given.
func (d *desk) holder(ctx context.Context, hostOrID string) (tenantdb.OwnedDomain, error) {
	found, err := d.claims(ctx, hostOrID)
	if err == nil && !found[0].Status.Holds() {
		err = fmt.Errorf("nobody holds %s yet: %s has claimed it and is %s, and what is not served cannot be suspended", found[0].Host, found[0].Slug, found[0].Status)
	}
	if err != nil {
		return tenantdb.OwnedDomain{}, err
	}
	return found[0], nil
}

// claim returns the one domain that is meant.
func (d *desk) claim(ctx context.Context, hostOrID string) (tenantdb.OwnedDomain, error) {
	found, err := d.claims(ctx, hostOrID)
	if err != nil {
		return tenantdb.OwnedDomain{}, err
	}
	if len(found) > 1 {
		each := make([]string, len(found))
		for i, f := range found {
			each[i] = fmt.Sprintf("%s (%s, %s)", f.ID, f.Slug, f.Status)
		}
		return tenantdb.OwnedDomain{}, fmt.Errorf("there are %d claims to %s; give the id of the one that you mean: %s", len(found), hostOrID, strings.Join(each, ", "))
	}
	return found[0], nil
}

// fact returns what the fleet knows of one host's certificate.
func (d *desk) fact(ctx context.Context, host tenant.Hostname) (certs.Facts, error) {
	facts, err := d.certs.Facts(ctx, []tenant.Hostname{host})
	return facts[host], err
}

// moment writes a time as operators compare it with logs.
func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// away writes how far a time is from now, like "in 29 days" or "3 hours ago".
func away(t, now time.Time) string {
	d := t.Sub(now).Round(time.Second)
	switch {
	case d == 0:
		return "now"
	case d > 0:
		return "in " + roughly(d)
	}
	return roughly(-d) + " ago"
}

func roughly(d time.Duration) string {
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}} {
		if d >= 2*unit.is {
			return fmt.Sprintf("%d %s", (d+unit.is/2)/unit.is, unit.name)
		}
	}
	return count(int(d/time.Second), "second")
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// dated is moment with away behind it.
func dated(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return fmt.Sprintf("%s (%s)", moment(t), away(t, now))
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
