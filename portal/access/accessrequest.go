package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tollhouse/tenant"
)

// Whoever was handed somebody else's link may ask for access of their own, and a contact may ask for a colleague. Nothing is ever granted by
// asking: the tenant's own system approves or dismisses.

// States of an access request.
const (
	RequestPending   = "pending"
	RequestApproved  = "approved"
	RequestDismissed = "dismissed"
)

// AccessRequest is somebody's wish for access to a company's documents.
type AccessRequest struct {
	ID        string
	State     string // RequestPending, RequestApproved or RequestDismissed
	CompanyID string
	AskedBy   string // the contact who asked for a colleague; "": somebody who held one of the company's links
	Name      string // as typed, "" for none
	Email     string // as typed; proven by nothing
	ContactID string // who came of it, "" unless approved
	CreatedAt time.Time
	DecidedAt time.Time // zero while pending
}

// AccessRequestQuery asks for one page of a tenant's access requests, newest first. Empty filters match all.
type AccessRequestQuery struct {
	CompanyID string
	State     string
	After     string
	Limit     int
}

// Ask is a wish for access as it comes in.
type Ask struct {
	ID       string
	LinkHash [32]byte // of the link that was passed on; zero when a colleague asks
	Browser  [32]byte // hash of the asking browser's cookie
	Name     string
	Email    string
	Unheard  bool // leave nothing behind, and take as long as if something were left
	Visitor  Visitor
}

// Approval is what a tenant gives to whom it lets in.
type Approval struct {
	Role   Role
	Name   string // "": as it was asked for
	Locale string // "": the tenant's
	Mail   bool   // send a link to the portal
	By     Actor
}

// AccessRequestStore is the record of access requests. Implemented by accessdb.
type AccessRequestStore interface {
	// AddAsk writes down a wish and its job in one transaction, whatever its link is worth; of an unheard one nothing comes.
	AddAsk(ctx context.Context, t tenant.ID, a Ask) error
	// AskForColleague makes a pending request in the name of the session's contact. ErrNoSession: it does not stand; ErrNotFound: its contact
	// may not ask; ErrConflict: the company has a contact with that address. One that is pending already is no error.
	AskForColleague(ctx context.Context, s Session, a Ask) error
	// AccessRequests lists requests, newest first.
	AccessRequests(ctx context.Context, t tenant.ID, q AccessRequestQuery) ([]AccessRequest, error)
	// ApproveAccess makes the contact, and the link and its mail when asked to, once. ErrNotFound: no such request; ErrConflict: it was decided
	// already, or the company has a contact with that address, or no portal.
	ApproveAccess(ctx context.Context, t tenant.ID, id string, a Approval) (AccessRequest, error)
	// DismissAccess closes a request. ErrNotFound; ErrConflict: it was approved already. A second time changes nothing.
	DismissAccess(ctx context.Context, t tenant.ID, id string, by Actor) (AccessRequest, error)
}

// AskAccess notes that somebody who holds a link wants access of their own. Nothing in the answer, nor its time, tells what the link is worth, whose
// it is, or whether the address is known: the same is written for each, and a job looks later.
func (s *Service) AskAccess(ctx context.Context, site *tenant.Site, token, browser, name, email string, v Visitor) error {
	email = strings.TrimSpace(email)
	t := site.Tenant.ID
	hash, ok := hashToken(token)
	if !ok {
		hash, _ = hashToken(strings.Repeat("A", tokenLength)) // nobody's; the work is the same
	}
	asking, ok := hashToken(browser)
	if !ok {
		return errNoBrowser
	}
	ear := s.hear(ctx, t, strings.ToLower(email), v)
	if ear == turnedAway {
		return nil
	}
	if !s.cache.Allow(ctx, s.check("ask", t, token, s.limits.AddressRequests), s.check("ask day", t, token, s.limits.AddressRequestsDay)) {
		ear = unheard
	}
	a := Ask{ID: tenant.NewID("arq", s.now()), LinkHash: hash, Browser: asking, Name: oneLine(name), Email: email,
		Unheard: ear == unheard, Visitor: logged(site, v)}
	if err := s.store.AddAsk(ctx, t, a); err != nil {
		return fmt.Errorf("noting a request for access: %w", err)
	}
	return nil
}

// AskForColleague asks the tenant to let a colleague in. Its errors are ErrNoSession, ErrNotFound for a contact who may not ask, ErrConflict for an
// address that the company already has, and ErrLimited.
func (s *Service) AskForColleague(ctx context.Context, site *tenant.Site, sess Session, name, email string, v Visitor) error {
	email = strings.TrimSpace(email)
	if err := s.store.SteppedUp(ctx, sess); errors.Is(err, ErrNoSession) { // who may not ask spends nobody's share
		return ErrNoSession
	}
	if s.hear(ctx, sess.Tenant, "colleague of "+sess.ContactID, v) != heard {
		return ErrLimited
	}
	a := Ask{ID: tenant.NewID("arq", s.now()), Name: oneLine(name), Email: email, Visitor: logged(site, v)}
	err := s.store.AskForColleague(ctx, sess, a)
	if err != nil && !errors.Is(err, ErrNoSession) {
		return fmt.Errorf("asking for a colleague: %w", err)
	}
	return err
}

// AccessRequests lists a tenant's access requests, newest first.
func (s *Service) AccessRequests(ctx context.Context, t tenant.ID, q AccessRequestQuery) ([]AccessRequest, error) {
	return s.store.AccessRequests(ctx, t, q)
}

// ApproveAccess makes a contact of whoever asked.
func (s *Service) ApproveAccess(ctx context.Context, t tenant.ID, id string, a Approval) (AccessRequest, error) {
	return s.store.ApproveAccess(ctx, t, id, a)
}

// DismissAccess closes a request and lets nobody in.
func (s *Service) DismissAccess(ctx context.Context, t tenant.ID, id string, by Actor) (AccessRequest, error) {
	return s.store.DismissAccess(ctx, t, id, by)
}

// longestName is how much of a name that a stranger typed is kept.
const longestName = 80

// oneLine makes a name of what somebody typed: one line, cut.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\u2028' || c == '\u2029' || c == '\ufffd' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))), " ")
	if r := []rune(s); len(r) > longestName {
		s = strings.TrimSpace(string(r[:longestName]))
	}
	return s
}
