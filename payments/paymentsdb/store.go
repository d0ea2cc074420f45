// Package paymentsdb keeps invoices, payments and the ledger in Postgres. It decides nothing: it locks rows, asks package payments, and writes
// the answer in one transaction, under row-level security. It refuses to change a ledger entry, and so does the schema.
//
//	store := paymentsdb.New(pool, paymentsdb.Hooks{OnSent: queueMail})
//	invoices := payments.NewInvoices(store, time.Now)
package paymentsdb

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Store implements payments.Store. It is safe for concurrent use.
type Store struct {
	pool  *pgxpool.Pool
	hooks Hooks
}

var _ payments.Store = (*Store)(nil)

// Hooks let other rooms write in the transaction of a change. An error undoes the change and is returned. A nil hook is skipped. They must
// not call over the network, and may be called again when a transaction is tried again.
type Hooks struct {
	// OnSent is called when a draft was sent, with the contacts who get the mail.
	OnSent func(ctx context.Context, tx pgx.Tx, t tenant.ID, inv ledger.Invoice, contactIDs []string) error
	// OnChange is called for every change, OnSent's too, for the audit log.
	OnChange func(ctx context.Context, tx pgx.Tx, t tenant.ID, e Event) error
	// OnNotice is called for what a payer must hear of by mail.
	OnNotice func(ctx context.Context, tx pgx.Tx, t tenant.ID, n payments.Notice) error
}

// Event says what was changed.
type Event struct {
	What      string // "invoice.created", "invoice.sent", "invoice.voided", "payment.succeeded", "payment.processing", "payment.failed"
	CompanyID string
	InvoiceID string // "" for a payment
	PaymentID string // "" for an invoice
	// ConnectionID is of a change to a connection, which is no client's.
	ConnectionID string
	MethodID     string // of a change to a saved method
}

// New returns a store on a pool of the server's role.
func New(pool *pgxpool.Pool, hooks Hooks) *Store { return &Store{pool, hooks} }

func (s *Store) changed(ctx context.Context, tx pgx.Tx, t tenant.ID, e Event) error {
	if s.hooks.OnChange == nil {
		return nil
	}
	return s.hooks.OnChange(ctx, tx, t, e)
}

// absent turns "no rows" into the room's word for it.
func absent(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return payments.ErrNotFound
	}
	return err
}

// null stores "" as NULL, for columns that refer to another row.
func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// stamp stores the zero time as NULL.
func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
