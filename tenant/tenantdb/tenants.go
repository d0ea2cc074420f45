package tenantdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Create stores a new tenant. Its default host is served as soon as the Directories hear of it.
func (s *Store) Create(ctx context.Context, d tenant.Draft) (*tenant.Tenant, error) {
	d, err := d.Complete()
	if err != nil {
		return nil, err
	}
	if _, err := s.DefaultHost(d.Slug); err != nil {
		return nil, err
	}
	const q = `
		INSERT INTO tenants AS t (id, slug, name, time_zone, country, locale, currency, test)
		VALUES (@tenant, @slug, @name, @time_zone, @country, @locale, @currency, @test)
		RETURNING ` + tenantColumns
	id := tenant.ID(tenant.NewID("ten", time.Now()))
	created, err := s.changed(ctx, id, "tenant.created", nil, q, pgx.NamedArgs{"tenant": id, "slug": d.Slug, "name": d.Name, "time_zone": d.TimeZone,
		"country": d.Country, "locale": d.Locale, "currency": d.Currency, "test": d.Test})
	if rls.Violates(err, "tenants_slug_key") {
		return nil, fmt.Errorf("the slug %s: %w", d.Slug, tenant.ErrTaken)
	}
	return created, err
}

// Tenant returns a tenant by its id, in one round trip.
func (s *Store) Tenant(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	const q = `SELECT ` + tenantColumns + ` FROM tenants t WHERE t.id = $1`
	var found *tenant.Tenant
	b := &pgx.Batch{}
	b.Queue(q, id).Query(func(rows pgx.Rows) (err error) {
		found, err = collectTenant(rows)
		return err
	})
	if err := rls.Read(ctx, s.pool, id, b); err != nil {
		return nil, fmt.Errorf("loading tenant %s: %w", id, err)
	}
	return found, nil
}

// Show returns a tenant by its id or its slug. It looks across tenants: for the operator.
func (s *Store) Show(ctx context.Context, idOrSlug string) (*tenant.Tenant, error) {
	const q = `SELECT ` + tenantColumns + ` FROM tenants t WHERE t.id = $1 OR t.slug = $1`
	var found *tenant.Tenant
	err := rls.Platform(ctx, s.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q, idOrSlug) // its error is the rows' error
		var err error
		found, err = collectTenant(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("loading tenant %q: %w", idOrSlug, err)
	}
	return found, nil
}

// List returns up to limit tenants, oldest first, that come after the given id ("" begins). It looks across tenants: for the operator.
func (s *Store) List(ctx context.Context, after tenant.ID, limit int) ([]*tenant.Tenant, error) {
	const q = `SELECT ` + tenantColumns + ` FROM tenants t WHERE t.id > $1 ORDER BY t.id LIMIT $2`
	var all []*tenant.Tenant
	err := rls.Platform(ctx, s.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q, after, limit)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[tenantRow])
		if err != nil {
			return err
		}
		for _, row := range found {
			t, err := row.toDomain(tenant.LoadZone)
			if err != nil {
				return err
			}
			all = append(all, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing tenants: %w", err)
	}
	return all, nil
}

// Suspend makes a tenant's hosts answer with a plain page and its API keys refuse. Sessions and tickets of before do not come back when
// it is resumed. Suspending twice is once.
func (s *Store) Suspend(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	// Epochs never run ahead of the directory head, which every statement here moves: see AddDomain.
	const domains = `
		UPDATE domains SET epoch = epoch + 1
		WHERE tenant_id = $1 AND status <> 'deleted' AND EXISTS (SELECT FROM tenants t WHERE t.id = $1 AND t.status = 'active')`
	const q = `
		UPDATE tenants t SET status = 'suspended', epoch = epoch + CASE WHEN status = 'active' THEN 1 ELSE 0 END
		WHERE t.id = $1 RETURNING ` + tenantColumns
	return s.changed(ctx, id, "tenant.suspended", []string{domains}, q, id)
}

// Resume ends a suspension. Resuming an active tenant changes nothing.
func (s *Store) Resume(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	const q = `UPDATE tenants t SET status = 'active' WHERE t.id = $1 RETURNING ` + tenantColumns
	return s.changed(ctx, id, "tenant.resumed", nil, q, id)
}

// changed runs one statement that returns the tenant's row, as that tenant. Statements that must come before it get the same arguments, and
// the tenant is locked for them.
func (s *Store) changed(ctx context.Context, id tenant.ID, what string, before []string, q string, args ...any) (*tenant.Tenant, error) {
	var t *tenant.Tenant
	err := s.change(ctx, id, what, func(tx pgx.Tx) (_ string, err error) {
		if len(before) > 0 {
			err = lockAll(ctx, tx, id)
		}
		for _, statement := range before {
			if err == nil {
				_, err = tx.Exec(ctx, statement, args...)
			}
		}
		if err != nil {
			return "", err
		}
		rows, _ := tx.Query(ctx, q, args...)
		t, err = collectTenant(rows)
		return "", err
	})
	if err != nil {
		return nil, fmt.Errorf("writing tenant %s: %w", id, err)
	}
	return t, nil
}

// lock makes other changes of the tenant wait until the transaction ends.
func lock(ctx context.Context, tx pgx.Tx, id tenant.ID) error {
	const q = `SELECT t.id FROM tenants t WHERE t.id = $1 FOR NO KEY UPDATE`
	var got string
	return one(tx.QueryRow(ctx, q, id).Scan(&got))
}

// lockAll locks the tenant and then the directory's head, for changes that touch served hosts. A change that waited for another tenant's
// claim to the same host before it has the head could wait in a circle.
func lockAll(ctx context.Context, tx pgx.Tx, id tenant.ID) error {
	if err := lock(ctx, tx, id); err != nil {
		return err
	}
	return lockHead(ctx, tx)
}

// lockHead makes changes of every other tenant's hosts wait until the transaction ends.
func lockHead(ctx context.Context, tx pgx.Tx) error {
	const q = `SELECT h.seq FROM directory_head h FOR NO KEY UPDATE`
	var seq int64
	return tx.QueryRow(ctx, q).Scan(&seq)
}

func collectTenant(rows pgx.Rows) (*tenant.Tenant, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tenantRow])
	if err != nil {
		return nil, one(err)
	}
	return row.toDomain(tenant.LoadZone)
}
