package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// APILinkLifetime is how long a link minted through the API works unless the call says otherwise.
const APILinkLifetime = 24 * time.Hour

// Assign gives a new link its id, the key that its token is derived with, and the hash of that token.
func Assign(ring *seal.Ring, t tenant.ID, l *Link, now time.Time) error {
	l.ID = tenant.NewID("lnk", now)
	l.KeyID = ring.Newest()
	var ok bool
	if _, l.TokenHash, ok = linkToken(ring, l.KeyID, t, l.ID); !ok {
		return errors.New("the key ring has no newest key")
	}
	return nil
}

// Mint makes a link for a contact, and the pending session that it will open. Its errors are ErrNotFound for a foreign contact or document and
// ErrConflict when the contact cannot be let in.
func (s *Service) Mint(ctx context.Context, t *tenant.Tenant, r MintRequest) (PendingSession, error) {
	l := Link{Purpose: APILink, ContactID: r.ContactID, DocumentID: r.DocumentID, CreatedBy: r.By.ID, SessionID: tenant.NewID("ses", s.now())}
	if err := Assign(s.ring, t.ID, &l, s.now()); err != nil {
		return PendingSession{}, err
	}
	ttl := r.TTL
	if ttl == 0 {
		ttl = APILinkLifetime
	}
	l, err := s.store.MintLink(ctx, t.ID, l, ttl, r.SendEmail, r.By)
	if err != nil {
		return PendingSession{}, fmt.Errorf("minting a link: %w", err)
	}
	url, err := s.URL(ctx, t.ID, l.ID)
	if err != nil {
		return PendingSession{}, err
	}
	session, err := s.store.Session(ctx, t.ID, l.SessionID)
	return PendingSession{Session: session, URL: url}, err
}

// URL writes the address of a stored link, with its token, for its mail. It works for as long as the ring has the link's key.
func (s *Service) URL(ctx context.Context, t tenant.ID, linkID string) (string, error) {
	l, err := s.store.LinkByID(ctx, t, linkID)
	if err != nil {
		return "", fmt.Errorf("loading the link %s: %w", linkID, err)
	}
	token, _, ok := linkToken(s.ring, l.KeyID, t, l.ID)
	if !ok {
		return "", fmt.Errorf("the key ring no longer holds %q, with which the link %s was made", l.KeyID, linkID)
	}
	host, err := s.store.LinkHost(ctx, t)
	if err != nil {
		return "", fmt.Errorf("finding the host for links: %w", err)
	}
	return s.url(host, token), nil
}

// Freshen lets a login link that waited long in the queue live for at least 8 minutes more.
func (s *Service) Freshen(ctx context.Context, t tenant.ID, linkID string) error {
	return s.store.FreshenLink(ctx, t, linkID, 8*time.Minute)
}

// SessionDetails returns a session for the API, or ErrNotFound.
func (s *Service) SessionDetails(ctx context.Context, t tenant.ID, id string) (SessionDetails, error) {
	return s.store.Session(ctx, t, id)
}

// Sessions lists sessions, newest first.
func (s *Service) Sessions(ctx context.Context, t tenant.ID, q SessionQuery) ([]SessionDetails, error) {
	return s.store.Sessions(ctx, t, q)
}

// RevokeSession ends a session, or a pending one with its link, at once and everywhere. A second time changes nothing.
func (s *Service) RevokeSession(ctx context.Context, t tenant.ID, id string, by Actor) error {
	return s.revoke(ctx, t, id, "revoked by the tenant", by)
}
