package payments

import (
	"context"

	"tollhouse/tenant"
)

// PayRequest is what a payer, or autopay, asks for.
type PayRequest struct {
	// Nonce was made when the form was shown, 16 to 64 characters of A-Z, a-z, 0-9, - and _. The same nonce again is the same payment.
	Nonce       string
	CompanyID   string    // of the session, never of the form
	ContactID   string    // of the session; "" only when OffSession
	Session     Session   // zero only when OffSession
	Items       []PayItem // 1 to 100 invoices of one currency
	UseCredit   bool      // the client's credit goes first; what it covers is settled at once and stays so
	MethodID    string    // a saved method, or
	Source      string    // the processor's single-use name of a new one,
	Kind        string    // and that one's Card or Bank; or Hosted, which has no source
	SaveMethod  bool
	MandateText string // that was shown and agreed to, for a bank debit that is saved
	OffSession  bool   // nobody is there to answer the bank
	// ReturnURL makes the address of the payment's own page. Required unless OffSession.
	ReturnURL func(paymentID string) string
	Visitor   Visitor // zero when it is not kept
}

// Session says who is at the portal.
type Session struct {
	ID        string
	Confirmed bool // a person pressed a button; a scanner's session is not
}

// Visitor says where from.
type Visitor struct{ IP, UserAgent string }

// PayItem is one invoice to pay, as the payer saw it.
type PayItem struct {
	InvoiceID string
	Version   int   // that was shown; 0: whatever it is
	Amount    int64 // 0: all that is due
}

// Pay takes a payment: it reserves it on its invoices, asks the processor, and writes what that said. The payment that it returns says what
// became of it: also when it was declined, and when the answer was lost (Unknown: "do not pay again yet"), which are no errors. What is refused
// before anything is asked is a *PayRefusal, or a *ValidationError for a malformed request; an invoice or method that is not the company's is
// ErrNotFound; a nonce that stood for another wish is ErrKeyReused. With an error nothing was charged, unless it is tenant.ErrUnavailable:
// then ask for the nonce again. The context's end does not interrupt a charge.
func (s *Service) Pay(ctx context.Context, t *tenant.Tenant, in PayRequest) (Payment, error) {
	return Payment{}, errUnbuilt
}

// Resume asks the processor what became of a payment whose payer comes back from the bank's page.
func (s *Service) Resume(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return Payment{}, errUnbuilt
}

// Look returns a payment for its status page; while it is open the processor is asked, at most every three seconds whatever the number of
// nodes and tabs.
func (s *Service) Look(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return Payment{}, errUnbuilt
}

// Cancel gives up a payment that waits for its payer. The payment that it returns says whether it was in time.
func (s *Service) Cancel(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return Payment{}, errUnbuilt
}
