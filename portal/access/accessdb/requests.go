package accessdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// RequestJob looks at one request for a link. Its arguments are ids.
type RequestJob struct {
	TenantID  string `json:"tenant_id"`
	RequestID string `json:"request_id"`
}

// Kind names the job in the queue.
func (RequestJob) Kind() string { return "link_request" }

// AddLinkRequest implements access.Store: the same work for every request, whoever it is for. One that is not heard leaves a decoy in its place, so
// that it costs what the others cost, to the statement and to what the commit must announce, and nothing comes of it.
func (s *Store) AddLinkRequest(ctx context.Context, t tenant.ID, r access.LinkRequest) error {
	return rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error { return s.addLinkRequest(ctx, tx, t, r) })
}

func (s *Store) addLinkRequest(ctx context.Context, tx pgx.Tx, t tenant.ID, r access.LinkRequest) error {
	const q = `WITH counted AS (INSERT INTO link_codes (tenant_id, id, browser_hash, subject_hash, created_at) VALUES ($1, $2, $7, $8, app_now()))
		INSERT INTO link_requests (tenant_id, id, email, token_hash, ip, user_agent, browser_hash, created_at)
		VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7, app_now())`
	if r.Unheard {
		r = decoy(r)
	}
	var hash []byte
	if r.Email == "" {
		hash = r.TokenHash[:]
	}
	if _, err := tx.Exec(ctx, q, string(t), r.ID, r.Email, hash, auditdb.Address(r.Visitor.IP), auditdb.CutUserAgent(r.Visitor.UserAgent),
		r.Browser[:], r.Subject[:]); err != nil {
		return err
	}
	_, err := s.jobs.InsertTx(ctx, tx, RequestJob{TenantID: string(t), RequestID: r.ID}, nil)
	return err
}

// decoy is a request by a link that nobody has, from a browser that nobody uses: the job finds nobody for it, and no code can be typed on its account.
func decoy(r access.LinkRequest) access.LinkRequest {
	r.Email = ""
	for _, random := range [][]byte{r.TokenHash[:], r.Browser[:], r.Subject[:]} {
		_, _ = rand.Read(random) // crypto/rand.Read never returns an error; it ends the program instead.
	}
	return r
}

// RequestWorker works RequestJobs.
type RequestWorker struct {
	river.WorkerDefaults[RequestJob]
	store *Store
}

// NewRequestWorker returns the worker to register with the job queue.
func NewRequestWorker(s *Store) *RequestWorker { return &RequestWorker{store: s} }

// Work makes a link and a mail for each contact that the request is for, and forgets the request: all in one transaction, so a request that is
// worked twice mails once.
func (w *RequestWorker) Work(ctx context.Context, job *river.Job[RequestJob]) error {
	t := tenant.ID(job.Args.TenantID)
	return rls.Tx(ctx, w.store.pool, t, func(tx pgx.Tx) error {
		r, err := takeRequest(ctx, tx, t, job.Args.RequestID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // worked already
		}
		if err != nil {
			return err
		}
		links, err := wanted(ctx, tx, t, r)
		if err != nil {
			return err
		}
		for _, l := range links {
			l.Browser, l.RequestID = r.Browser, r.ID
			if err := w.store.countBy(ctx, tx, t, l); err != nil {
				return err
			}
			if err := w.store.mailLogin(ctx, tx, t, l, r.Visitor); err != nil {
				return err
			}
		}
		return forgetCodes(ctx, tx, t)
	})
}

// countBy lets the codes of a request count for its contact's address, which who asked by a dead link did not know.
func (s *Store) countBy(ctx context.Context, tx pgx.Tx, t tenant.ID, l access.Link) error {
	const who = `SELECT email FROM contacts WHERE tenant_id = $1 AND id = $2`
	var email string
	if err := tx.QueryRow(ctx, who, string(t), l.ContactID).Scan(&email); err != nil {
		return fmt.Errorf("reading the address of %s: %w", l.ContactID, err)
	}
	const q = `UPDATE link_codes SET subject_hash = $3 WHERE tenant_id = $1 AND id = $2`
	hash := access.SubjectHash(s.ring, t, email)
	if _, err := tx.Exec(ctx, q, string(t), l.RequestID, hash[:]); err != nil {
		return fmt.Errorf("counting codes for %s: %w", l.ContactID, err)
	}
	return nil
}

