package portal

import (
	"context"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Access is who is there: links and sessions. Implemented by access.Service.
type Access interface {
	Codes
	KeptForms
	Profiles

	Previews
	OwnAccess

	// Authenticate returns the live session that a cookie's token stands for on this site, from one Redis round trip, or
	// access.ErrNoSession. access.ErrLimited means that this client sends too many requests.
	Authenticate(ctx context.Context, site *tenant.Site, token string) (access.Session, error)
	// Landing looks at a link and changes nothing of it; that viewer saw its page is noted, nil leaves no trace. An unknown token is a Landing in
	// state access.LinkUnknown, not an error.
	Landing(ctx context.Context, site *tenant.Site, token, browser string, viewer *access.Visitor) (access.Landing, error)
	// Redeem exchanges a link for a session, once. A link that cannot be exchanged is an *access.DeadLinkError; so is one that somebody asked for
	// in another browser: browser is this one's asking cookie, "" for none.
	Redeem(ctx context.Context, site *tenant.Site, token, browser string, v access.Visitor) (access.Grant, error)
	// RequestLink mails a login link if the address is a contact's. It answers the same, and as fast, for every address, known or not,
	// limited or not; an error is ours, never the visitor's.
	RequestLink(ctx context.Context, site *tenant.Site, email, browser string, v access.Visitor) error
	// Resend mails a fresh link to the address on file of a dead link's contact; neutral like RequestLink.
	Resend(ctx context.Context, site *tenant.Site, token, browser string, v access.Visitor) error
	// RedeemCode exchanges the login link of a code, typed in the browser that asked for it. Its errors are access.ErrCodeForm for what cannot be a
	// code, *access.WrongCodeError, *access.DeadLinkError and access.ErrLimited.
	RedeemCode(ctx context.Context, site *tenant.Site, code, browser string, v access.Visitor) (access.Grant, error)
	// Confirm makes a provisional session a confirmed one, with a new cookie when it was the first to ask. access.ErrTooSoon: the document was
	// shown a moment ago, or not yet; access.ErrNoSession: it has ended.
	Confirm(ctx context.Context, site *tenant.Site, s access.Session, v access.Visitor) (access.Grant, error)
	// AskMore mails a code to the contact of a provisional session whose tenant wants one for everything but the document. access.ErrTooSoon,
	// access.ErrNoSession, access.ErrLimited.
	AskMore(ctx context.Context, site *tenant.Site, s access.Session, browser string, v access.Visitor) error
	// Recheck asks the record whether a session from Authenticate still stands, or returns access.ErrNoSession: it may have been ended while
	// its copy is still read.
	Recheck(ctx context.Context, s access.Session) error
	// SignedInAs is the masked address of the session's contact, or access.ErrNoSession.
	SignedInAs(ctx context.Context, s access.Session) (string, error)
	// SignOut ends a session everywhere at once.
	SignOut(ctx context.Context, s access.Session, v access.Visitor) error
	// EndOwn ends one live session of the same contact. access.ErrNotFound: it is not theirs; access.ErrNoSession: s has ended meanwhile.
	EndOwn(ctx context.Context, s access.Session, id string, v access.Visitor) error
	// SignOutEverywhere ends all sessions of the contact, s too. access.ErrNoSession: s has ended meanwhile.
	SignOutEverywhere(ctx context.Context, s access.Session, v access.Visitor) error
	// Switch ends s and begins a session at another company of the same mailbox, as the contact with that id. access.ErrNotFound: there is none,
	// or s may not; access.ErrNoSession: s has ended meanwhile.
	Switch(ctx context.Context, site *tenant.Site, s access.Session, contactID string, v access.Visitor) (access.Grant, error)
}

var _ Access = (*access.Service)(nil)
