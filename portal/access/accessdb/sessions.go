package accessdb

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Redeem implements access.Store. The one conditional UPDATE decides who was first.
func (s *Store) Redeem(ctx context.Context, t tenant.ID, tokenHash, browser [32]byte, n access.NewSession) (sess access.Session, l access.Link, err error) {
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		sess, l, err = redeem(ctx, tx, t, tokenHash, browser, n, "link")
		return err
	})
	return sess, l, err
}

// redeem marks the link used, or claimed by a provisional session, and starts the session. by says what was shown: "link" or "code".
func redeem(ctx context.Context, tx pgx.Tx, t tenant.ID, tokenHash, browser [32]byte, n access.NewSession, by string) (access.Session, access.Link, error) {
	sess := access.Session{ID: n.ID, Tenant: t, Host: n.Host, HostEpoch: n.HostEpoch, Level: access.Confirmed}
	link, claimed, err := useLink(ctx, tx, t, tokenHash, browser, n.ID)
	if err != nil {
		return sess, link, err
	}
	event := "link.used"
	if claimed {
		sess.Level, sess.DocumentID, event = access.Provisional, link.DocumentID, "link.claimed"
		if err := takeOver(ctx, tx, t, link); err != nil {
			return sess, link, err
		}
	}
	if link.SessionID != "" {
		sess.ID = link.SessionID
	}
	sess.CompanyID, sess.ContactID, sess.LinkID = link.CompanyID, link.ContactID, link.ID
	b := &pgx.Batch{}
	queueActivation(b, &sess, n, link.SessionID != "")
	auditdb.Queue(b, t, audit.Event{Kind: event, Actor: audit.Contact, ActorID: link.ContactID, IP: n.Visitor.IP, UserAgent: n.Visitor.UserAgent,
		CompanyID: link.CompanyID, ContactID: link.ContactID, DocumentID: link.DocumentID, SessionID: sess.ID, LinkID: link.ID,
		Details: map[string]string{"host": n.Host.String(), "purpose": string(link.Purpose), "by": by}})
	err = tx.SendBatch(ctx, b).Close()
	return sess, link, absent(err, access.ErrNotFound)
}

// useLink spends a link. One to a document is only claimed, for the session that will be confirmed, unless its tenant is strict.
func useLink(ctx context.Context, tx pgx.Tx, t tenant.ID, tokenHash, browser [32]byte, session string) (l access.Link, claimed bool, err error) {
	const q = `
		UPDATE portal_links l SET claimed_at = app_now(), claimed_by = $4,
			used_at = CASE WHEN l.purpose = 'document' AND te.link_mode <> 'strict' THEN NULL ELSE app_now() END
		FROM contacts c, companies co, tenants te
		WHERE te.id = l.tenant_id AND l.tenant_id = $1 AND l.token_hash = $2
		AND l.used_at IS NULL AND l.revoked_at IS NULL AND l.superseded_at IS NULL AND l.expires_at > app_now()
		AND (l.browser_hash IS NULL OR l.browser_hash = $3)
		AND c.tenant_id = l.tenant_id AND c.id = l.contact_id AND c.status = 'active'
		AND co.tenant_id = l.tenant_id AND co.id = l.company_id AND co.portal_enabled
		AND NOT EXISTS (SELECT FROM invoices i WHERE l.document_kind = 'invoice' AND i.tenant_id = l.tenant_id AND i.id = l.document_id AND i.status = 'void')
		RETURNING l.id, l.purpose, l.company_id, l.contact_id, COALESCE(l.document_kind, ''), COALESCE(l.document_id, ''), COALESCE(l.session_id, ''), l.used_at IS NULL`
	err = tx.QueryRow(ctx, q, string(t), tokenHash[:], browser[:], session).Scan(&l.ID, &l.Purpose, &l.CompanyID, &l.ContactID, &l.DocumentKind, &l.DocumentID, &l.SessionID, &claimed)
	return l, claimed, absent(err, access.ErrNotFound)
}

