package payments

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

func byInvoice(a, b ledger.Allocation) int { return strings.Compare(a.InvoiceID, b.InvoiceID) }

// allocate decides whether the locked invoices take the payment, and fills in whose and in what currency it is.
func allocate(p *ledger.Payment, invoices []ledger.Invoice) error {
	var wrong faults
	for i, a := range p.Allocations {
		at := slices.IndexFunc(invoices, func(inv ledger.Invoice) bool { return inv.ID == a.InvoiceID })
		if at < 0 {
			return fmt.Errorf("invoice %s: %w", a.InvoiceID, ErrNotFound)
		}
		inv := &invoices[at]
		if i == 0 {
			p.CompanyID, p.Currency = orElse(p.CompanyID, inv.CompanyID), orElse(p.Currency, inv.Currency)
		}
		field := fmt.Sprintf("allocations[%d]", i)
		switch {
		case inv.CompanyID != p.CompanyID:
			return fmt.Errorf("invoice %s of another company: %w", a.InvoiceID, ErrNotFound)
		case inv.Status != ledger.Sent:
			return fmt.Errorf("invoice %s: %w", inv.Number, ErrNotSent)
		case inv.Currency != p.Currency:
			wrong.add(field+".invoice_id", "currency_mismatch", fmt.Sprintf("Invoice %s is in %s.", inv.Number, inv.Currency))
		case a.Amount > inv.Due().Amount:
			wrong.add(field+".amount", "exceeds_balance", overBalance(inv))
		}
	}
	return wrong.err()
}

func overBalance(inv *ledger.Invoice) string {
	if inv.InFlight > 0 {
		return fmt.Sprintf("Invoice %s has %s open; %s more is under way.", inv.Number, inv.Due(), ledger.Money{Amount: inv.InFlight, Currency: inv.Currency})
	}
	return fmt.Sprintf("Invoice %s has %s open.", inv.Number, inv.Due())
}

func orElse[S ~string](given, found S) S {
	if given == "" {
		return found
	}
	return given
}

// recorded is what a new payment changes: the ledger, if it was received.
func (s *Invoices) recorded(t *tenant.Tenant, p *ledger.Payment) *Change {
	if p.Status == Processing {
		return &Change{What: "payment.processing"}
	}
	return &Change{What: "payment.succeeded", Entries: s.credits(t, p)}
}

// credits makes the entries of a received payment: one an invoice, and one for what is over.
func (s *Invoices) credits(t *tenant.Tenant, p *ledger.Payment) []ledger.Entry {
	today := s.today(t)
	entries := make([]ledger.Entry, len(p.Allocations))
	for i, a := range p.Allocations {
		entries[i] = ledger.Entry{CompanyID: p.CompanyID, InvoiceID: a.InvoiceID, PaymentID: p.ID, Kind: ledger.EntryPayment, Amount: -a.Amount,
			Currency: p.Currency, EffectiveOn: today}
	}
	if left := over(p); left > 0 {
		entries = append(entries, ledger.Entry{CompanyID: p.CompanyID, PaymentID: p.ID, Kind: ledger.EntryCreditGiven, Amount: -left, Currency: p.Currency,
			Effect: "manual/" + p.ID + "/over", EffectiveOn: today})
	}
	return entries
}

// Payment returns a payment with its allocations, or ErrNotFound.
func (s *Invoices) Payment(ctx context.Context, t *tenant.Tenant, id string) (ledger.Payment, error) {
	if !tenant.ValidID("pay", id) {
		return ledger.Payment{}, ErrNotFound
	}
	return s.store.Payment(ctx, t.ID, id)
}

// Settle says that a payment under way arrived: it is posted to the ledger. Settling it again returns it and does nothing; one that failed
// is ErrNotProcessing.
func (s *Invoices) Settle(ctx context.Context, t *tenant.Tenant, id string) (ledger.Payment, error) {
	return s.conclude(ctx, t, id, Succeeded)
}

// Fail says that a payment under way will not arrive: its invoices are open again. Failing it again returns it and does nothing; one that
// succeeded is ErrNotProcessing.
func (s *Invoices) Fail(ctx context.Context, t *tenant.Tenant, id string) (ledger.Payment, error) {
	return s.conclude(ctx, t, id, Failed)
}

func (s *Invoices) conclude(ctx context.Context, t *tenant.Tenant, id, outcome string) (ledger.Payment, error) {
	if !tenant.ValidID("pay", id) {
		return ledger.Payment{}, ErrNotFound
	}
	return s.store.ChangePayment(ctx, t.ID, id, func(p *ledger.Payment) (*Change, error) {
		switch p.Status {
		case outcome:
			return nil, nil
		case Processing:
		default:
			return nil, ErrNotProcessing
		}
		p.Status, p.ChangedAt = outcome, s.now()
		change := &Change{What: "payment." + outcome}
		if outcome == Succeeded {
			change.Entries = s.credits(t, p)
		}
		return change, nil
	})
}
