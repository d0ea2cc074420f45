package accessdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// acts is what lets a session do more than look: it stands on its host, is a confirmed one, its contact is active, the portal open.
const acts = `
	  FROM contacts c, crm_client_portal_sessions s, companies k
	 WHERE s.tenant_id = @tenant AND s.id = @session AND s.company_id = @company AND s.contact_id = @contact AND s.host = @host
	   AND s.level = 'confirmed' AND s.activated_at IS NOT NULL AND s.revoked_at IS NULL AND s.expires_at > app_now()
	   AND c.tenant_id = s.tenant_id AND c.company_id = s.company_id AND c.id = s.contact_id AND c.status = 'active'
	   AND k.tenant_id = s.tenant_id AND k.id = s.company_id AND k.portal_enabled`

func sessionArgs(s access.Session) pgx.NamedArgs {
	return pgx.NamedArgs{"tenant": string(s.Tenant), "session": s.ID, "company": s.CompanyID, "contact": s.ContactID, "host": s.Host.String()}
}

// RequireStepUp is for the transaction of a sensitive act, which must belong to the session's tenant: nil when the session stands and its
// contact typed a mailed code not long ago, access.ErrStepUp when that is missing, access.ErrNoSession when the session has ended. The session
// and its contact stay as they are until the transaction ends; call it before other rows are locked.
func RequireStepUp(ctx context.Context, tx pgx.Tx, s access.Session) error {
	return demand(ctx, tx, s, `SELECT COALESCE(s.step_up_until > app_now(), false)`+acts+` FOR SHARE OF c, s`)
}

func demand(ctx context.Context, tx pgx.Tx, s access.Session, q string) error {
	var may bool
	if err := tx.QueryRow(ctx, q, sessionArgs(s)).Scan(&may); err != nil {
		return absent(err, access.ErrNoSession)
	}
	if !may {
		return access.ErrStepUp
	}
	return nil
}

// SteppedUp implements access.Store.
func (s *Store) SteppedUp(ctx context.Context, sess access.Session) error {
	var may bool
	b := &pgx.Batch{}
	b.Queue(`SELECT COALESCE(s.step_up_until > app_now(), false)`+acts, sessionArgs(sess)).QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
	if err := rls.Read(ctx, s.pool, sess.Tenant, b); err != nil {
		return absent(err, access.ErrNoSession)
	}
	if !may {
		return access.ErrStepUp
	}
	return nil
}

// WantStepUp implements access.Store.
func (s *Store) WantStepUp(ctx context.Context, sess access.Session, target string) error {
	const q = `UPDATE crm_client_portal_sessions u SET step_up_target = @target WHERE u.tenant_id = @tenant AND u.id = @session AND EXISTS (SELECT` + acts + `)`
	args := sessionArgs(sess)
	args["target"] = target
	return rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, args)
		if err == nil && tag.RowsAffected() == 0 {
			err = access.ErrNoSession
		}
		return err
	})
}

// holder is the contact of a session that is about to act, held against every other act of the same contact and against whoever changes it.
type holder struct {
	email, target string
	steppedUp     bool
	successor     string // the session that took this one's place, "" for none
}

// hold locks contacts before sessions, as everybody does who locks both, and all of the contact's sessions in the order of their ids, as whoever
// ends them does.
func hold(ctx context.Context, tx pgx.Tx, s access.Session) (h holder, err error) {
	const contact = `SELECT c.id FROM contacts c WHERE c.tenant_id = @tenant AND c.company_id = @company AND c.id = @contact FOR NO KEY UPDATE`
	const sessions = `SELECT o.id FROM crm_client_portal_sessions o
		WHERE o.tenant_id = @tenant AND o.contact_id = @contact AND o.revoked_at IS NULL AND o.expires_at > app_now() ORDER BY o.id FOR NO KEY UPDATE`
	const q = `SELECT c.email, s.step_up_target, COALESCE(s.step_up_until > app_now(), false), COALESCE(s.successor_id, '')` + acts
	args := sessionArgs(s)
	b := &pgx.Batch{}
	b.Queue(contact, args)
	b.Queue(sessions, args)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return h, fmt.Errorf("holding the contact %s: %w", s.ContactID, err)
	}
	err = tx.QueryRow(ctx, q, args).Scan(&h.email, &h.target, &h.steppedUp, &h.successor)
	return h, absent(err, access.ErrNoSession)
}

