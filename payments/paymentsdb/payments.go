package paymentsdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Payments returns the payments that touch an invoice, oldest first.
func (s *Store) Payments(ctx context.Context, t tenant.ID, invoiceID string) ([]ledger.Payment, error) {
	var found []ledger.Payment
	b := &pgx.Batch{}
	b.Queue(PaymentsOf, t, invoiceID).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, ScanPayment)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing the payments of invoice %s: %w", invoiceID, err)
	}
	return found, nil
}

// Payment returns a payment with its allocations.
func (s *Store) Payment(ctx context.Context, t tenant.ID, id string) (ledger.Payment, error) {
	var p ledger.Payment
	b := &pgx.Batch{}
	queuePayment(b, t, id, "", &p)
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return ledger.Payment{}, fmt.Errorf("reading payment %s: %w", id, absent(err))
	}
	return p, nil
}

// queuePayment reads a payment with its allocations, by invoice id; lock is "" or the locking clause.
func queuePayment(b *pgx.Batch, t tenant.ID, id, lock string, p *ledger.Payment) {
	const one = `
		SELECT ` + paymentColumns + `
		  FROM payments p
		  LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
		 WHERE p.tenant_id = $1 AND p.id = $2 `
	const parts = `
		SELECT a.invoice_id, a.amount FROM payment_allocations a
		 WHERE a.tenant_id = $1 AND a.payment_id = $2
		 ORDER BY a.invoice_id`
	b.Queue(one+lock, t, id).Query(func(rows pgx.Rows) (err error) {
		*p, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (p ledger.Payment, err error) {
			return p, row.Scan(paymentFields(&p)...)
		})
		return err
	})
	b.Queue(parts, t, id).Query(func(rows pgx.Rows) (err error) {
		p.Allocations, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ledger.Allocation])
		return err
	})
}

// errKnown says that the key's payment exists; its id is told beside it.
var errKnown = errors.New("the key's payment is recorded already")

// AddPayment locks the invoices, lets decide judge them, and writes the payment, its allocations and its entries as one.
func (s *Store) AddPayment(ctx context.Context, t tenant.ID, p ledger.Payment, key string,
	decide func(p *ledger.Payment, invoices []ledger.Invoice) (*payments.Change, error)) (ledger.Payment, error) {
	id := p.ID
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		invoices, known, err := lockInvoices(ctx, tx, t, p.Allocations, key)
		if err != nil {
			return err
		}
		if known != "" {
			id = known
			return errKnown
		}
		change, err := decide(&p, invoices)
		if err != nil {
			return err
		}
		return s.insertPayment(ctx, tx, t, p, key, change)
	})
	switch {
	case err == nil, errors.Is(err, errKnown):
		return s.Payment(ctx, t, id)
	case rls.Violates(err, "payments_one_per_key"): // recorded a moment ago, for other invoices
		return ledger.Payment{}, payments.ErrKeyReused
	case rls.Violates(err, "payments_tenant_id_company_id_fkey"):
		return ledger.Payment{}, fmt.Errorf("company %s: %w", p.CompanyID, payments.ErrNotFound)
	case rls.Violates(err, "payments_tenant_id_company_id_contact_id_fkey"):
		return ledger.Payment{}, fmt.Errorf("contact %s: %w", p.ContactID, payments.ErrNotFound)
	}
	return ledger.Payment{}, fmt.Errorf("recording a payment: %w", err)
}

// lockInvoices reads invoices under their row locks, which are taken in the order of the ids so that two payments never wait for each other,
// and then looks for the key's payment. After the locks, whoever recorded it for the same invoices is done.
func lockInvoices(ctx context.Context, tx pgx.Tx, t tenant.ID, parts []ledger.Allocation, key string) (invoices []ledger.Invoice, known string, err error) {
	const lock = `
		SELECT ` + InvoiceColumns + ` FROM invoices i
		 WHERE i.tenant_id = $1 AND i.id = ANY($2)
		 ORDER BY i.id FOR NO KEY UPDATE`
	const byKey = `SELECT p.id FROM payments p WHERE p.tenant_id = $1 AND p.key = $2`
	ids := make([]string, len(parts))
	for i, part := range parts {
		ids[i] = part.InvoiceID
	}
	b := &pgx.Batch{}
	b.Queue(lock, t, ids).Query(func(rows pgx.Rows) (err error) {
		invoices, err = pgx.CollectRows(rows, ScanInvoice)
		return err
	})
	b.Queue(byKey, t, null(key)).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if len(found) > 0 {
			known = found[0]
		}
		return err
	})
	return invoices, known, tx.SendBatch(ctx, b).Close()
}

