package payments

import (
	"errors"
	"fmt"

	"tollhouse/payments/ledger"
)

// Errors that callers tell apart. Everything else is wrapped with what was being done.
var (
	// ErrNotFound says that the invoice, payment, company or contact does not exist, or belongs to another tenant: callers cannot tell which.
	ErrNotFound = errors.New("not found")
	// ErrNotDraft says that the invoice cannot be sent: it was voided or given up.
	ErrNotDraft = errors.New("the invoice is not a draft")
	// ErrNotSent says that the invoice takes no payments and cannot be voided: it is a draft, voided or given up.
	ErrNotSent = errors.New("the invoice is not open")
	// ErrNumberTaken says that another invoice of the tenant has the number.
	ErrNumberTaken = errors.New("the invoice number is already taken")
	// ErrKeyReused says that a payment was recorded under this key before, and it was another one.
	ErrKeyReused = errors.New("the key was used for another payment")
	// ErrNotProcessing says that the payment already has its other outcome.
	ErrNotProcessing = errors.New("the payment is not under way")
	// ErrNotRefundable says that the payment was not received through a processor, or not at all.
	ErrNotRefundable = errors.New("the payment cannot be refunded through a processor")
	// ErrRefunding says that another refund of the payment was asked for, and its answer was lost: until it is known there is no other.
	ErrRefunding = errors.New("another refund of the payment is not answered yet")
	// ErrStale says that a row is no longer what was decided on: it is to be read again.
	ErrStale = errors.New("the payment has changed meanwhile")
	// ErrBadCursor says that the cursor is none that a list gave.
	ErrBadCursor = errors.New("not a cursor of this list")
)

// FieldError says what is wrong with one value of the input.
type FieldError struct {
	Field   string // like "lines[0].quantity"
	Code    string // stable, for programs: "required", "too_long", "too_large", "out_of_range", "invalid", "exceeds_balance", …
	Message string // a sentence for people, with the mend in it
}

// ValidationError holds everything that is wrong with the input at once; it is never empty.
type ValidationError struct{ Fields []FieldError }

// Error tells the first field's message and how many others there are.
func (e *ValidationError) Error() string {
	text := e.Fields[0].Field + ": " + e.Fields[0].Message
	if others := len(e.Fields) - 1; others > 0 {
		return fmt.Sprintf("%s (and %d more)", text, others)
	}
	return text
}

// PaidError says that an invoice cannot be voided, because money was received for it or is under way.
type PaidError struct{ Settled, InFlight ledger.Money }

// Error says how much.
func (e *PaidError) Error() string {
	if e.InFlight.Amount > 0 {
		return fmt.Sprintf("a payment of %s is under way: wait for its outcome", e.InFlight)
	}
	return fmt.Sprintf("%s was paid on the invoice", e.Settled)
}

// faults collects field errors.
type faults []FieldError

func (f *faults) add(field, code, message string) {
	*f = append(*f, FieldError{field, code, message})
}

// err returns nil or a *ValidationError.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &ValidationError{f}
}
