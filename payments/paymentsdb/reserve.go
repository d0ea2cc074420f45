package paymentsdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// PayFacts reads what must be known before a processor's customer is made.
func (s *Store) PayFacts(ctx context.Context, t tenant.ID, q payments.PayQuery) (f payments.PayFacts, err error) {
	b := &pgx.Batch{}
	queueFacts(b, t, q, &f)
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return payments.PayFacts{}, fmt.Errorf("reading what a payment is decided on: %w", err)
	}
	return f, nil
}

// queueFacts reads everything but the invoices.
func queueFacts(b *pgx.Batch, t tenant.ID, q payments.PayQuery, f *payments.PayFacts) {
	const known = `SELECT p.id, COALESCE(p.request_hash, '') FROM payments p WHERE p.tenant_id = $1 AND p.key = $2`
	const connection = `SELECT ` + connectionColumns + ` FROM payment_connections WHERE tenant_id = $1 AND status <> 'disconnected' AND ($2 = '' OR id = $2)`
	const customer = `
		SELECT u.customer_id FROM processor_customers u
		  JOIN payment_connections c ON c.tenant_id = u.tenant_id AND c.id = u.connection_id
		 WHERE u.tenant_id = $1 AND u.company_id = $2 AND c.status <> 'disconnected'`
	const company = `SELECT c.name FROM companies c WHERE c.tenant_id = $1 AND c.id = $2`
	const contact = `SELECT c.name, c.email, c.role, c.status FROM contacts c WHERE c.tenant_id = $1 AND c.company_id = $2 AND c.id = $3`
	const method = `
		SELECT m.id, m.connection_id, m.processor_ref, m.kind, m.status, m.brand, m.last4 FROM payment_methods m
		 WHERE m.tenant_id = $1 AND m.company_id = $2 AND m.id = $3`
	b.Queue(known, t, null(q.Key)).Query(func(rows pgx.Rows) (err error) {
		f.Known, err = atMostOne(rows, func(row pgx.CollectableRow) (k payments.KnownPayment, err error) { return k, row.Scan(&k.ID, &k.Hash) })
		return err
	})
	b.Queue(connection, t, q.ConnectionID).Query(func(rows pgx.Rows) (err error) {
		f.Connection, err = atMostOne(rows, scanConnection)
		return err
	})
	b.Queue(customer, t, q.CompanyID).Query(func(rows pgx.Rows) error {
		one, err := atMostOne(rows, pgx.RowTo[string])
		if one != nil {
			f.CustomerID = *one
		}
		return err
	})
	b.Queue(company, t, q.CompanyID).Query(func(rows pgx.Rows) error {
		one, err := atMostOne(rows, pgx.RowTo[string])
		if one != nil {
			f.Company = *one
		}
		return err
	})
	b.Queue(contact, t, q.CompanyID, q.ContactID).Query(func(rows pgx.Rows) (err error) {
		f.Contact, err = atMostOne(rows, pgx.RowToStructByPos[payments.Payer])
		return err
	})
	b.Queue(method, t, q.CompanyID, q.MethodID).Query(func(rows pgx.Rows) (err error) {
		f.Method, err = atMostOne(rows, pgx.RowToStructByPos[payments.SavedMethod])
		return err
	})
	queueDeclines(b, t, q, f)
}

func atMostOne[T any](rows pgx.Rows, scan pgx.RowToFunc[T]) (*T, error) {
	all, err := pgx.CollectRows(rows, scan)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// declined holds for a payment p with an attempt a that says something of its card: a thief learns from it. What a person is at in this moment may become one.
const declined = `(p.status = 'failed' AND a.failure_kind NOT IN ('unavailable', 'try_later', 'duplicate', 'not_completed') OR payment_interactive(p.status))`

func queueDeclines(b *pgx.Batch, t tenant.ID, q payments.PayQuery, f *payments.PayFacts) {
	const session = `
		SELECT p.created_at FROM payment_attempts a JOIN payments p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id
		 WHERE a.tenant_id = @tenant AND a.session_id = @session AND a.created_at > @now::timestamptz - interval '1 hour' AND ` + declined + `
		 ORDER BY p.created_at DESC LIMIT @most`
	const invoices = `
		SELECT d.invoice_id, d.created_at FROM (
			SELECT al.invoice_id, p.created_at, row_number() OVER (PARTITION BY al.invoice_id ORDER BY p.created_at DESC) AS n
			  FROM payment_allocations al
			  JOIN payments p ON p.tenant_id = al.tenant_id AND p.id = al.payment_id
			  JOIN payment_attempts a ON a.tenant_id = p.tenant_id AND a.payment_id = p.id
			 WHERE al.tenant_id = @tenant AND al.invoice_id = ANY(@invoices) AND p.created_at > @now::timestamptz - interval '1 day' AND ` + declined + `
		) d WHERE d.n = @most ORDER BY d.invoice_id`
	b.Queue(session, pgx.NamedArgs{"tenant": t, "session": q.SessionID, "now": q.Now, "most": payments.SessionDeclines}).Query(func(rows pgx.Rows) (err error) {
		f.Declined, err = pgx.CollectRows(rows, rowToTime)
		return err
	})
	b.Queue(invoices, pgx.NamedArgs{"tenant": t, "invoices": q.InvoiceIDs, "now": q.Now, "most": payments.InvoiceDeclines}).Query(func(rows pgx.Rows) (err error) {
		f.DeclinedOn, err = pgx.CollectRows(rows, pgx.RowToStructByPos[payments.InvoiceStop])
		return err
	})
}

// KeepCustomer writes a client's id at a processor, and returns the one that is kept.
func (s *Store) KeepCustomer(ctx context.Context, t tenant.ID, connectionID, companyID, customerID string) (kept string, err error) {
	const q = `
		INSERT INTO processor_customers (tenant_id, connection_id, company_id, customer_id) VALUES (@tenant, @connection, @company, @customer)
		ON CONFLICT (tenant_id, connection_id, company_id) DO UPDATE SET customer_id = processor_customers.customer_id
		RETURNING customer_id`
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": t, "connection": connectionID, "company": companyID, "customer": customerID}).Scan(&kept)
	})
	if err != nil {
		return "", fmt.Errorf("keeping a client's name at a processor: %w", err)
	}
	return kept, nil
}

