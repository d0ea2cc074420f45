package apidb

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/api"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// AuditLog implements api.AuditLog. Each method is one round trip.
type AuditLog struct{ db rls.DB }

var _ api.AuditLog = (*AuditLog)(nil)

// NewAuditLog returns the reading side of the audit log.
func NewAuditLog(db rls.DB) *AuditLog { return &AuditLog{db: db} }

const eventColumns = `id, at, kind, actor, actor_id, COALESCE(company_id, ''), COALESCE(contact_id, ''), COALESCE(document_id, ''),
	COALESCE(session_id, ''), COALESCE(link_id, ''), ip, user_agent, details`

// Events lists entries, newest first. Ids grow with time, so the id is the order and the cursor.
func (l *AuditLog) Events(ctx context.Context, t tenant.ID, q api.AuditQuery) ([]audit.Event, error) {
	const sql = `
		SELECT ` + eventColumns + `
		FROM audit_events
		WHERE tenant_id = @tenant
		  AND (@company = '' OR company_id = @company) AND (@contact = '' OR contact_id = @contact)
		  AND (@document = '' OR document_id = @document) AND (@session = '' OR session_id = @session)
		  AND (@after = '' OR id < @after)
		ORDER BY id DESC
		LIMIT @limit`
	return l.events(ctx, t, sql, pgx.NamedArgs{"tenant": string(t), "company": q.CompanyID, "contact": q.ContactID, "document": q.DocumentID,
		"session": q.SessionID, "after": q.After, "limit": q.Limit})
}

// Trail returns the entries of one session and its link, oldest first.
func (l *AuditLog) Trail(ctx context.Context, t tenant.ID, sessionID, linkID string, limit int) ([]audit.Event, error) {
	const sql = `
		SELECT ` + eventColumns + `
		FROM audit_events
		WHERE tenant_id = @tenant AND (session_id = @session OR @link <> '' AND link_id = @link)
		ORDER BY id
		LIMIT @limit`
	return l.events(ctx, t, sql, pgx.NamedArgs{"tenant": string(t), "session": sessionID, "link": linkID, "limit": limit})
}

func (l *AuditLog) events(ctx context.Context, t tenant.ID, sql string, args pgx.NamedArgs) ([]audit.Event, error) {
	var events []audit.Event
	b := &pgx.Batch{}
	b.Queue(sql, args).Query(func(rows pgx.Rows) (err error) {
		events, err = pgx.CollectRows(rows, scanEvent)
		return err
	})
	if err := rls.Read(ctx, l.db, t, b); err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	return events, nil
}

func scanEvent(row pgx.CollectableRow) (audit.Event, error) {
	var (
		e  audit.Event
		at time.Time
		ip *netip.Addr
	)
	err := row.Scan(&e.ID, &at, &e.Kind, &e.Actor, &e.ActorID, &e.CompanyID, &e.ContactID, &e.DocumentID, &e.SessionID, &e.LinkID, &ip,
		&e.UserAgent, &e.Details)
	e.At = at
	if ip != nil {
		e.IP = *ip
	}
	return e, err
}
