package payments

import (
	"context"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// CreditInput says where a client's credit goes.
type CreditInput struct {
	CompanyID string
	ContactID string // who did it, "" for the tenant's people
	InvoiceID string
	Amount    int64  // 0: as much as there is and fits
	Key       string // up to 255 characters; the same key again is the same use. "" for none
}

// ApplyCredit settles an invoice with the client's credit, and returns how much it took. Too much is a *ValidationError.
func (s *Service) ApplyCredit(ctx context.Context, t *tenant.Tenant, in CreditInput) (ledger.Money, error) {
	return ledger.Money{}, errUnbuilt
}

// Credit returns what stands to a client's credit, a currency each; none are zero. A negative one is owed on no invoice.
func (s *Service) Credit(ctx context.Context, t *tenant.Tenant, companyID string) ([]ledger.Money, error) {
	return nil, errUnbuilt
}
