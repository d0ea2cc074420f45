// Package access is the portal's door: magic links, the sessions they open, and the limits on asking for them. Nobody has a password. A link is
// exchanged once, by a person's POST; what is used, expired or revoked is decided in Postgres; a session belongs to one tenant, one host, one
// contact. It knows nothing of pages or HTTP.
//
//	landing, err := service.Landing(ctx, site, token, browser, &who) // GET: looks, changes nothing
//	grant, err := service.Redeem(ctx, site, token, browser, who)     // POST: once
package access

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/request"
	"tollhouse/tenant/seal"
)

// Config is what a Service needs; all fields but PublicPort and Limits are required.
type Config struct {
	Store      Store
	Cache      Cache
	Ring       *seal.Ring // derives links' tokens and salts limits' keys
	PublicPort int        // of the portal's URLs; 0 and 443 are left out of them
	Limits     Limits     // zero fields take the defaults
	Now        func() time.Time
}

// Service grants and checks access to the portal. It is safe for concurrent use.
type Service struct {
	store  Store
	cache  Cache
	ring   *seal.Ring
	port   int
	limits Limits
	now    func() time.Time
	turned [2]atomic.Int64 // requests that a network's limit, and a tenant's, turned away
}

// New checks c and returns a Service.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Cache == nil || c.Ring == nil || c.Now == nil {
		return nil, errors.New("access: Store, Cache, Ring and Now are required")
	}
	return &Service{store: c.Store, cache: c.Cache, ring: c.Ring, port: c.PublicPort, limits: c.Limits.withDefaults(), now: c.Now}, nil
}

// Authenticate returns the live session behind a cookie, for this site only. It reads Redis, and the record when Redis has no copy. Its errors
// are ErrNoSession and ErrLimited, and others when the record cannot be asked either. A copy may outlive its session: who shows or changes
// anything asks the record again, with its own query or with Recheck.
func (s *Service) Authenticate(ctx context.Context, site *tenant.Site, token string) (Session, error) {
	hash, ok := hashToken(token)
	if !ok || site == nil || site.Tenant == nil {
		return Session{}, ErrNoSession
	}
	t := site.Tenant.ID
	sess, found, allowed := s.cache.Session(ctx, t, hash, s.check("session", t, token, s.limits.SessionRequests))
	if !allowed {
		return Session{}, ErrLimited
	}
	if !found {
		var err error
		if sess, err = s.recorded(ctx, t, hash); err != nil {
			return Session{}, err
		}
	}
	// The copy says itself whose it is, so a mixed-up cache opens no other door.
	if sess.Tenant != t || sess.Host != site.Host || sess.HostEpoch != site.Epoch || !s.now().Before(sess.ExpiresAt) {
		return Session{}, ErrNoSession
	}
	return sess, nil
}

// recorded looks a session up that the cache has no copy of. Every made-up token comes here, so a network may show a limited number of them.
func (s *Service) recorded(ctx context.Context, t tenant.ID, hash [32]byte) (Session, error) {
	ip := request.From(ctx).Client
	if !s.mayGuess(ctx, ip) {
		return Session{}, ErrLimited
	}
	sess, err := s.store.SessionByToken(ctx, t, hash)
	if errors.Is(err, ErrNoSession) {
		s.guessed(ctx, ip)
	}
	if err != nil {
		return Session{}, err
	}
	s.cache.PutSession(ctx, hash, sess)
	return sess, nil
}

// Recheck asks the record whether a session that Authenticate returned still stands; ErrNoSession when it does not.
func (s *Service) Recheck(ctx context.Context, sess Session) error {
	if sess.Level == Previewing {
		return nil // found in the record a moment ago, by this very request
	}
	details, err := s.store.Session(ctx, sess.Tenant, sess.ID)
	if errors.Is(err, ErrNotFound) {
		return ErrNoSession
	}
	if err != nil {
		return fmt.Errorf("looking at the session %s again: %w", sess.ID, err)
	}
	if details.Status != "active" && details.Status != "provisional" {
		return ErrNoSession
	}
	return nil
}

