package paymentsdb

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

var _ payments.PayStore = (*Store)(nil)

// detailColumns are what detailFields takes, of detailTables.
const detailColumns = paymentColumns + `, p.refunded, p.refunding, p.reversed, p.credited, p.quarantine,
	COALESCE(cn.processor, ''), COALESCE(cn.live, false), COALESCE(cn.account_id, ''), COALESCE(a.connection_id, ''), COALESCE(a.object_id, ''),
	COALESCE(a.charge_id, ''), COALESCE(a.brand, ''), COALESCE(a.last4, ''), COALESCE(a.method_id, ''), COALESCE(a.failure_kind, ''),
	COALESCE(a.failure_code, ''), a.settles_on, a.unknown_since, COALESCE(a.looks, 0), l.due_at, COALESCE(r.number, ''), r.issued_at,
	COALESCE(a.params, ''), a.params_hash, a.action, t.time_zone`

const detailTables = `
	  FROM payments p
	  JOIN tenants t ON t.id = p.tenant_id
	  LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
	  LEFT JOIN payment_attempts a ON a.tenant_id = p.tenant_id AND a.payment_id = p.id
	  LEFT JOIN payment_connections cn ON cn.tenant_id = a.tenant_id AND cn.id = a.connection_id
	  LEFT JOIN payment_looks l ON l.tenant_id = p.tenant_id AND l.kind = 'payment' AND l.ref = p.id
	  LEFT JOIN receipts r ON r.tenant_id = p.tenant_id AND r.payment_id = p.id`

func scanFile(row pgx.CollectableRow) (f payments.File, err error) {
	p, zone := &f.Payment, ""
	to := append(paymentFields(&p.Payment), &p.Refunded, &p.Refunding, &p.Reversed, &p.Credited, &p.Quarantine, &p.Processor, &p.Live, &f.Account,
		&p.ConnectionID, &p.ObjectID, &p.ChargeID, &p.Brand, &p.Last4, &p.MethodID, &p.Failure.Kind, &p.Failure.Code, (*day)(&p.SettlesOn),
		(*moment)(&p.UnknownSince), &p.Looks, (*moment)(&p.NextLook), &p.Receipt, (*moment)(&p.ReceiptAt), &f.Params, &f.Hash, &f.Sealed, &zone)
	if err := row.Scan(to...); err != nil {
		return f, err
	}
	if f.Params != "" {
		if f.Attempt, err = payments.Thaw(f.Params, f.Hash, p.ObjectID); err != nil {
			return f, fmt.Errorf("payment %s: %w", p.ID, err)
		}
	}
	if f.Zone, err = tenant.LoadZone(zone); err != nil {
		return f, fmt.Errorf("payment %s: %w", p.ID, err)
	}
	return f, nil
}

// File reads a payment with everything that is decided on.
func (s *Store) File(ctx context.Context, t tenant.ID, paymentID string) (f payments.File, err error) {
	b := &pgx.Batch{}
	queueFile(b, t, paymentID, &f)
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return payments.File{}, fmt.Errorf("reading payment %s: %w", paymentID, absent(err))
	}
	return f, nil
}