func (s *Store) insertPayment(ctx context.Context, tx pgx.Tx, t tenant.ID, p ledger.Payment, key string, change *payments.Change) error {
	const payment = `
		INSERT INTO payments (tenant_id, id, company_id, contact_id, status, kind, amount, currency, method, reference, received_on, key, created_at,
		                      changed_at)
		VALUES (@tenant, @id, @company, @contact, @status, @kind, @amount, @currency, @method, @reference, @received, @key, @created, @changed)`
	const part = `
		INSERT INTO payment_allocations (tenant_id, company_id, payment_id, invoice_id, amount)
		VALUES (@tenant, @company, @payment, @invoice, @amount)`
	b := &pgx.Batch{}
	b.Queue(payment, pgx.NamedArgs{"tenant": t, "id": p.ID, "company": p.CompanyID, "contact": null(p.ContactID), "status": p.Status, "kind": p.Kind,
		"amount": p.Amount, "currency": p.Currency, "method": p.Method, "reference": p.Reference, "received": p.ReceivedOn.String(), "key": null(key),
		"created": p.CreatedAt, "changed": p.ChangedAt})
	for _, a := range p.Allocations {
		b.Queue(part, pgx.NamedArgs{"tenant": t, "company": p.CompanyID, "payment": p.ID, "invoice": a.InvoiceID, "amount": a.Amount})
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	return s.finish(ctx, tx, t, p, change)
}

// finish posts a payment's entries and tells of it.
func (s *Store) finish(ctx context.Context, tx pgx.Tx, t tenant.ID, p ledger.Payment, change *payments.Change) error {
	const credited = `
		UPDATE payments p SET credited = (SELECT COALESCE(-sum(e.amount), 0) FROM ledger_entries e
			WHERE e.tenant_id = $1 AND e.payment_id = $2 AND e.kind = 'credit_given')
		 WHERE p.tenant_id = $1 AND p.id = $2`
	b := &pgx.Batch{}
	queueEntries(b, t, change.Entries)
	if p.Status == payments.Succeeded {
		b.Queue(credited, t, p.ID)
		queueReceipt(b, t, p.ID, p.ChangedAt, postedOn(p, change.Entries))
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("posting to the ledger: %w", err)
	}
	return s.changed(ctx, tx, t, Event{What: change.What, CompanyID: p.CompanyID, PaymentID: p.ID})
}

// postedOn is the tenant's day on which a payment was posted.
func postedOn(p ledger.Payment, entries []ledger.Entry) ledger.Date {
	if len(entries) == 0 {
		return p.ReceivedOn
	}
	return entries[0].EffectiveOn
}

// ChangePayment locks a payment and then its invoices in the order of their ids, and writes the outcome that decide gives it.
func (s *Store) ChangePayment(ctx context.Context, t tenant.ID, id string,
	decide func(p *ledger.Payment) (*payments.Change, error)) (ledger.Payment, error) {
	var p ledger.Payment
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		if err := lockPayment(ctx, tx, t, id, &p); err != nil {
			return absent(err)
		}
		change, err := decide(&p)
		if err != nil || change == nil {
			return err
		}
		// The status first: it releases what was reserved, so that the entry finds room on the invoice.
		const q = `UPDATE payments SET status = @status, changed_at = @at WHERE tenant_id = @tenant AND id = @id`
		if _, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "id": id, "status": p.Status, "at": p.ChangedAt}); err != nil {
			return err
		}
		return s.finish(ctx, tx, t, p, change)
	})
	if err != nil {
		return ledger.Payment{}, fmt.Errorf("changing payment %s: %w", id, err)
	}
	return p, nil
}

func lockPayment(ctx context.Context, tx pgx.Tx, t tenant.ID, id string, p *ledger.Payment) error {
	const invoices = `
		SELECT i.id FROM invoices i
		 WHERE i.tenant_id = $1 AND i.id IN (SELECT a.invoice_id FROM payment_allocations a WHERE a.tenant_id = $1 AND a.payment_id = $2)
		 ORDER BY i.id FOR NO KEY UPDATE`
	const tried = `SELECT EXISTS (SELECT FROM payment_attempts a WHERE a.tenant_id = $1 AND a.payment_id = $2)`
	b := &pgx.Batch{}
	byProcessor := false
	queuePayment(b, t, id, "FOR NO KEY UPDATE OF p", p)
	b.Queue(invoices, t, id)
	b.Queue(tried, t, id).QueryRow(func(row pgx.Row) error { return row.Scan(&byProcessor) })
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if byProcessor { // what became of it is for the processor to say
		return payments.ErrNotProcessing
	}
	return nil
}
