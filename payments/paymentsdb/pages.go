package paymentsdb

import (
	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// The queries in this file are for pages that read several things at once: each adds to a batch, and its result is there when the batch was read.
// An absent row is no error.

// QueuePayment reads a payment of a client, with its parts, refunds and disputes and without its action; *to stays nil when it is not the client's.
func QueuePayment(b *pgx.Batch, t tenant.ID, companyID, id string, to **payments.Payment) {
	const one = `SELECT ` + detailColumns + detailTables + ` WHERE p.tenant_id = $1 AND p.company_id = $2 AND p.id = $3`
	const parts = `
		SELECT a.invoice_id, a.amount, i.number FROM payment_allocations a
		  JOIN invoices i ON i.tenant_id = a.tenant_id AND i.id = a.invoice_id
		 WHERE a.tenant_id = $1 AND a.company_id = $2 AND a.payment_id = $3 ORDER BY a.invoice_id`
	f := &payments.File{}
	b.Queue(one, t, companyID, id).Query(func(rows pgx.Rows) error {
		found, err := atMostOne(rows, scanFile)
		if found != nil {
			*f, *to = *found, &f.Payment
		}
		return err
	})
	b.Queue(parts, t, companyID, id).Query(func(rows pgx.Rows) error {
		var part ledger.Allocation
		var number string
		_, err := pgx.ForEachRow(rows, []any{&part.InvoiceID, &part.Amount, &number}, func() error {
			f.Payment.Allocations, f.Payment.InvoiceNumbers = append(f.Payment.Allocations, part), append(f.Payment.InvoiceNumbers, number)
			return nil
		})
		return err
	})
	queueRefunds(b, t, id, f)
}

// QueueMethods reads a client's methods that are active or pending, the default first.
func QueueMethods(b *pgx.Batch, t tenant.ID, companyID string, to *[]payments.Method) {
	b.Queue(methodsOf+"m.is_default DESC, m.id", t, companyID).Query(func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, scanMethod)
		return err
	})
}

// QueueConnection reads the tenant's connection that is not disconnected, without its credentials; *to stays nil when there is none.
func QueueConnection(b *pgx.Batch, t tenant.ID, to **payments.Connection) {
	const q = `SELECT ` + connectionColumns + ` FROM payment_connections WHERE tenant_id = $1 AND status <> 'disconnected'`
	b.Queue(q, t).Query(func(rows pgx.Rows) (err error) {
		if *to, err = atMostOne(rows, scanConnection); *to != nil {
			(*to).Sealed = nil
		}
		return err
	})
}

// QueueCredit reads what stands to a client's credit, by currency.
func QueueCredit(b *pgx.Batch, t tenant.ID, companyID string, to *[]ledger.Money) {
	b.Queue(creditOf, t, companyID).Query(func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m ledger.Money, err error) { return m, row.Scan(&m.Currency, &m.Amount) })
		return err
	})
}

// QueuePresence reads who is paying a client's invoices, the longest first.
func QueuePresence(b *pgx.Batch, t tenant.ID, companyID string, to *[]payments.Presence) {
	queuePresence(b, t, companyID, nil, func(p payments.Presence) { *to = append(*to, p) })
}
