package api

import (
	"context"
	"net/netip"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Links mints magic links and knows the sessions that they open.
type Links interface {
	Previews
	AccessRequests

	// Mint makes a link and its pending session, and the mail if it is asked for. access.ErrNotFound: no such contact or document of this
	// tenant; access.ErrConflict, with a text for people: the contact or its company's portal is switched off; access.ErrLimited.
	Mint(ctx context.Context, t *tenant.Tenant, m access.MintRequest) (access.PendingSession, error)
	// SessionDetails returns one session, or access.ErrNotFound.
	SessionDetails(ctx context.Context, t tenant.ID, id string) (access.SessionDetails, error)
	// Sessions lists sessions, newest first, after the one with id q.After.
	Sessions(ctx context.Context, t tenant.ID, q access.SessionQuery) ([]access.SessionDetails, error)
	// RevokeSession ends a session and the link that it is waiting for, now. A second time changes nothing.
	RevokeSession(ctx context.Context, t tenant.ID, id string, by access.Actor) error
}

var _ Links = (*access.Service)(nil)

// A minted link lives from a minute to 30 days; without a choice, 24 hours.
const (
	minLinkSeconds     = 60
	maxLinkSeconds     = 30 * 24 * 3600
	defaultLinkSeconds = 24 * 3600
)

// PortalSession is a session, as the API shows it. Times are null while they have not come.
type PortalSession struct {
	ID          string       `json:"id"`
	Status      string       `json:"status"`
	CompanyID   string       `json:"company_id"`
	ContactID   string       `json:"contact_id"`
	LinkID      *string      `json:"link_id"`
	Host        *string      `json:"host"`
	IP          *string      `json:"ip"`
	UserAgent   *string      `json:"user_agent"`
	CreatedAt   time.Time    `json:"created_at"`
	ActivatedAt *time.Time   `json:"activated_at"`
	ExpiresAt   time.Time    `json:"expires_at"`
	RevokedAt   *time.Time   `json:"revoked_at"`
	URL         *string      `json:"url,omitempty"`        // only in the answer that mints it
	AuditTrail  []AuditEvent `json:"audit_trail,omitzero"` // only when one session is asked for, oldest first
}

func showSession(d access.SessionDetails) PortalSession {
	return PortalSession{ID: d.ID, Status: d.Status, CompanyID: d.CompanyID, ContactID: d.ContactID, LinkID: textOrNull(d.LinkID),
		Host: textOrNull(d.Host), IP: addressOrNull(d.Visitor.IP), UserAgent: textOrNull(d.Visitor.UserAgent), CreatedAt: d.CreatedAt.UTC(),
		ActivatedAt: timeOrNull(d.ActivatedAt), ExpiresAt: d.ExpiresAt.UTC(), RevokedAt: timeOrNull(d.RevokedAt)}
}

// linkInput is what both ways to a magic link have in common.
type linkInput struct {
	DocumentID *string `json:"document_id"`
	TTLSeconds *int64  `json:"ttl_seconds"`
	SendEmail  *bool   `json:"send_email"`
}

type sessionInput struct {
	ContactID *string `json:"contact_id"`
	linkInput `json:",inline"`
}

func (in linkInput) request(check *checker, c *call, mail bool) access.MintRequest {
	seconds := int64(defaultLinkSeconds)
	number(check, &seconds, "ttl_seconds", in.TTLSeconds, minLinkSeconds, maxLinkSeconds)
	flag(&mail, in.SendEmail)
	m := access.MintRequest{TTL: time.Duration(seconds) * time.Second, SendEmail: mail, By: c.by()}
	if in.DocumentID != nil {
		if *in.DocumentID == "" {
			check.add("document_id", "required", "this must be a document's id; leave it out for a link to the whole portal")
		}
		m.DocumentID = *in.DocumentID
	}
	return m
}

// mintSession answers the pending session with its link, mailed only when asked.
func (s *Server) mintSession(c *call) (reply, error) {
	var in sessionInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	check.require("contact_id", in.ContactID != nil)
	m := in.request(check, c, false)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	m.ContactID = *in.ContactID
	return s.mint(c, m, true)
}

// sendPortalLink mails a fresh link to the address on file, or shows it when asked not to mail.
func (s *Server) sendPortalLink(c *call) (reply, error) {
	var in linkInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	m := in.request(check, c, true)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	m.ContactID = c.id()
	return s.mint(c, m, !m.SendEmail)
}

func (s *Server) mint(c *call, m access.MintRequest, withURL bool) (reply, error) {
	pending, err := s.Links.Mint(c.Context(), c.tenant, m)
	if err != nil {
		return reply{}, err
	}
	out := showSession(pending.Session)
	if withURL {
		out.URL = &pending.URL
	}
	return created(out)
}

func (s *Server) listSessions(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	q := access.SessionQuery{CompanyID: c.param("company_id"), ContactID: c.param("contact_id"), After: after, Limit: limit + 1}
	sessions, err := s.Links.Sessions(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(sessions, limit, func(d access.SessionDetails) string { return d.ID }, showSession))
}

// trailLimit bounds the trail that comes with a session; the rest is in the audit-event list.
const trailLimit = 200

func (s *Server) showSession(c *call) (reply, error) {
	details, err := s.Links.SessionDetails(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	events, err := s.Audit.Trail(c.Context(), c.tenant.ID, details.ID, details.LinkID, trailLimit)
	if err != nil {
		return reply{}, err
	}
	out := showSession(details)
	out.AuditTrail = showEvents(events)
	return ok(out)
}

func (s *Server) revokeSession(c *call) (reply, error) {
	if err := s.Links.RevokeSession(c.Context(), c.tenant.ID, c.id(), c.by()); err != nil {
		return reply{}, err
	}
	return noContent()
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func addressOrNull(a netip.Addr) *string {
	if !a.IsValid() {
		return nil
	}
	s := a.Unmap().String()
	return &s
}