// SendCode implements access.Store. Its limits are counted in the record, so that they hold whatever becomes of Redis.
func (s *Store) SendCode(ctx context.Context, sess access.Session, c access.MailedCode, v access.Visitor) error {
	return rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		h, err := hold(ctx, tx, sess)
		if err != nil {
			return err
		}
		if c.Purpose == access.ForEmail {
			if err := mayHave(ctx, tx, sess, h, c.Email); err != nil {
				return err
			}
		}
		if err := countSent(ctx, tx, sess); err != nil {
			return err
		}
		if err := s.insertCode(ctx, tx, sess, c); err != nil {
			return err
		}
		return recordBy(ctx, tx, sess, v, "step_up.sent", map[string]string{"purpose": c.Purpose})
	})
}

// mayHave asks whether a contact may get an address: by a session that typed a code, and when nobody at the company has it, itself neither.
func mayHave(ctx context.Context, tx pgx.Tx, sess access.Session, h holder, email string) error {
	if !h.steppedUp {
		return access.ErrStepUp
	}
	const q = `SELECT true FROM contacts WHERE tenant_id = $1 AND company_id = $2 AND lower(email) = lower($3) AND status <> 'removed'`
	err := tx.QueryRow(ctx, q, string(sess.Tenant), sess.CompanyID, email).Scan(new(bool))
	switch {
	case err == nil:
		return access.ErrConflict
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	}
	return fmt.Errorf("looking for another contact with an address: %w", err)
}

// countSent refuses a code too many. The contact is held, so that two at once are counted one after the other.
func countSent(ctx context.Context, tx pgx.Tx, sess access.Session) error {
	const q = `
		SELECT count(*) FILTER (WHERE session_id = @session AND created_at > app_now() - @window::bigint * interval '1 millisecond'), count(*)
		  FROM step_ups WHERE tenant_id = @tenant AND contact_id = @contact AND created_at > app_now() - interval '1 day'`
	args := sessionArgs(sess)
	args["window"] = access.CodesSentIn.Milliseconds()
	var lately, today int
	if err := tx.QueryRow(ctx, q, args).Scan(&lately, &today); err != nil {
		return fmt.Errorf("counting codes: %w", err)
	}
	if lately >= access.CodesSent || today >= access.CodesSentDay {
		return access.ErrLimited
	}
	return nil
}

// codesKept is for how long codes count against the limits of a day.
const codesKept = 24 * time.Hour

// insertCode stores a code in the place of an earlier one, and has it mailed. It is forgotten a day later, whether or not another is asked for: its row may
// hold an address that is nobody's any more.
func (s *Store) insertCode(ctx context.Context, tx pgx.Tx, sess access.Session, c access.MailedCode) error {
	const forget = `DELETE FROM step_ups WHERE tenant_id = @tenant AND created_at < app_now() - interval '1 day'`
	const supersede = `UPDATE step_ups SET superseded_at = app_now()
		WHERE tenant_id = @tenant AND session_id = @session AND purpose = @purpose AND superseded_at IS NULL AND passed_at IS NULL`
	const insert = `
		INSERT INTO step_ups (tenant_id, id, company_id, contact_id, session_id, purpose, email, key_id, created_at, expires_at)
		VALUES (@tenant, @id, @company, @contact, @session, @purpose, NULLIF(@email, ''), @key, app_now(), app_now() + @life::bigint * interval '1 millisecond')`
	args := sessionArgs(sess)
	args["id"], args["purpose"], args["email"], args["key"], args["life"] = c.ID, c.Purpose, c.Email, c.KeyID, access.CodeLife.Milliseconds()
	b := &pgx.Batch{}
	b.Queue(forget, args)
	b.Queue(supersede, args)
	b.Queue(insert, args)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("storing the code %s: %w", c.ID, err)
	}
	if err := s.sweepAfter(ctx, tx, sess.Tenant, codesKept); err != nil {
		return err
	}
	kind := "step_up"
	if c.Purpose == access.ForEmail {
		kind = "email_confirm"
	}
	return s.mail(ctx, tx, sess.Tenant, Mail{Kind: kind, CompanyID: sess.CompanyID, ContactID: sess.ContactID, StepUpID: c.ID, Address: c.Email})
}

