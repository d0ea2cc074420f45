package accessdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant/rls"
)

// EndOwn implements access.Store. Rows are locked in the order of their ids, so that two who end all sessions at once wait for each other; who
// comes second finds its own session ended and changes nothing.
func (s *Store) EndOwn(ctx context.Context, by access.Session, id string, v access.Visitor) ([][32]byte, error) {
	const lock = `
		SELECT id FROM crm_client_portal_sessions
		 WHERE tenant_id = @tenant AND company_id = @company AND contact_id = @contact AND (@id IN ('', id, successor_id) OR id = @by) AND activated_at IS NOT NULL
		 ORDER BY id FOR UPDATE`
	const end = `
		UPDATE crm_client_portal_sessions SET revoked_at = app_now(), revoked_why = @why
		 WHERE tenant_id = @tenant AND company_id = @company AND contact_id = @contact AND @id IN ('', id, successor_id) AND activated_at IS NOT NULL
		   AND revoked_at IS NULL AND expires_at > app_now()
		RETURNING id, token_hash`
	args := pgx.NamedArgs{"tenant": string(by.Tenant), "company": by.CompanyID, "contact": by.ContactID, "by": by.ID, "id": id, "why": why(id)}
	var hashes [][32]byte
	err := rls.Tx(ctx, s.pool, by.Tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lock, args); err != nil {
			return err
		}
		if err := stands(ctx, tx, by, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, end, args)
		if err != nil {
			return err
		}
		hashes, err = noteEnded(ctx, tx, rows, by, why(id), v)
		return err
	})
	return hashes, err
}

// why is what the record says of a session that its holder ended.
func why(id string) string {
	if id == "" {
		return "signed out everywhere"
	}
	return "signed out from another session"
}

// stands asks, after the lock, whether the session that acts is live, and whether the other one is its contact's own. The tenant's own state is
// the edge's to know: a suspended one serves no page.
func stands(ctx context.Context, tx pgx.Tx, by access.Session, id string) error {
	const q = `
		SELECT COALESCE(bool_or(s.id = @by AND s.host = @host AND s.revoked_at IS NULL AND s.expires_at > app_now() AND c.status = 'active' AND k.portal_enabled), false),
		       COALESCE(bool_or(@id IN ('', s.id)), false)
		  FROM crm_client_portal_sessions s
		  JOIN contacts c  ON c.tenant_id = s.tenant_id AND c.company_id = s.company_id AND c.id = s.contact_id
		  JOIN companies k ON k.tenant_id = s.tenant_id AND k.id = s.company_id
		 WHERE s.tenant_id = @tenant AND s.company_id = @company AND s.contact_id = @contact AND s.activated_at IS NOT NULL`
	var live, own bool
	err := tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(by.Tenant), "company": by.CompanyID, "contact": by.ContactID, "by": by.ID, "id": id,
		"host": by.Host.String()}).Scan(&live, &own)
	switch {
	case err != nil:
		return fmt.Errorf("asking whether the session %s stands: %w", by.ID, err)
	case !live:
		return access.ErrNoSession
	case !own:
		return access.ErrNotFound
	}
	return nil
}

// noteEnded writes an entry for each session that ended and returns what their copies are cached under.
func noteEnded(ctx context.Context, tx pgx.Tx, rows pgx.Rows, by access.Session, why string, v access.Visitor) (hashes [][32]byte, err error) {
	e := audit.Event{Kind: "session.revoked", Actor: audit.Contact, ActorID: by.ContactID, CompanyID: by.CompanyID, ContactID: by.ContactID, IP: v.IP,
		UserAgent: v.UserAgent, Details: map[string]string{"why": why}}
	b := &pgx.Batch{}
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&e.SessionID, &hash}, func() error {
		if hash != nil { // a pending one has no copy
			hashes = append(hashes, [32]byte(hash))
		}
		auditdb.Queue(b, by.Tenant, e)
		return nil
	})
	if err != nil || b.Len() == 0 {
		return hashes, err
	}
	return hashes, tx.SendBatch(ctx, b).Close()
}
