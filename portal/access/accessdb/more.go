package accessdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/tenant/rls"
)

// SpendForCode implements access.More.
func (s *Store) SpendForCode(ctx context.Context, sess access.Session, v access.Visitor) (hash [32]byte, err error) {
	var soon error
	err = rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		link, err := spend(ctx, tx, sess, true)
		if errors.Is(err, pgx.ErrNoRows) {
			if hash, err = spentFor(ctx, tx, sess); errors.Is(err, access.ErrTooSoon) {
				soon = err
				return startWaiting(ctx, tx, sess)
			}
			return err
		}
		if err != nil {
			return fmt.Errorf("spending the link: %w", err)
		}
		hash = link.TokenHash
		return noteSeen(ctx, tx, sess, link, v)
	})
	if err == nil {
		err = soon
	}
	return hash, err
}

// spentFor tells a session that spent its link before, which may ask again, from one that is too young and from none.
func spentFor(ctx context.Context, tx pgx.Tx, sess access.Session) (hash [32]byte, err error) {
	const q = `
		SELECT l.used_at IS NOT NULL AND l.claimed_by = s.id, l.token_hash
		  FROM crm_client_portal_sessions s
		  JOIN contacts c     ON c.tenant_id = s.tenant_id AND c.id = s.contact_id AND c.status = 'active'
		  JOIN companies co   ON co.tenant_id = s.tenant_id AND co.id = s.company_id AND co.portal_enabled
		  JOIN portal_links l ON l.tenant_id = s.tenant_id AND l.id = s.link_id AND l.revoked_at IS NULL
		 WHERE s.tenant_id = $1 AND s.id = $2 AND s.host = $3 AND s.level = 'provisional' AND s.revoked_at IS NULL AND s.expires_at > app_now()`
	var spent bool
	var token []byte
	if err := tx.QueryRow(ctx, q, string(sess.Tenant), sess.ID, sess.Host.String()).Scan(&spent, &token); err != nil {
		return hash, absent(err, access.ErrNoSession)
	}
	if !spent {
		return hash, access.ErrTooSoon
	}
	copy(hash[:], token)
	return hash, nil
}

// noteSeen writes that a person saw the document, for the first time of all on the document itself.
func noteSeen(ctx context.Context, tx pgx.Tx, sess access.Session, l access.Link, v access.Visitor) error {
	const seen = `UPDATE invoices SET viewed_at = app_now() WHERE tenant_id = $1 AND company_id = $2 AND id = $3 AND viewed_at IS NULL`
	tag, err := tx.Exec(ctx, seen, string(sess.Tenant), sess.CompanyID, l.DocumentID)
	if err != nil {
		return fmt.Errorf("noting the view of %s: %w", l.DocumentID, err)
	}
	return noteConfirmed(ctx, tx, sess, sess, access.NewSession{Visitor: v}, l, tag.RowsAffected() == 1)
}
