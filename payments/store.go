package payments

import (
	"context"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Store keeps invoices, payments and the ledger. Every method sees one tenant's rows only; what is not there is ErrNotFound. All are safe
// for concurrent use, and each is one transaction: it happens as a whole or not at all. A decide function is called with the rows locked, at
// most once, must not block, and its error is returned as it is.
type Store interface {
	// Company returns what billing must know of a client.
	Company(ctx context.Context, t tenant.ID, id string) (Company, error)
	// CreateInvoice writes a draft with its lines. Without a Number it takes the next of the issue date's year. ErrNumberTaken; ErrNotFound
	// when the contact is not the company's.
	CreateInvoice(ctx context.Context, t tenant.ID, inv ledger.Invoice) (ledger.Invoice, error)
	// Invoice returns an invoice with its lines.
	Invoice(ctx context.Context, t tenant.ID, id string) (ledger.Invoice, error)
	// Invoices returns the newest invoices older than f.After, without lines.
	Invoices(ctx context.Context, t tenant.ID, f InvoiceFilter, today ledger.Date) ([]ledger.Invoice, error)
	// Payments returns the payments that touch an invoice, oldest first.
	Payments(ctx context.Context, t tenant.ID, invoiceID string) ([]ledger.Payment, error)
	// Payment returns a payment with its allocations.
	Payment(ctx context.Context, t tenant.ID, id string) (ledger.Payment, error)

	// ChangeInvoice locks an invoice and writes what decide makes of its status, and of the change. A nil change writes nothing. recipients
	// are the contacts that its mail would go to: the one it is addressed to, or else every payer, if they are active.
	ChangeInvoice(ctx context.Context, t tenant.ID, id string,
		decide func(inv *ledger.Invoice, recipients []string) (*Change, error)) (ledger.Invoice, error)
	// AddPayment locks the invoices of p's allocations in the order of their ids, and writes p and the change that decide makes. A key that
	// was used before makes it return that payment, and decide is not called.
	AddPayment(ctx context.Context, t tenant.ID, p ledger.Payment, key string,
		decide func(p *ledger.Payment, invoices []ledger.Invoice) (*Change, error)) (ledger.Payment, error)
	// ChangePayment locks a payment and its invoices and writes the status that decide gives it, and the change. A nil change writes nothing.
	ChangePayment(ctx context.Context, t tenant.ID, id string, decide func(p *ledger.Payment) (*Change, error)) (ledger.Payment, error)
}

// Company is what billing must know of a client.
type Company struct {
	ID        string
	Currency  ledger.Currency
	TaxExempt bool
}

// Change is what is written beside the row that was decided on.
type Change struct {
	What    string // for the audit log: "invoice.sent", "invoice.voided", "payment.recorded", …
	Entries []ledger.Entry
	MailTo  []string // contacts who get the invoice by mail
}

// InvoiceFilter asks for one page of a tenant's invoices, the newest first.
type InvoiceFilter struct {
	CompanyID string       // "": of every client
	State     ledger.State // "": in every state
	After     string       // InvoicePage.Next of the page before; "" for the first
	Limit     int          // 1 to 200; 0 means 50
}

// InvoicePage is one page of a list.
type InvoicePage struct {
	Invoices []ledger.Invoice // without lines
	Next     string           // cursor of the next page, "" at the end
}