// queueActivation writes the session's row, a new one or the pending one that the API minted with the link, and learns when it ends. A pending one that was
// revoked meanwhile is no row.
func queueActivation(b *pgx.Batch, sess *access.Session, n access.NewSession, pending bool) {
	q := `
		INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, host, host_epoch, token_hash, level, ip, user_agent,
			created_at, activated_at, expires_at)
		VALUES (@tenant, @id, @company, @contact, @link, @host, @epoch, @hash, @level, @ip, @agent,
			app_now(), app_now(), app_now() + @lifetime::bigint * interval '1 millisecond')
		RETURNING expires_at`
	if pending {
		q = `
		UPDATE crm_client_portal_sessions SET host = @host, host_epoch = @epoch, token_hash = @hash, level = @level, ip = @ip, user_agent = @agent,
			activated_at = app_now(), expires_at = app_now() + @lifetime::bigint * interval '1 millisecond'
		WHERE tenant_id = @tenant AND id = @id AND company_id = @company AND contact_id = @contact AND link_id = @link
		AND activated_at IS NULL AND revoked_at IS NULL
		RETURNING expires_at`
	}
	b.Queue(q, pgx.NamedArgs{"tenant": string(sess.Tenant), "id": sess.ID, "company": sess.CompanyID, "contact": sess.ContactID,
		"link": sess.LinkID, "host": n.Host.String(), "epoch": n.HostEpoch, "hash": n.TokenHash[:], "level": sess.Level,
		"ip": auditdb.Address(n.Visitor.IP), "agent": auditdb.CutUserAgent(n.Visitor.UserAgent), "lifetime": n.Lifetime.Milliseconds()}).
		QueryRow(func(row pgx.Row) error { return row.Scan(&sess.ExpiresAt) })
}

// insertPending writes the session that an API call announces before anybody used its link.
func insertPending(ctx context.Context, tx pgx.Tx, t tenant.ID, l access.Link) error {
	const q = `INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, app_now(), $6)`
	if _, err := tx.Exec(ctx, q, string(t), l.SessionID, l.CompanyID, l.ContactID, l.ID, l.ExpiresAt); err != nil {
		return fmt.Errorf("storing the pending session %s: %w", l.SessionID, err)
	}
	return nil
}

// SessionByToken implements access.Store in one round trip.
func (s *Store) SessionByToken(ctx context.Context, t tenant.ID, tokenHash [32]byte) (access.Session, error) {
	const q = `SELECT id, company_id, contact_id, COALESCE(link_id, ''), host, host_epoch, level, expires_at, COALESCE((SELECT document_id FROM portal_links l
			WHERE l.tenant_id = s.tenant_id AND l.id = s.link_id AND s.level = 'provisional'), '')
		FROM crm_client_portal_sessions s
		WHERE tenant_id = $1 AND token_hash = $2 AND revoked_at IS NULL AND expires_at > app_now()`
	sess := access.Session{Tenant: t}
	var host string
	b := &pgx.Batch{}
	b.Queue(q, string(t), tokenHash[:]).QueryRow(func(row pgx.Row) error {
		return row.Scan(&sess.ID, &sess.CompanyID, &sess.ContactID, &sess.LinkID, &host, &sess.HostEpoch, &sess.Level, &sess.ExpiresAt, &sess.DocumentID)
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return access.Session{}, absent(err, access.ErrNoSession)
	}
	var err error
	sess.Host, err = tenant.ParseHostname(host)
	return sess, err
}

// RevokeSession implements access.Store. A link that nobody spent dies with it, but not when its reader signs
// out of a provisional session.
func (s *Store) RevokeSession(ctx context.Context, t tenant.ID, id, why string, by access.Actor) (*[32]byte, error) {
	const end = `UPDATE crm_client_portal_sessions SET revoked_at = app_now(), revoked_why = $3
		WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > app_now()
		RETURNING company_id, contact_id, COALESCE(link_id, ''), token_hash`
	const kill = `UPDATE portal_links SET revoked_at = app_now() WHERE tenant_id = $1 AND id = $2 AND used_at IS NULL AND revoked_at IS NULL AND (claimed_by IS NULL OR $3)`
	const before = `UPDATE crm_client_portal_sessions SET revoked_at = app_now(), revoked_why = $3 WHERE tenant_id = $1 AND successor_id = $2 AND revoked_at IS NULL`
	var hash []byte
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		var company, contact, link string
		err := tx.QueryRow(ctx, end, string(t), id, why).Scan(&company, &contact, &link, &hash)
		if err := absent(err, access.ErrNotFound); err != nil {
			return s.ended(ctx, tx, t, id, err)
		}
		if _, err := tx.Exec(ctx, kill, string(t), link, by.Kind != string(audit.Contact)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, before, string(t), id, why); err != nil {
			return err
		}
		return record(ctx, tx, t, by, audit.Event{Kind: "session.revoked", CompanyID: company, ContactID: contact, SessionID: id,
			Details: map[string]string{"why": why}})
	})
	if err != nil || hash == nil {
		return nil, err
	}
	return (*[32]byte)(hash), nil
}

