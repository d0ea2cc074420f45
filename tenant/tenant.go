package tenant

import (
	"errors"
	"time"
)

// Errors that callers tell apart. Everything else is wrapped with what was being done.
var (
	// ErrNotFound says that the tenant, host, key or logo does not exist, or belongs to another tenant: callers cannot tell which.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable says that the record cannot be reached at the moment: nothing is known, and nothing was decided. Asking again later may help.
	ErrUnavailable = errors.New("the record cannot be reached")
	// ErrTaken says that a slug or host is already in use.
	ErrTaken = errors.New("already taken")
	// ErrSuspended says that the API key is good, but its tenant is suspended.
	ErrSuspended = errors.New("the tenant is suspended")
)

// Status says whether a tenant's hosts are served.
type Status string

const (
	Active    Status = "active"    // served
	Suspended Status = "suspended" // hosts answer with a plain page, the API refuses
)

// Tenant is a business that bills its clients, with all that a page of its portal shows of it. A Tenant that the Directory hands
// out is shared by many requests and must not be changed.
type Tenant struct {
	ID        ID
	Slug      string // the first label of the default host: 3 to 40 characters of a-z, 0-9 and inner hyphens
	Name      string // as clients read it
	Status    Status
	TimeZone  *time.Location // the zone of its dates; never nil
	Country   string         // ISO 3166-1 alpha-2; decides the paper size and date forms
	Locale    string         // BCP 47, like "en-US"
	Currency  string         // ISO 4217, for new invoices
	Test      bool           // true for a tenant made for rehearsal: its keys are thk_test_…
	Brand     Brand
	Policy    Policy
	Style     *Style // the stylesheet of Brand's colours
	CreatedAt time.Time
}

// Policy is what a tenant may decide about its portal. Zero values never reach here: the table's defaults are the product's.
type Policy struct {
	SessionLifetime      time.Duration // absolute, 1 h to 30 d; 7 d by default
	DocumentLinkLifetime time.Duration // 1 d to 180 d; 30 d by default
	StrictLinks          bool          // the first press of a document's link spends it, whoever pressed; off by default
	StepUpLinks          bool          // a document's link shows that document only, and everything else takes a mailed code; off by default
	LogVisitors          bool          // keep IP address and user agent with sessions and audit entries; on by default
	PaymentInstructions  string        // how to pay without the portal; plain text, may be empty
	PartialPayments      bool          // a client may pay a part of an invoice; off by default
	PartialMinimum       int64         // the least part, in minor units of the invoice's currency; 0: none
}

// LoginLinkLifetime is how long a link that somebody asked for in the portal's footer works (mission: 10 minutes).
const LoginLinkLifetime = 10 * time.Minute

// Brand is how a tenant's portal looks. Colours are as the tenant typed them; NewPalette corrects them for the page.
type Brand struct {
	Primary      Color  // buttons, links, the thin rule
	Accent       Color  // small marks
	Footer       string // plain text of the footer, up to 1,000 characters; https: and mailto: become links
	SupportEmail string // shown on every page and dead end; may be empty
	Logo         Logo   // zero: the name is set in type
}

// Logo is a stored, re-encoded logo.
type Logo struct {
	Hash   string // hex SHA-256 of the stored bytes; "" means that there is no logo
	Width  int    // pixels
	Height int    // pixels
}
