package payments

import (
	"context"
	"fmt"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// CreditInput says where a client's credit goes.
type CreditInput struct {
	CompanyID string
	ContactID string // who did it, "" for the tenant's people
	InvoiceID string
	Amount    int64  // 0: as much as there is and fits
	Key       string // up to 200 characters; the same key again is the same use. "" for none
}

// ApplyCredit settles an invoice with the client's credit, and returns the payment that says so. Too much is a *ValidationError, a key that stood for
// another wish ErrKeyReused, an invoice that takes none a *PayRefusal.
func (s *Service) ApplyCredit(ctx context.Context, t *tenant.Tenant, in CreditInput) (Payment, error) {
	var wrong faults
	wrong.text("key", in.Key, 0, 200, oneLine)
	if in.Amount < 0 {
		wrong.add("amount", "out_of_range", "The amount must be above zero.")
	}
	if err := wrong.err(); err != nil {
		return Payment{}, err
	}
	if !tenant.ValidID("com", in.CompanyID) || !tenant.ValidID("inv", in.InvoiceID) || in.ContactID != "" && !tenant.ValidID("con", in.ContactID) {
		return Payment{}, ErrNotFound
	}
	request := PayRequest{CompanyID: in.CompanyID, ContactID: in.ContactID, Items: []PayItem{{InvoiceID: in.InvoiceID, Amount: in.Amount}}, UseCredit: true}
	q := request.query(s.now())
	q.Key = ""
	if in.Key != "" {
		q.Key = creditKey + in.Key
	}
	d := desk{Service: s, tenant: t, in: &request}
	return d.reserveCredit(ctx, q)
}

func (d *desk) reserveCredit(ctx context.Context, q PayQuery) (Payment, error) {
	var known *KnownPayment
	var id string
	err := d.cfg.Store.Reserve(ctx, d.tenant.ID, q, func(f PayFacts) (*Plan, error) {
		if known = f.Known; known != nil {
			return nil, nil
		}
		b, err := d.planCredit(f, q)
		if err != nil {
			return nil, err
		}
		id = b.Payment.ID
		return &Plan{Credit: b}, nil
	})
	switch {
	case err != nil:
		return Payment{}, fmt.Errorf("using credit: %w", err)
	case known != nil:
		return d.known(ctx, d.tenant.ID, d.in, known)
	}
	return d.read(ctx, d.tenant.ID, d.in.CompanyID, id)
}

func (d *desk) planCredit(f PayFacts, q PayQuery) (*Booking, error) {
	switch {
	case f.Company == "", d.in.ContactID != "" && f.Contact == nil, len(f.Invoices) == 0, f.Invoices[0].CompanyID != d.in.CompanyID,
		f.Invoices[0].Status == ledger.Draft:
		return nil, ErrNotFound
	}
	inv := &f.Invoices[0]
	item := d.in.Items[0]
	has := max(0, f.Credit[inv.Currency])
	most := min(has, inv.Due().Amount)
	if item.Amount == 0 {
		item.Amount = most
	}
	whole := *d
	whole.tenant = &tenant.Tenant{ID: d.tenant.ID, TimeZone: d.tenant.TimeZone, Policy: tenant.Policy{PartialPayments: true}}
	if err := whole.payable(f, inv, PayItem{}); err != nil {
		return nil, err
	}
	if item.Amount > most || item.Amount == 0 {
		return nil, &ValidationError{[]FieldError{{"amount", "exceeds_balance", fmt.Sprintf("Invoice %s takes %s of the client's credit of %s.", inv.Number,
			ledger.Money{Amount: most, Currency: inv.Currency}, ledger.Money{Amount: has, Currency: inv.Currency})}}}
	}
	b := d.booking([]ledger.Allocation{{InvoiceID: inv.ID, Amount: item.Amount}}, item.Amount, inv.Currency, q.Now)
	b.Key = q.Key
	b.useCredit()
	return b, nil
}

// Credit returns what stands to a client's credit, a currency each; none are zero. A negative one is owed on no invoice.
func (s *Service) Credit(ctx context.Context, t *tenant.Tenant, companyID string) ([]ledger.Money, error) {
	if !tenant.ValidID("com", companyID) {
		return nil, nil
	}
	return s.cfg.Store.Credit(ctx, t.ID, companyID)
}

// Balance returns what a client owes, a currency each; negative when its credit is more. None are zero.
func (s *Service) Balance(ctx context.Context, t *tenant.Tenant, companyID string) ([]ledger.Money, error) {
	if !tenant.ValidID("com", companyID) {
		return nil, nil
	}
	return s.cfg.Store.Balance(ctx, t.ID, companyID)
}
