package paymentsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// FindPayment returns the id of the payment whose attempt has this object or, failing that, this code.
func (s *Store) FindPayment(ctx context.Context, t tenant.ID, connectionID, objectID, code string) (id string, err error) {
	const q = `
		SELECT a.payment_id FROM payment_attempts a
		 WHERE a.tenant_id = $1 AND a.connection_id = $2 AND a.object_id = $3 AND a.object_id <> ''
		UNION ALL
		SELECT a.payment_id FROM payment_attempts a WHERE a.tenant_id = $1 AND a.connection_id = $2 AND a.code = $4
		 LIMIT 1`
	b := &pgx.Batch{}
	b.Queue(q, t, connectionID, objectID, code).QueryRow(func(row pgx.Row) error { return row.Scan(&id) })
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return "", fmt.Errorf("finding a payment by its object: %w", absent(err))
	}
	return id, nil
}

// PaymentsBy returns the newest payments older than f.After, with their parts.
func (s *Store) PaymentsBy(ctx context.Context, t tenant.ID, f payments.PaymentFilter) (found []payments.Payment, err error) {
	// Only the conditions that are asked for are sent: with all of them in one statement, the planner could not use the index of any.
	q := `SELECT ` + detailColumns + detailTables + ` WHERE p.tenant_id = @tenant`
	if f.CompanyID != "" {
		q += ` AND p.company_id = @company`
	}
	if f.InvoiceID != "" {
		q += ` AND EXISTS (SELECT FROM payment_allocations x WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.invoice_id = @invoice)`
	}
	if f.Statuses != nil {
		q += ` AND p.status = ANY(@statuses)`
	}
	if f.After != "" {
		q += ` AND p.id < @after`
	}
	q += ` ORDER BY p.id DESC LIMIT @limit`
	args := pgx.NamedArgs{"tenant": t, "company": f.CompanyID, "invoice": f.InvoiceID, "statuses": f.Statuses, "after": f.After, "limit": f.Limit}
	b := &pgx.Batch{}
	b.Queue(q, args).Query(func(rows pgx.Rows) error {
		files, err := pgx.CollectRows(rows, scanFile)
		for _, f := range files {
			found = append(found, f.Payment)
		}
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing payments: %w", err)
	}
	return found, s.addParts(ctx, t, found)
}

// addParts fills the allocations of a list.
func (s *Store) addParts(ctx context.Context, t tenant.ID, all []payments.Payment) error {
	const q = `
		SELECT a.payment_id, a.invoice_id, a.amount, i.number FROM payment_allocations a
		  JOIN invoices i ON i.tenant_id = a.tenant_id AND i.id = a.invoice_id
		 WHERE a.tenant_id = $1 AND a.payment_id = ANY($2) ORDER BY a.payment_id, a.invoice_id`
	ids, at := make([]string, len(all)), map[string]*payments.Payment{}
	for i := range all {
		ids[i], at[all[i].ID] = all[i].ID, &all[i]
	}
	b := &pgx.Batch{}
	b.Queue(q, t, ids).Query(func(rows pgx.Rows) error {
		var id, number string
		var part ledger.Allocation
		_, err := pgx.ForEachRow(rows, []any{&id, &part.InvoiceID, &part.Amount, &number}, func() error {
			p := at[id]
			p.Allocations, p.InvoiceNumbers = append(p.Allocations, part), append(p.InvoiceNumbers, number)
			return nil
		})
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return fmt.Errorf("listing the parts of payments: %w", err)
	}
	return nil
}

// Presence returns who is paying the invoices of a company.
func (s *Store) Presence(ctx context.Context, t tenant.ID, companyID string, invoiceIDs []string) (all []payments.Presence, err error) {
	b := &pgx.Batch{}
	queuePresence(b, t, companyID, invoiceIDs, func(p payments.Presence) { all = append(all, p) })
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("reading who is paying: %w", err)
	}
	return all, nil
}

// queuePresence reads who is at some invoices of a company, nil for all, the longest first.
func queuePresence(b *pgx.Batch, t tenant.ID, companyID string, invoiceIDs []string, note func(payments.Presence)) {
	const q = `
		SELECT a.invoice_id, p.id, COALESCE(p.contact_id, ''), COALESCE(c.name, ''), p.status, a.amount, p.created_at
		  FROM payment_allocations a
		  JOIN payments p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id
		  LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
		 WHERE a.tenant_id = $1 AND a.company_id = $2 AND a.interactive AND ($3::text[] IS NULL OR a.invoice_id = ANY($3))
		 ORDER BY p.created_at, a.invoice_id`
	b.Queue(q, t, companyID, invoiceIDs).Query(func(rows pgx.Rows) error {
		var p payments.Presence
		_, err := pgx.ForEachRow(rows, []any{&p.InvoiceID, &p.PaymentID, &p.ContactID, &p.Name, &p.Status, &p.Amount, (*moment)(&p.Since)},
			func() error { note(p); return nil })
		return err
	})
}

// creditOf sums what stands on no invoice of client $2, from an index alone.
const creditOf = `
	SELECT e.currency, (-sum(e.amount))::bigint FROM ledger_entries e
	 WHERE e.tenant_id = $1 AND e.company_id = $2 AND e.invoice_id IS NULL
	 GROUP BY e.currency HAVING sum(e.amount) <> 0 ORDER BY e.currency`

// balanceOf sums all entries of client $2.
const balanceOf = `
	SELECT e.currency, sum(e.amount)::bigint FROM ledger_entries e
	 WHERE e.tenant_id = $1 AND e.company_id = $2
	 GROUP BY e.currency HAVING sum(e.amount) <> 0 ORDER BY e.currency`

// Credit returns what stands to a client's credit, by currency.
func (s *Store) Credit(ctx context.Context, t tenant.ID, companyID string) ([]ledger.Money, error) {
	return s.sums(ctx, t, creditOf, companyID)
}

// Balance returns what a client owes, by currency.
func (s *Store) Balance(ctx context.Context, t tenant.ID, companyID string) ([]ledger.Money, error) {
	return s.sums(ctx, t, balanceOf, companyID)
}

func (s *Store) sums(ctx context.Context, t tenant.ID, q, companyID string) (all []ledger.Money, err error) {
	b := &pgx.Batch{}
	b.Queue(q, t, companyID).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m ledger.Money, err error) { return m, row.Scan(&m.Currency, &m.Amount) })
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("adding up a client's account: %w", err)
	}
	return all, nil
}

