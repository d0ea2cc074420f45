package rls

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// Both calls fn inside one transaction that two tenants share, for a host that goes from one to the other. fn says with as whose rows the
// statements that follow see; before the first as they see none, and never both tenants' at once. Both tenants are locked against other
// changes, always the smaller id first, so that two opposite calls wait for each other instead of deadlocking. A tenant that does not
// exist is tenant.ErrNotFound. fn must not call over the network.
func Both(ctx context.Context, db DB, first, second tenant.ID, fn func(tx pgx.Tx, as func(tenant.ID) error) error) error {
	if first == "" || second == "" {
		return ErrNoTenant
	}
	if first == second {
		return errors.New("two tenants are needed, and this is one")
	}
	return reachable(pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		set := func(t tenant.ID) error {
			// What waits for the end of the transaction runs as the tenant that caused it, so it must not wait beyond this point.
			if _, err := tx.Exec(ctx, `SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, setTenant, string(t))
			return err
		}
		for _, t := range []tenant.ID{min(first, second), max(first, second)} {
			if err := set(t); err != nil {
				return err
			}
			if err := lock(ctx, tx, t); err != nil {
				return err
			}
		}
		if err := set(""); err != nil {
			return err
		}
		return fn(tx, func(t tenant.ID) error {
			if t != first && t != second {
				return fmt.Errorf("tenant %s has no part in this transaction", t)
			}
			return set(t)
		})
	}))
}

func lock(ctx context.Context, tx pgx.Tx, t tenant.ID) error {
	const q = `SELECT t.id FROM tenants t WHERE t.id = $1 FOR NO KEY UPDATE`
	var got string
	err := tx.QueryRow(ctx, q, string(t)).Scan(&got)
	if errors.Is(err, pgx.ErrNoRows) {
		return tenant.ErrNotFound
	}
	return err
}