// countCode takes one try from the newest code of a session and returns its row. left is what is left of it then; without a row there is no code
// to try any more. The contact is held, so that any number of tries at once are counted one after the other.
func countCode(ctx context.Context, tx pgx.Tx, sess access.Session, purpose string) (c access.MailedCode, passed bool, left int, err error) {
	const q = `
		UPDATE step_ups u SET tries = u.tries + 1
		 WHERE u.tenant_id = @tenant AND u.session_id = @session AND u.contact_id = @contact AND u.purpose = @purpose AND u.superseded_at IS NULL
		   AND u.expires_at > app_now() AND u.tries < @most AND (u.passed_at IS NULL OR u.passed_at > app_now() - @overlap::bigint * interval '1 millisecond')
		   AND (SELECT sum(d.tries) FROM step_ups d WHERE d.tenant_id = @tenant AND d.contact_id = @contact
		                                             AND d.created_at > app_now() - interval '1 day') < @day
		RETURNING u.id, u.key_id, u.purpose, COALESCE(u.email, ''), u.passed_at IS NOT NULL, @most - u.tries`
	args := sessionArgs(sess)
	args["purpose"], args["most"], args["day"], args["overlap"] = purpose, access.CodeTries, access.CodeTriesDay, access.Overlap.Milliseconds()
	err = tx.QueryRow(ctx, q, args).Scan(&c.ID, &c.KeyID, &c.Purpose, &c.Email, &passed, &left)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, false, 0, nil
	}
	if err != nil {
		return c, false, 0, fmt.Errorf("counting a code: %w", err)
	}
	return c, passed, left, nil
}

// try counts a try in a session that is held, and notes a wrong one. Its outcome is committed with the count: a *WrongCodeError or nil.
func try(ctx context.Context, tx pgx.Tx, sess access.Session, purpose string, right func(access.MailedCode) bool, v access.Visitor) (
	c access.MailedCode, passed bool, outcome, err error) {
	c, passed, left, err := countCode(ctx, tx, sess, purpose)
	if err != nil || c.ID != "" && right(c) {
		return c, passed, nil, err
	}
	err = recordBy(ctx, tx, sess, v, "step_up.refused", map[string]string{"purpose": purpose, "left": strconv.Itoa(left)})
	return c, passed, &access.WrongCodeError{Left: left}, err
}

// PassStepUp implements access.Store.
func (s *Store) PassStepUp(ctx context.Context, sess access.Session, right func(access.MailedCode) bool,
	n func(access.MailedCode) (access.NewSession, error), v access.Visitor) (passed access.Session, target string, err error) {
	var outcome error
	err = rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		h, err := hold(ctx, tx, sess)
		if err != nil {
			return err
		}
		c, again, wrong, err := try(ctx, tx, sess, access.ForSession, right, v)
		if err != nil || wrong != nil {
			outcome = wrong
			return err
		}
		fresh, err := n(c)
		if err != nil {
			return err
		}
		target = h.target
		if again {
			passed, err = successorOf(ctx, tx, sess, h.successor)
			return err
		}
		passed, err = stepUp(ctx, tx, sess, c, fresh)
		return err
	})
	if err == nil {
		err = outcome
	}
	return passed, target, err
}

