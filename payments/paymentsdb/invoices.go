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

// Company returns what billing must know of a client.
func (s *Store) Company(ctx context.Context, t tenant.ID, id string) (payments.Company, error) {
	const q = `SELECT c.id, c.currency, c.tax_exempt FROM companies c WHERE c.tenant_id = $1 AND c.id = $2`
	var c payments.Company
	b := &pgx.Batch{}
	b.Queue(q, t, id).QueryRow(func(row pgx.Row) error { return row.Scan(&c.ID, &c.Currency, &c.TaxExempt) })
	return c, absent(rls.Read(ctx, s.pool, t, b))
}

// Invoice returns an invoice with its lines.
func (s *Store) Invoice(ctx context.Context, t tenant.ID, id string) (ledger.Invoice, error) {
	var inv ledger.Invoice
	b := &pgx.Batch{}
	b.Queue(invoiceByID, t, id).Query(func(rows pgx.Rows) (err error) {
		inv, err = pgx.CollectExactlyOneRow(rows, ScanInvoice)
		return err
	})
	b.Queue(LinesOf, t, id).Query(func(rows pgx.Rows) (err error) {
		inv.Lines, err = pgx.CollectRows(rows, ScanLine)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return ledger.Invoice{}, fmt.Errorf("reading invoice %s: %w", id, absent(err))
	}
	return inv, nil
}

const invoiceByID = `SELECT ` + InvoiceColumns + ` FROM invoices i WHERE i.tenant_id = $1 AND i.id = $2`

// Invoices returns the newest invoices older than f.After, without lines.
func (s *Store) Invoices(ctx context.Context, t tenant.ID, f payments.InvoiceFilter, today ledger.Date) ([]ledger.Invoice, error) {
	// Only the conditions that are asked for are sent: with all of them in one statement, the planner could not use the index of any.
	q := `SELECT ` + InvoiceColumns + ` FROM invoices i WHERE i.tenant_id = @tenant`
	if f.CompanyID != "" {
		q += ` AND i.company_id = @company`
	}
	if f.After != "" {
		q += ` AND i.id < @after`
	}
	q += inState(f.State) + ` ORDER BY i.id DESC LIMIT @limit`
	args := pgx.NamedArgs{"tenant": t, "company": f.CompanyID, "after": f.After, "state": string(f.State), "today": today.String(), "limit": f.Limit}
	var found []ledger.Invoice
	b := &pgx.Batch{}
	b.Queue(q, args).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, ScanInvoice)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing invoices: %w", err)
	}
	return found, nil
}

// inState is the condition for ledger.Invoice.State on the day @today.
func inState(state ledger.State) string {
	switch state {
	case "":
		return ""
	case ledger.StateOverdue:
		return ` AND i.standing = 'due' AND i.due_date < @today`
	case ledger.StatePartiallyPaid:
		return ` AND i.standing = 'due' AND i.due_date >= @today AND i.settled > 0`
	case ledger.StateOpen:
		return ` AND i.standing = 'due' AND i.due_date >= @today AND i.settled = 0`
	}
	return ` AND i.standing = @state`
}

// numberTries is how often a fresh number is tried while others claim it by hand in the same moment.
const numberTries = 5

// CreateInvoice writes a draft with its lines.
func (s *Store) CreateInvoice(ctx context.Context, t tenant.ID, inv ledger.Invoice) (ledger.Invoice, error) {
	var err error
	for range numberTries {
		made := inv
		err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error { return s.insertInvoice(ctx, tx, t, &made) })
		switch {
		case err == nil:
			return s.Invoice(ctx, t, made.ID)
		case rls.Violates(err, "invoices_tenant_id_company_id_contact_id_fkey"):
			return ledger.Invoice{}, fmt.Errorf("contact %s: %w", inv.ContactID, payments.ErrNotFound)
		case rls.Violates(err, "invoices_tenant_id_company_id_fkey"):
			return ledger.Invoice{}, fmt.Errorf("company %s: %w", inv.CompanyID, payments.ErrNotFound)
		case !rls.Violates(err, "invoices_tenant_id_number_key"):
			return ledger.Invoice{}, fmt.Errorf("creating an invoice: %w", err)
		case inv.Number != "":
			return ledger.Invoice{}, payments.ErrNumberTaken
		}
	}
	return ledger.Invoice{}, fmt.Errorf("finding a free invoice number: %w", errors.Join(payments.ErrNumberTaken, err))
}

