package tenantdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// OwnedDomain is a domain with whose it is, as the operator sees it.
type OwnedDomain struct {
	tenant.Domain
	Slug string // of its tenant
}

// AllDomains returns up to limit domains with this status ("" for all but the deleted ones), oldest first, that come after the given id ("" begins).
// It looks across tenants: for the operator.
func (s *Store) AllDomains(ctx context.Context, status tenant.DomainStatus, after string, limit int) ([]OwnedDomain, error) {
	const q = `
		SELECT ` + domainColumns + `, t.slug FROM domains d JOIN tenants t ON t.id = d.tenant_id
		WHERE (d.status = $1 OR $1 = '' AND d.status <> 'deleted') AND d.id > $2
		ORDER BY d.id LIMIT $3`
	return s.ownedDomains(ctx, q, status, after, limit)
}

// FindDomains returns every claim to a host but the deleted ones, the holder's first, then the oldest. It looks across tenants: for the operator.
func (s *Store) FindDomains(ctx context.Context, host tenant.Hostname) ([]OwnedDomain, error) {
	const q = `
		SELECT ` + domainColumns + `, t.slug FROM domains d JOIN tenants t ON t.id = d.tenant_id
		WHERE d.host = $1 AND d.status <> 'deleted'
		ORDER BY d.status IN ('claim_conflict', 'pending_ownership', 'timed_out'), d.id`
	return s.ownedDomains(ctx, q, host.String())
}

func (s *Store) ownedDomains(ctx context.Context, q string, args ...any) ([]OwnedDomain, error) {
	var list []OwnedDomain
	err := rls.Platform(ctx, s.pool, func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(ctx, q, args...)
		list, err = pgx.CollectRows(rows, toOwned)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing domains: %w", err)
	}
	return list, nil
}

func toOwned(row pgx.CollectableRow) (OwnedDomain, error) {
	found, err := pgx.RowToStructByName[struct {
		domainRow
		Slug string
	}](row)
	if err != nil {
		return OwnedDomain{}, err
	}
	d, err := found.toDomain()
	return OwnedDomain{Domain: d, Slug: found.Slug}, err
}
