package tenantdb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

const keyColumns = `k.id, k.tenant_id, k.name, k.scopes, k.created_at, k.last_used_at, k.revoked_at`

type keyRow struct {
	ID, TenantID, Name string

	Scopes     []tenant.Scope
	CreatedAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

func (r keyRow) toDomain() tenant.APIKey {
	return tenant.APIKey{ID: r.ID, Tenant: tenant.ID(r.TenantID), Name: r.Name, Scopes: r.Scopes, CreatedAt: r.CreatedAt.UTC(),
		LastUsedAt: instant(r.LastUsedAt), RevokedAt: instant(r.RevokedAt)}
}

// CreateKey mints a key with the given scopes, all of them when there are none. secret is the key itself: it is shown once, is stored
// nowhere, and must not be logged.
func (s *Store) CreateKey(ctx context.Context, id tenant.ID, name string, scopes []tenant.Scope) (secret string, key tenant.APIKey, err error) {
	name = strings.TrimSpace(name)
	if err := checkKey(name, scopes); err != nil {
		return "", tenant.APIKey{}, err
	}
	if len(scopes) == 0 {
		scopes = tenant.Scopes
	}
	const isTest = `SELECT t.test FROM tenants t WHERE t.id = $1`
	const q = `
		INSERT INTO api_keys AS k (tenant_id, id, name, secret_hash, scopes)
		VALUES (@tenant, @id, @name, @hash, @scopes)
		RETURNING ` + keyColumns
	err = s.change(ctx, id, "key.created", func(tx pgx.Tx) (string, error) {
		var test bool
		if err := one(tx.QueryRow(ctx, isTest, id).Scan(&test)); err != nil {
			return "", err
		}
		minted, hash := tenant.MintAPIKey(id, test)
		rows, _ := tx.Query(ctx, q, pgx.NamedArgs{"tenant": id, "id": tenant.NewID("key", time.Now()), "name": name, "hash": hash[:],
			"scopes": scopes})
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[keyRow])
		secret, key = minted, row.toDomain()
		return key.ID, err
	})
	if err != nil {
		return "", tenant.APIKey{}, fmt.Errorf("creating a key of tenant %s: %w", id, err)
	}
	return secret, key, nil
}

func checkKey(name string, scopes []tenant.Scope) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 120 || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return &tenant.FieldError{Field: "name", Reason: "is not 1 to 120 characters"}
	}
	for _, scope := range scopes {
		if !slices.Contains(tenant.Scopes, scope) {
			return &tenant.FieldError{Field: "scopes", Reason: fmt.Sprintf("has %.40q, which does not exist", scope)}
		}
	}
	return nil
}

// Keys returns all keys of a tenant, newest first, revoked ones too.
func (s *Store) Keys(ctx context.Context, id tenant.ID) ([]tenant.APIKey, error) {
	const q = `SELECT ` + keyColumns + ` FROM api_keys k WHERE k.tenant_id = $1 ORDER BY k.created_at DESC, k.id DESC`
	var keys []tenant.APIKey
	b := &pgx.Batch{}
	b.Queue(q, id).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[keyRow])
		for _, row := range found {
			keys = append(keys, row.toDomain())
		}
		return err
	})
	if err := rls.Read(ctx, s.pool, id, b); err != nil {
		return nil, fmt.Errorf("listing the keys of tenant %s: %w", id, err)
	}
	return keys, nil
}

// RevokeKey makes a key useless from now on. Revoking it twice is once.
func (s *Store) RevokeKey(ctx context.Context, id tenant.ID, keyID string) error {
	const q = `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, now()) WHERE tenant_id = $1 AND id = $2`
	err := s.change(ctx, id, "key.revoked", func(tx pgx.Tx) (string, error) {
		tag, err := tx.Exec(ctx, q, id, keyID)
		if err == nil && tag.RowsAffected() == 0 {
			return "", tenant.ErrNotFound
		}
		return keyID, err
	})
	if err != nil {
		return fmt.Errorf("revoking a key of tenant %s: %w", id, err)
	}
	return nil
}

// Authenticate returns the key that was presented, in one round trip. One that is malformed, unknown or revoked is tenant.ErrNotFound,
// all alike; a good key of a suspended tenant is tenant.ErrSuspended. When the key was last used is noted at most once a minute.
func (s *Store) Authenticate(ctx context.Context, presented string) (tenant.APIKey, error) {
	id, hash, _, err := tenant.ParseAPIKey(presented)
	if err != nil {
		return tenant.APIKey{}, tenant.ErrNotFound
	}
	const q = `
		WITH key AS (
			SELECT ` + keyColumns + `
			FROM api_keys k WHERE k.tenant_id = $1 AND k.secret_hash = $2 AND k.revoked_at IS NULL
		), noted AS (
			UPDATE api_keys SET last_used_at = now()
			WHERE tenant_id = $1 AND id = (SELECT key.id FROM key) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
		)
		SELECT key.id, key.tenant_id, key.name, key.scopes, key.created_at, key.last_used_at, key.revoked_at, t.status
		FROM key JOIN tenants t ON t.id = key.tenant_id AND t.id = $1`
	var row struct {
		keyRow
		Status string
	}
	b := &pgx.Batch{}
	b.Queue(q, id, hash[:]).QueryRow(func(r pgx.Row) error {
		return one(r.Scan(&row.ID, &row.TenantID, &row.Name, &row.Scopes, &row.CreatedAt, &row.LastUsedAt, &row.RevokedAt, &row.Status))
	})
	if err := rls.Read(ctx, s.pool, id, b); err != nil {
		return tenant.APIKey{}, fmt.Errorf("looking up an API key: %w", err)
	}
	if tenant.Status(row.Status) == tenant.Suspended {
		return tenant.APIKey{}, tenant.ErrSuspended
	}
	return row.toDomain(), nil
}
