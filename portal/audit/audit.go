// Package audit says what is worth remembering: who did what to which document, from where. An event is written in the transaction that it
// tells of, so there is no act without its entry. Entries are never changed. The SQL is in auditdb.
package audit

import (
	"net/netip"
	"time"
)

// Actor is what kind of party acted.
type Actor string

const (
	Contact   Actor = "contact"   // a person of a client; ActorID is the contact's id
	Key       Actor = "api"       // a tenant's system; ActorID is the API key's id
	Operator  Actor = "operator"  // the command line
	System    Actor = "system"    // a job of ours
	Anonymous Actor = "anonymous" // somebody who has not shown who they are
)

// Event is one entry. Empty fields are stored as absent. Details holds small, flat, non-personal facts; never a token, never an address.
type Event struct {
	ID         string // given by the store when empty
	At         time.Time
	Kind       string // "<thing>.<what happened>", like "link.used"
	Actor      Actor
	ActorID    string
	CompanyID  string
	ContactID  string
	DocumentID string
	SessionID  string
	LinkID     string
	IP         netip.Addr // zero: not known, or the tenant does not log visitors
	UserAgent  string     // cut to 400 bytes by the store
	Details    map[string]string
}
