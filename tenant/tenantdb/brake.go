package tenantdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant/domains"
	"tollhouse/tenant/rls"
)

// Turned counts the names that were proven by DNS and are served or were until they moved, and of those the ones that turned bad after an
// operator last accepted that some had.
func (s *Store) Turned(ctx context.Context) (turned, of int, err error) {
	const q = `
		SELECT count(*) FILTER (WHERE c.bad_since > COALESCE(b.accepted_at, '-infinity')), count(*)
		FROM domain_checks c, domain_brake b WHERE c.served`
	err = rls.Shared(ctx, s.pool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q).Scan(&turned, &of) })
	if err != nil {
		return 0, 0, fmt.Errorf("counting names that turned bad: %w", err)
	}
	return turned, of, nil
}

// TurnedOfOthers counts the same without the tenant that most of the bad ones belong to.
func (s *Store) TurnedOfOthers(ctx context.Context) (turned, of int, err error) {
	const q = `
		WITH counted AS (
			SELECT count(*) FILTER (WHERE c.bad_since > COALESCE(b.accepted_at, '-infinity')) AS turned, count(*) AS names
			FROM domain_checks c, domain_brake b WHERE c.served GROUP BY c.tenant_id
		), others AS (
			SELECT o.turned, o.names FROM counted o ORDER BY o.turned DESC, o.names DESC OFFSET 1
		)
		SELECT COALESCE(sum(o.turned), 0)::bigint, COALESCE(sum(o.names), 0)::bigint FROM others o`
	err = rls.Shared(ctx, s.pool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q).Scan(&turned, &of) })
	if err != nil {
		return 0, 0, fmt.Errorf("counting names of others that turned bad: %w", err)
	}
	return turned, of, nil
}

// Brake returns the brake as it is.
func (s *Store) Brake(ctx context.Context) (domains.Brake, error) {
	const q = `SELECT b.tripped_at, b.turned, b.of_names FROM domain_brake b`
	var brake domains.Brake
	var at *time.Time
	err := rls.Shared(ctx, s.pool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q).Scan(&at, &brake.Turned, &brake.Of) })
	if err != nil {
		return domains.Brake{}, fmt.Errorf("reading the brake: %w", err)
	}
	brake.TrippedAt = instant(at)
	return brake, nil
}

// Trip sets the brake unless it is set, and tells whether this call set it.
func (s *Store) Trip(ctx context.Context, turned, of int) (tripped bool, err error) {
	const q = `UPDATE domain_brake SET tripped_at = app_now(), turned = $1, of_names = $2 WHERE tripped_at IS NULL`
	err = rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, turned, of)
		tripped = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("setting the brake: %w", err)
	}
	return tripped, nil
}

// Release takes the brake off; off already is no error. accept says that the names that are bad now are really lost: they are not counted
// again, those that turn bad later are.
func (s *Store) Release(ctx context.Context, accept bool) error {
	// The times of bad_since come from many nodes' clocks, so the latest of them is the mark and not this moment.
	const q = `
		UPDATE domain_brake SET tripped_at = NULL, turned = 0, of_names = 0, accepted_at = CASE WHEN $1
			THEN COALESCE((SELECT max(c.bad_since) FROM domain_checks c WHERE c.served), accepted_at) ELSE accepted_at END`
	err := rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, accept)
		return err
	})
	if err != nil {
		return fmt.Errorf("taking the brake off: %w", err)
	}
	return nil
}