func (s *Store) insertInvoice(ctx context.Context, tx pgx.Tx, t tenant.ID, inv *ledger.Invoice) error {
	if inv.Number == "" {
		number, err := nextNumber(ctx, tx, t, inv.IssueDate.Year)
		if err != nil {
			return err
		}
		inv.Number = number
	}
	const q = `
		INSERT INTO invoices (tenant_id, id, company_id, contact_id, number, status, currency, issue_date, due_date, title, po_number, notes,
		                      subtotal, discount, document_discount, tax, total, version, created_at, updated_at)
		VALUES (@tenant, @id, @company, @contact, @number, 'draft', @currency, @issued, @due, @title, @po, @notes,
		        @subtotal, @discount, @document_discount, @tax, @total, 1, @at, @at)`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "id": inv.ID, "company": inv.CompanyID, "contact": null(inv.ContactID), "number": inv.Number,
		"currency": inv.Currency, "issued": inv.IssueDate.String(), "due": inv.DueDate.String(), "title": inv.Title, "po": inv.PONumber,
		"notes": inv.Notes, "subtotal": inv.Subtotal, "discount": inv.Discount, "document_discount": inv.DocumentDiscount, "tax": inv.Tax,
		"total": inv.Total, "at": inv.CreatedAt})
	if err != nil {
		return err
	}
	if err := insertLines(ctx, tx, t, inv); err != nil {
		return err
	}
	return s.changed(ctx, tx, t, Event{What: "invoice.created", CompanyID: inv.CompanyID, InvoiceID: inv.ID})
}

// nextNumber takes the next number of a year that nobody chose by hand. The counter's row stays locked until the transaction ends, so that
// numbers come without gaps as long as drafts are not refused.
func nextNumber(ctx context.Context, tx pgx.Tx, t tenant.ID, year int) (string, error) {
	const q = `
		INSERT INTO invoice_counters (tenant_id, year, last) VALUES ($1, $2, 1)
		ON CONFLICT (tenant_id, year) DO UPDATE SET last = invoice_counters.last + 1
		RETURNING last, EXISTS (SELECT FROM invoices i WHERE i.tenant_id = $1
		                           AND i.number = format('INV-%s-%s', $2::integer, lpad(invoice_counters.last::text, 6, '0')))`
	for {
		var last int64
		var chosen bool
		if err := tx.QueryRow(ctx, q, t, year).Scan(&last, &chosen); err != nil {
			return "", fmt.Errorf("taking an invoice number: %w", err)
		}
		if !chosen {
			return fmt.Sprintf("INV-%d-%06d", year, last), nil
		}
	}
}

// insertLines sends one statement a line, all in one round trip: COPY does not work under row-level security.
func insertLines(ctx context.Context, tx pgx.Tx, t tenant.ID, inv *ledger.Invoice) error {
	const q = `
		INSERT INTO invoice_lines (tenant_id, invoice_id, position, description, quantity, unit_amount, discount, tax_bps, amount, tax)
		VALUES (@tenant, @invoice, @position, @description, @quantity, @unit, @discount, @tax_bps, @amount, @tax)`
	b := &pgx.Batch{}
	for i, l := range inv.Lines {
		b.Queue(q, pgx.NamedArgs{"tenant": t, "invoice": inv.ID, "position": i + 1, "description": l.Description, "quantity": l.Quantity,
			"unit": l.UnitAmount, "discount": l.Discount, "tax_bps": l.TaxBPS, "amount": l.Amount, "tax": l.Tax})
	}
	return tx.SendBatch(ctx, b).Close()
}
