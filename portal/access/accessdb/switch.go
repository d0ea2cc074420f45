package accessdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant/rls"
)

// SameMailbox is what makes contact o at company oc another seat of contact c whose session is s, as SQL.
const SameMailbox = `o.tenant_id = s.tenant_id AND lower(o.email) = lower(c.email) AND o.status = 'active' AND o.id <> c.id
	AND oc.tenant_id = o.tenant_id AND oc.id = o.company_id AND oc.portal_enabled AND s.level = 'confirmed'
	AND EXISTS (SELECT FROM portal_links sl WHERE sl.tenant_id = s.tenant_id AND sl.id = s.link_id AND sl.purpose = 'login')`

const seats = `
	  FROM crm_client_portal_sessions s, contacts c, contacts o, companies oc
	 WHERE s.tenant_id = @tenant AND s.id = @by AND c.tenant_id = s.tenant_id AND c.id = s.contact_id AND c.status = 'active' AND ` + SameMailbox

// Several implements access.Store.
func (s *Store) Several(ctx context.Context, sess access.Session) (several bool, err error) {
	b := &pgx.Batch{}
	b.Queue(`SELECT EXISTS (SELECT`+seats+`)`, pgx.NamedArgs{"tenant": string(sess.Tenant), "by": sess.ID}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&several)
	})
	return several, rls.Read(ctx, s.pool, sess.Tenant, b)
}

// Switch implements access.Store. The contacts are held first, as by whoever changes one, so that no address changes between the look and the
// new session.
func (s *Store) Switch(ctx context.Context, by access.Session, contactID string, n access.NewSession) (access.Session, [32]byte, error) {
	next := access.Session{ID: n.ID, Tenant: by.Tenant, Host: n.Host, HostEpoch: n.HostEpoch, ContactID: contactID, Level: "confirmed"}
	var before [32]byte
	err := rls.Tx(ctx, s.pool, by.Tenant, func(tx pgx.Tx) error {
		const seat = `SELECT o.company_id` + seats + ` AND o.id = @to FOR SHARE OF c, o`
		found := tx.QueryRow(ctx, seat, pgx.NamedArgs{"tenant": string(by.Tenant), "by": by.ID, "to": contactID}).Scan(&next.CompanyID)
		if found != nil && absent(found, access.ErrNotFound) != access.ErrNotFound {
			return found
		}
		hash, err := leave(ctx, tx, by, &next)
		if err != nil {
			return err
		}
		if found != nil {
			return access.ErrNotFound
		}
		before = hash
		if err := arrive(ctx, tx, next, n); err != nil {
			return err
		}
		return noteSwitch(ctx, tx, by, next, n.Visitor)
	})
	return next, before, err
}

// leave ends the session that is switched from, and says when the next one ends and by which link it was opened.
func leave(ctx context.Context, tx pgx.Tx, by access.Session, next *access.Session) (before [32]byte, err error) {
	const q = `
		UPDATE crm_client_portal_sessions s SET revoked_at = app_now(), revoked_why = 'switched to another company'
		  FROM contacts c, companies k
		 WHERE s.tenant_id = @tenant AND s.id = @by AND s.contact_id = @contact AND s.host = @host AND s.activated_at IS NOT NULL
		   AND s.revoked_at IS NULL AND s.expires_at > app_now()
		   AND c.tenant_id = s.tenant_id AND c.id = s.contact_id AND c.status = 'active'
		   AND k.tenant_id = s.tenant_id AND k.id = s.company_id AND k.portal_enabled
		RETURNING s.token_hash, s.expires_at, COALESCE(s.link_id, '')`
	var hash []byte
	err = tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(by.Tenant), "by": by.ID, "contact": by.ContactID, "host": by.Host.String()}).
		Scan(&hash, &next.ExpiresAt, &next.LinkID)
	copy(before[:], hash)
	return before, absent(err, access.ErrNoSession)
}

// arrive writes the session at the other seat.
func arrive(ctx context.Context, tx pgx.Tx, next access.Session, n access.NewSession) error {
	const q = `
		INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, host, host_epoch, token_hash, level, ip, user_agent,
			created_at, activated_at, expires_at)
		VALUES (@tenant, @id, @company, @contact, @link, @host, @epoch, @hash, @level, @ip, @agent, app_now(), app_now(), @expires)`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(next.Tenant), "id": next.ID, "company": next.CompanyID, "contact": next.ContactID,
		"link": next.LinkID, "host": next.Host.String(), "epoch": next.HostEpoch, "hash": n.TokenHash[:], "level": next.Level,
		"ip": auditdb.Address(n.Visitor.IP), "agent": auditdb.CutUserAgent(n.Visitor.UserAgent), "expires": next.ExpiresAt.Truncate(time.Microsecond)})
	if err != nil {
		return fmt.Errorf("storing the session %s: %w", next.ID, err)
	}
	return nil
}

// noteSwitch writes an entry at each company; neither names the other.
func noteSwitch(ctx context.Context, tx pgx.Tx, from, to access.Session, v access.Visitor) error {
	left := access.Actor{Kind: string(audit.Contact), ID: from.ContactID, Visitor: v}
	if err := record(ctx, tx, from.Tenant, left, audit.Event{Kind: "session.revoked", CompanyID: from.CompanyID, ContactID: from.ContactID, SessionID: from.ID,
		Details: map[string]string{"why": "switched to another company"}}); err != nil {
		return err
	}
	came := access.Actor{Kind: string(audit.Contact), ID: to.ContactID, Visitor: v}
	return record(ctx, tx, to.Tenant, came, audit.Event{Kind: "session.switched", CompanyID: to.CompanyID, ContactID: to.ContactID, SessionID: to.ID, LinkID: to.LinkID})
}
