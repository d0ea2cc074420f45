package accessdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// draftsOf is for how long after its end a session still says whose form it was.
const draftsOf = `interval '1 day'`

// KeepDraft implements access.Store. A session that its contact ended keeps nothing: whoever signs out wants nothing left behind.
func (s *Store) KeepDraft(ctx context.Context, t tenant.ID, host tenant.Hostname, session [32]byte,
	sealed func(contactID string) (access.SealedDraft, error)) error {
	const who = `
		SELECT s.company_id, s.contact_id
		  FROM contacts c, crm_client_portal_sessions s, companies k
		 WHERE s.tenant_id = $1 AND s.token_hash = $2 AND s.host = $3 AND s.level = 'confirmed' AND s.expires_at > app_now() - ` + draftsOf + `
		   AND (s.revoked_at IS NULL OR s.revoked_at > app_now() - ` + draftsOf + ` AND NOT starts_with(s.revoked_why, 'signed out'))
		   AND c.tenant_id = s.tenant_id AND c.id = s.contact_id AND c.status = 'active'
		   AND k.tenant_id = s.tenant_id AND k.id = s.company_id AND k.portal_enabled
		   FOR NO KEY UPDATE OF c`
	return rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		var company, contact string
		if err := tx.QueryRow(ctx, who, string(t), session[:], host.String()).Scan(&company, &contact); err != nil {
			return absent(err, access.ErrNotFound)
		}
		d, err := sealed(contact)
		if err != nil {
			return err
		}
		if err := insertDraft(ctx, tx, t, company, contact, d); err != nil {
			return err
		}
		return s.sweepAfter(ctx, tx, t, access.DraftLife)
	})
}

// sweepEvery is how often a tenant's forms are swept at most: whoever sends the same form again and again fills no queue.
const sweepEvery = 10 * time.Minute

// sweepAfter has the tenant swept when what is written now has outlived its time, late enough for everything that is written in the same span.
func (s *Store) sweepAfter(ctx context.Context, tx pgx.Tx, t tenant.ID, life time.Duration) error {
	when := &river.InsertOpts{ScheduledAt: time.Now().Add(life + sweepEvery + time.Minute), UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: sweepEvery}}
	if _, err := s.jobs.InsertTx(ctx, tx, SweepJob{TenantID: string(t)}, when); err != nil {
		return fmt.Errorf("asking for a sweep: %w", err)
	}
	return nil
}

func insertDraft(ctx context.Context, tx pgx.Tx, t tenant.ID, company, contact string, d access.SealedDraft) error {
	const keep = `
		INSERT INTO form_drafts (tenant_id, browser_hash, company_id, contact_id, form, path, body_sealed, created_at, expires_at)
		VALUES (@tenant, @browser, @company, @contact, @form, @path, @body, app_now(), app_now() + @life::bigint * interval '1 millisecond')
		ON CONFLICT (tenant_id, browser_hash, contact_id, form, path)
		DO UPDATE SET body_sealed = excluded.body_sealed, created_at = excluded.created_at, expires_at = excluded.expires_at`
	const room = `
		DELETE FROM form_drafts WHERE tenant_id = @tenant AND contact_id = @contact AND (browser_hash, form, path) IN (
			SELECT browser_hash, form, path FROM form_drafts WHERE tenant_id = @tenant AND contact_id = @contact ORDER BY created_at DESC, form, path OFFSET @most)`
	args := pgx.NamedArgs{"tenant": string(t), "browser": d.Browser[:], "company": company, "contact": contact, "form": d.Form, "path": d.Path, "body": d.Body,
		"life": access.DraftLife.Milliseconds(), "most": access.MostDrafts}
	b := &pgx.Batch{}
	b.Queue(keep, args)
	b.Queue(room, args)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("storing a form: %w", err)
	}
	return nil
}

// TakeDraft implements access.Store. Of two who take at once, one gets it.
func (s *Store) TakeDraft(ctx context.Context, sess access.Session, browser [32]byte, form, path string) (d access.SealedDraft, err error) {
	const q = `
		DELETE FROM form_drafts d
		 WHERE d.tenant_id = @tenant AND d.browser_hash = @browser AND d.contact_id = @contact AND d.form = @form AND d.path = @path
		   AND d.expires_at > app_now() AND EXISTS (SELECT` + acts + `)
		RETURNING d.form, d.path, d.body_sealed`
	args := sessionArgs(sess)
	args["browser"], args["form"], args["path"] = browser[:], form, path
	d.Browser = browser
	err = rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q, args).Scan(&d.Form, &d.Path, &d.Body) })
	return d, absent(err, access.ErrNotFound)
}

// DraftPath implements access.Store.
func (s *Store) DraftPath(ctx context.Context, sess access.Session, browser [32]byte) (path string, err error) {
	const q = `SELECT path FROM form_drafts WHERE tenant_id = $1 AND browser_hash = $2 AND contact_id = $3 AND expires_at > app_now()
		ORDER BY created_at DESC, form LIMIT 1`
	b := &pgx.Batch{}
	b.Queue(q, string(sess.Tenant), browser[:], sess.ContactID).QueryRow(func(row pgx.Row) error { return row.Scan(&path) })
	if err = rls.Read(ctx, s.pool, sess.Tenant, b); errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return path, err
}

// ForgetDrafts implements access.Store.
func (s *Store) ForgetDrafts(ctx context.Context, sess access.Session, browser [32]byte) error {
	const q = `DELETE FROM form_drafts WHERE tenant_id = $1 AND contact_id = $2 AND ($3::bytea IS NULL OR browser_hash = $3)`
	return rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, string(sess.Tenant), sess.ContactID, present(browser))
		return err
	})
}

// SweepJob removes what is too old of a tenant's kept forms and mailed codes.
type SweepJob struct {
	TenantID string `json:"tenant_id"`
}

// Kind names the job in the queue.
func (SweepJob) Kind() string { return "sweep_forms" }

// SweepWorker works SweepJobs.
type SweepWorker struct {
	river.WorkerDefaults[SweepJob]
	store *Store
}

// NewSweepWorker returns the worker to register with the job queue.
func NewSweepWorker(s *Store) *SweepWorker { return &SweepWorker{store: s} }

// Work forgets what nobody is shown any more. Twice changes nothing.
func (w *SweepWorker) Work(ctx context.Context, job *river.Job[SweepJob]) error {
	const drafts = `DELETE FROM form_drafts WHERE tenant_id = $1 AND expires_at <= app_now()`
	const codes = `DELETE FROM step_ups WHERE tenant_id = $1 AND created_at < app_now() - interval '1 day'`
	t := tenant.ID(job.Args.TenantID)
	return rls.Tx(ctx, w.store.pool, t, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(drafts, string(t))
		b.Queue(codes, string(t))
		return tx.SendBatch(ctx, b).Close()
	})
}

// forgetTyped removes what a contact typed: who reads its mail now may be somebody else.
func forgetTyped(ctx context.Context, tx pgx.Tx, t tenant.ID, who subject) error {
	const q = `DELETE FROM form_drafts WHERE tenant_id = @tenant AND (contact_id = @contact OR company_id = @company)`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "contact": who.contact, "company": who.company})
	return err
}
