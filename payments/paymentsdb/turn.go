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

// Turn locks a payment and what hangs on it, lets decide judge, and writes what it made: one round trip to read, one to write. Rows are locked in the order
// payment, invoices by id, client.
func (s *Store) Turn(ctx context.Context, t tenant.ID, paymentID string, decide func(f *payments.File) (*payments.Turn, error)) error {
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		var f payments.File
		b := &pgx.Batch{}
		queueTurnLocks(b, t, paymentID)
		queueFile(b, t, paymentID, &f)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return absent(err)
		}
		from := f.Payment.Status
		turn, err := decide(&f)
		if err != nil || turn == nil {
			return err
		}
		return s.writeTurn(ctx, tx, t, from, turn)
	})
	switch {
	case rls.Violates(err, "payment_allocations_one_interactive"): // another is at the invoice meanwhile: this one waits
		return fmt.Errorf("turning payment %s: %w", paymentID, payments.ErrStale)
	case rls.Violates(err, "refunds_one_per_key"):
		return payments.ErrKeyReused
	case err != nil:
		return fmt.Errorf("turning payment %s: %w", paymentID, err)
	}
	return nil
}

func queueTurnLocks(b *pgx.Batch, t tenant.ID, id string) {
	const payment = `SELECT p.id FROM payments p WHERE p.tenant_id = $1 AND p.id = $2 FOR NO KEY UPDATE`
	const invoices = `
		SELECT i.id FROM invoices i
		 WHERE i.tenant_id = $1 AND i.id IN (SELECT a.invoice_id FROM payment_allocations a WHERE a.tenant_id = $1 AND a.payment_id = $2)
		 ORDER BY i.id FOR NO KEY UPDATE`
	const company = `
		SELECT c.id FROM companies c
		 WHERE c.tenant_id = $1 AND c.id = (SELECT p.company_id FROM payments p WHERE p.tenant_id = $1 AND p.id = $2 AND p.credited > 0) FOR NO KEY UPDATE`
	b.Queue(payment, t, id)
	b.Queue(invoices, t, id)
	b.Queue(company, t, id)
}

