package tenantdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/rls"
)

var _ domains.Store = (*Store)(nil)

// Claim returns the tenant's live claim to the host, or makes one with this label and token, to be checked at once. Whether somebody else
// claims or holds the host makes no difference here. A claim beyond the tenant's limit is domains.ErrQuota, one beyond those of an hour a
// *domains.ManyClaimsError; the platform's own names are refused.
func (s *Store) Claim(ctx context.Context, t tenant.ID, c domains.NewClaim) (d tenant.Domain, created bool, err error) {
	if err := s.notOurs(c.Host); err != nil {
		return tenant.Domain{}, false, err
	}
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) (err error) {
		d, created, err = s.claim(ctx, tx, t, c)
		return err
	})
	if err != nil {
		return tenant.Domain{}, false, fmt.Errorf("claiming a host for tenant %s: %w", t, err)
	}
	return d, created, nil
}

// claim relies on the tenant's lock: of two claims at once the second finds the first one's row, and neither miscounts.
func (s *Store) claim(ctx context.Context, tx pgx.Tx, t tenant.ID, c domains.NewClaim) (d tenant.Domain, created bool, err error) {
	if err := lock(ctx, tx, t); err != nil {
		return tenant.Domain{}, false, err
	}
	d, err = liveClaim(ctx, tx, t, c.Host)
	if !errors.Is(err, tenant.ErrNotFound) {
		return d, false, err
	}
	if err := withinLimit(ctx, tx, t, c.Limit); err != nil {
		return tenant.Domain{}, false, err
	}
	if err := withinHour(ctx, tx, t, c.PerHour); err != nil {
		return tenant.Domain{}, false, err
	}
	if err := lockHead(ctx, tx); err != nil {
		return tenant.Domain{}, false, err
	}
	d, err = insertDomain(ctx, tx, tenant.Domain{Tenant: t, Host: c.Host, Status: tenant.DomainPendingOwnership, Label: c.Label, Token: c.Token})
	if err != nil {
		return tenant.Domain{}, false, err
	}
	return d, true, s.hooks.Note(ctx, tx, t, Event{What: "domain.claimed", Subject: d.ID})
}

// liveClaim returns the tenant's one claim to a host that it has not given up.
func liveClaim(ctx context.Context, tx pgx.Tx, t tenant.ID, host tenant.Hostname) (tenant.Domain, error) {
	const q = `
		SELECT ` + domainColumns + ` FROM domains d
		WHERE d.tenant_id = $1 AND d.host = $2 AND d.status NOT IN ('deleted', 'quarantined')`
	rows, _ := tx.Query(ctx, q, t, host.String())
	return collectDomain(rows)
}

func withinLimit(ctx context.Context, tx pgx.Tx, t tenant.ID, limit int) error {
	const q = `SELECT count(*) FROM domains d WHERE d.tenant_id = $1 AND d.status <> 'deleted'`
	var n int
	if err := tx.QueryRow(ctx, q, t).Scan(&n); err != nil {
		return err
	}
	if n >= limit {
		return domains.ErrQuota
	}
	return nil
}

// withinHour holds back a tenant that claims and deletes in turns: every claim has its name looked at. ids grow with time, so the claim that
// has to be an hour old is the limit-th from the end.
func withinHour(ctx context.Context, tx pgx.Tx, t tenant.ID, limit int) error {
	const q = `
		SELECT d.created_at + interval '1 hour' - app_now() FROM domains d
		WHERE d.tenant_id = $1 ORDER BY d.id DESC OFFSET $2 LIMIT 1`
	if limit <= 0 {
		return nil
	}
	var wait time.Duration
	err := one(tx.QueryRow(ctx, q, t, limit-1).Scan(&wait))
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return nil
	case err != nil:
		return err
	case wait > 0:
		return &domains.ManyClaimsError{After: wait}
	}
	return nil
}

// Domain returns one domain, deleted ones not, in one round trip.
func (s *Store) Domain(ctx context.Context, t tenant.ID, id string) (tenant.Domain, error) {
	const q = `SELECT ` + domainColumns + ` FROM domains d WHERE d.tenant_id = $1 AND d.id = $2 AND d.status <> 'deleted'`
	var found tenant.Domain
	b := &pgx.Batch{}
	b.Queue(q, t, id).Query(func(rows pgx.Rows) (err error) {
		found, err = collectDomain(rows)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return tenant.Domain{}, fmt.Errorf("loading domain %s: %w", id, err)
	}
	return found, nil
}

// Domains returns all hosts of a tenant but the deleted ones, newest first.
func (s *Store) Domains(ctx context.Context, id tenant.ID) ([]tenant.Domain, error) {
	const q = `SELECT ` + domainColumns + ` FROM domains d WHERE d.tenant_id = $1 AND d.status <> 'deleted' ORDER BY d.created_at DESC, d.id DESC`
	return s.listDomains(ctx, id, q, id)
}

// DomainPage returns up to limit hosts of a tenant but the deleted ones, newest first, that come after the given id ("" begins).
func (s *Store) DomainPage(ctx context.Context, t tenant.ID, after string, limit int) ([]tenant.Domain, error) {
	const q = `
		SELECT ` + domainColumns + ` FROM domains d
		WHERE d.tenant_id = $1 AND d.status <> 'deleted' AND ($2 = '' OR d.id < $2)
		ORDER BY d.id DESC LIMIT $3`
	return s.listDomains(ctx, t, q, t, after, limit)
}

func (s *Store) listDomains(ctx context.Context, t tenant.ID, q string, args ...any) ([]tenant.Domain, error) {
	var list []tenant.Domain
	b := &pgx.Batch{}
	b.Queue(q, args...).Query(func(rows pgx.Rows) (err error) {
		list, err = collectDomains(rows)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing the domains of tenant %s: %w", t, err)
	}
	return list, nil
}

// History returns up to limit of the newest steps of a domain, newest first. It outlives the domain: a deleted one's is still there.
func (s *Store) History(ctx context.Context, t tenant.ID, id string, limit int) ([]tenant.DomainStep, error) {
	const q = `
		SELECT h.at, h.from_status, h.to_status, h.reason FROM domain_history h
		WHERE h.tenant_id = $1 AND h.domain_id = $2 ORDER BY h.n DESC LIMIT $3`
	var steps []tenant.DomainStep
	b := &pgx.Batch{}
	b.Queue(q, t, id, limit).Query(func(rows pgx.Rows) (err error) {
		steps, err = pgx.CollectRows(rows, toStep)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("loading the history of domain %s: %w", id, err)
	}
	if len(steps) == 0 { // every domain has a first step
		return nil, fmt.Errorf("loading the history of domain %s: %w", id, tenant.ErrNotFound)
	}
	return steps, nil
}

func toStep(row pgx.CollectableRow) (step tenant.DomainStep, err error) {
	err = row.Scan(&step.At, &step.From, &step.To, &step.Reason)
	step.At = step.At.UTC()
	return step, err
}
