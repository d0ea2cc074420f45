package payments

import (
	"context"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// PayStore keeps what a Service decides. Every method sees one tenant's rows only, but for those of looks; what is not there is ErrNotFound.
// All are safe for concurrent use, and each is one transaction. A decide function is called with the rows locked, at most once a transaction,
// must not block or ask a processor, and its error is returned as it is. Implemented by paymentsdb.
type PayStore interface {
	// Connection returns one connection, a disconnected one too.
	Connection(ctx context.Context, t tenant.ID, id string) (Connection, error)
	// ChangeConnection locks a connection and writes what decide makes of it.
	ChangeConnection(ctx context.Context, t tenant.ID, id string, decide func(c *Connection) (what string, err error)) (Connection, error)
	// Connections lists a tenant's connections, the newest first.
	Connections(ctx context.Context, t tenant.ID) ([]Connection, error)
	// Zone returns the tenant's time zone.
	Zone(ctx context.Context, t tenant.ID) (*time.Location, error)

	// PayFacts reads what must be known before a processor's customer is made.
	PayFacts(ctx context.Context, t tenant.ID, q PayQuery) (PayFacts, error)
	// KeepCustomer writes a client's id at a processor, and returns the one that is kept: somebody may have been faster.
	KeepCustomer(ctx context.Context, t tenant.ID, connectionID, companyID, customerID string) (string, error)
	// Reserve locks the invoices of q in the order of their ids, reads the facts again, and writes the payments of the plan that decide makes. When
	// the key's payment exists already it is told in PayFacts.Known, and decide must return a nil plan: then nothing is written.
	Reserve(ctx context.Context, t tenant.ID, q PayQuery, decide func(f PayFacts) (*Plan, error)) error
	// SetObject writes the processor's id of an attempt, once. Another one than is there is an error.
	SetObject(ctx context.Context, t tenant.ID, paymentID, objectID string) error

	// File reads a payment with everything that is decided on, without locks.
	File(ctx context.Context, t tenant.ID, paymentID string) (File, error)
	// Turn locks a payment, its invoices and, when it left some, the client's credit, and writes what decide makes of them. A nil Turn writes nothing.
	// It is ErrStale when the payment cannot come to the Turn's status from the one it has.
	Turn(ctx context.Context, t tenant.ID, paymentID string, decide func(f *File) (*Turn, error)) error
	// ClaimLook reports whether the processor may be asked of the payment now, and notes it: nobody did in the time before.
	ClaimLook(ctx context.Context, t tenant.ID, paymentID string, now time.Time, least time.Duration) (bool, error)

	// FindPayment returns the id of the payment whose attempt has this object or, failing that, this code; ErrNotFound for none.
	FindPayment(ctx context.Context, t tenant.ID, connectionID, objectID, code string) (string, error)
	// PaymentsBy returns the newest payments older than f.After.
	PaymentsBy(ctx context.Context, t tenant.ID, f PaymentFilter) ([]Payment, error)
	// Presence returns who is paying the invoices of a company; nil ids: all of them.
	Presence(ctx context.Context, t tenant.ID, companyID string, invoiceIDs []string) ([]Presence, error)
	// Credit returns what stands to a client's credit, by currency.
	Credit(ctx context.Context, t tenant.ID, companyID string) ([]ledger.Money, error)
	// Balance returns what a client owes, by currency.
	Balance(ctx context.Context, t tenant.ID, companyID string) ([]ledger.Money, error)

	// TakeLooks takes what is due of all tenants, and puts each off by hold so that no other node takes it meanwhile.
	TakeLooks(ctx context.Context, now time.Time, hold time.Duration, limit int) ([]Look, error)
	// PutOff makes a look due at another time, or ends it (zero), unless somebody else took it meanwhile.
	PutOff(ctx context.Context, l Look, due time.Time, status string) error
	// LookStats counts what waits, across tenants.
	LookStats(ctx context.Context, now time.Time) (Stats, error)

	// AddEvent keeps a message and has it looked at; false when it is known.
	AddEvent(ctx context.Context, t tenant.ID, connectionID string, e Event, now time.Time) (bool, error)
	// CountForged counts a message whose signature did not fit.
	CountForged(ctx context.Context, t tenant.ID, connectionID string) error
	// Event returns a kept message.
	Event(ctx context.Context, t tenant.ID, connectionID, eventID string) (KeptEvent, error)
	// EventDone writes what became of a message: done, or one more try, or parked.
	EventDone(ctx context.Context, t tenant.ID, connectionID, eventID string, now time.Time, parkedWhy string, done bool) error
	// RefreshMethod writes what a processor says of a saved method; nil: it is gone.
	RefreshMethod(ctx context.Context, t tenant.ID, connectionID, ref string, facts *MethodFacts, now time.Time) error
	// MethodOwner returns the customer whom a method at a processor belongs to.
	MethodOwner(ctx context.Context, t tenant.ID, connectionID, ref string) (customerID string, err error)

	// AddOrphans keeps money that belongs to no payment; what is kept already stays as it is.
	AddOrphans(ctx context.Context, t tenant.ID, connectionID string, all []Orphan) error
	// Orphans returns what is open, the newest first, at most 200.
	Orphans(ctx context.Context, t tenant.ID) ([]Orphan, error)
	// CloseOrphan closes one; ErrNotFound when it is not open.
	CloseOrphan(ctx context.Context, t tenant.ID, o Orphan, by string, now time.Time) error
	// Captured returns the payments that were posted from one moment to another through a connection.
	Captured(ctx context.Context, t tenant.ID, connectionID string, from, to time.Time) ([]string, error)
}

// PayQuery names what a payment is asked for.
type PayQuery struct {
	Key          string
	ConnectionID string // "": the tenant's active one
	CompanyID    string
	ContactID    string // "" for autopay
	SessionID    string
	MethodID     string
	InvoiceIDs   []string // sorted
	Now          time.Time
}

// PayFacts is what a payment is decided on.
type PayFacts struct {
	Known      *KnownPayment // the key's
	Connection *Connection   // nil: none takes payments
	CustomerID string        // at the connection's processor, "" when it does not know the client
	Company    string        // its name, "" when there is none of this id
	Contact    *Payer        // nil: none of this id is the company's
	Method     *SavedMethod  // nil: none of this id is the company's
	Declined   []time.Time   // the session's last declines, the newest first; at most as many as end in a pause
	DeclinedOn []InvoiceStop // invoices with too many declines
	// Only under locks:
	Invoices []ledger.Invoice          // locked, by id
	Busy     map[string]Presence       // by invoice: who is at it
	PaidBy   map[string]ledger.Payment // by invoice: the last payment that was received or is under way
	Credit   map[ledger.Currency]int64 // the client's
}

// KnownPayment is a payment that was asked for before.
type KnownPayment struct {
	ID   string
	Hash []byte
}

// Payer is a contact as far as paying goes.
type Payer struct{ Name, Email, Role, Status string }

// SavedMethod is a saved method as far as paying goes.
type SavedMethod struct{ ID, ConnectionID, Ref, Kind, Status, Brand, Last4 string }

// InvoiceStop is an invoice that takes no tries until a time.
type InvoiceStop struct {
	InvoiceID string
	Since     time.Time // of the oldest decline that counts
}

// Plan is what Reserve writes.
type Plan struct {
	Credit  *Booking // what the client's credit settles, at once
	Payment *Booking // what the processor is asked for, reserved
	Attempt Attempt
	Frozen  Frozen
	Look    time.Time // when somebody must look, should this process die
}

// Booking is one payment of a plan, with the entries that it posts.
type Booking struct {
	Payment ledger.Payment
	Key     string
	Hash    []byte
	Entries []ledger.Entry
}

// Frozen is an attempt as it is kept.
type Frozen struct {
	ConnectionID string
	MethodID     string
	SessionID    string
	Mandate      string // the text that was agreed to
	Params       string
	Hash         [32]byte
	Brand, Last4 string // of a saved method
}

// File is a payment with all that is decided on.
type File struct {
	Payment  Payment
	Account  string
	Zone     *time.Location
	Attempt  *Attempt // nil: none was made
	Params   string
	Hash     []byte
	Sealed   []byte           // the action
	Invoices []ledger.Invoice // of the allocations, by id
	Entries  []ledger.Entry   // that the payment caused
	Credit   int64            // the client's in the payment's currency; 0 when the payment left none
}

// Turn is what is written of a payment.
type Turn struct {
	Payment     Payment // as it shall be; refunds and disputes are below
	Sealed      []byte  // the action, nil for none
	Entries     []ledger.Entry
	Refunds     []Refund     // new and changed ones
	Disputes    []Dispute    // new and changed ones
	Receipt     bool         // number one, if there is none yet
	Method      *MethodFacts // keep it for later
	Orphan      *Orphan
	Look        time.Time // when the processor is asked again; zero: never
	RefundLooks []RefundLook
	Notes       []string // for the audit log
	Notices     []Notice // for those who pay
}

// RefundLook says when a refund is looked at; a zero Due: never again.
type RefundLook struct {
	RefundID, Status string
	Since, Due       time.Time
}

// Notice is something that the payer must hear of by mail.
type Notice struct {
	Kind      string // one of the Notice constants
	PaymentID string
	CompanyID string
	ContactID string // who paid; "": every payer of the company
	RefundID  string // "" but for NoticeRefunded
}

// What payers hear of.
const (
	NoticeReceipt  = "receipt"  // the money arrived
	NoticeFailed   = "failed"   // it did not, and the payer was not there to see it
	NoticeReturned = "returned" // the bank took it back
	NoticeRefunded = "refunded" // the tenant gave it back
)

// Orphan is money at a processor that belongs to no payment of ours, or differs from it.
type Orphan struct {
	ConnectionID string // with ObjectID and Kind it is the name of one
	ObjectID     string
	Kind         string // "charge", "refund", "dispute", "mismatch"
	Money        ledger.Money
	Why          string
	PaymentID    string // "" for none
	FoundAt      time.Time
}

// Look is something to ask a processor, that this node has taken.
type Look struct {
	Tenant tenant.ID
	Kind   string // LookPayment, LookRefund, LookEvent or LookConnection
	Ref    string
	Status string
	Since  time.Time
	Due    time.Time // when it was due
	Lease  int64
}

// Kinds of looks.
const (
	LookPayment    = "payment"
	LookRefund     = "refund"
	LookEvent      = "event"      // Ref is the connection's id, a space and the event's
	LookConnection = "connection" // the nightly comparison
)

// KeptEvent is a message that was kept.
type KeptEvent struct {
	About, Kind, ObjectID string
	Tries                 int
	Done                  bool
	ReceivedAt            time.Time
}
