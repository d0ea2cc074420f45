package accessdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// LinkKeys counts, over all tenants, the links that can still be mailed or shown by the id of the key that their tokens derive from. Nothing
// is sealed there, so a rotation changes nothing: a key may leave the ring once the links made with it have run out. Links that were sent
// already work without it, since only the hash of their token is compared.
func LinkKeys(ctx context.Context, db rls.DB) (map[string]int, error) {
	const q = `SELECT key_id FROM portal_links
		WHERE tenant_id = $1 AND expires_at > app_now() AND revoked_at IS NULL AND superseded_at IS NULL`
	tally, err := tallied(ctx, db, q, func(id string) string { return id })
	if err != nil {
		return nil, fmt.Errorf("counting the keys of links: %w", err)
	}
	return tally, nil
}

// DraftKeys counts, over all tenants, the forms that are kept for whoever typed them by the id of the key that sealed them. They are not sealed
// anew: they live for access.DraftLife, and one that no key opens is one that was not kept.
func DraftKeys(ctx context.Context, db rls.DB) (map[string]int, error) {
	const q = `SELECT substring(body_sealed FROM 1 FOR 34) FROM form_drafts WHERE tenant_id = $1 AND expires_at > app_now()`
	tally, err := tallied(ctx, db, q, func(head []byte) string {
		id, _ := seal.KeyID(head)
		return id
	})
	if err != nil {
		return nil, fmt.Errorf("counting the keys of kept forms: %w", err)
	}
	return tally, nil
}

// tallied runs a query of one column as each tenant, and counts its rows by the key that each tells.
func tallied[T any](ctx context.Context, db rls.DB, q string, key func(T) string) (map[string]int, error) {
	tally := map[string]int{}
	ids, err := tenantIDs(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, t := range ids {
		err := rls.Tx(ctx, db, t, func(tx pgx.Tx) error {
			rows, _ := tx.Query(ctx, q, string(t))
			var v T
			_, err := pgx.ForEachRow(rows, []any{&v}, func() error { tally[key(v)]++; return nil })
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return tally, nil
}

func tenantIDs(ctx context.Context, db rls.DB) (ids []tenant.ID, err error) {
	err = rls.Platform(ctx, db, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `SELECT id FROM tenants ORDER BY id`)
		ids, err = pgx.CollectRows(rows, pgx.RowTo[tenant.ID])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing tenants: %w", err)
	}
	return ids, nil
}
