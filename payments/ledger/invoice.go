package ledger

import "time"

// InvoiceStatus is what is stored of an invoice's life. What a client reads is the State that Invoice.State derives.
type InvoiceStatus string

const (
	Draft         InvoiceStatus = "draft"
	Sent          InvoiceStatus = "sent"
	Void          InvoiceStatus = "void"
	Uncollectible InvoiceStatus = "uncollectible"
)

// State is what an invoice is to its reader, derived from its status, its ledger entries and the day.
type State string

const (
	StateDraft         State = "draft"
	StateOpen          State = "open"
	StateProcessing    State = "processing" // settled + in flight cover the total, and something is in flight
	StatePartiallyPaid State = "partially_paid"
	StatePaid          State = "paid"
	StateOverdue       State = "overdue"
	StateVoid          State = "void"
	StateUncollectible State = "uncollectible"
)

// Invoice is one invoice with its lines and what the ledger says of it.
type Invoice struct {
	ID               string
	CompanyID        string
	ContactID        string // "" when it is addressed to every payer of the company
	Number           string
	Status           InvoiceStatus
	Currency         Currency
	IssueDate        Date
	DueDate          Date
	Title            string
	PONumber         string
	Notes            string
	Lines            []Line
	Subtotal         int64 // Σ quantity × unit amount
	Discount         int64 // Σ line discounts + DocumentDiscount
	DocumentDiscount int64
	Tax              int64
	Total            int64
	Settled          int64 // Σ of posted payments, positive
	InFlight         int64 // Σ of payments that are processing, positive
	Version          int
	CreatedAt        time.Time
	SentAt           time.Time // zero: never
	ViewedAt         time.Time
	VoidedAt         time.Time
	VoidReason       string
}

// Line is one position of an invoice.
type Line struct {
	Description string
	Quantity    int64 // ten-thousandths: 15000 is 1.5
	UnitAmount  int64
	Discount    int64
	TaxBPS      int32 // basis points: 825 is 8.25 %
	Amount      int64 // quantity × unit − discount
	Tax         int64
}

// Payment is money that came or is coming in.
type Payment struct {
	ID         string
	CompanyID  string
	ContactID  string // who of the company paid, "" when nobody did it in the portal
	Status     string // one of package payments' statuses; "processing", "succeeded" or "failed" for one that the tenant recorded
	Kind       string // "manual", "card", "bank", "hosted" until it is known which, "credit"
	Amount     int64
	Currency   Currency
	Method     string // as people read it
	Reference  string
	PaidBy     string // the contact's name, "" when nobody of the client did it in the portal
	ReceivedOn Date
	Applied    int64 // the part that went to the invoice it is listed under; 0 in lists of payments
	// Allocations say which invoices it is meant for, by id; they add up to Amount. Lists of an invoice's payments leave them out.
	Allocations []Allocation
	CreatedAt   time.Time
	ChangedAt   time.Time // when it came to its status
}

// Allocation is the part of a payment that is meant for one invoice.
type Allocation struct {
	InvoiceID string
	Amount    int64
}

// EntryKind says what a ledger entry is the effect of.
type EntryKind string

const (
	EntryInvoice EntryKind = "invoice" // an invoice was sent: positive
	EntryVoid    EntryKind = "void"    // what was open of it is taken back: negative
	EntryPayment EntryKind = "payment" // money arrived for it: negative

	EntryRefund        EntryKind = "refund"        // money was given back: positive
	EntryReversal      EntryKind = "reversal"      // a bank took money back: positive
	EntryReinstatement EntryKind = "reinstatement" // what was taken or given back came again: negative
	EntryCreditGiven   EntryKind = "credit_given"  // money that fits no invoice: negative, on none
	EntryCreditUsed    EntryKind = "credit_used"   // from the client's credit to invoices: the entries of one use add up to nothing
	EntryAdjustment    EntryKind = "adjustment"    // what the tenant does not ask for any more: negative; or does again: positive
)

// Entry is one posting to a client's account. Balances are sums of entries and nothing else. Entries are never changed: a mistake is
// mended by another entry.
type Entry struct {
	CompanyID   string
	InvoiceID   string // "": on none; the sum of those is the client's credit, turned round
	PaymentID   string // "" unless a payment caused it
	Kind        EntryKind
	Amount      int64 // what the client owes more; negative for less; never 0
	Currency    Currency
	Effect      string // what it is the effect of, posted once an invoice however often it is told; "" for what another rule keeps single
	EffectiveOn Date   // the day it was posted on, so that a statement of past days never changes
}
