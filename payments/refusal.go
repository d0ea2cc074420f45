package payments

import (
	"fmt"
	"time"

	"tollhouse/payments/ledger"
)

// Refusal is why a payment is not begun.
type Refusal string

const (
	RefusedChanged      Refusal = "changed"      // the invoice is not the one that was shown
	RefusedPaid         Refusal = "paid"         // it was paid meanwhile: By, At
	RefusedVoid         Refusal = "void"         // it was taken back or given up
	RefusedBusy         Refusal = "busy"         // somebody is paying it: By, At
	RefusedAboveDue     Refusal = "above_due"    // more than is due: Limit is what is
	RefusedPartial      Refusal = "partial"      // the tenant takes whole payments only: Limit is what is due
	RefusedMinimum      Refusal = "minimum"      // below the tenant's or the processor's least amount: Limit
	RefusedMaximum      Refusal = "maximum"      // above what the processor takes at once: Limit
	RefusedUneven       Refusal = "uneven"       // the processor takes multiples of Limit only
	RefusedCurrency     Refusal = "currency"     // the invoices are in several currencies, or in one that the connection does not take
	RefusedMethod       Refusal = "method"       // the saved method is gone, or not verified yet
	RefusedDisconnected Refusal = "disconnected" // there is no working connection: pay by the tenant's instructions
	RefusedUnavailable  Refusal = "unavailable"  // the processor could not be reached before anything was begun
	RefusedRole         Refusal = "role"         // the contact may not pay
	RefusedSession      Refusal = "session"      // the session is not confirmed by a person
	RefusedCoolDown     Refusal = "cool_down"    // too many declines: again at Until
)

// PayRefusal says why a payment was not begun. Nothing was asked of the processor, and nothing was charged.
type PayRefusal struct {
	Why       Refusal
	InvoiceID string       // that it is about, "" for none in particular
	Number    string       // of the invoice
	By        string       // the contact's name, "" when nobody of the client did it in the portal
	PaymentID string       // the payment that it was paid by, or is being paid by
	At        time.Time    // when it was paid, or since when it is being paid
	Limit     ledger.Money //
	Until     time.Time    // of RefusedCoolDown
}

// Error says it for logs.
func (r *PayRefusal) Error() string {
	if r.Number == "" {
		return fmt.Sprintf("the payment is refused: %s", r.Why)
	}
	return fmt.Sprintf("the payment is refused: invoice %s: %s", r.Number, r.Why)
}