// ended tells a session that is over already, which is fine, from one that never was.
func (s *Store) ended(ctx context.Context, tx pgx.Tx, t tenant.ID, id string, err error) error {
	const q = `SELECT true FROM crm_client_portal_sessions WHERE tenant_id = $1 AND id = $2`
	if tx.QueryRow(ctx, q, string(t), id).Scan(new(bool)) == nil {
		return nil
	}
	return err
}

const sessionDetails = `SELECT id,
	CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= app_now() THEN 'expired' WHEN activated_at IS NULL THEN 'pending'
	     WHEN level = 'provisional' THEN 'provisional' ELSE 'active' END,
	company_id, contact_id, COALESCE(link_id, ''), host, ip, user_agent, created_at, activated_at, expires_at, revoked_at
	FROM crm_client_portal_sessions WHERE tenant_id = $1`

// Session implements access.Store.
func (s *Store) Session(ctx context.Context, t tenant.ID, id string) (access.SessionDetails, error) {
	list, err := s.details(ctx, t, sessionDetails+` AND id = $2`, id)
	if err == nil && len(list) == 0 {
		return access.SessionDetails{}, access.ErrNotFound
	}
	if err != nil {
		return access.SessionDetails{}, err
	}
	return list[0], nil
}

// Sessions implements access.Store.
func (s *Store) Sessions(ctx context.Context, t tenant.ID, q access.SessionQuery) ([]access.SessionDetails, error) {
	const where = ` AND ($2 = '' OR company_id = $2) AND ($3 = '' OR contact_id = $3) AND ($4 = '' OR id < $4) ORDER BY id DESC LIMIT $5`
	return s.details(ctx, t, sessionDetails+where, q.CompanyID, q.ContactID, q.After, q.Limit)
}

func (s *Store) details(ctx context.Context, t tenant.ID, q string, args ...any) ([]access.SessionDetails, error) {
	var list []access.SessionDetails
	b := &pgx.Batch{}
	b.Queue(q, append([]any{string(t)}, args...)...).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, scanDetails)
		return err
	})
	return list, rls.Read(ctx, s.pool, t, b)
}

func scanDetails(row pgx.CollectableRow) (access.SessionDetails, error) {
	var d access.SessionDetails
	var ip *netip.Addr
	var activated, revoked *time.Time
	err := row.Scan(&d.ID, &d.Status, &d.CompanyID, &d.ContactID, &d.LinkID, &d.Host, &ip, &d.Visitor.UserAgent, &d.CreatedAt, &activated, &d.ExpiresAt, &revoked)
	if ip != nil {
		d.Visitor.IP = *ip
	}
	if activated != nil {
		d.ActivatedAt = *activated
	}
	if revoked != nil {
		d.RevokedAt = *revoked
	}
	return d, err
}
