package access

import (
	"errors"
	"net/netip"
	"time"

	"tollhouse/tenant"
)

// Errors that servers turn into pages and problem answers.
var (
	// ErrNoSession says that the request carries no valid session for this host: none, expired, revoked, or of another host.
	ErrNoSession = errors.New("no session")
	// ErrNotFound says that the link, session, contact or company does not exist for this tenant.
	ErrNotFound = errors.New("not found")
	// ErrLimited says that this address, IP or tenant asked too often.
	ErrLimited = errors.New("too many requests")
	// ErrConflict says that the row changed or a unique value is in use; the text says which.
	ErrConflict = errors.New("conflict")
)

// Role is what a contact may do for its company.
type Role string

const (
	Payer  Role = "payer"  // reads, downloads, pays
	Viewer Role = "viewer" // reads and downloads
	Signer Role = "signer" // only contracts where they sign
)

// Company is a client of a tenant.
type Company struct {
	ID            string
	Name          string
	Currency      string
	PortalEnabled bool
	TaxExempt     bool
	TaxID         string
	Reference     string
	Address       Address
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Address is a postal address; every field may be empty.
type Address struct {
	Line1, Line2, City, Region, PostalCode, Country string
}

// Contact is one person's place at one company.
type Contact struct {
	ID        string
	CompanyID string
	Name      string
	Email     string
	Role      Role
	Status    string // "active", "disabled", "removed"
	Locale    string
	Bounce    Bounce // of its address; only read
	NoPayer   bool   // its company has no active contact who pays, so that no invoice can be sent; only read, and only by accessdb.Clients
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Session is a live portal session, as Redis keeps it for each request to read.
type Session struct {
	ID        string
	Tenant    tenant.ID
	Host      tenant.Hostname
	HostEpoch int64
	CompanyID string
	ContactID string
	LinkID    string
	Level     string // Provisional or Confirmed
	// DocumentID is the one document that a provisional session may see; "" for a confirmed one.
	DocumentID string
	ExpiresAt  time.Time
}

// Member is who a session turns out to be: the contact and company as they are now, read in the same round trip as the page's data.
type Member struct {
	Session Session
	Contact Contact
	Company Company
	Several bool // the mailbox serves other companies of the tenant too, and this session may go there
}

// Visitor is where a request comes from, as far as the tenant lets us keep it.
type Visitor struct {
	IP        netip.Addr
	UserAgent string
}
