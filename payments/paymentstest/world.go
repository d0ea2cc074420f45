// Package paymentstest sets up tenants with a client each in a test's database, so that tests of billing begin where billing begins.
//
//	w := paymentstest.New(t, pgtest.Clone(t))
//	inv := w.Sent(t, 12000)
package paymentstest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Now is when every World's clock begins: noon in UTC.
var Now = time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)

// World is one tenant with one company, its payer, and the billing service on real Postgres.
type World struct {
	DB       pgtest.DB
	Tenant   *tenant.Tenant
	Company  string
	Contact  string
	Invoices *payments.Invoices
	Hooks    *paymentsdb.Hooks // may be changed before the first call
	clock    atomic.Int64
}

// New adds a tenant to db, which may have others. Its currency is USD, its zone UTC.
func New(t testing.TB, db pgtest.DB) *World {
	t.Helper()
	w := &World{DB: db, Hooks: &paymentsdb.Hooks{}}
	id := tenant.NewID("ten", time.Now())
	w.Tenant = &tenant.Tenant{ID: tenant.ID(id), Name: "Acme", TimeZone: time.UTC, Currency: "USD"}
	w.clock.Store(Now.UnixNano())
	hooks := paymentsdb.Hooks{
		OnSent: func(ctx context.Context, tx pgx.Tx, t tenant.ID, inv ledger.Invoice, contacts []string) error {
			if w.Hooks.OnSent == nil {
				return nil
			}
			return w.Hooks.OnSent(ctx, tx, t, inv, contacts)
		},
		OnChange: func(ctx context.Context, tx pgx.Tx, t tenant.ID, e paymentsdb.Event) error {
			if w.Hooks.OnChange == nil {
				return nil
			}
			return w.Hooks.OnChange(ctx, tx, t, e)
		},
	}
	w.Invoices = payments.NewInvoices(paymentsdb.New(db.App, hooks), w.Time)
	w.Exec(t, `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'Acme')`, id, fmt.Sprintf("tenant-%d", serial.Add(1)))
	w.Company = w.AddCompany(t)
	w.Contact = w.AddContact(t, w.Company, "payer")
	return w
}

// serial makes slugs differ.
var serial atomic.Int64

// Time is the world's clock.
func (w *World) Time() time.Time { return time.Unix(0, w.clock.Load()).UTC() }

// Advance moves the clock.
func (w *World) Advance(d time.Duration) { w.clock.Add(int64(d)) }

// Today is the tenant's day.
func (w *World) Today() ledger.Date { return ledger.DateIn(w.Time(), w.Tenant.TimeZone) }

// Exec runs a statement as the server's role for the tenant.
func (w *World) Exec(t testing.TB, q string, args ...any) {
	t.Helper()
	ctx := context.Background()
	err := rls.Tx(ctx, w.DB.App, w.Tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// Int returns the one number that a query answers for the tenant.
func (w *World) Int(t testing.TB, q string, args ...any) (n int64) {
	t.Helper()
	ctx := context.Background()
	err := rls.Tx(ctx, w.DB.App, w.Tenant.ID, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q, args...).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}

// AddCompany adds a client and returns its id.
func (w *World) AddCompany(t testing.TB) string {
	t.Helper()
	id := tenant.NewID("com", time.Now())
	w.Exec(t, `INSERT INTO companies (tenant_id, id, name, currency) VALUES ($1, $2, 'Borealis', 'USD')`, w.Tenant.ID, id)
	return id
}

// AddContact adds an active person of a client and returns its id.
func (w *World) AddContact(t testing.TB, company, role string) string {
	t.Helper()
	id := tenant.NewID("con", time.Now())
	w.Exec(t, `INSERT INTO contacts (tenant_id, id, company_id, name, email, role) VALUES ($1, $2, $3, 'Accounts payable', $2 || '@example.com', $4)`,
		w.Tenant.ID, id, company, role)
	return id
}

// Draft creates an invoice over total for the world's company, due in 30 days.
func (w *World) Draft(t testing.TB, total int64) ledger.Invoice {
	t.Helper()
	return w.DraftFor(t, w.Company, total)
}

// DraftFor is Draft for another company.
func (w *World) DraftFor(t testing.TB, company string, total int64) ledger.Invoice {
	t.Helper()
	inv, err := w.Invoices.CreateInvoice(context.Background(), w.Tenant, payments.NewInvoice{
		CompanyID: company, Lines: []payments.NewLine{{Description: "Work", UnitAmount: total}}})
	if err != nil {
		t.Fatalf("creating an invoice: %v", err)
	}
	return inv
}

// Sent is Draft, sent.
func (w *World) Sent(t testing.TB, total int64) ledger.Invoice {
	t.Helper()
	inv, err := w.Invoices.Send(context.Background(), w.Tenant, w.Draft(t, total).ID)
	if err != nil {
		t.Fatalf("sending an invoice: %v", err)
	}
	return inv
}

// Pay records a received payment of amount for one invoice.
func (w *World) Pay(t testing.TB, invoiceID string, amount int64) ledger.Payment {
	t.Helper()
	p, err := w.Invoices.RecordPayment(context.Background(), w.Tenant, Payment(invoiceID, amount))
	if err != nil {
		t.Fatalf("recording a payment: %v", err)
	}
	return p
}

// Payment is the input for a payment of one invoice.
func Payment(invoiceID string, amount int64) payments.NewPayment {
	return payments.NewPayment{Method: "Cheque 1042", Allocations: []ledger.Allocation{{InvoiceID: invoiceID, Amount: amount}}}
}
