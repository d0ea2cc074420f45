package access

import (
	"context"
	"fmt"

	"tollhouse/tenant"
)

// Seat is the place of one mailbox at one company: one of its contacts.
type Seat struct {
	ContactID string
	Company   string // its name
}

// Seats lets a mailbox that serves several companies of a tenant go from one to the other. Only a session that a login link opened may: that link
// was asked for in this browser and read in the mailbox, while a document's may have been passed on. Implemented by accessdb.
type Seats interface {
	// Several reports whether the session's mailbox has a seat at another company, and may go there.
	Several(ctx context.Context, s Session) (bool, error)
	// Switch ends the session and begins n at another seat of the same mailbox, both or neither. It ends when the first would have. It returns
	// the hash that the copy of the first is cached under. ErrNoSession: s does not stand any more; ErrNotFound: that is no seat of the
	// mailbox, or s may not switch.
	Switch(ctx context.Context, s Session, contactID string, n NewSession) (Session, [32]byte, error)
}

// Switch takes a session to another company that the same mailbox serves. Nothing of the one goes over to the other; the session gets a new id and
// token, and the first ends at once on every node. Of several calls at once, one succeeds; the others get ErrNoSession.
func (s *Service) Switch(ctx context.Context, site *tenant.Site, sess Session, contactID string, v Visitor) (Grant, error) {
	cookie, fresh := s.newSession(site, v)
	next, before, err := s.store.Switch(ctx, sess, contactID, fresh)
	if err != nil {
		return Grant{}, fmt.Errorf("switching from the session %s: %w", sess.ID, err)
	}
	s.cache.DropSession(ctx, sess.Tenant, before)
	s.cache.PutSession(ctx, fresh.TokenHash, next)
	return Grant{Session: next, Token: cookie, Target: homeTarget}, nil
}

// Where a link to the whole portal leads.
const (
	homeTarget    = "/portal/"
	chooserTarget = "/portal/companies"
)

// entrance is where a fresh session begins: to choose a company when there are several. If that cannot be found out now, it is offered on every
// page.
func (s *Service) entrance(ctx context.Context, sess Session, l Link) string {
	to := target(l)
	if l.Purpose != LoginLink || to != homeTarget {
		return to
	}
	if several, err := s.store.Several(ctx, sess); err == nil && several {
		return chooserTarget
	}
	return to
}