// stepUp begins the session that may act, in the place of one that goes on for a moment as it was: what its browser sent before is still answered.
func stepUp(ctx context.Context, tx pgx.Tx, old access.Session, c access.MailedCode, n access.NewSession) (access.Session, error) {
	const begin = `
		INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, host, host_epoch, token_hash, level, ip, user_agent,
			created_at, activated_at, expires_at, stepped_up_at, step_up_until)
		SELECT tenant_id, @new, company_id, contact_id, link_id, host, host_epoch, @hash, level, @ip, @agent, app_now(), app_now(), expires_at,
			app_now(), app_now() + @for::bigint * interval '1 millisecond'
		  FROM crm_client_portal_sessions WHERE tenant_id = @tenant AND id = @session
		RETURNING expires_at`
	const end = `UPDATE crm_client_portal_sessions SET successor_id = @new, expires_at = LEAST(expires_at, app_now() + @overlap::bigint * interval '1 millisecond'),
			step_up_until = NULL
		WHERE tenant_id = @tenant AND id = @session`
	const pass = `UPDATE step_ups SET passed_at = app_now() WHERE tenant_id = @tenant AND id = @code`
	args := sessionArgs(old)
	args["new"], args["hash"], args["ip"], args["agent"] = n.ID, n.TokenHash[:], auditdb.Address(n.Visitor.IP), auditdb.CutUserAgent(n.Visitor.UserAgent)
	args["for"], args["overlap"], args["code"] = access.StepUpFor.Milliseconds(), access.Overlap.Milliseconds(), c.ID
	next := old
	next.ID = n.ID
	b := &pgx.Batch{}
	b.Queue(begin, args).QueryRow(func(row pgx.Row) error { return row.Scan(&next.ExpiresAt) })
	b.Queue(end, args)
	b.Queue(pass, args)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return access.Session{}, fmt.Errorf("beginning the session that may act: %w", err)
	}
	return next, recordBy(ctx, tx, next, n.Visitor, "step_up.passed", map[string]string{"before": old.ID})
}

// successorOf finds the session that a code which is typed again has opened already.
func successorOf(ctx context.Context, tx pgx.Tx, old access.Session, id string) (access.Session, error) {
	const q = `SELECT expires_at FROM crm_client_portal_sessions
		WHERE tenant_id = $1 AND id = $2 AND contact_id = $3 AND revoked_at IS NULL AND expires_at > app_now()`
	next := old
	next.ID = id
	err := tx.QueryRow(ctx, q, string(old.Tenant), id, old.ContactID).Scan(&next.ExpiresAt)
	return next, absent(err, access.ErrNoSession)
}

// MailedCode implements access.Store.
func (s *Store) MailedCode(ctx context.Context, t tenant.ID, id string) (c access.MailedCode, err error) {
	const q = `SELECT id, key_id, purpose, COALESCE(email, '') FROM step_ups WHERE tenant_id = $1 AND id = $2`
	b := &pgx.Batch{}
	b.Queue(q, string(t), id).QueryRow(func(row pgx.Row) error { return row.Scan(&c.ID, &c.KeyID, &c.Purpose, &c.Email) })
	return c, absent(rls.Read(ctx, s.pool, t, b), access.ErrNotFound)
}

// recordBy writes what the contact of a session did.
func recordBy(ctx context.Context, tx pgx.Tx, s access.Session, v access.Visitor, kind string, details map[string]string) error {
	who := access.Actor{Kind: string(audit.Contact), ID: s.ContactID, Visitor: v}
	return record(ctx, tx, s.Tenant, who, audit.Event{Kind: kind, CompanyID: s.CompanyID, ContactID: s.ContactID, SessionID: s.ID, Details: details})
}
