package accessdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Confirm implements access.Store. The link's row is the referee: whoever spends it first, here or by an exchange that takes the session's
// place, has it.
func (s *Store) Confirm(ctx context.Context, old access.Session, n access.NewSession) (sess access.Session, first bool, err error) {
	var soon error
	err = rls.Tx(ctx, s.pool, old.Tenant, func(tx pgx.Tx) error {
		link, err := spend(ctx, tx, old, false)
		if errors.Is(err, pgx.ErrNoRows) {
			if sess, err = successor(ctx, tx, old); errors.Is(err, access.ErrTooSoon) {
				soon = err
				return startWaiting(ctx, tx, old)
			}
			return err
		}
		if err != nil {
			return fmt.Errorf("spending the link: %w", err)
		}
		first = true
		sess, err = succeed(ctx, tx, old, n, link)
		return err
	})
	if err == nil {
		err = soon
	}
	return sess, first, err
}

// startWaiting counts from now when the document itself was never asked for by anybody who looked: a browser may show what it fetched ahead.
func startWaiting(ctx context.Context, tx pgx.Tx, old access.Session) error {
	const q = `UPDATE crm_client_portal_sessions SET rendered_at = app_now() WHERE tenant_id = $1 AND id = $2 AND rendered_at IS NULL`
	_, err := tx.Exec(ctx, q, string(old.Tenant), old.ID)
	return err
}

// spend marks the link used if it is the session's still, the session stands, and a person had time to look. code says whether the tenant wants a
// mailed code for what follows; a link of a tenant that decides otherwise stays as it is.
func spend(ctx context.Context, tx pgx.Tx, old access.Session, code bool) (access.Link, error) {
	const q = `
		UPDATE portal_links l SET used_at = app_now()
		FROM crm_client_portal_sessions s
		JOIN contacts c   ON c.tenant_id = s.tenant_id AND c.id = s.contact_id AND c.status = 'active'
		JOIN companies co ON co.tenant_id = s.tenant_id AND co.id = s.company_id AND co.portal_enabled
		JOIN tenants te   ON te.id = s.tenant_id AND (te.link_mode = 'step_up') = @code
		WHERE s.tenant_id = @tenant AND s.id = @id AND s.company_id = @company AND s.contact_id = @contact AND s.host = @host AND s.level = 'provisional'
		AND s.revoked_at IS NULL AND s.expires_at > app_now() AND s.rendered_at <= app_now() - @wait::bigint * interval '1 millisecond'
		AND l.tenant_id = s.tenant_id AND l.id = s.link_id AND l.claimed_by = s.id AND l.used_at IS NULL AND l.revoked_at IS NULL
		RETURNING l.id, l.purpose, COALESCE(l.document_kind, ''), COALESCE(l.document_id, ''), l.token_hash`
	var l access.Link
	var token []byte
	err := tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(old.Tenant), "id": old.ID, "company": old.CompanyID, "contact": old.ContactID,
		"host": old.Host.String(), "wait": access.ConfirmAfter.Milliseconds(), "code": code}).
		Scan(&l.ID, &l.Purpose, &l.DocumentKind, &l.DocumentID, &token)
	copy(l.TokenHash[:], token)
	return l, err
}

// successor is what a session has become that cannot be confirmed: one that was confirmed already, too young, or none.
func successor(ctx context.Context, tx pgx.Tx, old access.Session) (access.Session, error) {
	const q = `
		SELECT s.successor_id IS NULL, COALESCE(n.id, ''), COALESCE(n.expires_at, s.expires_at), n.id IS NULL OR (n.revoked_at IS NULL AND n.expires_at > app_now())
		FROM crm_client_portal_sessions s
		LEFT JOIN crm_client_portal_sessions n ON n.tenant_id = s.tenant_id AND n.id = s.successor_id
		WHERE s.tenant_id = $1 AND s.id = $2 AND s.host = $3 AND s.level = 'provisional' AND s.revoked_at IS NULL AND s.expires_at > app_now()`
	var alone, stands bool
	sess := old
	err := tx.QueryRow(ctx, q, string(old.Tenant), old.ID, old.Host.String()).Scan(&alone, &sess.ID, &sess.ExpiresAt, &stands)
	switch {
	case err != nil:
		return access.Session{}, absent(err, access.ErrNoSession)
	case alone:
		return access.Session{}, access.ErrTooSoon
	case !stands:
		return access.Session{}, access.ErrNoSession
	}
	sess.Level, sess.DocumentID = access.Confirmed, ""
	return sess, nil
}

