package portal

import (
	"context"
	"slices"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Payments takes payments. Implemented by payments.Service, which says what each does and what its errors mean.
type Payments interface {
	Pay(ctx context.Context, t *tenant.Tenant, in payments.PayRequest) (payments.Payment, error)
	Look(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (payments.Payment, error)
	Resume(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (payments.Payment, error)
	Cancel(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (payments.Payment, error)
}

var _ Payments = (*payments.Service)(nil)

// PayPages is where the pages about paying get their data, as Pages.
type PayPages interface {
	Pay(ctx context.Context, s access.Session, q PayQuery) (PayData, error)
	// Payment is access.ErrNotFound for a payment that is not the company's.
	Payment(ctx context.Context, s access.Session, id string) (PaymentData, error)
}

// PayQuery asks for what is to be paid together.
type PayQuery struct {
	Invoices []string // ids
	All      string   // a currency: all that is due in it, too; "" for none
}

// PayData is what the page to review and pay shows.
type PayData struct {
	Member   access.Member
	Invoices []ledger.Invoice // in any state, without lines, the oldest due date first; at most 100
	Methods  []payments.Method
	Counter
}

// Counter is what a page must know that offers to pay.
type Counter struct {
	Connection *payments.Connection // nil: none; without its credentials
	Credit     []ledger.Money       // what stands to the company's credit, one a currency
	Presence   []payments.Presence  // who is paying its invoices, the longest first
}

// takes reports whether a currency can be paid online now.
func (c Counter) takes(currency ledger.Currency) bool {
	return c.Connection != nil && c.Connection.Takes(currency)
}

// creditIn is the credit in a currency, never negative.
func (c Counter) creditIn(currency ledger.Currency) int64 {
	for _, m := range c.Credit {
		if m.Currency == currency {
			return max(0, m.Amount)
		}
	}
	return 0
}

// busy is who is paying one of the invoices, zero for nobody.
func (c Counter) busy(ids ...string) payments.Presence {
	for _, p := range c.Presence {
		if slices.Contains(ids, p.InvoiceID) {
			return p
		}
	}
	return payments.Presence{}
}

// each lists the payments that somebody is at, each once.
func (c Counter) each() (all []payments.Presence) {
	for _, p := range c.Presence {
		if !slices.ContainsFunc(all, func(known payments.Presence) bool { return known.PaymentID == p.PaymentID }) {
			all = append(all, p)
		}
	}
	return all
}

// mayPay reports whether a contact may pay.
func mayPay(m access.Member) bool { return m.Contact.Role == access.Payer }

// PaymentData is one payment, and what is due next.
type PaymentData struct {
	Member  access.Member
	Payment *payments.Payment
	Next    []ledger.Invoice // at most one, without lines
}