// queueFile reads a payment, its parts, and what the ledger has of it. The locks, if any, were taken by statements before: a statement that waits for a lock
// would read the tables that it joins as they were before it waited.
func queueFile(b *pgx.Batch, t tenant.ID, id string, f *payments.File) {
	const one = `SELECT ` + detailColumns + detailTables + ` WHERE p.tenant_id = $1 AND p.id = $2`
	const parts = `
		SELECT a.invoice_id, a.amount, i.number FROM payment_allocations a
		  JOIN invoices i ON i.tenant_id = a.tenant_id AND i.id = a.invoice_id
		 WHERE a.tenant_id = $1 AND a.payment_id = $2 ORDER BY a.invoice_id`
	const invoices = `
		SELECT ` + InvoiceColumns + ` FROM payment_allocations a
		  JOIN invoices i ON i.tenant_id = a.tenant_id AND i.id = a.invoice_id
		 WHERE a.tenant_id = $1 AND a.payment_id = $2 ORDER BY i.id`
	const entries = `
		SELECT COALESCE(e.invoice_id, ''), e.kind, e.amount, e.currency, COALESCE(e.effect, '') FROM ledger_entries e
		 WHERE e.tenant_id = $1 AND e.payment_id = $2 ORDER BY e.id`
	b.Queue(one, t, id).Query(func(rows pgx.Rows) (err error) {
		*f, err = pgx.CollectExactlyOneRow(rows, scanFile)
		return err
	})
	b.Queue(parts, t, id).Query(func(rows pgx.Rows) error {
		var part ledger.Allocation
		var number string
		_, err := pgx.ForEachRow(rows, []any{&part.InvoiceID, &part.Amount, &number}, func() error {
			f.Payment.Allocations, f.Payment.InvoiceNumbers = append(f.Payment.Allocations, part), append(f.Payment.InvoiceNumbers, number)
			return nil
		})
		return err
	})
	b.Queue(invoices, t, id).Query(func(rows pgx.Rows) (err error) {
		f.Invoices, err = pgx.CollectRows(rows, ScanInvoice)
		return err
	})
	b.Queue(entries, t, id).Query(func(rows pgx.Rows) (err error) {
		f.Entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e ledger.Entry, err error) {
			e.PaymentID = id
			return e, row.Scan(&e.InvoiceID, &e.Kind, &e.Amount, &e.Currency, &e.Effect)
		})
		return err
	})
	queueRefunds(b, t, id, f)
}

func queueRefunds(b *pgx.Batch, t tenant.ID, id string, f *payments.File) {
	const refunds = `
		SELECT r.id, r.payment_id, r.amount, p.currency, r.status, r.reason, r.reopen, r.outside, COALESCE(r.key, ''), r.object_id, r.failure_code, r.looks,
		       r.created_at, r.changed_at
		  FROM refunds r JOIN payments p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id
		 WHERE r.tenant_id = $1 AND r.payment_id = $2 ORDER BY r.id`
	const disputes = `
		SELECT d.id, d.payment_id, d.kind, d.object_id, d.amount, p.currency, d.status, d.reason, d.opened_at, d.changed_at
		  FROM disputes d JOIN payments p ON p.tenant_id = d.tenant_id AND p.id = d.payment_id
		 WHERE d.tenant_id = $1 AND d.payment_id = $2 ORDER BY d.opened_at, d.id`
	const credit = `
		SELECT COALESCE(-sum(e.amount), 0)::bigint FROM ledger_entries e JOIN payments p ON p.tenant_id = e.tenant_id AND p.company_id = e.company_id
		 WHERE p.tenant_id = $1 AND p.id = $2 AND p.credited > 0 AND e.currency = p.currency AND e.invoice_id IS NULL`
	b.Queue(refunds, t, id).Query(func(rows pgx.Rows) (err error) {
		f.Payment.Refunds, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r payments.Refund, err error) {
			return r, row.Scan(&r.ID, &r.PaymentID, &r.Amount, &r.Currency, &r.Status, &r.Reason, &r.Reopen, &r.Outside, &r.Key, &r.ObjectID, &r.FailureCode,
				&r.Looks, (*moment)(&r.CreatedAt), (*moment)(&r.ChangedAt))
		})
		return err
	})
	b.Queue(disputes, t, id).Query(func(rows pgx.Rows) (err error) {
		f.Payment.Disputes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d payments.Dispute, err error) {
			return d, row.Scan(&d.ID, &d.PaymentID, &d.Kind, &d.ObjectID, &d.Amount, &d.Currency, &d.Status, &d.Reason, (*moment)(&d.OpenedAt),
				(*moment)(&d.ChangedAt))
		})
		return err
	})
	b.Queue(credit, t, id).QueryRow(func(row pgx.Row) error { return row.Scan(&f.Credit) })
}

// Zone returns the tenant's time zone.
func (s *Store) Zone(ctx context.Context, t tenant.ID) (*time.Location, error) {
	const q = `SELECT t.time_zone FROM tenants t WHERE t.id = $1`
	name := ""
	b := &pgx.Batch{}
	b.Queue(q, t).QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("reading the tenant's zone: %w", absent(err))
	}
	return tenant.LoadZone(name)
}

// address is an IP address for an inet column; what is none is NULL.
func address(ip string) *netip.Addr {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return nil
	}
	return &a
}