// succeed writes the confirmed session, lets the provisional one run out, and notes that a person saw the document.
func succeed(ctx context.Context, tx pgx.Tx, old access.Session, n access.NewSession, l access.Link) (access.Session, error) {
	const begin = `
		INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, host, host_epoch, token_hash, level, ip, user_agent,
			created_at, activated_at, expires_at)
		SELECT tenant_id, @new, company_id, contact_id, link_id, host, host_epoch, @hash, 'confirmed', @ip, @agent, app_now(), app_now(), expires_at
		  FROM crm_client_portal_sessions WHERE tenant_id = @tenant AND id = @old
		RETURNING expires_at`
	const end = `UPDATE crm_client_portal_sessions SET successor_id = @new, expires_at = LEAST(expires_at, app_now() + @overlap::bigint * interval '1 millisecond')
		WHERE tenant_id = @tenant AND id = @old`
	const seen = `UPDATE invoices SET viewed_at = app_now() WHERE tenant_id = @tenant AND company_id = @company AND id = @document AND viewed_at IS NULL`
	args := pgx.NamedArgs{"tenant": string(old.Tenant), "old": old.ID, "new": n.ID, "hash": n.TokenHash[:], "ip": auditdb.Address(n.Visitor.IP),
		"agent": auditdb.CutUserAgent(n.Visitor.UserAgent), "overlap": access.Overlap.Milliseconds(), "company": old.CompanyID, "document": l.DocumentID}
	sess := old
	sess.ID, sess.Level, sess.DocumentID = n.ID, access.Confirmed, ""
	viewed := false
	b := &pgx.Batch{}
	b.Queue(begin, args).QueryRow(func(row pgx.Row) error { return row.Scan(&sess.ExpiresAt) })
	b.Queue(end, args)
	if l.DocumentKind == "invoice" {
		b.Queue(seen, args).Exec(func(tag pgconn.CommandTag) error { viewed = tag.RowsAffected() == 1; return nil })
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return access.Session{}, fmt.Errorf("starting the confirmed session: %w", err)
	}
	return sess, noteConfirmed(ctx, tx, old, sess, n, l, viewed)
}

func noteConfirmed(ctx context.Context, tx pgx.Tx, old, sess access.Session, n access.NewSession, l access.Link, viewed bool) error {
	who := access.Actor{Kind: string(audit.Contact), ID: sess.ContactID, Visitor: n.Visitor}
	e := audit.Event{Kind: "link.used", CompanyID: sess.CompanyID, ContactID: sess.ContactID, DocumentID: l.DocumentID, SessionID: sess.ID, LinkID: l.ID,
		Details: map[string]string{"host": sess.Host.String(), "purpose": string(l.Purpose), "by": "confirmation", "provisional": old.ID}}
	if err := record(ctx, tx, sess.Tenant, who, e); err != nil || l.DocumentKind != "invoice" {
		return err
	}
	e.Kind, e.LinkID, e.Details = "invoice.viewed", "", map[string]string{}
	if viewed {
		e.Details["first"] = "true"
	}
	return record(ctx, tx, sess.Tenant, who, e)
}

// takeOver ends the provisional sessions that earlier exchanges of a link began: the new one takes their place.
func takeOver(ctx context.Context, tx pgx.Tx, t tenant.ID, l access.Link) error {
	const q = `UPDATE crm_client_portal_sessions SET revoked_at = app_now(), revoked_why = 'the link was opened again'
		WHERE tenant_id = $1 AND link_id = $2 AND level = 'provisional' AND revoked_at IS NULL AND expires_at > app_now() RETURNING id`
	rows, err := tx.Query(ctx, q, string(t), l.ID)
	if err != nil {
		return fmt.Errorf("ending earlier sessions of the link %s: %w", l.ID, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("ending earlier sessions of the link %s: %w", l.ID, err)
	}
	for _, id := range ids {
		e := audit.Event{Kind: "session.revoked", CompanyID: l.CompanyID, ContactID: l.ContactID, SessionID: id, LinkID: l.ID,
			Details: map[string]string{"why": "the link was opened again"}}
		if err := record(ctx, tx, t, access.Actor{Kind: string(audit.System)}, e); err != nil {
			return err
		}
	}
	return nil
}
