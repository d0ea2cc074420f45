package access

import (
	"context"
	"time"

	"tollhouse/tenant"
)

// LinkPurpose says why a link exists, and so how long it lives.
type LinkPurpose string

const (
	DocumentLink LinkPurpose = "document" // in the mail of an invoice, estimate or contract
	LoginLink    LinkPurpose = "login"    // somebody asked for it in the portal; 10 minutes
	APILink      LinkPurpose = "api"      // minted through the API; 24 hours unless the call says otherwise
)

// Link is a stored magic link. Its token is not part of it.
type Link struct {
	ID           string
	Purpose      LinkPurpose
	CompanyID    string
	ContactID    string
	DocumentKind string // "" for a link to the whole portal
	DocumentID   string
	KeyID        string // the ring's key that its token is derived with
	TokenHash    [32]byte
	SessionID    string   // the pending session minted with it, "" for none
	Browser      [32]byte // hash of the cookie of the only browser that may exchange it; zero: any
	RequestID    string   // the request that it answers, "" for none
	CreatedBy    string
	ExpiresAt    time.Time
}

// LinkView is a link with what decides whether it works.
type LinkView struct {
	Link
	State          LinkState
	Email          string // of its contact
	DocumentNumber string
}

// Sighting is somebody before a link: whoever opened its page, or pressed its button in vain. It says nothing of who that is.
type Sighting struct {
	Kind    string // "link.seen" or "link.refused"
	Visitor Visitor
}

// LinkRequest is somebody's wish for a fresh link, to be looked at by a job.
type LinkRequest struct {
	ID        string
	Email     string   // as typed; "" when TokenHash is set
	TokenHash [32]byte // of a dead link
	Browser   [32]byte // hash of the asking browser's cookie
	Subject   [32]byte // SubjectHash of what was asked for: tries of codes are counted by it
	Unheard   bool     // leave nothing behind, and take as long as if something were left
	Visitor   Visitor
}

// NewSession is what Redeem writes when a link works.
type NewSession struct {
	ID        string
	TokenHash [32]byte
	Host      tenant.Hostname
	HostEpoch int64
	Lifetime  time.Duration
	Visitor   Visitor // already blank when the tenant does not log visitors
}

// SessionDetails is a session as the API shows it.
type SessionDetails struct {
	ID          string
	Status      string // "pending", "provisional", "active", "expired", "revoked"
	CompanyID   string
	ContactID   string
	LinkID      string
	Host        string // "" while pending
	Visitor     Visitor
	CreatedAt   time.Time
	ActivatedAt time.Time // zero while pending
	ExpiresAt   time.Time
	RevokedAt   time.Time // zero: not revoked
}

// Store is the durable record of links and sessions; Postgres decides what is used, expired and revoked. Implemented by accessdb.
type Store interface {
	OwnSessions
	Seats
	StepUps
	Drafts
	Profiles
	PreviewStore
	AccessRequestStore
	More
	// LinkByToken returns a link and what it is worth now, or ErrNotFound. A sighting is noted in the same round trip; nil leaves no trace.
	LinkByToken(ctx context.Context, t tenant.ID, tokenHash, browser [32]byte, seen *Sighting) (LinkView, error)
	// Redeem marks the link used, or for a document's link its claim, and starts the session, both or neither, and only for the first of any number of callers: every other gets
	// ErrNotFound, as for a link that is not ready, or of another browser.
	Redeem(ctx context.Context, t tenant.ID, tokenHash, browser [32]byte, s NewSession) (Session, Link, error)
	// RedeemCode counts one try for the browser's requests, asks right about each link that they led to, and exchanges the one whose code it
	// is. Its errors are a *WrongCodeError, and ErrNotFound with the link's TokenHash for a link that is not ready.
	RedeemCode(ctx context.Context, t tenant.ID, browser [32]byte, right func(Link) bool, s NewSession) (Session, Link, error)
	// Confirm spends the link of a provisional session and starts the confirmed one in its place, both or neither, for the first of any number of
	// callers; the others get the session that the first one started. ErrTooSoon: nothing was changed; ErrNoSession: it has ended.
	Confirm(ctx context.Context, old Session, s NewSession) (confirmed Session, first bool, err error)
	// SessionByToken returns a live session, or ErrNoSession.
	SessionByToken(ctx context.Context, t tenant.ID, tokenHash [32]byte) (Session, error)
	// AddLinkRequest writes down a request and its job in one transaction; of an unheard one nothing stays.
	AddLinkRequest(ctx context.Context, t tenant.ID, r LinkRequest) error
	// RevokeSession ends a session that is pending or live and returns the hash that its copy is cached under, nil for a pending one. It is
	// ErrNotFound for an unknown id; a session that has ended already is left as it is.
	RevokeSession(ctx context.Context, t tenant.ID, id, why string, by Actor) (tokenHash *[32]byte, err error)
	// MintLink stores a link, its pending session when it has one, and the mail when asked to, in one transaction. ErrNotFound: no such
	// contact or document; ErrConflict: the contact or its company's portal is switched off.
	MintLink(ctx context.Context, t tenant.ID, l Link, ttl time.Duration, mail bool, by Actor) (Link, error)
	// Session returns one session for the API, or ErrNotFound.
	Session(ctx context.Context, t tenant.ID, id string) (SessionDetails, error)
	// Sessions lists sessions, newest first.
	Sessions(ctx context.Context, t tenant.ID, q SessionQuery) ([]SessionDetails, error)
	// ContactEmail returns the address of a contact, or ErrNotFound.
	ContactEmail(ctx context.Context, t tenant.ID, contactID string) (string, error)
	// LinkHost returns the tenant's host for new links.
	LinkHost(ctx context.Context, t tenant.ID) (tenant.Hostname, error)
	// LinkByID returns a link, or ErrNotFound.
	LinkByID(ctx context.Context, t tenant.ID, id string) (Link, error)
	// FreshenLink moves the end of an unused login link so that at least the given time remains.
	FreshenLink(ctx context.Context, t tenant.ID, id string, remain time.Duration) error
}

// Actor is who caused a change, for the audit log.
type Actor struct {
	Kind    string // an audit.Actor
	ID      string
	Visitor Visitor
}

// Check is one limit: a bucket that holds Burst and refills evenly over Per. Checks that are counted together have the same group.
type Check struct {
	Group string // whose buckets these are: a tenant's, or "" for those that no tenant owns
	Key   string // already salted: holds no address
	Burst int
	Per   time.Duration
	Look  bool // only look whether one is left, and leave it
}

// Cache is what each request reads: copies of live sessions, and the counters of limits. Losing it loses no session. Implemented by
// accessredis.
type Cache interface {
	// Session returns the copy of a session and counts the request against the limit, in one round trip. ok is false when there is no copy or
	// the cache is away. allowed is false when the limit is reached.
	Session(ctx context.Context, t tenant.ID, tokenHash [32]byte, limit Check) (s Session, ok, allowed bool)
	// PutSession keeps a copy until the session expires. Failure is not an error: the next request finds it in the record.
	PutSession(ctx context.Context, tokenHash [32]byte, s Session)
	// DropSession forgets a copy.
	DropSession(ctx context.Context, t tenant.ID, tokenHash [32]byte)
	// Allow takes one from each bucket of one group if all have one left, else from none.
	Allow(ctx context.Context, checks ...Check) bool
}
