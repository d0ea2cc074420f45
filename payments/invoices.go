package payments

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// defaultTerms is how many days after its issue an invoice is due when nobody says otherwise.
const defaultTerms = 30

// Invoices creates, sends, voids and settles invoices. It is safe for concurrent use, also by many processes on one store.
type Invoices struct {
	store Store
	now   func() time.Time
}

// NewInvoices returns the service over a store and a clock. Times are kept as precisely as the store can: in microseconds.
func NewInvoices(store Store, now func() time.Time) *Invoices {
	return &Invoices{store, func() time.Time { return now().UTC().Truncate(time.Microsecond) }}
}

// NewInvoice is what an invoice is made from.
type NewInvoice struct {
	CompanyID        string
	ContactID        string          // to whom it is addressed; "" for every payer of the company
	Number           string          // "": the next of the tenant's own series, like INV-2026-000042
	Currency         ledger.Currency // "": the company's
	IssueDate        ledger.Date     // zero: today in the tenant's zone
	DueDate          ledger.Date     // zero: 30 days after the issue date
	Title            string          // up to 200 characters
	PONumber         string          // up to 60 characters
	Notes            string          // up to 4,000 characters, may have several lines
	Lines            []NewLine       // 1 to 500
	DocumentDiscount int64           // minor units; cut to what there is to discount
}

// NewLine is one position of a new invoice.
type NewLine struct {
	Description string // 1 to 2,000 characters
	Quantity    int64  // ten-thousandths; 0 means one unit
	UnitAmount  int64
	Discount    int64
	TaxBPS      int32 // ignored for a company that is tax-exempt
}

// CreateInvoice writes a draft. A company or contact of another tenant is ErrNotFound; wrong values are a *ValidationError.
func (s *Invoices) CreateInvoice(ctx context.Context, t *tenant.Tenant, in NewInvoice) (ledger.Invoice, error) {
	in = s.withDates(t, in)
	if err := in.check(); err != nil {
		return ledger.Invoice{}, err
	}
	if !tenant.ValidID("com", in.CompanyID) || in.ContactID != "" && !tenant.ValidID("con", in.ContactID) {
		return ledger.Invoice{}, fmt.Errorf("company or contact: %w", ErrNotFound)
	}
	company, err := s.store.Company(ctx, t.ID, in.CompanyID)
	if err != nil {
		return ledger.Invoice{}, fmt.Errorf("company %s: %w", in.CompanyID, err)
	}
	inv, err := in.invoice(company)
	if err != nil {
		return ledger.Invoice{}, err
	}
	inv.CreatedAt = s.now()
	inv.ID = tenant.NewID("inv", inv.CreatedAt)
	return s.store.CreateInvoice(ctx, t.ID, inv)
}

// withDates fills the dates that were left out.
func (s *Invoices) withDates(t *tenant.Tenant, in NewInvoice) NewInvoice {
	if in.IssueDate.IsZero() {
		in.IssueDate = s.today(t)
	}
	if in.DueDate.IsZero() {
		in.DueDate = in.IssueDate.AddDays(defaultTerms)
	}
	return in
}

func (s *Invoices) today(t *tenant.Tenant) ledger.Date { return ledger.DateIn(s.now(), t.TimeZone) }

// Invoice returns an invoice with its lines, or ErrNotFound.
func (s *Invoices) Invoice(ctx context.Context, t *tenant.Tenant, id string) (ledger.Invoice, error) {
	if !tenant.ValidID("inv", id) {
		return ledger.Invoice{}, ErrNotFound
	}
	return s.store.Invoice(ctx, t.ID, id)
}

// Payments returns the payments that touch an invoice, oldest first, each with what went to it; none for an unknown invoice.
func (s *Invoices) Payments(ctx context.Context, t *tenant.Tenant, invoiceID string) ([]ledger.Payment, error) {
	if !tenant.ValidID("inv", invoiceID) {
		return nil, nil
	}
	return s.store.Payments(ctx, t.ID, invoiceID)
}

