package api

import (
	"context"
	"time"

	"tollhouse/portal/audit"
	"tollhouse/tenant"
)

// AuditLog reads a tenant's audit log.
type AuditLog interface {
	// Events lists entries, newest first.
	Events(ctx context.Context, t tenant.ID, q AuditQuery) ([]audit.Event, error)
	// Trail returns the entries of one session and of the link that opened it, oldest first.
	Trail(ctx context.Context, t tenant.ID, sessionID, linkID string, limit int) ([]audit.Event, error)
}

// AuditQuery asks for one page of the log. Empty filters match all.
type AuditQuery struct {
	CompanyID, ContactID, DocumentID, SessionID string
	After                                       string // id of the last entry already seen
	Limit                                       int
}

// AuditEvent is an entry of the log, as the API shows it. What does not apply is null.
type AuditEvent struct {
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	Kind       string            `json:"kind"`
	Actor      string            `json:"actor"`
	ActorID    *string           `json:"actor_id"`
	CompanyID  *string           `json:"company_id"`
	ContactID  *string           `json:"contact_id"`
	DocumentID *string           `json:"document_id"`
	SessionID  *string           `json:"session_id"`
	LinkID     *string           `json:"link_id"`
	IP         *string           `json:"ip"`
	UserAgent  *string           `json:"user_agent"`
	Details    map[string]string `json:"details"`
}

func showEvent(e audit.Event) AuditEvent {
	details := e.Details
	if details == nil {
		details = map[string]string{}
	}
	return AuditEvent{ID: e.ID, At: e.At.UTC(), Kind: e.Kind, Actor: string(e.Actor), ActorID: textOrNull(e.ActorID),
		CompanyID: textOrNull(e.CompanyID), ContactID: textOrNull(e.ContactID), DocumentID: textOrNull(e.DocumentID),
		SessionID: textOrNull(e.SessionID), LinkID: textOrNull(e.LinkID), IP: addressOrNull(e.IP), UserAgent: textOrNull(e.UserAgent), Details: details}
}

func showEvents(events []audit.Event) []AuditEvent {
	out := make([]AuditEvent, len(events))
	for i, e := range events {
		out[i] = showEvent(e)
	}
	return out
}

func (s *Server) listAuditEvents(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	q := AuditQuery{CompanyID: c.param("company_id"), ContactID: c.param("contact_id"), DocumentID: c.param("document_id"),
		SessionID: c.param("session_id"), After: after, Limit: limit + 1}
	events, err := s.Audit.Events(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(events, limit, func(e audit.Event) string { return e.ID }, showEvent))
}
