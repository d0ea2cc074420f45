package payments

import (
	"context"

	"tollhouse/tenant"
)

// RefundInput is a refund to make.
type RefundInput struct {
	PaymentID string
	Amount    int64  // 0: all that is left
	Reason    string // up to 500 characters, for the tenant and the audit log
	Key       string // up to 255 characters; the same key again is the same refund. "" for none
	Reopen    bool   // what is given back is owed again: the invoices are open again. Otherwise it is the tenant's concession
}

// Refund gives money back. It is written down first; a lost answer leaves it Unknown, which blocks that amount. Too much is a *ValidationError,
// a payment that was not received by a processor ErrNotRefundable.
func (s *Service) Refund(ctx context.Context, t *tenant.Tenant, in RefundInput) (Refund, error) {
	return Refund{}, errUnbuilt
}
