package tenantdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// UpdateBrand calls change with the brand as it is, checks what it made of it and stores that. change may refuse with an error of its
// own, must not call over the network, and runs once. The logo is not changed here: see PutLogo.
func (s *Store) UpdateBrand(ctx context.Context, id tenant.ID, change func(*tenant.Brand) error) (*tenant.Tenant, error) {
	const q = `
		UPDATE tenants t SET primary_color = @primary, accent_color = @accent, footer_text = @footer, support_email = @email
		WHERE t.id = @tenant RETURNING ` + tenantColumns
	return s.update(ctx, id, "brand.changed", func(t *tenant.Tenant) (string, pgx.NamedArgs, error) {
		b := t.Brand
		if err := change(&b); err != nil {
			return "", nil, err
		}
		return q, pgx.NamedArgs{"tenant": id, "primary": b.Primary.String(), "accent": b.Accent.String(), "footer": b.Footer,
			"email": b.SupportEmail}, b.Check()
	})
}

// UpdatePolicy is UpdateBrand for the policy.
func (s *Store) UpdatePolicy(ctx context.Context, id tenant.ID, change func(*tenant.Policy) error) (*tenant.Tenant, error) {
	const q = `
		UPDATE tenants t SET session_seconds = @session, document_link_days = @days, log_visitors = @log, payment_instructions = @instructions,
			partial_payments = @partial, partial_minimum = @minimum,
			link_mode = CASE WHEN @strict::boolean THEN 'strict' WHEN @step_up::boolean THEN 'step_up' ELSE 'standard' END
		WHERE t.id = @tenant RETURNING ` + tenantColumns
	return s.update(ctx, id, "settings.changed", func(t *tenant.Tenant) (string, pgx.NamedArgs, error) {
		p := t.Policy
		if err := change(&p); err != nil {
			return "", nil, err
		}
		return q, pgx.NamedArgs{"tenant": id, "session": int64(p.SessionLifetime / time.Second),
			"days": int32(p.DocumentLinkLifetime / (24 * time.Hour)), "log": p.LogVisitors, "instructions": p.PaymentInstructions,
			"strict": p.StrictLinks, "step_up": p.StepUpLinks, "partial": p.PartialPayments, "minimum": p.PartialMinimum}, p.Check()
	})
}

// update locks the tenant's row and runs the statement that plan makes of it.
func (s *Store) update(ctx context.Context, id tenant.ID, what string, plan func(*tenant.Tenant) (string, pgx.NamedArgs, error)) (*tenant.Tenant, error) {
	const load = `SELECT ` + tenantColumns + ` FROM tenants t WHERE t.id = $1 FOR NO KEY UPDATE`
	var updated *tenant.Tenant
	err := s.change(ctx, id, what, func(tx pgx.Tx) (string, error) {
		rows, _ := tx.Query(ctx, load, id)
		current, err := collectTenant(rows)
		if err != nil {
			return "", err
		}
		q, args, err := plan(current)
		if err != nil {
			return "", err
		}
		rows, _ = tx.Query(ctx, q, args)
		updated, err = collectTenant(rows)
		return "", err
	})
	if err != nil {
		return nil, fmt.Errorf("updating tenant %s: %w", id, err)
	}
	return updated, nil
}

// PutLogo makes a checked logo the tenant's. The one before stays readable, for pages and mails that are out; older ones go.
func (s *Store) PutLogo(ctx context.Context, id tenant.ID, logo *tenant.EncodedLogo) (*tenant.Tenant, error) {
	const insert = `
		INSERT INTO logos (tenant_id, hash, content_type, bytes) VALUES (@tenant, @hash, @type, @bytes)
		ON CONFLICT (tenant_id, hash) DO NOTHING`
	const tidy = `
		DELETE FROM logos WHERE tenant_id = @tenant AND hash <> @hash
			AND hash IS DISTINCT FROM (SELECT t.logo_hash FROM tenants t WHERE t.id = @tenant)`
	const q = `
		UPDATE tenants t SET logo_hash = @hash, logo_width = @width, logo_height = @height
		WHERE t.id = @tenant RETURNING ` + tenantColumns
	args := pgx.NamedArgs{"tenant": id, "hash": logo.Hash, "type": logo.ContentType, "bytes": logo.Bytes, "width": logo.Width, "height": logo.Height}
	return s.changed(ctx, id, "logo.changed", []string{insert, tidy}, q, args)
}

// RemoveLogo sets the tenant's name in type again. The logo stays readable until the next one is put.
func (s *Store) RemoveLogo(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	const q = `
		UPDATE tenants t SET logo_hash = NULL, logo_width = 0, logo_height = 0
		WHERE t.id = $1 RETURNING ` + tenantColumns
	return s.changed(ctx, id, "logo.removed", nil, q, id)
}

// Logo returns a stored logo by its hash, in one round trip.
func (s *Store) Logo(ctx context.Context, id tenant.ID, hash string) (image []byte, contentType string, err error) {
	const q = `SELECT bytes, content_type FROM logos WHERE tenant_id = $1 AND hash = $2`
	b := &pgx.Batch{}
	b.Queue(q, id, hash).QueryRow(func(row pgx.Row) error { return one(row.Scan(&image, &contentType)) })
	if err := rls.Read(ctx, s.pool, id, b); err != nil {
		return nil, "", fmt.Errorf("loading a logo of tenant %s: %w", id, err)
	}
	return image, contentType, nil
}
