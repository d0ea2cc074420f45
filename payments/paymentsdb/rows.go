package paymentsdb

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tollhouse/payments/ledger"
)

// InvoiceColumns are what ScanInvoice reads, of a row i of invoices.
const InvoiceColumns = `i.id, i.company_id, COALESCE(i.contact_id, ''), i.number, i.status, i.currency, i.issue_date, i.due_date, i.title,
	i.po_number, i.notes, i.subtotal, i.discount, i.document_discount, i.tax, i.total, i.settled, i.in_flight, i.version, i.created_at, i.sent_at,
	i.viewed_at, i.voided_at, i.void_reason`

// ScanInvoice reads an invoice without its lines.
func ScanInvoice(row pgx.CollectableRow) (ledger.Invoice, error) {
	var inv ledger.Invoice
	err := row.Scan(&inv.ID, &inv.CompanyID, &inv.ContactID, &inv.Number, &inv.Status, &inv.Currency, (*day)(&inv.IssueDate), (*day)(&inv.DueDate),
		&inv.Title, &inv.PONumber, &inv.Notes, &inv.Subtotal, &inv.Discount, &inv.DocumentDiscount, &inv.Tax, &inv.Total, &inv.Settled, &inv.InFlight,
		&inv.Version, (*moment)(&inv.CreatedAt), (*moment)(&inv.SentAt), (*moment)(&inv.ViewedAt), (*moment)(&inv.VoidedAt), &inv.VoidReason)
	return inv, err
}

// ListedColumns are what ScanListed reads, of a row i of invoices: what a line of a list shows, without the texts and times that only the
// invoice's own page does.
const ListedColumns = `i.id, i.company_id, i.number, i.status, i.currency, i.issue_date, i.due_date, i.title, i.total, i.settled, i.in_flight`

// ScanListed reads an invoice as far as a list shows it; the other fields are zero. A list costs half of what ScanInvoice makes of it.
func ScanListed(row pgx.CollectableRow) (ledger.Invoice, error) {
	var inv ledger.Invoice
	err := row.Scan(&inv.ID, &inv.CompanyID, &inv.Number, &inv.Status, &inv.Currency, (*day)(&inv.IssueDate), (*day)(&inv.DueDate), &inv.Title,
		&inv.Total, &inv.Settled, &inv.InFlight)
	return inv, err
}

// LinesOf asks for the lines of invoice $2 of tenant $1, for ScanLine.
const LinesOf = `
	SELECT l.description, l.quantity, l.unit_amount, l.discount, l.tax_bps, l.amount, l.tax
	  FROM invoice_lines l
	 WHERE l.tenant_id = $1 AND l.invoice_id = $2
	 ORDER BY l.position`

// ScanLine reads one line.
func ScanLine(row pgx.CollectableRow) (ledger.Line, error) {
	var l ledger.Line
	err := row.Scan(&l.Description, &l.Quantity, &l.UnitAmount, &l.Discount, &l.TaxBPS, &l.Amount, &l.Tax)
	return l, err
}

// PaymentsOf asks for the payments that touch invoice $2 of tenant $1, oldest first, for ScanPayment.
const PaymentsOf = `
	SELECT ` + paymentColumns + `, a.amount
	  FROM payment_allocations a
	  JOIN payments p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id
	  LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
	 WHERE a.tenant_id = $1 AND a.invoice_id = $2
	 ORDER BY p.received_on, p.id`

const paymentColumns = `p.id, p.company_id, COALESCE(p.contact_id, ''), p.status, p.kind, p.amount, p.currency, p.method, p.reference,
	COALESCE(c.name, ''), p.received_on, p.created_at, p.changed_at`

// ScanPayment reads a payment with the part of it that went to the invoice it was asked for.
func ScanPayment(row pgx.CollectableRow) (ledger.Payment, error) {
	var p ledger.Payment
	err := row.Scan(append(paymentFields(&p), &p.Applied)...)
	return p, err
}

// paymentFields are the places of paymentColumns.
func paymentFields(p *ledger.Payment) []any {
	return []any{&p.ID, &p.CompanyID, &p.ContactID, &p.Status, &p.Kind, &p.Amount, &p.Currency, &p.Method, &p.Reference, &p.PaidBy,
		(*day)(&p.ReceivedOn), (*moment)(&p.CreatedAt), (*moment)(&p.ChangedAt)}
}

// day reads a date column.
type day ledger.Date

// ScanDate takes a date; NULL is the zero day.
func (d *day) ScanDate(v pgtype.Date) error {
	*d = day{}
	if v.Valid {
		*d = day(ledger.DateIn(v.Time, time.UTC))
	}
	return nil
}

// moment reads a timestamptz column, in UTC.
type moment time.Time

// ScanTimestamptz takes a time; NULL is the zero time.
func (m *moment) ScanTimestamptz(v pgtype.Timestamptz) error {
	*m = moment{}
	if v.Valid {
		*m = moment(v.Time.UTC())
	}
	return nil
}