// Landing says what a link is worth and changes nothing of it, however often it is asked. The audit log tells that viewer saw the page; nil
// leaves no trace. browser is the cookie of one that asked for a link, "" for none. ErrLimited: this network has shown too many tokens that nobody has.
func (s *Service) Landing(ctx context.Context, site *tenant.Site, token, browser string, viewer *Visitor) (Landing, error) {
	if viewer == nil {
		return s.look(ctx, site, token, browser, nil)
	}
	return s.look(ctx, site, token, browser, &Sighting{Kind: "link.seen", Visitor: *viewer})
}

func (s *Service) look(ctx context.Context, site *tenant.Site, token, browser string, seen *Sighting) (Landing, error) {
	hash, ok := hashToken(token)
	if !ok {
		return Landing{State: LinkUnknown}, nil
	}
	return s.lookByHash(ctx, site, hash, browser, seen)
}

func (s *Service) lookByHash(ctx context.Context, site *tenant.Site, hash [32]byte, browser string, seen *Sighting) (Landing, error) {
	ip := request.From(ctx).Client
	if !s.mayGuess(ctx, ip) {
		return Landing{}, ErrLimited
	}
	view, err := s.store.LinkByToken(ctx, site.Tenant.ID, hash, hashBrowser(browser), seen)
	if errors.Is(err, ErrNotFound) {
		s.guessed(ctx, ip)
		return Landing{State: LinkUnknown}, nil
	}
	if err != nil {
		return Landing{}, fmt.Errorf("looking at a link: %w", err)
	}
	return Landing{State: view.State, MaskedEmail: MaskEmail(view.Email), ContactID: view.ContactID, DocumentKind: view.DocumentKind,
		DocumentNumber: view.DocumentNumber, Target: target(view.Link)}, nil
}

// Redeem exchanges a link for a session. A link that somebody asked for works in the asking browser only, whose cookie is browser. Of any number of calls at once, on any nodes, one succeeds; the others get a *DeadLinkError.
func (s *Service) Redeem(ctx context.Context, site *tenant.Site, token, browser string, v Visitor) (Grant, error) {
	hash, ok := hashToken(token)
	if !ok {
		return Grant{}, &DeadLinkError{Landing{State: LinkUnknown}}
	}
	if !s.cache.Allow(ctx, s.check("redeem", site.Tenant.ID, Network(v.IP), s.limits.Redeem)) {
		return Grant{}, ErrLimited
	}
	cookie, fresh := s.newSession(site, v)
	sess, link, err := s.store.Redeem(ctx, site.Tenant.ID, hash, hashBrowser(browser), fresh)
	if errors.Is(err, ErrNotFound) {
		return Grant{}, s.dead(ctx, site, hash, browser, v)
	}
	if err != nil {
		return Grant{}, fmt.Errorf("redeeming a link: %w", err)
	}
	return s.granted(ctx, cookie, fresh, sess, link), nil
}

// newSession is what a session begins with, and the cookie that will stand for it.
func (s *Service) newSession(site *tenant.Site, v Visitor) (cookie string, n NewSession) {
	cookie, hash := newToken()
	return cookie, NewSession{ID: tenant.NewID("ses", s.now()), TokenHash: hash, Host: site.Host, HostEpoch: site.Epoch,
		Lifetime: site.Tenant.Policy.SessionLifetime, Visitor: logged(site, v)}
}

func (s *Service) granted(ctx context.Context, cookie string, fresh NewSession, sess Session, link Link) Grant {
	s.cache.PutSession(ctx, fresh.TokenHash, sess)
	return Grant{Session: sess, Token: cookie, Target: s.entrance(ctx, sess, link)}
}

// dead explains why a link was not exchanged, to the caller and to the audit log.
func (s *Service) dead(ctx context.Context, site *tenant.Site, hash [32]byte, browser string, v Visitor) error {
	landing, err := s.lookByHash(ctx, site, hash, browser, &Sighting{Kind: "link.refused", Visitor: v})
	if err != nil {
		return err
	}
	if landing.State == LinkReady { // it changed between the two looks, and will not be ready again for this caller
		landing.State = LinkUsed
	}
	return &DeadLinkError{landing}
}

