package access

import (
	"context"
	"errors"
	"fmt"

	"tollhouse/tenant"
)

// More lets a provisional session ask for the rest of the portal where the tenant wants a mailed code for it. Implemented by accessdb.
type More interface {
	// SpendForCode spends the link of a provisional session that has shown its document for a while, notes that a person saw it, and returns the
	// hash of the link's token. ErrTooSoon; ErrNoSession. The session goes on showing its document; again it changes nothing.
	SpendForCode(ctx context.Context, s Session, v Visitor) (tokenHash [32]byte, err error)
}

// AskMore mails a sign-in link and its code to the contact of a provisional session, for the browser whose cookie is given. It spends the document's
// link: whoever presses is a person, and from here on the mailbox decides. Its errors are ErrTooSoon, ErrNoSession and ErrLimited.
func (s *Service) AskMore(ctx context.Context, site *tenant.Site, sess Session, browser string, v Visitor) error {
	asking, ok := hashToken(browser)
	if !ok {
		return errNoBrowser
	}
	hash, err := s.store.SpendForCode(ctx, sess, logged(site, v))
	if errors.Is(err, ErrTooSoon) || errors.Is(err, ErrNoSession) {
		return err
	}
	if err != nil {
		return fmt.Errorf("asking for more than the document in the session %s: %w", sess.ID, err)
	}
	ear := s.hear(ctx, sess.Tenant, "more of "+sess.ContactID, v)
	if ear != heard {
		return ErrLimited
	}
	return s.addRequest(ctx, sess.Tenant, ear, LinkRequest{TokenHash: hash, Browser: asking, Subject: SubjectHash(s.ring, sess.Tenant, sess.ContactID), Visitor: logged(site, v)})
}
