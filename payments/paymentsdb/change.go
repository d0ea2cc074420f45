package paymentsdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// ChangeInvoice locks an invoice, lets decide change its status, and writes the invoice, the ledger entries and the mail as one.
func (s *Store) ChangeInvoice(ctx context.Context, t tenant.ID, id string,
	decide func(inv *ledger.Invoice, recipients []string) (*payments.Change, error)) (ledger.Invoice, error) {
	var inv ledger.Invoice
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) (err error) {
		var recipients []string
		if inv, recipients, err = lockInvoice(ctx, tx, t, id); err != nil {
			return absent(err)
		}
		change, err := decide(&inv, recipients)
		if err != nil || change == nil {
			return err
		}
		inv.Version++
		return s.writeInvoice(ctx, tx, t, inv, change)
	})
	if err != nil {
		return ledger.Invoice{}, fmt.Errorf("changing invoice %s: %w", id, err)
	}
	return inv, nil
}

// lockInvoice reads an invoice with its lines under a row lock that others who change it wait for, and who its mail would go to. FOR NO KEY
// UPDATE lets rows that refer to it be written meanwhile.
func lockInvoice(ctx context.Context, tx pgx.Tx, t tenant.ID, id string) (inv ledger.Invoice, recipients []string, err error) {
	const who = `
		SELECT c.id
		  FROM contacts c
		  JOIN invoices i ON i.tenant_id = c.tenant_id AND i.company_id = c.company_id
		 WHERE c.tenant_id = $1 AND i.id = $2 AND c.status = 'active'
		   AND CASE WHEN i.contact_id IS NULL THEN c.role = 'payer' ELSE c.id = i.contact_id AND c.role <> 'signer' END
		 ORDER BY c.id`
	b := &pgx.Batch{}
	b.Queue(invoiceByID+` FOR NO KEY UPDATE`, t, id).Query(func(rows pgx.Rows) (err error) {
		inv, err = pgx.CollectExactlyOneRow(rows, ScanInvoice)
		return err
	})
	b.Queue(LinesOf, t, id).Query(func(rows pgx.Rows) (err error) {
		inv.Lines, err = pgx.CollectRows(rows, ScanLine)
		return err
	})
	b.Queue(who, t, id).Query(func(rows pgx.Rows) (err error) {
		recipients, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return inv, recipients, tx.SendBatch(ctx, b).Close()
}

func (s *Store) writeInvoice(ctx context.Context, tx pgx.Tx, t tenant.ID, inv ledger.Invoice, change *payments.Change) error {
	const q = `
		UPDATE invoices
		   SET status = @status, sent_at = @sent, voided_at = @voided, void_reason = @reason, version = @version, updated_at = app_now()
		 WHERE tenant_id = @tenant AND id = @id`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "id": inv.ID, "status": string(inv.Status), "sent": stamp(inv.SentAt),
		"voided": stamp(inv.VoidedAt), "reason": inv.VoidReason, "version": inv.Version})
	if err != nil {
		return err
	}
	if err := post(ctx, tx, t, change.Entries); err != nil {
		return err
	}
	if len(change.MailTo) > 0 && s.hooks.OnSent != nil {
		if err := s.hooks.OnSent(ctx, tx, t, inv, change.MailTo); err != nil {
			return err
		}
	}
	return s.changed(ctx, tx, t, Event{What: change.What, CompanyID: inv.CompanyID, InvoiceID: inv.ID})
}

// post appends entries to the ledger, in one round trip.
func post(ctx context.Context, tx pgx.Tx, t tenant.ID, entries []ledger.Entry) error {
	b := &pgx.Batch{}
	queueEntries(b, t, entries)
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("posting to the ledger: %w", err)
	}
	return nil
}