func takeRequest(ctx context.Context, tx pgx.Tx, t tenant.ID, id string) (access.LinkRequest, error) {
	const q = `DELETE FROM link_requests WHERE tenant_id = $1 AND id = $2 RETURNING id, COALESCE(email, ''), token_hash, ip, user_agent, browser_hash`
	var r access.LinkRequest
	var hash, browser []byte
	var ip *netip.Addr
	if err := tx.QueryRow(ctx, q, string(t), id).Scan(&r.ID, &r.Email, &hash, &ip, &r.Visitor.UserAgent, &browser); err != nil {
		return r, err
	}
	copy(r.TokenHash[:], hash)
	copy(r.Browser[:], browser)
	if ip != nil {
		r.Visitor.IP = *ip
	}
	return r, nil
}

// wanted finds who gets a link: the oldest active contact with that address whose company has a portal, from whom its session may switch to the
// others; or the contact of the dead link, for its
// document.
func wanted(ctx context.Context, tx pgx.Tx, t tenant.ID, r access.LinkRequest) ([]access.Link, error) {
	const byEmail = `SELECT c.company_id, c.id, '', '' FROM contacts c
		JOIN companies co ON co.tenant_id = c.tenant_id AND co.id = c.company_id AND co.portal_enabled
		WHERE c.tenant_id = $1 AND lower(c.email) = lower($2) AND c.status = 'active' ORDER BY c.id LIMIT 1`
	const byToken = `SELECT c.company_id, c.id, COALESCE(l.document_kind, ''), COALESCE(l.document_id, '')` + linkJoins + `
		WHERE l.tenant_id = $1 AND l.token_hash = $2 AND c.status = 'active' AND co.portal_enabled AND l.revoked_at IS NULL AND i.status IS DISTINCT FROM 'void'`
	q, arg := byEmail, any(r.Email)
	if r.Email == "" {
		q, arg = byToken, r.TokenHash[:]
	}
	rows, err := tx.Query(ctx, q, string(t), arg)
	if err != nil {
		return nil, fmt.Errorf("finding the contact of a request: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (access.Link, error) {
		l := access.Link{Purpose: access.LoginLink, CreatedBy: "contact"}
		err := row.Scan(&l.CompanyID, &l.ContactID, &l.DocumentKind, &l.DocumentID)
		return l, err
	})
}

// mailLogin makes one login link, retires the older unused ones of the same contact, document and browser, and notes the mail. Links that another
// browser asked for stay: else a stranger who knows an address could keep its owner out.
func (s *Store) mailLogin(ctx context.Context, tx pgx.Tx, t tenant.ID, l access.Link, v access.Visitor) error {
	const supersede = `UPDATE portal_links SET superseded_at = app_now()
		WHERE tenant_id = $1 AND contact_id = $2 AND purpose = 'login' AND used_at IS NULL AND revoked_at IS NULL AND superseded_at IS NULL
		AND COALESCE(document_id, '') = $3 AND (browser_hash IS NULL OR browser_hash = $4)`
	if _, err := tx.Exec(ctx, supersede, string(t), l.ContactID, l.DocumentID, l.Browser[:]); err != nil {
		return err
	}
	if err := access.Assign(s.ring, t, &l, time.Now()); err != nil {
		return err
	}
	if err := insertLink(ctx, tx, t, &l, tenant.LoginLinkLifetime); err != nil {
		return err
	}
	if err := s.mail(ctx, tx, t, Mail{Kind: "login_link", CompanyID: l.CompanyID, ContactID: l.ContactID, LinkID: l.ID, DocumentID: l.DocumentID, UserAgent: v.UserAgent}); err != nil {
		return err
	}
	by := access.Actor{Kind: string(audit.Anonymous), Visitor: v}
	return record(ctx, tx, t, by, audit.Event{Kind: "link.requested", CompanyID: l.CompanyID, ContactID: l.ContactID, DocumentID: l.DocumentID, LinkID: l.ID})
}
