package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// A preview shows a tenant's own people the portal as it appears to one contact. It is no session of that contact: it is kept in a table of its
// own, so that nothing which acts, counts, lists or notes for a contact ever finds it. Whoever holds one reads; there is no way to act with it.

// Previewing is the level of a session that a preview stands for. It reads what its contact may read.
const Previewing = "preview"

// How long the link to a preview works, and how long the preview itself.
const (
	PreviewLinkLifetime = 10 * time.Minute
	PreviewLifetime     = 30 * time.Minute
)

// PreviewRequest asks for a preview on behalf of a tenant's own system.
type PreviewRequest struct {
	ContactID  string
	DocumentID string // where it begins; "" for the overview
	Reason     string // at most 200 characters, for the audit log; "" for none
	By         Actor  // of kind "api": the preview ends with its key
}

// PreviewLink is what asking for a preview answers.
type PreviewLink struct {
	ID                    string
	CompanyID, ContactID  string
	DocumentID            string
	URL                   string // shown once; only its hash is kept
	CreatedAt, LinkExpiry time.Time
}

// Preview is an open preview, as each request finds it in the record.
type Preview struct {
	Session   Session // of Level Previewing; its ID is the preview's
	KeyID     string  // who looks: the API key
	Contact   string  // names
	Company   string
	PortalOff bool // the company has no portal at the moment; that is what its people see, and so the preview
}

// PreviewGrant is a preview that a link was exchanged for.
type PreviewGrant struct {
	Preview Preview
	Token   string // the cookie's value; kept nowhere else
	Target  string
}

// NewPreview is what opening a preview writes.
type NewPreview struct {
	TokenHash [32]byte
	Host      tenant.Hostname
	HostEpoch int64
	Lifetime  time.Duration
	Visitor   Visitor // for the audit log; already blank when the tenant does not log visitors
}

// PreviewStore is the record of previews. Implemented by accessdb.
type PreviewStore interface {
	// AddPreview stores a preview that waits for its link, with its audit entry. ErrNotFound: no such contact or document; ErrConflict: the
	// contact is not active.
	AddPreview(ctx context.Context, t tenant.ID, id string, linkHash [32]byte, life time.Duration, r PreviewRequest) (PreviewLink, error)
	// PreviewReady reports whether the link opens a preview now. It changes nothing.
	PreviewReady(ctx context.Context, t tenant.ID, linkHash [32]byte) (bool, error)
	// OpenPreview exchanges the link for the first of any number of callers; every other gets ErrNotFound, as for a link that is unknown, too
	// old, or whose key was revoked.
	OpenPreview(ctx context.Context, t tenant.ID, linkHash [32]byte, n NewPreview) (p Preview, documentID string, err error)
	// Preview returns an open preview whose key and contact still stand, or ErrNoSession.
	Preview(ctx context.Context, t tenant.ID, tokenHash [32]byte) (Preview, error)
	// NotePreview writes down that a page, and the document on it if there is one, was looked at.
	NotePreview(ctx context.Context, p Preview, page, documentID string, v Visitor) error
	// EndPreview ends a preview. One that has ended already is left as it is.
	EndPreview(ctx context.Context, p Preview, v Visitor) error
}

// StartPreview makes the link to a preview. Its errors are ErrNotFound for a foreign contact or document and ErrConflict for a contact that is not
// active: there is nothing that the portal would show to it.
func (s *Service) StartPreview(ctx context.Context, t *tenant.Tenant, r PreviewRequest) (PreviewLink, error) {
	token, hash := newToken()
	link, err := s.store.AddPreview(ctx, t.ID, tenant.NewID("prv", s.now()), hash, PreviewLinkLifetime, r)
	if err != nil {
		return PreviewLink{}, fmt.Errorf("noting a preview: %w", err)
	}
	host, err := s.store.LinkHost(ctx, t.ID)
	if err != nil {
		return PreviewLink{}, fmt.Errorf("finding the host for links: %w", err)
	}
	link.URL = s.address(host, "/portal/preview/"+token)
	return link, nil
}

