package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
)

// A document's link is mailed to somebody who asked for nothing, and mail scanners press buttons. So its first exchange is a provisional session:
// it shows that one document and nothing else, and whoever comes with the link again takes its place. A second human act confirms it, and only
// then is the link spent.

const (
	Provisional = "provisional" // sees the one document of its link
	Confirmed   = "confirmed"   // sees what its contact may see
)

// ConfirmAfter is how long a document must have been on the screen before another act counts as a person's.
const ConfirmAfter = 2 * time.Second

// Overlap is how long the requests that a browser sent with a provisional session's cookie are still answered after it was confirmed.
const Overlap = 30 * time.Second

// ErrTooSoon says that a provisional session acted before a person could have: nothing was confirmed, and it may act again.
var ErrTooSoon = errors.New("too soon after the document was shown")

// ErrCodeWanted says that the tenant wants a mailed code for everything but the document: AskMore mails it.
var ErrCodeWanted = errors.New("a mailed code is wanted")

// Confirm makes a provisional session a confirmed one, with an id and a cookie of its own, and spends the link. Of any number of calls at once, on
// any nodes, one does; the others get the same session and no token, for the browser has it from the one that did. Its errors are ErrTooSoon,
// ErrCodeWanted, and ErrNoSession for a session that has ended or that the link's next exchange took the place of.
func (s *Service) Confirm(ctx context.Context, site *tenant.Site, sess Session, v Visitor) (Grant, error) {
	if site.Tenant.Policy.StepUpLinks {
		return Grant{}, ErrCodeWanted
	}
	cookie, fresh := s.newSession(site, v)
	confirmed, first, err := s.store.Confirm(ctx, sess, fresh)
	if err != nil {
		return Grant{}, fmt.Errorf("confirming the session %s: %w", sess.ID, err)
	}
	if !first {
		return Grant{Session: confirmed}, nil
	}
	s.cache.PutSession(ctx, fresh.TokenHash, confirmed)
	return Grant{Session: confirmed, Token: cookie}, nil
}