// Reserve locks the invoices, reads the facts, and writes the payments of the plan that decide makes: one round trip to read, one to write.
func (s *Store) Reserve(ctx context.Context, t tenant.ID, q payments.PayQuery, decide func(f payments.PayFacts) (*payments.Plan, error)) error {
	reserve := func(tx pgx.Tx) error {
		var f payments.PayFacts
		b := &pgx.Batch{}
		queueLocks(b, t, q, &f)
		queueFacts(b, t, q, &f)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		plan, err := decide(f)
		if err != nil || plan == nil {
			return err
		}
		return s.writePlan(ctx, tx, t, plan)
	}
	err := rls.Tx(ctx, s.pool, t, reserve)
	if rls.Violates(err, "payments_one_per_key") { // written a moment ago for other invoices: now it is known
		err = rls.Tx(ctx, s.pool, t, reserve)
	}
	if err != nil {
		return fmt.Errorf("reserving: %w", err)
	}
	return nil
}

// queueLocks takes a session's turn, the invoices in the order of their ids and the client's credit, in this order always, and reads who is at the
// invoices. After the locks, whoever asked under the same key for the same invoices is done.
func queueLocks(b *pgx.Batch, t tenant.ID, q payments.PayQuery, f *payments.PayFacts) {
	const session = `SELECT pg_advisory_xact_lock(hashtextextended('pay/' || $1 || '/' || $2, 0)) WHERE $2 <> ''`
	const lock = `SELECT ` + InvoiceColumns + ` FROM invoices i WHERE i.tenant_id = $1 AND i.id = ANY($2) ORDER BY i.id FOR NO KEY UPDATE`
	const company = `SELECT c.id FROM companies c WHERE c.tenant_id = $1 AND c.id = $2 FOR NO KEY UPDATE`
	const credit = `
		SELECT e.currency, (-sum(e.amount))::bigint FROM ledger_entries e
		 WHERE e.tenant_id = $1 AND e.company_id = $2 AND e.invoice_id IS NULL GROUP BY e.currency`
	b.Queue(session, string(t), q.SessionID)
	b.Queue(lock, t, q.InvoiceIDs).Query(func(rows pgx.Rows) (err error) {
		f.Invoices, err = pgx.CollectRows(rows, ScanInvoice)
		return err
	})
	b.Queue(company, t, q.CompanyID)
	f.Credit, f.Busy, f.PaidBy = map[ledger.Currency]int64{}, map[string]payments.Presence{}, map[string]ledger.Payment{}
	b.Queue(credit, t, q.CompanyID).Query(func(rows pgx.Rows) error {
		var currency ledger.Currency
		var has int64
		_, err := pgx.ForEachRow(rows, []any{&currency, &has}, func() error { f.Credit[currency] = has; return nil })
		return err
	})
	queuePresence(b, t, q.CompanyID, q.InvoiceIDs, func(p payments.Presence) { f.Busy[p.InvoiceID] = p })
	queuePaidBy(b, t, q.InvoiceIDs, f)
}

// queuePaidBy reads the last payment of each invoice that is received or under way.
func queuePaidBy(b *pgx.Batch, t tenant.ID, invoiceIDs []string, f *payments.PayFacts) {
	const q = `
		SELECT DISTINCT ON (al.invoice_id) al.invoice_id, p.id, COALESCE(c.name, ''), p.changed_at
		  FROM payment_allocations al
		  JOIN payments p ON p.tenant_id = al.tenant_id AND p.id = al.payment_id AND (p.status = 'succeeded' OR payment_live(p.status))
		  LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
		 WHERE al.tenant_id = $1 AND al.invoice_id = ANY($2)
		 ORDER BY al.invoice_id, p.changed_at DESC`
	b.Queue(q, t, invoiceIDs).Query(func(rows pgx.Rows) error {
		var invoice string
		var p ledger.Payment
		_, err := pgx.ForEachRow(rows, []any{&invoice, &p.ID, &p.PaidBy, (*moment)(&p.ChangedAt)}, func() error { f.PaidBy[invoice] = p; return nil })
		return err
	})
}

