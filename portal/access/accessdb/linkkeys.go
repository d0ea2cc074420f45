package accessdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// LinkKeys counts, over all tenants, the links that can still be mailed or shown by the id of the key that their tokens derive from. Nothing
// is sealed there, so a rotation changes nothing: a key may leave the ring once the links made with it have run out. Links that were sent
// already work without it, since only the hash of their token is compared.
func LinkKeys(ctx context.Context, db rls.DB) (map[string]int, error) {
	tally := map[string]int{}
	ids, err := tenantIDs(ctx, db)
	if err != nil {
		return nil, err
	}
	const q = `SELECT key_id, count(*) FROM portal_links
		WHERE tenant_id = $1 AND expires_at > app_now() AND revoked_at IS NULL AND superseded_at IS NULL GROUP BY key_id`
	for _, t := range ids {
		err := rls.Tx(ctx, db, t, func(tx pgx.Tx) error {
			rows, _ := tx.Query(ctx, q, string(t))
			var id string
			var n int
			_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error { tally[id] += n; return nil })
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("counting the keys of links: %w", err)
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
