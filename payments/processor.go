package payments

import (
	"context"
	"errors"
	"time"

	"tollhouse/payments/ledger"
)

// Errors of a Processor. Whatever else it returns is to be taken for ErrLost.
var (
	// ErrLost says that the processor may have been asked and its answer did not come, or could not be read: a time-out, a cut line, a 5xx. What
	// happened is unknown until it is looked up.
	ErrLost = errors.New("the processor's answer was lost")
	// ErrNotAsked says that the processor was certainly not asked: no line, no name. Nothing happened.
	ErrNotAsked = errors.New("the processor could not be reached")
	// ErrRefused says that the processor answered and did nothing, for a reason that is ours or the tenant's: a wrong key, an account that is closed, a request
	// it does not take. It is wrapped in a *RefusedError that says which.
	ErrRefused = errors.New("the processor refused")
	// ErrAbsent says that the processor does not know the object.
	ErrAbsent = errors.New("the processor does not know it")
)

// RefusedError is an ErrRefused.
type RefusedError struct {
	Code        string // the processor's, for operators; never shown to a payer
	Credentials bool   // the tenant's keys are wrong, revoked or not enough: the connection is broken
}

// Error names the code only.
func (e *RefusedError) Error() string { return "the processor refused: " + e.Code }

// Unwrap says what it is.
func (e *RefusedError) Unwrap() error { return ErrRefused }

// DeclinedError says that a method was not saved, or not verified, because of what the payer gave.
type DeclinedError struct{ Failure Failure }

// Error names the kind only.
func (e *DeclinedError) Error() string { return "declined: " + string(e.Failure.Kind) }

// Processor is one tenant's account at a payment processor. An Outcome of Failed or Canceled is final there: the attempt can take nothing any more. Where
// the object must be cancelled for that, the Processor does it before it answers. Submitting means that the object is there and was never submitted. It keeps no state of its own and is safe for concurrent use. Every call respects the
// context's deadline, sets one of its own where there is none, and is never made inside a transaction. Implemented by payments/stripe and
// payments/authorizenet.
type Processor interface {
	// Describe says whether the credentials work and what the account can do: "test connection".
	Describe(ctx context.Context) (Account, error)
	// Customer makes the client's object at the processor, or finds the one that ref made before.
	Customer(ctx context.Context, c CustomerFacts) (id string, err error)

	// Begin makes the object of an attempt without moving money, and returns its id: from then on it can be asked for. A processor that has no such
	// object returns "". The same attempt again gives the same object.
	Begin(ctx context.Context, a Attempt) (objectID string, err error)
	// Submit asks for the money. The same attempt again is the same charge or none: a processor without idempotency keys answers ErrLost for a source that
	// cannot be sent twice, and Look decides.
	Submit(ctx context.Context, a Attempt) (Outcome, error)
	// Look asks what became of an attempt, by its object or else by its code. ErrAbsent: the processor does not know it now, which is no proof
	// that it never will.
	Look(ctx context.Context, a Attempt) (Outcome, error)
	// Cancel ends an attempt that has not taken money; the outcome says whether it did. A success in between is an outcome, not an error.
	Cancel(ctx context.Context, a Attempt) (Outcome, error)

	// Refund gives money back. The same refund again is the same one.
	Refund(ctx context.Context, r RefundRequest) (RefundOutcome, error)
	// LookRefund asks what became of it.
	LookRefund(ctx context.Context, r RefundRequest) (RefundOutcome, error)

	// AddMethod saves a method from a source for later, without a charge. Verification may be pending.
	AddMethod(ctx context.Context, m NewMethod) (MethodFacts, error)
	// VerifyMethod tries the small deposits' amounts or their code.
	VerifyMethod(ctx context.Context, setupRef string, v Verification) (MethodFacts, error)
	// LookMethod asks what is known of a saved method now. ErrAbsent: it is gone.
	LookMethod(ctx context.Context, customerID, ref string) (MethodFacts, error)
	// RemoveMethod forgets it at the processor; one that is gone is no error.
	RemoveMethod(ctx context.Context, customerID, ref string) error
	// SetDefault tells the processor which method is the client's first choice; a processor without the notion does nothing.
	SetDefault(ctx context.Context, customerID, ref string) error

	// Movements lists, in no order, what was captured, refunded and taken back from one moment to another; next is "" at the end.
	Movements(ctx context.Context, from, to time.Time, cursor string) (moves []Movement, next string, err error)
	// ReadEvent checks an event's signature over the raw body, and says what it is about; what it claims is not to be believed: the object is asked for.
	// ErrForged for a signature that fits no secret, or is too old.
	ReadEvent(header map[string][]string, body []byte) (Event, error)
}

