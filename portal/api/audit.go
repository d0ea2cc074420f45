package api

import (
	"context"
	"encoding/json"
	"regexp"
	"time"

	"tollhouse/portal/audit"
	"tollhouse/tenant"
)

// AuditLog reads a tenant's audit log.
type AuditLog interface {
	// Events lists entries, newest first.
	Events(ctx context.Context, t tenant.ID, q AuditQuery) ([]audit.Entry, error)
	// Trail returns the entries of one session and of the link that opened it, oldest first.
	Trail(ctx context.Context, t tenant.ID, sessionID, linkID string, limit int) ([]audit.Entry, error)
	// Head returns where the tenant's chain stands now.
	Head(ctx context.Context, t tenant.ID) (audit.Head, error)
}

// AuditQuery asks for one page of the log. Empty filters match all.
type AuditQuery struct {
	CompanyID, ContactID, DocumentID, SessionID string
	Kind                                        string    // the beginning of the kind
	From, To                                    time.Time // from the first on, before the second
	After                                       string    // id of the last entry already seen
	Limit                                       int
}

// AuditEvent is an entry of the log, as the API shows it. What does not apply is null.
type AuditEvent struct {
	ID           string          `json:"id"`
	N            *int64          `json:"n"`
	At           time.Time       `json:"at"`
	Kind         string          `json:"kind"`
	Actor        string          `json:"actor"`
	ActorID      *string         `json:"actor_id"`
	CompanyID    *string         `json:"company_id"`
	ContactID    *string         `json:"contact_id"`
	DocumentID   *string         `json:"document_id"`
	SessionID    *string         `json:"session_id"`
	LinkID       *string         `json:"link_id"`
	IP           *string         `json:"ip"`
	UserAgent    *string         `json:"user_agent"`
	Details      json.RawMessage `json:"details"`
	DetailsText  string          `json:"details_text"` // Details as the hash covers them
	PreviousHash *string         `json:"previous_hash"`
	Hash         *string         `json:"hash"`
}

// AuditHead is where a tenant's chain stands, to be kept somewhere else.
type AuditHead struct {
	TenantID string    `json:"tenant_id"`
	N        int64     `json:"n"`
	Hash     string    `json:"hash"`
	At       time.Time `json:"at"` // when it was asked for
}

// showEvent leaves an entry's place in the chain out when it has none: then it was not written by the program.
func showEvent(e audit.Entry) AuditEvent {
	out := AuditEvent{ID: e.ID, At: time.UnixMicro(e.Micros).UTC(), Kind: e.Kind, Actor: e.Actor, ActorID: textOrNull(e.ActorID), CompanyID: e.CompanyID,
		ContactID: e.ContactID, DocumentID: e.DocumentID, SessionID: e.SessionID, LinkID: e.LinkID, IP: e.IP, UserAgent: textOrNull(e.UserAgent),
		Details: json.RawMessage(e.Details), DetailsText: e.Details}
	if e.N > 0 {
		previous, hash := e.Previous.String(), e.Hash.String()
		out.N, out.PreviousHash, out.Hash = &e.N, &previous, &hash
	}
	return out
}

func showEvents(events []audit.Entry) []AuditEvent {
	out := make([]AuditEvent, len(events))
	for i, e := range events {
		out[i] = showEvent(e)
	}
	return out
}

// auditParameters are what the list can be filtered by.
var auditParameters = []string{"limit", "cursor", "company_id", "contact_id", "document_id", "session_id", "kind", "from", "to"}

func (s *Server) listAuditEvents(c *call) (reply, error) {
	q, limit, err := c.auditQuery()
	if err != nil {
		return reply{}, err
	}
	events, err := s.Audit.Events(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(events, limit, func(e audit.Entry) string { return e.ID }, showEvent))
}

func (s *Server) showAuditHead(c *call) (reply, error) {
	head, err := s.Audit.Head(c.Context(), c.tenant.ID)
	if err != nil {
		return reply{}, err
	}
	return ok(AuditHead{TenantID: string(c.tenant.ID), N: head.N, Hash: head.Hash.String(), At: s.Now().UTC()})
}

func (c *call) auditQuery() (q AuditQuery, limit int, err error) {
	q = AuditQuery{CompanyID: c.param("company_id"), ContactID: c.param("contact_id"), DocumentID: c.param("document_id"), SessionID: c.param("session_id")}
	if q.After, limit, err = c.page(); err != nil {
		return q, 0, err
	}
	if q.Kind, err = c.kindPrefix(); err != nil {
		return q, 0, err
	}
	if q.From, err = c.moment("from"); err != nil {
		return q, 0, err
	}
	q.To, err = c.moment("to")
	q.Limit = limit + 1
	return q, limit, err
}

// kindStart matches the beginning of a kind.
var kindStart = regexp.MustCompile(`^[a-z_.]{0,60}$`)

func (c *call) kindPrefix() (string, error) {
	kind := c.param("kind")
	if !kindStart.MatchString(kind) {
		return "", badParameter("kind", "invalid_parameter", `this must be the beginning of a kind, like "link." or "invoice.viewed"`)
	}
	return kind, nil
}

// moment reads a point in time, zero when the parameter is not given.
func (c *call) moment(name string) (time.Time, error) {
	if !c.URL.Query().Has(name) {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, c.param(name))
	if err != nil || at.Year() < 1970 {
		return time.Time{}, badParameter(name, "invalid_parameter", "this must be a time with its zone, like 2026-05-03T14:00:00Z")
	}
	return at.UTC(), nil
}