// errNoBrowser is a server's mistake: it gives every browser that asks a cookie.
var errNoBrowser = errors.New("the asking browser has no cookie")

// RequestLink notes that somebody wants a login link for an address. Nothing in the answer, nor its time, tells whether the address is known
// or was asked for too often: the same is written for each, and a job looks later. browser is the cookie that the asking browser has or gets: the
// link works there, and so does its code.
func (s *Service) RequestLink(ctx context.Context, site *tenant.Site, email, browser string, v Visitor) error {
	email = strings.TrimSpace(email)
	t := site.Tenant.ID
	asking, ok := hashToken(browser)
	if !ok {
		return errNoBrowser
	}
	ear := s.hear(ctx, t, strings.ToLower(email), v)
	return s.addRequest(ctx, t, ear, LinkRequest{Email: email, Browser: asking, Subject: SubjectHash(s.ring, t, email), Visitor: logged(site, v)})
}

// Resend notes that the holder of a dead link wants a fresh one, which goes to the address on file.
func (s *Service) Resend(ctx context.Context, site *tenant.Site, token, browser string, v Visitor) error {
	hash, ok := hashToken(token)
	if !ok {
		return nil
	}
	asking, ok := hashToken(browser)
	if !ok {
		return errNoBrowser
	}
	t := site.Tenant.ID
	return s.addRequest(ctx, t, s.hear(ctx, t, token, v), LinkRequest{TokenHash: hash, Browser: asking, Subject: SubjectHash(s.ring, t, token),
		Visitor: logged(site, v)})
}

func (s *Service) addRequest(ctx context.Context, t tenant.ID, ear hearing, r LinkRequest) error {
	if ear == turnedAway {
		return nil
	}
	r.ID, r.Unheard = tenant.NewID("lrq", s.now()), ear == unheard
	if err := s.store.AddLinkRequest(ctx, t, r); err != nil {
		return fmt.Errorf("noting a request for a link: %w", err)
	}
	return nil
}

// SignOut ends a session everywhere at once. A session that has ended already is no error.
func (s *Service) SignOut(ctx context.Context, sess Session, v Visitor) error {
	by := Actor{Kind: "contact", ID: sess.ContactID, Visitor: v}
	err := s.revoke(ctx, sess.Tenant, sess.ID, "signed out", by)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func (s *Service) revoke(ctx context.Context, t tenant.ID, id, why string, by Actor) error {
	hash, err := s.store.RevokeSession(ctx, t, id, why, by)
	if err != nil {
		return fmt.Errorf("revoking the session %s: %w", id, err)
	}
	if hash != nil {
		s.cache.DropSession(ctx, t, *hash)
	}
	return nil
}

// url writes the address of a link.
func (s *Service) url(host tenant.Hostname, token string) string {
	return s.address(host, "/portal/l/"+token)
}

// address writes the address of a path of a host.
func (s *Service) address(host tenant.Hostname, path string) string {
	port := ""
	if s.port != 0 && s.port != 443 {
		port = ":" + strconv.Itoa(s.port)
	}
	return "https://" + host.String() + port + path
}

// documentKind is what an id says of its document.
func documentKind(id string) string {
	if strings.HasPrefix(id, "inv_") {
		return "invoice"
	}
	return ""
}

// target is where a link leads once its reader is signed in: a path from the row, never from a URL.
func target(l Link) string {
	if l.DocumentKind == "invoice" {
		return "/portal/invoices/" + l.DocumentID
	}
	return "/portal/"
}

// logged blanks what the tenant does not want to keep.
func logged(site *tenant.Site, v Visitor) Visitor {
	if !site.Tenant.Policy.LogVisitors {
		return Visitor{}
	}
	return v
}

// MaskEmail shows enough of an address for its owner to recognise it: "p•••@acme.com".
func MaskEmail(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" {
		return "•••"
	}
	return string([]rune(local)[0]) + "•••@" + domain
}
