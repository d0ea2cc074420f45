package paymentsdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/tenant/rls"
)

// OpenPayments lists payments of all tenants that are not at their end, the longest open first, for the operator. Of bank debits that arrived and may still
// be returned it says nothing.
func (s *Store) OpenPayments(ctx context.Context, limit int) ([]payments.Look, error) {
	const q = `
		SELECT l.tenant_id, l.kind, l.ref, l.status, l.since, l.due_at, l.lease FROM payment_looks l
		 WHERE l.kind = 'payment' AND payment_live(l.status) ORDER BY l.since, l.ref LIMIT $1`
	return s.looks(ctx, q, limit)
}

// Used lists the connections of all tenants that payments were made with and are looked after.
func (s *Store) Used(ctx context.Context) ([]payments.Look, error) {
	const q = `
		SELECT l.tenant_id, l.kind, l.ref, l.status, l.since, l.due_at, l.lease FROM payment_looks l WHERE l.kind = 'connection' ORDER BY l.tenant_id, l.ref`
	return s.looks(ctx, q)
}

func (s *Store) looks(ctx context.Context, q string, args ...any) (all []payments.Look, err error) {
	err = rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l payments.Look, err error) {
			return l, row.Scan(&l.Tenant, &l.Kind, &l.Ref, &l.Status, (*moment)(&l.Since), (*moment)(&l.Due), &l.Lease)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing what is looked after: %w", err)
	}
	return all, nil
}
