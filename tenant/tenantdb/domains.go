package tenantdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

const domainColumns = `d.id, d.tenant_id, d.host, d.status, d.epoch, d.proven_at, d.created_at`

type domainRow struct {
	ID, TenantID, Host, Status string

	Epoch     int64
	ProvenAt  *time.Time
	CreatedAt time.Time
}

func (r domainRow) toDomain() (tenant.Domain, error) {
	host, err := tenant.ParseHostname(r.Host)
	if err != nil {
		return tenant.Domain{}, fmt.Errorf("reading domain %s: %w", r.ID, err)
	}
	return tenant.Domain{ID: r.ID, Tenant: tenant.ID(r.TenantID), Host: host, Status: tenant.DomainStatus(r.Status), Epoch: r.Epoch,
		ProvenAt: instant(r.ProvenAt), CreatedAt: r.CreatedAt.UTC()}, nil
}

// AddDomain makes a host a tenant's, on the operator's word that it is proven: it is served at once. A host that somebody holds is
// tenant.ErrTaken, whoever it is; the platform's own names are refused.
func (s *Store) AddDomain(ctx context.Context, id tenant.ID, host tenant.Hostname) (tenant.Domain, error) {
	if host == s.platform || host.Under(s.platform) {
		return tenant.Domain{}, &tenant.FieldError{Field: "host", Reason: "is a name of the platform itself"}
	}
	// The epoch begins above every epoch that any holder of this host ever had: epochs never run ahead of the directory head, and the
	// head has moved since the last of them.
	const q = `
		INSERT INTO domains AS d (tenant_id, id, host, status, epoch, proven_at)
		VALUES (@tenant, @id, @host, 'active', (SELECT h.seq + 1 FROM directory_head h), now())
		RETURNING ` + domainColumns
	args := pgx.NamedArgs{"tenant": id, "id": tenant.NewID("dom", time.Now()), "host": host.String()}
	var added tenant.Domain
	err := s.change(ctx, id, "domain.added", func(tx pgx.Tx) (string, error) {
		if err := lock(ctx, tx, id); err != nil {
			return "", err
		}
		rows, _ := tx.Query(ctx, q, args)
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[domainRow])
		if err != nil {
			return "", err
		}
		added, err = row.toDomain()
		return added.ID, err
	})
	switch {
	case rls.Violates(err, "domains_one_holder"), rls.Violates(err, "domains_one_claim_per_tenant"):
		return tenant.Domain{}, fmt.Errorf("the host %s: %w", host, tenant.ErrTaken)
	case err != nil:
		return tenant.Domain{}, fmt.Errorf("adding a domain to tenant %s: %w", id, err)
	}
	return added, nil
}

// Domains returns a tenant's hosts but the deleted ones, newest first.
func (s *Store) Domains(ctx context.Context, id tenant.ID) ([]tenant.Domain, error) {
	const q = `SELECT ` + domainColumns + ` FROM domains d WHERE d.tenant_id = $1 AND d.status <> 'deleted' ORDER BY d.created_at DESC, d.id DESC`
	var domains []tenant.Domain
	b := &pgx.Batch{}
	b.Queue(q, id).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[domainRow])
		if err != nil {
			return err
		}
		for _, row := range found {
			d, err := row.toDomain()
			if err != nil {
				return err
			}
			domains = append(domains, d)
		}
		return nil
	})
	if err := rls.Read(ctx, s.pool, id, b); err != nil {
		return nil, fmt.Errorf("listing the domains of tenant %s: %w", id, err)
	}
	return domains, nil
}