// writeTurn writes everything but what the hooks write. The status comes first: it releases what was reserved, so that the entries find room.
func (s *Store) writeTurn(ctx context.Context, tx pgx.Tx, t tenant.ID, from string, turn *payments.Turn) error {
	b := &pgx.Batch{}
	moved := false
	queuePaymentTurn(b, t, from, turn, &moved)
	queueAttemptTurn(b, t, turn)
	queueEntries(b, t, turn.Entries)
	for _, r := range turn.Refunds {
		queueRefund(b, t, r)
	}
	for _, d := range turn.Disputes {
		queueDispute(b, t, d)
	}
	queueLook(b, t, payments.LookPayment, turn.Payment.ID, turn.Payment.Status, turn.Payment.ChangedAt, turn.Look)
	for _, l := range turn.RefundLooks {
		queueLook(b, t, payments.LookRefund, turn.Payment.ID+" "+l.RefundID, l.Status, l.Since, l.Due)
	}
	if turn.Orphan != nil {
		queueOrphan(b, t, turn.Payment.ConnectionID, *turn.Orphan)
	}
	if turn.Method != nil {
		queueSavedMethod(b, t, turn)
	}
	if turn.Receipt {
		queueReceipt(b, t, turn.Payment.ID, turn.Payment.ChangedAt, turn.Payment.ReceivedOn)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if !moved {
		return payments.ErrStale
	}
	return s.tell(ctx, tx, t, turn)
}

// tell calls the hooks.
func (s *Store) tell(ctx context.Context, tx pgx.Tx, t tenant.ID, turn *payments.Turn) error {
	for _, what := range turn.Notes {
		if err := s.changed(ctx, tx, t, Event{What: what, CompanyID: turn.Payment.CompanyID, PaymentID: turn.Payment.ID}); err != nil {
			return err
		}
	}
	for _, n := range turn.Notices {
		if s.hooks.OnNotice != nil {
			if err := s.hooks.OnNotice(ctx, tx, t, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// queuePaymentTurn changes the payment's row, if it is in a status from which the new one may be reached.
func queuePaymentTurn(b *pgx.Batch, t tenant.ID, from string, turn *payments.Turn, moved *bool) {
	const q = `
		UPDATE payments
		   SET status = @status, kind = @kind, method = @method, reference = @reference, received_on = @received, refunded = @refunded, refunding = @refunding,
		       reversed = @reversed, credited = @credited, quarantine = @quarantine, changed_at = @changed
		 WHERE tenant_id = @tenant AND id = @id AND status = ANY(@from)`
	p, leading := turn.Payment, []string{from}
	if p.Status != from {
		leading = payments.Before(p.Status)
	}
	b.Queue(q, pgx.NamedArgs{"tenant": t, "id": p.ID, "status": p.Status, "kind": p.Kind, "method": p.Method, "reference": p.Reference,
		"received": p.ReceivedOn.String(), "refunded": p.Refunded, "refunding": p.Refunding, "reversed": p.Reversed, "credited": p.Credited,
		"quarantine": p.Quarantine, "changed": p.ChangedAt, "from": leading}).Query(func(rows pgx.Rows) error {
		rows.Close()
		*moved = rows.CommandTag().RowsAffected() == 1
		return rows.Err()
	})
}

func queueAttemptTurn(b *pgx.Batch, t tenant.ID, turn *payments.Turn) {
	const q = `
		UPDATE payment_attempts
		   SET object_id = @object, charge_id = @charge, brand = @brand, last4 = @last4, action = @action, failure_kind = @kind, failure_code = @code, looks = @looks,
		       unknown_since = @unknown, settles_on = @settles
		 WHERE tenant_id = @tenant AND payment_id = @payment`
	p := turn.Payment
	var settles *string
	if !p.SettlesOn.IsZero() {
		on := p.SettlesOn.String()
		settles = &on
	}
	b.Queue(q, pgx.NamedArgs{"tenant": t, "payment": p.ID, "object": p.ObjectID, "charge": p.ChargeID, "brand": p.Brand, "last4": p.Last4, "action": turn.Sealed,
		"kind": string(p.Failure.Kind), "code": p.Failure.Code, "looks": p.Looks, "unknown": stamp(p.UnknownSince), "settles": settles})
}

// queueEntries appends to the ledger. Unique indexes refuse to post an effect twice.
func queueEntries(b *pgx.Batch, t tenant.ID, entries []ledger.Entry) {
	const q = `
		INSERT INTO ledger_entries (tenant_id, id, company_id, invoice_id, payment_id, kind, amount, currency, effect, effective_on, created_at)
		VALUES (@tenant, @id, @company, @invoice, @payment, @kind, @amount, @currency, @effect, @day, app_now())`
	for _, e := range entries {
		b.Queue(q, pgx.NamedArgs{"tenant": t, "id": tenant.NewID("ent", time.Now()), "company": e.CompanyID, "invoice": null(e.InvoiceID),
			"payment": null(e.PaymentID), "kind": string(e.Kind), "amount": e.Amount, "currency": string(e.Currency), "effect": null(e.Effect),
			"day": e.EffectiveOn.String()})
	}
}

func queueRefund(b *pgx.Batch, t tenant.ID, r payments.Refund) {
	const q = `
		INSERT INTO refunds (tenant_id, id, payment_id, amount, status, reason, key, object_id, failure_code, reopen, outside, looks, created_at, changed_at)
		VALUES (@tenant, @id, @payment, @amount, @status, @reason, @key, @object, @code, @reopen, @outside, @looks, @created, @changed)
		ON CONFLICT (tenant_id, id) DO UPDATE SET status = EXCLUDED.status, object_id = EXCLUDED.object_id, failure_code = EXCLUDED.failure_code,
			looks = EXCLUDED.looks, changed_at = EXCLUDED.changed_at`
	b.Queue(q, pgx.NamedArgs{"tenant": t, "id": r.ID, "payment": r.PaymentID, "amount": r.Amount, "status": r.Status, "reason": r.Reason, "key": null(r.Key),
		"object": r.ObjectID, "code": r.FailureCode, "reopen": r.Reopen, "outside": r.Outside, "looks": r.Looks, "created": r.CreatedAt, "changed": r.ChangedAt})
}

func queueDispute(b *pgx.Batch, t tenant.ID, d payments.Dispute) {
	const q = `
		INSERT INTO disputes (tenant_id, id, payment_id, kind, object_id, amount, status, reason, opened_at, changed_at)
		VALUES (@tenant, @id, @payment, @kind, @object, @amount, @status, @reason, @opened, @changed)
		ON CONFLICT (tenant_id, id) DO UPDATE SET status = EXCLUDED.status, changed_at = EXCLUDED.changed_at`
	b.Queue(q, pgx.NamedArgs{"tenant": t, "id": d.ID, "payment": d.PaymentID, "kind": d.Kind, "object": d.ObjectID, "amount": d.Amount, "status": d.Status,
		"reason": d.Reason, "opened": d.OpenedAt, "changed": d.ChangedAt})
}

// queueLook says when something is looked at, or that it is not any more.
func queueLook(b *pgx.Batch, t tenant.ID, kind, ref, status string, since, due time.Time) {
	const set = `
		INSERT INTO payment_looks (tenant_id, kind, ref, due_at, status, since) VALUES (@tenant, @kind, @ref, @due, @status, @since)
		ON CONFLICT (tenant_id, kind, ref) DO UPDATE SET due_at = EXCLUDED.due_at, status = EXCLUDED.status, since = EXCLUDED.since, lease = payment_looks.lease + 1`
	const end = `DELETE FROM payment_looks WHERE tenant_id = @tenant AND kind = @kind AND ref = @ref`
	args := pgx.NamedArgs{"tenant": t, "kind": kind, "ref": ref, "due": due, "status": status, "since": since}
	if due.IsZero() {
		b.Queue(end, args)
		return
	}
	b.Queue(set, args)
}

func queueOrphan(b *pgx.Batch, t tenant.ID, connectionID string, o payments.Orphan) {
	const q = `
		INSERT INTO payment_orphans (tenant_id, connection_id, object_id, kind, amount, currency, why, payment_id, found_at)
		VALUES (@tenant, @connection, @object, @kind, @amount, @currency, @why, @payment, @found)
		ON CONFLICT DO NOTHING`
	b.Queue(q, pgx.NamedArgs{"tenant": t, "connection": connectionID, "object": o.ObjectID, "kind": o.Kind, "amount": o.Money.Amount,
		"currency": string(o.Money.Currency), "why": o.Why, "payment": null(o.PaymentID), "found": o.FoundAt})
}

// queueSavedMethod keeps the method that a payment was made with: the processor confirmed it by taking money with it. One that is kept already stays.
func queueSavedMethod(b *pgx.Batch, t tenant.ID, turn *payments.Turn) {
	const q = `
		INSERT INTO payment_methods (tenant_id, id, connection_id, company_id, added_by, processor_ref, kind, brand, last4, exp_month, exp_year, status, mandate, mandate_ip,
		                             mandate_agent, created_at, changed_at)
		SELECT @tenant, @id, a.connection_id, @company, @contact, @ref, @kind, @brand, @last4, @month, @year, 'active', a.mandate, a.ip, a.user_agent, @at, @at
		  FROM payment_attempts a WHERE a.tenant_id = @tenant AND a.payment_id = @payment
		ON CONFLICT DO NOTHING`
	p, m := turn.Payment, turn.Method
	positive := func(n int) *int {
		if n <= 0 {
			return nil
		}
		return &n
	}
	b.Queue(q, pgx.NamedArgs{"tenant": t, "id": tenant.NewID("pmt", p.ChangedAt), "company": p.CompanyID, "contact": null(p.ContactID), "ref": m.Ref, "kind": m.Kind,
		"brand": p.Brand, "last4": p.Last4, "month": positive(m.ExpMonth), "year": positive(m.ExpYear), "at": p.ChangedAt, "payment": p.ID})
}

// queueReceipt numbers a payment's receipt, once. The counter's row is the last lock of every transaction that takes it.
func queueReceipt(b *pgx.Batch, t tenant.ID, paymentID string, at time.Time, on ledger.Date) {
	const q = `
		WITH wanted AS (SELECT WHERE NOT EXISTS (SELECT FROM receipts r WHERE r.tenant_id = @tenant AND r.payment_id = @payment)),
		counted AS (
			INSERT INTO receipt_counters (tenant_id, year, last) SELECT @tenant, @year, 1 FROM wanted
			ON CONFLICT (tenant_id, year) DO UPDATE SET last = receipt_counters.last + 1 RETURNING last)
		INSERT INTO receipts (tenant_id, payment_id, number, issued_at)
		SELECT @tenant, @payment, format('REC-%s-%s', @year::integer, lpad(counted.last::text, 6, '0')), @at FROM counted`
	b.Queue(q, pgx.NamedArgs{"tenant": t, "payment": paymentID, "year": on.Year, "at": at})
}

// ClaimLook reports whether the processor may be asked of the payment now, and notes it.
func (s *Store) ClaimLook(ctx context.Context, t tenant.ID, paymentID string, now time.Time, least time.Duration) (claimed bool, err error) {
	const q = `
		UPDATE payment_attempts SET looked_at = @now
		 WHERE tenant_id = @tenant AND payment_id = @payment AND (looked_at IS NULL OR looked_at <= @before OR looked_at > @now)`
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "payment": paymentID, "now": now, "before": now.Add(-least)})
		claimed = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("claiming a look at payment %s: %w", paymentID, err)
	}
	return claimed, nil
}