// ErrForged says that an event was not signed with a secret of the connection, or long ago.
var ErrForged = errors.New("the event's signature does not fit")

// Account is what a processor says of a tenant's account.
type Account struct {
	ID         string
	Name       string // as the processor shows it; may be empty
	Live       bool
	Currencies []ledger.Currency // empty: any that is asked
	Cards      bool
	BankDebits bool
	Missing    []string // what must be switched on at the processor, in words; empty: all is well
}

// CustomerFacts is what a processor is told of a client.
type CustomerFacts struct {
	Ref   string // ours, at most 20 characters: the same again is the same customer
	Name  string
	Email string // may be empty
}

// Attempt is one try to take a payment at a processor, as it was written down before the processor was asked. It never changes but for ObjectID.
type Attempt struct {
	PaymentID   string          // keys are derived from it
	Code        string          // "A" and 16 letters or digits: what processors without metadata know it by
	Amount      int64           // minor units, by the currency's own exponent
	Currency    ledger.Currency //
	Live        bool            //
	Account     string          // the processor's id of the account
	CustomerID  string          // the client's at the processor, "" for none
	Kind        string          // Card, Bank or Hosted
	MethodRef   string          // of a saved method, "" for a new one
	Source      string          // the processor's single-use name for a new method; never a number
	SaveMethod  bool            // keep the new method for later
	OffSession  bool            // nobody is there to answer the bank
	ObjectID    string          // at the processor, "" until it is known
	Description string          // at most 255 characters: the invoices' numbers
	Email       string          // of the payer, may be empty
	ReturnURL   string          // of the payment's own page, where a bank's page leads back to
	PayerIP     string          // "" when it is not kept
	PayerAgent  string          //
	CreatedAt   time.Time       //
}

// Hosted is a payment that the payer makes on the processor's own page, without scripts of ours.
const Hosted = "hosted"

// Outcome is what a processor says of an attempt, now.
type Outcome struct {
	Status    string          // one of the statuses; never Reserved, Rejected or Unknown; Submitting: known, and never submitted
	ObjectID  string          //
	ChargeID  string          // of what was captured, "" while nothing was
	Received  int64           // captured, in minor units by the currency's own exponent
	Currency  ledger.Currency //
	Customer  string          // "" when the processor does not say
	Account   string          // "" when the processor does not say
	Live      bool            //
	Code      string          // the attempt's code as the object carries it; "" when it carries none
	Failure   Failure         // of Failed and Canceled
	Action    Action          // of RequiresAction and RequiresVerification
	Method    MethodFacts     // with what was paid; Ref is "" when it was not saved
	SettlesOn ledger.Date     // when a bank debit is expected, zero when unknown
	Refunds   []RefundOutcome // all that are known on it, also those that were not made here
	Disputes  []DisputeFacts  // all that are known on it, returns too
}

// Failure says why nothing was taken.
type Failure struct {
	Kind FailureKind
	Code string // the processor's, for operators; never shown to a payer
}

// FailureKind is what a payer is told: one sentence each, and one next step.
type FailureKind string

