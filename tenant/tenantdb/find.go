package tenantdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// FindDomain returns a domain by its id, also a deleted one. It looks across tenants: for the operator.
func (s *Store) FindDomain(ctx context.Context, id string) (OwnedDomain, error) {
	const q = `SELECT ` + domainColumns + `, t.slug FROM domains d JOIN tenants t ON t.id = d.tenant_id WHERE d.id = $1`
	found, err := s.ownedDomains(ctx, q, id)
	if err == nil && len(found) == 0 {
		err = tenant.ErrNotFound
	}
	if err != nil {
		return OwnedDomain{}, fmt.Errorf("looking for domain %q: %w", id, err)
	}
	return found[0], nil
}

// DirectorySeq returns the number of the last change to a served host: a node whose Directory has come as far has heard of everything.
func (s *Store) DirectorySeq(ctx context.Context) (int64, error) {
	const q = `SELECT h.seq FROM directory_head h`
	var seq int64
	if err := rls.Platform(ctx, s.pool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q).Scan(&seq) }); err != nil {
		return 0, fmt.Errorf("reading the directory's head: %w", err)
	}
	return seq, nil
}