// AddOrphans keeps money that belongs to no payment; what is kept already stays as it is.
func (s *Store) AddOrphans(ctx context.Context, t tenant.ID, connectionID string, all []payments.Orphan) error {
	if len(all) == 0 {
		return nil
	}
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		for _, o := range all {
			queueOrphan(b, t, connectionID, o)
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("keeping money of no payment: %w", err)
	}
	return nil
}

// Orphans returns money of no payment that nobody has dealt with, the newest first.
func (s *Store) Orphans(ctx context.Context, t tenant.ID) (all []payments.Orphan, err error) {
	const q = `
		SELECT o.connection_id, o.object_id, o.kind, o.amount, o.currency, o.why, COALESCE(o.payment_id, ''), o.found_at FROM payment_orphans o
		 WHERE o.tenant_id = $1 AND o.closed_at IS NULL ORDER BY o.found_at DESC, o.object_id LIMIT 200`
	b := &pgx.Batch{}
	b.Queue(q, t).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o payments.Orphan, err error) {
			return o, row.Scan(&o.ConnectionID, &o.ObjectID, &o.Kind, &o.Money.Amount, &o.Money.Currency, &o.Why, &o.PaymentID, (*moment)(&o.FoundAt))
		})
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing money of no payment: %w", err)
	}
	return all, nil
}

// CloseOrphan says that somebody dealt with one.
func (s *Store) CloseOrphan(ctx context.Context, t tenant.ID, o payments.Orphan, by string, now time.Time) error {
	const q = `
		UPDATE payment_orphans SET closed_at = @now, closed_by = @by
		 WHERE tenant_id = @tenant AND connection_id = @connection AND object_id = @object AND kind = @kind AND closed_at IS NULL`
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "connection": o.ConnectionID, "object": o.ObjectID, "kind": o.Kind, "by": by, "now": now})
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return payments.ErrNotFound
		}
		return s.changed(ctx, tx, t, Event{What: "orphan.closed", PaymentID: o.PaymentID, ConnectionID: o.ConnectionID})
	})
	if err != nil {
		return fmt.Errorf("closing money of no payment: %w", err)
	}
	return nil
}

// Captured returns the payments that arrived from one moment to another through a connection.
func (s *Store) Captured(ctx context.Context, t tenant.ID, connectionID string, from, to time.Time) (ids []string, err error) {
	const q = `
		SELECT p.id FROM payments p JOIN payment_attempts a ON a.tenant_id = p.tenant_id AND a.payment_id = p.id
		 WHERE p.tenant_id = $1 AND a.connection_id = $2 AND p.status = 'succeeded' AND p.kind <> 'manual' AND p.changed_at >= $3 AND p.changed_at < $4 ORDER BY p.id`
	b := &pgx.Batch{}
	b.Queue(q, t, connectionID, from, to).Query(func(rows pgx.Rows) (err error) {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing what was received: %w", err)
	}
	return ids, nil
}