const (
	FailedNumber      FailureKind = "number"        // the number is not right
	FailedExpiry      FailureKind = "expiry"        // the date is not right
	FailedCVC         FailureKind = "cvc"           // the security code is not right
	FailedAddress     FailureKind = "address"       // address or postal code do not match
	FailedExpired     FailureKind = "expired"       // the card has expired
	FailedFunds       FailureKind = "funds"         // not enough money available
	FailedLimit       FailureKind = "limit"         // the card's limit is reached
	FailedAction      FailureKind = "authenticate"  // the bank wants to hear from the payer
	FailedTryLater    FailureKind = "try_later"     // the bank did not answer
	FailedUnsupported FailureKind = "unsupported"   // this card cannot be used for this
	FailedDeclined    FailureKind = "declined"      // the bank did not say why; lost, stolen and suspected cards look the same
	FailedBlocked     FailureKind = "blocked"       // the bank blocked it: do not try this method again
	FailedDuplicate   FailureKind = "duplicate"     // the same was just paid
	FailedUnavailable FailureKind = "unavailable"   // ours or the tenant's: nothing the payer can mend
	FailedBankAccount FailureKind = "bank_account"  // closed, frozen, unknown: the account cannot be used again
	FailedMandate     FailureKind = "mandate"       // the account's owner did not authorise it
	FailedAbandoned   FailureKind = "not_completed" // the payer did not finish
	FailedDeposits    FailureKind = "deposits"      // the small deposits are others
	FailedTries       FailureKind = "tries"         // no tries are left: another account, or the same again from the start
)

// Action is what a payer must do before the payment goes on. It lets its holder go on with the payment: it is kept sealed.
type Action struct {
	URL          string // to go to, "" when a script does it
	ClientSecret string // for the processor's script, "" when there is none
	Form         string // a token to post to URL, for processors that want one
}

// MethodFacts is what a processor says of a method; never its number.
type MethodFacts struct {
	Ref       string // at the processor, "" when it was not saved
	Kind      string // Card or Bank
	Brand     string // "visa", or the bank's name
	Last4     string
	ExpMonth  int // 0 for a bank account
	ExpYear   int
	Pending   bool      // small deposits are on their way
	SetupRef  string    // what VerifyMethod takes, while Pending
	ArrivesAt time.Time // of the small deposits, zero when unknown
	TriesLeft int       // -1: the processor does not say
	VerifyURL string    // the processor's own page for it, "" when there is none
}

// NewMethod is a method to save.
type NewMethod struct {
	Key         string // ours: the same again is the same method
	CustomerID  string
	Kind        string // Card or Bank
	Source      string // the processor's single-use name; never a number
	MandateIP   string // of who agreed to the mandate
	MandateUA   string
	ReturnURL   string
	CustomerRef string
}

// Verification is what a person read on the bank statement: two amounts in minor units, or a code.
type Verification struct {
	Amounts [2]int64
	Code    string // "" for amounts
}

// RefundRequest is a refund as it was written down before the processor was asked.
type RefundRequest struct {
	ID       string // keys are derived from it
	Attempt  Attempt
	ChargeID string
	Amount   int64
	Whole    bool   // all that was captured
	Last4    string // of the method, for processors that ask for it
	ObjectID string // at the processor, "" until it is known
}

// RefundOutcome is what a processor says of a refund.
type RefundOutcome struct {
	ObjectID string
	Ref      string // our id as the object carries it, "" when it was made elsewhere
	Amount   int64
	Currency ledger.Currency
	Status   string // "pending", Succeeded, Failed
	Code     string // why it failed
	At       time.Time
}

// DisputeFacts is money that a bank took back, or may.
type DisputeFacts struct {
	ObjectID string
	Kind     string // "dispute" or "return"
	Amount   int64
	Currency ledger.Currency
	Status   string // "open": taken back and contested; "won": given back; "lost"; "warning": nothing was taken yet
	Reason   string
	At       time.Time
}

// Movement is one movement of money at the processor.
type Movement struct {
	Kind     string // "charge", "refund", "dispute"
	ObjectID string // of the charge, refund or dispute
	ParentID string // the attempt's object that it belongs to
	Code     string // the attempt's code as the object carries it, "" when it carries none
	Amount   int64  // as it was moved, positive
	Currency ledger.Currency
	At       time.Time
}

// Event is what a processor's message is about.
type Event struct {
	ID       string
	Kind     string // the processor's
	About    string // "payment", "refund", "dispute", "method", "connection", "" for what does not concern us
	ObjectID string // the attempt's object for payments, refunds and disputes; the method's or account's otherwise
	Code     string // the attempt's code as the message claims it, "" when it does not say
	Account  string // "" when it does not say
	Live     bool
	At       time.Time
}
