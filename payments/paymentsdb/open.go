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
func (s *Store) OpenPayments(ctx context.Context, limit int) (all []payments.Look, err error) {
	const q = `
		SELECT l.tenant_id, l.kind, l.ref, l.status, l.since, l.due_at, l.lease FROM payment_looks l
		 WHERE l.kind = 'payment' AND payment_live(l.status) ORDER BY l.since, l.ref LIMIT $1`
	err = rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, limit)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l payments.Look, err error) {
			return l, row.Scan(&l.Tenant, &l.Kind, &l.Ref, &l.Status, (*moment)(&l.Since), (*moment)(&l.Due), &l.Lease)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing open payments: %w", err)
	}
	return all, nil
}
