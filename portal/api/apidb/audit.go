package apidb

import (
	"context"
	"errors"
	"fmt"
	"strconv"

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

// entries reads the events of page, a query before it, with their places in the chain. An event that was never linked in shows all the same.
// The page is cut first, so that links are looked up for what is shown and for nothing else; and the place before is a column of its own, for a
// subtraction, which might fail, may not be looked up by beneath row-level security.
const entries = `, linked AS MATERIALIZED (
		SELECT e.*, c.n, c.n - 1 AS before, c.hash FROM page e LEFT JOIN audit_chain c ON c.tenant_id = e.tenant_id AND c.event_id = e.id
	)
	SELECT e.id, (extract(epoch FROM e.at) * 1000000)::bigint, e.kind, e.actor, e.actor_id, e.company_id, e.contact_id, e.document_id, e.session_id,
	       e.link_id, host(e.ip), e.user_agent, e.details::text, COALESCE(e.n, 0), e.hash,
	       CASE WHEN e.n = 1 THEN audit_genesis(e.tenant_id) ELSE p.hash END
	  FROM linked e
	  LEFT JOIN audit_chain p ON p.tenant_id = e.tenant_id AND p.n = e.before`

// Events lists entries, newest first. Ids grow with time, so the id is the order and the cursor. A bound of time is no index's: it costs a look
// at each entry that the other filters leave.
func (l *AuditLog) Events(ctx context.Context, t tenant.ID, q api.AuditQuery) ([]audit.Entry, error) {
	where, args := filters(q)
	args["tenant"] = string(t)
	sql := `WITH page AS MATERIALIZED (SELECT * FROM audit_events e WHERE e.tenant_id = @tenant` + where +
		` ORDER BY e.id DESC LIMIT ` + strconv.Itoa(q.Limit) + `)` + entries + ` ORDER BY e.id DESC`
	return l.events(ctx, t, sql, args)
}

// filters says only what is asked for, and the limit stands in the statement: the plan of a statement that could be any of them fits none.
func filters(q api.AuditQuery) (where string, args pgx.NamedArgs) {
	args = pgx.NamedArgs{}
	add := func(given bool, name, condition string, value any) {
		if given {
			where += " AND " + condition
			args[name] = value
		}
	}
	add(q.CompanyID != "", "company", "e.company_id = @company", q.CompanyID)
	add(q.ContactID != "", "contact", "e.contact_id = @contact", q.ContactID)
	add(q.DocumentID != "", "document", "e.document_id = @document", q.DocumentID)
	add(q.SessionID != "", "session", "e.session_id = @session", q.SessionID)
	add(q.Kind != "", "kind", "starts_with(e.kind, @kind)", q.Kind)
	add(!q.From.IsZero(), "from", "e.at >= @from", q.From)
	add(!q.To.IsZero(), "to", "e.at < @to", q.To)
	add(q.After != "", "after", "e.id < @after", q.After)
	return where, args
}

// Trail returns the entries of one session and its link, oldest first.
func (l *AuditLog) Trail(ctx context.Context, t tenant.ID, sessionID, linkID string, limit int) ([]audit.Entry, error) {
	const sql = `
		WITH page AS MATERIALIZED (
			SELECT * FROM audit_events e
			 WHERE e.tenant_id = @tenant AND (e.session_id = @session OR @link <> '' AND e.link_id = @link)
			 ORDER BY e.id
			 LIMIT @limit
		)` + entries + ` ORDER BY e.id`
	return l.events(ctx, t, sql, pgx.NamedArgs{"tenant": string(t), "session": sessionID, "link": linkID, "limit": limit})
}

// Head returns where the chain stands. That of an empty log is entry 0 with the hash that the first entry follows.
func (l *AuditLog) Head(ctx context.Context, t tenant.ID) (audit.Head, error) {
	const sql = `SELECT h.n, h.hash FROM audit_heads h WHERE h.tenant_id = $1`
	var n int64
	var hash []byte
	b := &pgx.Batch{}
	b.Queue(sql, string(t)).QueryRow(func(row pgx.Row) error { return row.Scan(&n, &hash) })
	err := rls.Read(ctx, l.db, t, b)
	if errors.Is(err, pgx.ErrNoRows) {
		return audit.Head{Hash: audit.Genesis(t)}, nil
	}
	if err != nil {
		return audit.Head{}, fmt.Errorf("reading the head of the audit log: %w", err)
	}
	return audit.Head{N: n, Hash: audit.Hash(hash)}, nil
}

func (l *AuditLog) events(ctx context.Context, t tenant.ID, sql string, args pgx.NamedArgs) ([]audit.Entry, error) {
	var found []audit.Entry
	b := &pgx.Batch{}
	b.Queue(sql, args).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (audit.Entry, error) { return scanEntry(row, t) })
		return err
	})
	if err := rls.Read(ctx, l.db, t, b); err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	return found, nil
}

func scanEntry(row pgx.CollectableRow, t tenant.ID) (audit.Entry, error) {
	e := audit.Entry{Record: audit.Record{Tenant: t}}
	var hash, previous []byte
	err := row.Scan(&e.ID, &e.Micros, &e.Kind, &e.Actor, &e.ActorID, &e.CompanyID, &e.ContactID, &e.DocumentID, &e.SessionID, &e.LinkID, &e.IP,
		&e.UserAgent, &e.Details, &e.N, &hash, &previous)
	copy(e.Hash[:], hash)
	copy(e.Previous[:], previous)
	return e, err
}
