package authorizenet

import (
	"errors"
	"fmt"
	"tollhouse/payments"
)

// Errors that callers tell apart. Only ErrUnknown leaves open whether money moved; after every other error of this package none did by the
// call that returned it.
var (
	// ErrUnknown says that the request may have been carried out: it was sent, and no answer came that can be trusted. Look with Client.Find
	// before anything else.
	ErrUnknown = errors.New("the processor's answer was lost: the outcome is not known")
	// ErrNotSent says that no connection was made, so nothing was sent.
	ErrNotSent = errors.New("the processor could not be reached: nothing was sent")
	// ErrNotFound says that the transaction or profile does not exist, or no longer.
	ErrNotFound = errors.New("not found at the processor")
	// ErrTooManyProfiles says that the customer has as many saved methods as the processor keeps: one must be removed first.
	ErrTooManyProfiles = errors.New("the processor keeps no more saved methods for this customer")
	// ErrCredentials says that the login, the key or the account is not accepted, or not active.
	ErrCredentials = errors.New("the processor does not accept the account's credentials")
	// ErrNotPermitted says that the account may not make this call: the Transaction Details API must be switched on by the merchant.
	ErrNotPermitted = errors.New("the merchant account must switch on the Transaction Details API")
	// ErrRetryLater says that the processor had an error of its own. When a transaction was being created, ErrUnknown is true of it too.
	ErrRetryLater = errors.New("the processor asks to try again later")
	// ErrOurRequest says that we built a request that the processor cannot read.
	ErrOurRequest = errors.New("the processor cannot read our request")
	// ErrTokenSpent says that the one-time token was used before, or is older than 15 minutes. The use before may have been a charge of ours.
	ErrTokenSpent = errors.New("the one-time token was used or is too old")
	// ErrNotRefundable says that a transaction cannot be refunded: not settled yet (void it instead), too old, or nothing is left to refund.
	ErrNotRefundable = errors.New("the transaction cannot be refunded")
	// ErrSignature says that a webhook was not signed with the account's signature key.
	ErrSignature = errors.New("the webhook's signature is wrong")
	// ErrInput is wrapped by errors about what a caller asked for; nothing was sent.
	ErrInput = errors.New("the request was not sent")
)

// DeclinedError says that the bank or the processor refused; no money moved.
type DeclinedError struct {
	Reason        int    // responseReasonCode; 0 when none was given
	TransactionID string // "" when none was made
}

// Error names the code only: the processor's words are not for clients.
func (e *DeclinedError) Error() string {
	return fmt.Sprintf("declined with reason %d (%s)", e.Reason, e.Kind())
}

// Kind is what to tell the client.
func (e *DeclinedError) Kind() payments.FailureKind { return KindOf(e.Reason) }

// HeldError says that the processor's fraud filters hold the transaction until a person of the merchant decides. It is an error so that nobody
// who looks only for errors takes it for paid, and it is not a decline: the money may come.
type HeldError struct {
	TransactionID string
	Reason        int // 252 or 253
}

// Error tells which transaction.
func (e *HeldError) Error() string {
	return fmt.Sprintf("transaction %s is held for review (reason %d)", e.TransactionID, e.Reason)
}

// DuplicateError says that the same transaction was made within the duplicate window: find the original, it may have been paid.
type DuplicateError struct{ OriginalID string } // "" when the answer did not name it

// Error tells the original's id.
func (e *DuplicateError) Error() string { return "duplicate of transaction " + e.OriginalID }

// DuplicateProfileError says that the profile exists already, under ID; "" when the answer did not name it.
type DuplicateProfileError struct{ ID string }

// Error tells the id.
func (e *DuplicateProfileError) Error() string { return "duplicate of profile " + e.ID }

// APIError is an answer that has no error of its own here.
type APIError struct{ Code string }

// Error tells the code; its text may quote what was sent and is left out.
func (e *APIError) Error() string { return "the processor answered " + e.Code }

// apiErrors maps the codes of whole answers.
var apiErrors = map[string]error{
	"E00001": ErrRetryLater,
	"E00003": ErrOurRequest,
	"E00005": ErrCredentials,
	"E00006": ErrCredentials,
	"E00007": ErrCredentials,
	"E00008": ErrCredentials, // the account is not active
	"E00011": ErrNotPermitted,
	"E00013": ErrOurRequest,
	"E00014": ErrOurRequest,
	"E00040": ErrNotFound,
	"E00042": ErrTooManyProfiles,
	"E00053": ErrRetryLater, // the server is too busy
	"E00104": ErrRetryLater, // the server is in maintenance
	"E00114": ErrTokenSpent,
	"E00116": ErrTokenSpent,
}

// errorOf makes an error of an answer's code.
func errorOf(code string) error {
	if err, ok := apiErrors[code]; ok {
		return fmt.Errorf("%w (%s)", err, code)
	}
	return &APIError{Code: code}
}
