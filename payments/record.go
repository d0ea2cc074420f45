package payments

import (
	"context"
	"fmt"
	"math"
	"slices"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// maxAllocations bounds how many invoices one payment settles, and with them the rows it locks.
const maxAllocations = 100

// Kinds of payments.
const (
	Manual = "manual" // the tenant says that it was received
	Card   = "card"
	Bank   = "bank"
	Credit = "credit" // the client's own: no processor is asked
)

// NewPayment is money for one or more invoices of one company in one currency. Its amount is the sum of its allocations, and what is over.
type NewPayment struct {
	Key         string          // up to 255 characters; the same key again is the same payment. "" for none
	CompanyID   string          // "": the invoices'; given, the invoices of other companies are ErrNotFound
	ContactID   string          // who of the company paid, "" when nobody did it in the portal
	Currency    ledger.Currency // "": the invoices'
	Kind        string          // "": Manual
	Method      string          // as people read it, like "Cheque 1042"; up to 120 characters
	Reference   string          // up to 120 characters
	ReceivedOn  ledger.Date     // zero: today in the tenant's zone; not in the future
	Allocations []ledger.Allocation
	Over        int64 // money that fits no invoice: it becomes the client's credit. Without allocations CompanyID and Currency are required
}

// RecordPayment writes a payment that was received, and posts it to the ledger, today: a statement of past days never changes. An unknown
// invoice is ErrNotFound, one that is not open ErrNotSent, more than an invoice has open a *ValidationError, and a key that stood for
// another payment ErrKeyReused.
func (s *Invoices) RecordPayment(ctx context.Context, t *tenant.Tenant, in NewPayment) (ledger.Payment, error) {
	return s.record(ctx, t, in, Succeeded)
}

// RecordProcessing writes a payment that is under way. It is reserved on its invoices and not in the ledger, until Settle or Fail. It
// refuses what RecordPayment refuses.
func (s *Invoices) RecordProcessing(ctx context.Context, t *tenant.Tenant, in NewPayment) (ledger.Payment, error) {
	return s.record(ctx, t, in, Processing)
}

func (s *Invoices) record(ctx context.Context, t *tenant.Tenant, in NewPayment, status string) (ledger.Payment, error) {
	if in.ReceivedOn.IsZero() {
		in.ReceivedOn = s.today(t)
	}
	if in.Kind == "" {
		in.Kind = Manual
	}
	if err := in.check(s.today(t)); err != nil {
		return ledger.Payment{}, err
	}
	if !in.namesRows() {
		return ledger.Payment{}, ErrNotFound
	}
	asked := in.payment(status)
	asked.CreatedAt = s.now()
	asked.ChangedAt = asked.CreatedAt
	asked.ID = tenant.NewID("pay", asked.CreatedAt)
	recorded, err := s.store.AddPayment(ctx, t.ID, asked, in.Key, func(p *ledger.Payment, invoices []ledger.Invoice) (*Change, error) {
		if err := allocate(p, invoices); err != nil {
			return nil, err
		}
		return s.recorded(t, p), nil
	})
	if err == nil && recorded.ID != asked.ID && !in.sameAs(recorded) {
		return ledger.Payment{}, ErrKeyReused
	}
	return recorded, err
}

// check returns everything that is wrong with the payment itself.
func (in *NewPayment) check(today ledger.Date) error {
	var wrong faults
	wrong.text("key", in.Key, 0, 255, oneLine)
	if !slices.Contains([]string{Manual, Card, Bank}, in.Kind) {
		wrong.add("kind", "invalid", "Use manual, card or bank.")
	}
	wrong.text("method", in.Method, 0, 120, oneLine)
	wrong.text("reference", in.Reference, 0, 120, oneLine)
	if today.Before(in.ReceivedOn) {
		wrong.add("received_on", "out_of_range", "The day cannot be in the future.")
	}
	if len(in.Allocations) == 0 && in.Over > 0 {
		if _, err := ledger.ParseCurrency(string(in.Currency)); err != nil {
			wrong.add("currency", "required", "Say in what currency the money is: an ISO 4217 code, like USD.")
		}
	} else if len(in.Allocations) == 0 || len(in.Allocations) > maxAllocations {
		wrong.add("allocations", "out_of_range", fmt.Sprintf("Name 1 to %d invoices.", maxAllocations))
	}
	wrong.allocations(in.Allocations, in.Over)
	return wrong.err()
}

// namesRows reports whether every id has the form of one. What has not exists nowhere, and may hold what the store cannot take.
func (in *NewPayment) namesRows() bool {
	for _, a := range in.Allocations {
		if !tenant.ValidID("inv", a.InvoiceID) {
			return false
		}
	}
	if len(in.Allocations) == 0 && !tenant.ValidID("com", in.CompanyID) {
		return false
	}
	return in.ContactID == "" || tenant.ValidID("con", in.ContactID)
}

func (f *faults) allocations(all []ledger.Allocation, over int64) {
	seen, sum := map[string]bool{}, max(0, over)
	if over < 0 {
		f.add("over", "out_of_range", "What is over cannot be negative.")
	}
	for i, a := range all {
		at := fmt.Sprintf("allocations[%d]", i)
		switch {
		case a.Amount <= 0:
			f.add(at+".amount", "out_of_range", "The amount must be above zero.")
		case a.Amount > math.MaxInt64-sum:
			f.add(at+".amount", "too_large", "The amount is too large.")
		case seen[a.InvoiceID]:
			f.add(at+".invoice_id", "duplicate", "Name each invoice once.")
		default:
			sum += a.Amount
		}
		seen[a.InvoiceID] = true
	}
}

// payment is the checked input as a payment; its allocations are in the order in which rows are locked.
func (in *NewPayment) payment(status string) ledger.Payment {
	p := ledger.Payment{CompanyID: in.CompanyID, ContactID: in.ContactID, Status: status, Kind: in.Kind, Currency: in.Currency, Method: in.Method,
		Reference: in.Reference, ReceivedOn: in.ReceivedOn, Allocations: in.ordered(), Amount: in.Over}
	for _, a := range p.Allocations {
		p.Amount += a.Amount
	}
	return p
}

func (in *NewPayment) ordered() []ledger.Allocation {
	return slices.SortedFunc(slices.Values(in.Allocations), byInvoice)
}

// over is the part of a payment that is meant for no invoice.
func over(p *ledger.Payment) int64 { return p.Amount - sum(p.Allocations) }

// sameAs reports whether a payment that was recorded before is what is asked for now.
func (in *NewPayment) sameAs(p ledger.Payment) bool {
	return (in.CompanyID == "" || in.CompanyID == p.CompanyID) && (in.Currency == "" || in.Currency == p.Currency) && in.Kind == p.Kind &&
		slices.Equal(in.ordered(), p.Allocations) && in.Over == over(&p)
}
