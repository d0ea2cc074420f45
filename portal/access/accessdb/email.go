package accessdb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/tenant/rls"
)

// ConfirmEmail implements access.Store.
func (s *Store) ConfirmEmail(ctx context.Context, sess access.Session, right func(access.MailedCode) bool, v access.Visitor) (hashes [][32]byte, err error) {
	var outcome error
	err = rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		h, err := hold(ctx, tx, sess)
		if err != nil {
			return err
		}
		if !h.steppedUp {
			return access.ErrStepUp
		}
		c, again, wrong, err := try(ctx, tx, sess, access.ForEmail, right, v)
		if err != nil || wrong != nil || again { // pressed twice: it is done
			outcome = wrong
			return err
		}
		hashes, err = s.moveTo(ctx, tx, sess, h.email, c, v)
		return err
	})
	if err == nil {
		err = outcome
	}
	return hashes, err
}

// moveTo gives the contact an address that it has shown to be its own. The old mailbox is told, and everything that was opened from it ends, but for
// the session that asked.
func (s *Store) moveTo(ctx context.Context, tx pgx.Tx, sess access.Session, before string, c access.MailedCode, v access.Visitor) ([][32]byte, error) {
	const q = `
		UPDATE contacts SET email = @email, updated_at = app_now() WHERE tenant_id = @tenant AND id = @contact
		RETURNING ` + contactColumns
	const pass = `UPDATE step_ups SET passed_at = app_now() WHERE tenant_id = @tenant AND id = @code`
	args := sessionArgs(sess)
	args["email"], args["code"] = c.Email, c.ID
	if _, err := oneContact(ctx, tx, q, args); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, pass, args); err != nil {
		return nil, err
	}
	hashes, err := endOthers(ctx, tx, sess, v)
	if err != nil {
		return nil, err
	}
	if err := revokeLinks(ctx, tx, sess.Tenant, subject{contact: sess.ContactID}); err != nil {
		return nil, err
	}
	if err := s.mail(ctx, tx, sess.Tenant, Mail{Kind: "address_changed", CompanyID: sess.CompanyID, ContactID: sess.ContactID, Address: before}); err != nil {
		return nil, err
	}
	return hashes, recordBy(ctx, tx, sess, v, "contact.email_changed", map[string]string{"changed": "email"})
}

// endOthers ends every session of the contact but the one that acts. They are locked by hold already.
func endOthers(ctx context.Context, tx pgx.Tx, sess access.Session, v access.Visitor) ([][32]byte, error) {
	const end = `
		UPDATE crm_client_portal_sessions SET revoked_at = app_now(), revoked_why = 'the address was changed'
		 WHERE tenant_id = @tenant AND contact_id = @contact AND id <> @session AND revoked_at IS NULL AND expires_at > app_now()
		RETURNING id, token_hash`
	rows, err := tx.Query(ctx, end, sessionArgs(sess))
	if err != nil {
		return nil, err
	}
	return noteEnded(ctx, tx, rows, sess, "the address was changed", v)
}
