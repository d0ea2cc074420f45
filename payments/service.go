package payments

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// ServiceConfig is what a Service is made of.
type ServiceConfig struct {
	Store PayStore // required
	// Open returns the processor that a connection leads to. It opens the credentials and makes no call; it is called for every use.
	Open func(ctx context.Context, t tenant.ID, c Connection) (Processor, error) // required
	Ring *seal.Ring                                                              // required: seals what lets a payer go on with a payment
	Now  func() time.Time                                                        // default time.Now
	Log  *slog.Logger                                                            // default: discards
	// Crash is called at the points where a process that dies leaves something behind: one of CrashPoints. In tests it panics. Default: nothing.
	Crash func(point string)
	// Tick is how often Run looks for what is due. Default one second.
	Tick time.Duration
	// Parallel is how many looks Run has under way at once. Default 8.
	Parallel int
}

// Names of the points for ServiceConfig.Crash, in the order in which a payment comes by.
const (
	CrashBeforeReserve = "before_reserve" // nothing is written
	CrashAfterReserve  = "after_reserve"  // the attempt is written, the processor was not asked
	CrashAfterBegin    = "after_begin"    // the processor has an object that we do not know
	CrashAfterObject   = "after_object"   // we know the object, and it was not submitted
	CrashAfterSubmit   = "after_submit"   // the money may have been taken; the answer is not written
	CrashAfterApply    = "after_apply"    // all is written
)

// CrashPoints lists them.
func CrashPoints() []string {
	return []string{CrashBeforeReserve, CrashAfterReserve, CrashAfterBegin, CrashAfterObject, CrashAfterSubmit, CrashAfterApply}
}

// Service takes payments through processors, gives money back, and follows what becomes of both until their end. It is safe for concurrent
// use, also by many processes on one store: the store's rows are the only state, and every decision is made on locked ones.
type Service struct {
	cfg    ServiceConfig
	forged counter // events whose signature did not fit, on this node

	differences counter // that nightly comparisons found, on this node
}

// New checks the configuration. It starts nothing: Run does.
func New(cfg ServiceConfig) (*Service, error) {
	if cfg.Store == nil || cfg.Open == nil || cfg.Ring == nil {
		return nil, errors.New("payments need a store, processors and a key ring")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Crash == nil {
		cfg.Crash = func(string) {}
	}
	if cfg.Tick <= 0 {
		cfg.Tick = time.Second
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 8
	}
	return &Service{cfg: cfg}, nil
}

// now is the clock as precisely as the store can keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// Payment is a payment with all that is known of it.
type Payment struct {
	ledger.Payment             // Allocations are filled; PaidBy is the contact's name
	InvoiceNumbers []string    // of the allocations, in their order
	Live           bool        // no rehearsal
	Processor      string      // "" for one that no processor was asked for
	ConnectionID   string      //
	ObjectID       string      // at the processor, "" until it is known
	ChargeID       string      //
	Brand          string      // "visa", or the bank's name
	Last4          string      //
	MethodID       string      // of the saved method it was paid with, "" for a new one
	Failure        Failure     // of Failed and Canceled
	Action         Action      // while RequiresAction or RequiresVerification; zero in lists
	SettlesOn      ledger.Date // when a bank debit is expected, zero when unknown
	UnknownSince   time.Time   // zero: never
	Looks          int         // how often the processor was asked since it came to its status
	NextLook       time.Time   // when it is asked next; zero when nothing is open
	Refunded       int64       // Σ of its refunds that are done
	Refunding      int64       // Σ of its refunds that may still happen
	Reversed       int64       // taken back by a bank
	Credited       int64       // the part that became the client's credit
	Quarantine     string      // why a person must look; "" for nearly all
	Receipt        string      // its number, "" for none
	ReceiptAt      time.Time   //
	Refunds        []Refund    // oldest first; nil in lists
	Disputes       []Dispute   // oldest first; nil in lists
}

// Refundable is what can still be given back.
func (p Payment) Refundable() int64 {
	if p.Status != Succeeded {
		return 0
	}
	return max(0, p.Amount-p.Refunded-p.Refunding-p.Reversed)
}

// Standing is what a payment is to its reader: its status, or what became of it afterwards: "refunded", "partially_refunded", "disputed",
// "returned" or "lost".
func (p Payment) Standing() string { return standing(p) }

// Refund is money that goes back to the payer.
type Refund struct {
	ID          string
	PaymentID   string
	Amount      int64
	Currency    ledger.Currency
	Status      string // Submitting, Unknown, RefundPending, Succeeded or Failed
	Reason      string
	Reopen      bool // what is given back is owed again
	Outside     bool // made at the processor, not here
	Key         string
	ObjectID    string
	FailureCode string
	Looks       int // how often the processor was asked since it came to its status
	CreatedAt   time.Time
	ChangedAt   time.Time
}

// RefundPending is the status of a refund that the processor took and has not done yet.
const RefundPending = "pending"

// Dispute is money that a bank took back.
type Dispute struct {
	ID        string
	PaymentID string
	Kind      string // "dispute" or "return"
	ObjectID  string
	Amount    int64
	Currency  ledger.Currency
	Status    string // "open", "won" or "lost"
	Reason    string
	OpenedAt  time.Time
	ChangedAt time.Time
}

// Moment is one line of a payment's history.
type Moment struct {
	What   string // "started", a status, "receipt", "refund.<status>", "dispute.<status>", "return.<status>"
	At     time.Time
	Amount int64 // of a refund or dispute, else 0
}

// Timeline tells a payment's history, oldest first.
func (p Payment) Timeline() []Moment { return timeline(p) }

// PaymentFilter asks for one page of payments, the newest first.
type PaymentFilter struct {
	CompanyID string   // "": of every client
	InvoiceID string   // "": on any invoice
	Statuses  []string // nil: all
	After     string   // PaymentPage.Next of the page before
	Limit     int      // 1 to 200; 0 means 50
}

// PaymentPage is one page of payments.
type PaymentPage struct {
	Payments []Payment // without refunds, disputes and action
	Next     string    // "" at the end
}

// Presence is a person who is paying an invoice.
type Presence struct {
	InvoiceID string
	PaymentID string
	ContactID string
	Name      string // of the contact, "" when nobody is there
	Status    string
	Amount    int64 // of the invoice
	Since     time.Time
}