// PreviewReady reports whether the link to a preview works now, and changes nothing, however often it is asked. ErrLimited: this network has shown
// too many tokens that nobody has.
func (s *Service) PreviewReady(ctx context.Context, site *tenant.Site, token string) (bool, error) {
	hash, ok := hashToken(token)
	if !ok {
		return false, nil
	}
	ip := request.From(ctx).Client
	if !s.mayGuess(ctx, ip) {
		return false, ErrLimited
	}
	ready, err := s.store.PreviewReady(ctx, site.Tenant.ID, hash)
	if err != nil {
		return false, fmt.Errorf("looking at the link to a preview: %w", err)
	}
	if !ready {
		s.guessed(ctx, ip)
	}
	return ready, nil
}

// OpenPreview exchanges the link to a preview, once. ErrNotFound: it does not work, or not any more; ErrLimited.
func (s *Service) OpenPreview(ctx context.Context, site *tenant.Site, token string, v Visitor) (PreviewGrant, error) {
	hash, ok := hashToken(token)
	if !ok {
		return PreviewGrant{}, ErrNotFound
	}
	if !s.cache.Allow(ctx, s.check("redeem", site.Tenant.ID, Network(v.IP), s.limits.Redeem)) {
		return PreviewGrant{}, ErrLimited
	}
	cookie, cookieHash := newToken()
	p, document, err := s.store.OpenPreview(ctx, site.Tenant.ID, hash,
		NewPreview{TokenHash: cookieHash, Host: site.Host, HostEpoch: site.Epoch, Lifetime: PreviewLifetime, Visitor: logged(site, v)})
	if err != nil {
		return PreviewGrant{}, fmt.Errorf("opening a preview: %w", err)
	}
	grant := PreviewGrant{Preview: p, Token: cookie, Target: homeTarget}
	if document != "" {
		grant.Target = target(Link{DocumentKind: documentKind(document), DocumentID: document})
	}
	return grant, nil
}

// AuthenticatePreview returns the preview behind a cookie, for this site only, from the record each time: its key may have been revoked a moment
// ago. Its errors are ErrNoSession and ErrLimited.
func (s *Service) AuthenticatePreview(ctx context.Context, site *tenant.Site, token string) (Preview, error) {
	hash, ok := hashToken(token)
	if !ok {
		return Preview{}, ErrNoSession
	}
	ip := request.From(ctx).Client
	t := site.Tenant.ID
	if !s.mayGuess(ctx, ip) || !s.cache.Allow(ctx, s.check("session", t, token, s.limits.SessionRequests)) {
		return Preview{}, ErrLimited
	}
	p, err := s.store.Preview(ctx, t, hash)
	if errors.Is(err, ErrNoSession) {
		s.guessed(ctx, ip)
		return Preview{}, ErrNoSession
	}
	if err != nil {
		return Preview{}, fmt.Errorf("looking for a preview: %w", err)
	}
	if p.Session.Tenant != t || p.Session.Host != site.Host || p.Session.HostEpoch != site.Epoch {
		return Preview{}, ErrNoSession
	}
	return p, nil
}

// NotePreview writes to the audit log what a preview looked at.
func (s *Service) NotePreview(ctx context.Context, site *tenant.Site, p Preview, page, documentID string, v Visitor) error {
	if err := s.store.NotePreview(ctx, p, page, documentID, logged(site, v)); err != nil {
		return fmt.Errorf("noting what the preview %s looked at: %w", p.Session.ID, err)
	}
	return nil
}

// EndPreview ends a preview, on every node. One that has ended already is no error.
func (s *Service) EndPreview(ctx context.Context, site *tenant.Site, p Preview, v Visitor) error {
	if err := s.store.EndPreview(ctx, p, logged(site, v)); err != nil {
		return fmt.Errorf("ending the preview %s: %w", p.Session.ID, err)
	}
	return nil
}
