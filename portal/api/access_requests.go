package api

import (
	"context"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// AccessRequests are the wishes of people for access to a company's documents. access.ErrNotFound stands for what does not exist or belongs to
// another tenant, access.ErrConflict, with a text for people, for what was decided otherwise already.
type AccessRequests interface {
	AccessRequests(ctx context.Context, t tenant.ID, q access.AccessRequestQuery) ([]access.AccessRequest, error)
	// ApproveAccess makes a contact of whoever asked, once, and mails it a link when asked to.
	ApproveAccess(ctx context.Context, t tenant.ID, id string, a access.Approval) (access.AccessRequest, error)
	// DismissAccess lets nobody in. A second time changes nothing.
	DismissAccess(ctx context.Context, t tenant.ID, id string, by access.Actor) (access.AccessRequest, error)
}

// AccessRequest is a request, as the API shows it.
type AccessRequest struct {
	ID        string     `json:"id"`
	Status    string     `json:"status"`
	CompanyID string     `json:"company_id"`
	Email     string     `json:"email"` // as typed: nobody has proven that it is theirs
	Name      *string    `json:"name"`
	AskedBy   *string    `json:"asked_by_contact_id"` // null: somebody who held one of the company's links
	ContactID *string    `json:"contact_id"`          // who came of it
	CreatedAt time.Time  `json:"created_at"`
	DecidedAt *time.Time `json:"decided_at"`
}

func showAccessRequest(r access.AccessRequest) AccessRequest {
	return AccessRequest{ID: r.ID, Status: r.State, CompanyID: r.CompanyID, Email: r.Email, Name: textOrNull(r.Name), AskedBy: textOrNull(r.AskedBy),
		ContactID: textOrNull(r.ContactID), CreatedAt: r.CreatedAt.UTC(), DecidedAt: timeOrNull(r.DecidedAt)}
}

func (s *Server) listAccessRequests(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	status := c.param("status")
	if status != "" && status != access.RequestPending && status != access.RequestApproved && status != access.RequestDismissed {
		return reply{}, badParameter("status", "invalid_parameter", "this must be pending, approved or dismissed")
	}
	q := access.AccessRequestQuery{CompanyID: c.param("company_id"), State: status, After: after, Limit: limit + 1}
	requests, err := s.Links.AccessRequests(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(requests, limit, func(r access.AccessRequest) string { return r.ID }, showAccessRequest))
}

type approvalInput struct {
	Role      *string `json:"role"`
	Name      *string `json:"name"`
	Locale    *string `json:"locale"`
	SendEmail *bool   `json:"send_email"`
}

// approveAccess makes a contact of whoever asked. Without a word on the role it is the one that only reads.
func (s *Server) approveAccess(c *call) (reply, error) {
	var in approvalInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	a := access.Approval{Role: access.Viewer, Mail: true, By: c.by()}
	oneOf(check, &a.Role, "role", in.Role, access.Payer, access.Viewer, access.Signer)
	check.line(&a.Name, "name", in.Name, 1, 200)
	check.locale(&a.Locale, "locale", in.Locale)
	flag(&a.Mail, in.SendEmail)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	r, err := s.Links.ApproveAccess(c.Context(), c.tenant.ID, c.id(), a)
	if err != nil {
		return reply{}, err
	}
	return ok(showAccessRequest(r))
}

func (s *Server) dismissAccess(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	r, err := s.Links.DismissAccess(c.Context(), c.tenant.ID, c.id(), c.by())
	if err != nil {
		return reply{}, err
	}
	return ok(showAccessRequest(r))
}
