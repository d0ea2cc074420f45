package portal

import (
	"context"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
)

// Pages is where pages get their data. Each method is one Postgres round trip that also checks that the session still stands, and
// returns access.ErrNoSession when it does not and access.ErrNotFound for a document that is not this company's or not sent.
// Implemented by portaldb.
type Pages interface {
	PeoplePages
	PayPages
	MethodPages
	HistoryPages

	Home(ctx context.Context, s access.Session, today ledger.Date) (HomeData, error)
	Invoices(ctx context.Context, s access.Session, q InvoiceQuery) (InvoicesData, error)
	// Invoice also notes that a person saw the invoice, in the same round trip: viewer says from where. nil leaves no trace, as for HEAD.
	Invoice(ctx context.Context, s access.Session, id string, viewer *access.Visitor) (InvoiceData, error)
	// Trail is what the company's people did and what was done to its documents, as the audit log has it.
	Trail(ctx context.Context, s access.Session, q TrailQuery) (TrailData, error)
	// TrailFile is Trail for a file of at most MostInFile entries; it notes in the same round trip that a person took it. nil leaves no trace.
	TrailFile(ctx context.Context, s access.Session, q TrailQuery, viewer *access.Visitor) (TrailData, error)
	Account(ctx context.Context, s access.Session) (AccountData, error)
	Companies(ctx context.Context, s access.Session) (CompaniesData, error)
	// Codes is how it stands with the codes that were mailed to the session's contact.
	Codes(ctx context.Context, s access.Session) (CodesData, error)
}

// InvoiceTab is one tab of the invoice list.
type InvoiceTab string

const (
	TabDue        InvoiceTab = "due"
	TabProcessing InvoiceTab = "processing"
	TabPaid       InvoiceTab = "paid"
	TabAll        InvoiceTab = "all"
)

// InvoiceQuery asks for one page of one tab.
type InvoiceQuery struct {
	Tab   InvoiceTab
	After string // cursor: opaque, "" for the first page
	Limit int
	Today ledger.Date
}

// HomeData is what the home page shows.
type HomeData struct {
	Member   access.Member
	Due      []ledger.Invoice // open, partially paid or overdue, without lines; overdue first, then by due date; at most 10
	DueTotal []DueTotal       // one a currency
	Activity []Activity       // newest first, at most 8
	Counter
}

// DueTotal sums what is due in one currency.
type DueTotal struct {
	Due, Overdue ledger.Money
	Invoices     int // how many invoices are due
	InFlight     ledger.Money
}

// Activity is one line of recent activity: an invoice sent, a payment received or on its way.
type Activity struct {
	At     time.Time
	Kind   string // "invoice_sent", "invoice_voided", "payment_processing", "payment_succeeded", "payment_failed"
	Number string // of the invoice, when there is one
	ID     string // of the invoice, when there is one
	Amount ledger.Money
	Who    string // who paid, "" when unknown
	Method string
}

// InvoicesData is one page of the invoice list.
type InvoicesData struct {
	Member   access.Member
	Counts   map[InvoiceTab]int
	Invoices []ledger.Invoice // without lines
	Next     string           // cursor of the next page, "" at the end
}

// InvoiceData is one invoice as its client sees it.
type InvoiceData struct {
	Member   access.Member
	Invoice  ledger.Invoice
	Payments []ledger.Payment // that touch it, oldest first
	Counter
}