// writePlan writes the payments of a plan with their parts, entries, attempt and look, in one round trip before the hooks.
func (s *Store) writePlan(ctx context.Context, tx pgx.Tx, t tenant.ID, plan *payments.Plan) error {
	b := &pgx.Batch{}
	var events []Event
	if plan.Credit != nil {
		queueBooking(b, t, plan.Credit)
		events = append(events, Event{What: "payment.credit_used", CompanyID: plan.Credit.Payment.CompanyID, PaymentID: plan.Credit.Payment.ID})
	}
	if plan.Payment != nil {
		queueBooking(b, t, plan.Payment)
		queueAttempt(b, t, plan)
		events = append(events, Event{What: "payment." + plan.Payment.Payment.Status, CompanyID: plan.Payment.Payment.CompanyID, PaymentID: plan.Payment.Payment.ID})
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	for _, e := range events {
		if err := s.changed(ctx, tx, t, e); err != nil {
			return err
		}
	}
	return nil
}

func queueBooking(b *pgx.Batch, t tenant.ID, k *payments.Booking) {
	const payment = `
		INSERT INTO payments (tenant_id, id, company_id, contact_id, status, kind, amount, currency, received_on, key, request_hash, created_at, changed_at)
		VALUES (@tenant, @id, @company, @contact, @status, @kind, @amount, @currency, @received, @key, @hash, @created, @changed)`
	const part = `
		INSERT INTO payment_allocations (tenant_id, company_id, payment_id, invoice_id, amount)
		VALUES (@tenant, @company, @payment, @invoice, @amount)`
	p := k.Payment
	b.Queue(payment, pgx.NamedArgs{"tenant": t, "id": p.ID, "company": p.CompanyID, "contact": null(p.ContactID), "status": p.Status, "kind": p.Kind,
		"amount": p.Amount, "currency": p.Currency, "received": p.ReceivedOn.String(), "key": null(k.Key), "hash": k.Hash, "created": p.CreatedAt,
		"changed": p.ChangedAt})
	for _, a := range p.Allocations {
		b.Queue(part, pgx.NamedArgs{"tenant": t, "company": p.CompanyID, "payment": p.ID, "invoice": a.InvoiceID, "amount": a.Amount})
	}
	queueEntries(b, t, k.Entries)
}

func queueAttempt(b *pgx.Batch, t tenant.ID, plan *payments.Plan) {
	const attempt = `
		INSERT INTO payment_attempts (tenant_id, payment_id, connection_id, live, code, method_id, source, kind, customer_id, save_method, off_session,
		                              session_id, mandate, params, params_hash, brand, last4, ip, user_agent, created_at)
		VALUES (@tenant, @payment, @connection, @live, @code, @method, @source, @kind, @customer, @save, @off, @session, @mandate, @params, @hash, @brand, @last4, @ip,
		        @agent, @created)`
	// The night's comparison begins with the first payment of a connection.
	const night = `
		INSERT INTO payment_looks (tenant_id, kind, ref, due_at, since) VALUES ($1, 'connection', $2, $3, $4) ON CONFLICT DO NOTHING`
	a, f := plan.Attempt, plan.Frozen
	b.Queue(attempt, pgx.NamedArgs{"tenant": t, "payment": a.PaymentID, "connection": f.ConnectionID, "live": a.Live, "code": a.Code, "method": null(f.MethodID),
		"source": a.Source, "kind": a.Kind, "customer": a.CustomerID, "save": a.SaveMethod, "off": a.OffSession, "session": null(f.SessionID), "mandate": f.Mandate, "params": f.Params,
		"hash": f.Hash[:], "brand": f.Brand, "last4": f.Last4, "ip": address(a.PayerIP), "agent": a.PayerAgent, "created": a.CreatedAt})
	b.Queue(night, t, f.ConnectionID, a.CreatedAt.Add(12*time.Hour), a.CreatedAt)
	queueLook(b, t, payments.LookPayment, a.PaymentID, plan.Payment.Payment.Status, a.CreatedAt, plan.Look)
}

// SetObject writes the processor's id of an attempt, once.
func (s *Store) SetObject(ctx context.Context, t tenant.ID, paymentID, objectID string) error {
	const q = `
		UPDATE payment_attempts SET object_id = @object
		 WHERE tenant_id = @tenant AND payment_id = @payment AND object_id IN ('', @object)`
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "payment": paymentID, "object": objectID})
		if err == nil && tag.RowsAffected() != 1 {
			return errors.New("it has another object already")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping the object of payment %s: %w", paymentID, err)
	}
	return nil
}
