package payments

import (
	"context"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Report compares a day at the processor with the ledger, a currency each.
type Report struct {
	Day         ledger.Date
	Sums        []Sums
	Differences []Difference // none: all is well
}

// Sums is what moved in one currency.
type Sums struct {
	Currency ledger.Currency
	Captured int64 // at the processor
	Posted   int64 // in the ledger, of what was captured then
	Refunded int64 // at the processor
	Reversed int64 // at the processor
}

// Difference is money that stands on one side only, or not alike.
type Difference struct {
	Kind      string // "charge", "refund", "dispute" that is not ours; "ghost": posted, and the processor does not know it; "mismatch"
	ObjectID  string
	PaymentID string // "" when it is none of ours
	Processor ledger.Money
	Ledger    ledger.Money
}

// Compare asks the processor for all that moved on a day in the tenant's zone, and looks for each in the ledger. What is open it refetches first,
// so that a lost message mends itself. What belongs to no payment is kept for the tenant to match. A tenant without a connection has an empty report.
func (s *Service) Compare(ctx context.Context, t *tenant.Tenant, day ledger.Date) (Report, error) {
	return Report{}, errUnbuilt
}
