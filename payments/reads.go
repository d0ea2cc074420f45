package payments

import (
	"context"

	"tollhouse/tenant"
)

// Payment returns a payment, or ErrNotFound when it is not of the company; "" takes that of any company, for the tenant's own people.
func (s *Service) Payment(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return Payment{}, errUnbuilt
}

// Payments returns one page of payments. A cursor that no list gave is ErrBadCursor.
func (s *Service) Payments(ctx context.Context, t *tenant.Tenant, f PaymentFilter) (PaymentPage, error) {
	return PaymentPage{}, errUnbuilt
}

// Presence tells who is paying the company's invoices, the longest first. Without ids it is about all of them.
func (s *Service) Presence(ctx context.Context, t *tenant.Tenant, companyID string, invoiceIDs ...string) ([]Presence, error) {
	return nil, errUnbuilt
}

func standing(p Payment) string   { return p.Status }
func timeline(p Payment) []Moment { return nil }