// List returns one page of invoices. A cursor that no list gave is ErrBadCursor.
func (s *Invoices) List(ctx context.Context, t *tenant.Tenant, f InvoiceFilter) (InvoicePage, error) {
	if f.After != "" && !tenant.ValidID("inv", f.After) {
		return InvoicePage{}, ErrBadCursor
	}
	if f.CompanyID != "" && !tenant.ValidID("com", f.CompanyID) {
		return InvoicePage{}, nil
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	limit := min(max(f.Limit, 1), 200)
	f.Limit = limit + 1 // one more shows whether there is a next page
	found, err := s.store.Invoices(ctx, t.ID, f, s.today(t))
	if err != nil || len(found) <= limit {
		return InvoicePage{Invoices: found}, err
	}
	return InvoicePage{Invoices: found[:limit], Next: found[limit-1].ID}, nil
}

// Send makes a draft due: it posts its total to the ledger, freezes it and mails it, to the contact it is addressed to or else to every
// payer of the company, all in one transaction. Sending it again returns it and does nothing. A voided invoice is ErrNotDraft; one that
// nobody would get is a *ValidationError.
func (s *Invoices) Send(ctx context.Context, t *tenant.Tenant, id string) (ledger.Invoice, error) {
	if !tenant.ValidID("inv", id) {
		return ledger.Invoice{}, ErrNotFound
	}
	return s.store.ChangeInvoice(ctx, t.ID, id, func(inv *ledger.Invoice, recipients []string) (*Change, error) {
		switch {
		case inv.Status == ledger.Sent:
			return nil, nil
		case inv.Status != ledger.Draft:
			return nil, ErrNotDraft
		case len(recipients) == 0:
			return nil, noRecipient(inv)
		}
		inv.Status, inv.SentAt = ledger.Sent, s.now()
		return &Change{What: "invoice.sent", MailTo: recipients, Entries: s.post(t, inv, ledger.EntryInvoice, inv.Total)}, nil
	})
}

func noRecipient(inv *ledger.Invoice) error {
	message := "The company has no active contact who may pay. Add one, then send the invoice."
	if inv.ContactID != "" {
		message = "The contact is not active, or may not see invoices. Address the invoice to somebody else."
	}
	return &ValidationError{[]FieldError{{"contact_id", "no_recipient", message}}}
}

// Void takes an invoice back, with a reason of up to 500 characters, and reverses in the ledger what it posted. Voiding it again returns
// it and does nothing. It is a *PaidError when money was received or is under way, and ErrNotSent when the invoice was given up.
func (s *Invoices) Void(ctx context.Context, t *tenant.Tenant, id, reason string) (ledger.Invoice, error) {
	var wrong faults
	wrong.text("reason", reason, 0, 500, oneLine)
	if err := wrong.err(); err != nil {
		return ledger.Invoice{}, err
	}
	if !tenant.ValidID("inv", id) {
		return ledger.Invoice{}, ErrNotFound
	}
	return s.store.ChangeInvoice(ctx, t.ID, id, func(inv *ledger.Invoice, _ []string) (*Change, error) {
		change := &Change{What: "invoice.voided"}
		switch {
		case inv.Status == ledger.Void:
			return nil, nil
		case inv.Status == ledger.Uncollectible:
			return nil, ErrNotSent
		case inv.Settled > 0 || inv.InFlight > 0:
			return nil, &PaidError{ledger.Money{Amount: inv.Settled, Currency: inv.Currency}, ledger.Money{Amount: inv.InFlight, Currency: inv.Currency}}
		case inv.Status == ledger.Sent:
			change.Entries = s.post(t, inv, ledger.EntryVoid, -inv.Total)
		}
		inv.Status, inv.VoidedAt, inv.VoidReason = ledger.Void, s.now(), strings.TrimSpace(reason)
		return change, nil
	})
}

// post makes the entry of an invoice's own effect. An invoice over nothing has none.
func (s *Invoices) post(t *tenant.Tenant, inv *ledger.Invoice, kind ledger.EntryKind, amount int64) []ledger.Entry {
	if amount == 0 {
		return nil
	}
	return []ledger.Entry{{CompanyID: inv.CompanyID, InvoiceID: inv.ID, Kind: kind, Amount: amount, Currency: inv.Currency, EffectiveOn: s.today(t)}}
}
