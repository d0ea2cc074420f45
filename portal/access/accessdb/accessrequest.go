package accessdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// AskJob looks at one wish for access. Its arguments are ids.
type AskJob struct {
	TenantID string `json:"tenant_id"`
	AskID    string `json:"ask_id"`
}

// Kind names the job in the queue.
func (AskJob) Kind() string { return "access_request" }

// AddAsk implements access.AccessRequestStore: the same work for every wish. One that is not heard is noted with a link that nobody has, so that it
// costs what the others cost and nothing comes of it.
func (s *Store) AddAsk(ctx context.Context, t tenant.ID, a access.Ask) error {
	const q = `
		INSERT INTO access_requests (tenant_id, id, state, link_hash, browser_hash, name, email, ip, user_agent, created_at)
		VALUES (@tenant, @id, 'noted', @link, @browser, @name, @email, @ip, @agent, app_now())`
	if a.Unheard {
		_, _ = rand.Read(a.LinkHash[:]) // crypto/rand.Read never returns an error; it ends the program instead.
	}
	return rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "id": a.ID, "link": a.LinkHash[:], "browser": a.Browser[:], "name": a.Name,
			"email": a.Email, "ip": auditdb.Address(a.Visitor.IP), "agent": auditdb.CutUserAgent(a.Visitor.UserAgent)})
		if err != nil {
			return err
		}
		_, err = s.jobs.InsertTx(ctx, tx, AskJob{TenantID: string(t), AskID: a.ID}, nil)
		return err
	})
}

// AskWorker works AskJobs.
type AskWorker struct {
	river.WorkerDefaults[AskJob]
	store *Store
}

// NewAskWorker returns the worker to register with the job queue.
func NewAskWorker(s *Store) *AskWorker { return &AskWorker{store: s} }

// Work makes a pending request of a wish whose link belongs to a company with a portal, and tells those who can do something about it. Whoever is a
// contact already gets a sign-in link instead. Everything else is forgotten. All in one transaction: worked twice, it tells once.
func (w *AskWorker) Work(ctx context.Context, job *river.Job[AskJob]) error {
	t := tenant.ID(job.Args.TenantID)
	return rls.Tx(ctx, w.store.pool, t, func(tx pgx.Tx) error {
		a, err := takeAsk(ctx, tx, t, job.Args.AskID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // worked already
		}
		if err != nil {
			return err
		}
		owner, link, err := ownerOf(ctx, tx, t, a.LinkHash)
		if errors.Is(err, access.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		known, err := standingOf(ctx, tx, t, owner.CompanyID, a.Email)
		if err != nil {
			return err
		}
		switch known {
		case "active":
			return w.store.askLogin(ctx, tx, t, a)
		case "":
			by := access.Actor{Kind: string(audit.Anonymous), Visitor: a.Visitor}
			return w.store.addRequest(ctx, tx, t, a, owner, link, by)
		}
		return nil
	})
}

// takeAsk takes a wish out of the table: what becomes of it is written anew.
func takeAsk(ctx context.Context, tx pgx.Tx, t tenant.ID, id string) (access.Ask, error) {
	const q = `DELETE FROM access_requests WHERE tenant_id = $1 AND id = $2 AND state = 'noted'
		RETURNING id, link_hash, browser_hash, name, email, ip, user_agent`
	var a access.Ask
	var link, browser []byte
	var ip *netip.Addr
	if err := tx.QueryRow(ctx, q, string(t), id).Scan(&a.ID, &link, &browser, &a.Name, &a.Email, &ip, &a.Visitor.UserAgent); err != nil {
		return a, err
	}
	copy(a.LinkHash[:], link)
	copy(a.Browser[:], browser)
	if ip != nil {
		a.Visitor.IP = *ip
	}
	return a, nil
}

// ownerOf returns the contact whose link it is, live, used or too old, and its company held against other requests. ErrNotFound for a link that was
// withdrawn, one that nobody has, and one of a company without a portal.
func ownerOf(ctx context.Context, tx pgx.Tx, t tenant.ID, hash [32]byte) (access.Contact, string, error) {
	const q = `SELECT c.id, c.company_id, l.id` + linkJoins + `
		WHERE l.tenant_id = $1 AND l.token_hash = $2 AND l.revoked_at IS NULL AND i.status IS DISTINCT FROM 'void'
		  AND c.status = 'active' AND co.portal_enabled
		FOR NO KEY UPDATE OF co`
	var c access.Contact
	var link string
	err := tx.QueryRow(ctx, q, string(t), hash[:]).Scan(&c.ID, &c.CompanyID, &link)
	return c, link, absent(err, access.ErrNotFound)
}

// standingOf says what stands in the way of a request: the status of a contact with that address, or "pending" or "dismissed" for an earlier
// request, or "full" when a company has more of them than anybody reads. "" for nothing.
func standingOf(ctx context.Context, tx pgx.Tx, t tenant.ID, company, email string) (standing string, err error) {
	const q = `SELECT COALESCE(
		(SELECT c.status FROM contacts c WHERE c.tenant_id = @tenant AND c.company_id = @company AND lower(c.email) = lower(@email) AND c.status <> 'removed'),
		(SELECT r.state FROM access_requests r WHERE r.tenant_id = @tenant AND r.company_id = @company AND lower(r.email) = lower(@email)
		    AND (r.state = 'pending' OR r.state = 'dismissed' AND r.decided_at > app_now() - interval '1 day') ORDER BY r.id DESC LIMIT 1),
		(SELECT 'full' FROM access_requests r WHERE r.tenant_id = @tenant AND r.company_id = @company AND r.state = 'pending' HAVING count(*) >= 20), '')`
	err = tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(t), "company": company, "email": email}).Scan(&standing)
	if err != nil {
		return "", fmt.Errorf("looking for %s's earlier requests: %w", company, err)
	}
	return standing, nil
}

// askLogin asks for a sign-in link in the name of somebody who turned out to be a contact.
func (s *Store) askLogin(ctx context.Context, tx pgx.Tx, t tenant.ID, a access.Ask) error {
	return s.addLinkRequest(ctx, tx, t, access.LinkRequest{ID: tenant.NewID("lrq", time.Now()), Email: a.Email, Browser: a.Browser,
		Subject: access.SubjectHash(s.ring, t, a.Email), Visitor: a.Visitor})
}

// addRequest writes a pending request and mails those who can do something about it: the tenant, who decides, and the company's first payer, who
// knows its people. Whoever asked is not told by mail.
func (s *Store) addRequest(ctx context.Context, tx pgx.Tx, t tenant.ID, a access.Ask, asked access.Contact, link string, by access.Actor) error {
	const q = `
		INSERT INTO access_requests (tenant_id, id, state, link_hash, company_id, asked_by, name, email, ip, user_agent, created_at)
		VALUES (@tenant, @id, 'pending', @hash, @company, NULLIF(@by, ''), @name, @email, @ip, @agent, app_now())`
	askedBy := ""
	if by.Kind == string(audit.Contact) {
		askedBy = by.ID
	}
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "id": a.ID, "hash": present(a.LinkHash), "company": asked.CompanyID, "by": askedBy, "name": a.Name,
		"email": a.Email, "ip": auditdb.Address(a.Visitor.IP), "agent": auditdb.CutUserAgent(a.Visitor.UserAgent)})
	if err != nil {
		return fmt.Errorf("storing the access request %s: %w", a.ID, err)
	}
	if err := s.tellOfRequest(ctx, tx, t, a.ID, asked.CompanyID, asked.ID, askedBy); err != nil {
		return err
	}
	return record(ctx, tx, t, by, audit.Event{Kind: "access.requested", CompanyID: asked.CompanyID, ContactID: askedBy, LinkID: link,
		Details: map[string]string{"request": a.ID}})
}

// tellOfRequest mails the company's oldest active payer, unless it is who asked, and the tenant's address for questions if it has one.
func (s *Store) tellOfRequest(ctx context.Context, tx pgx.Tx, t tenant.ID, id, company, owner, askedBy string) error {
	const q = `
		SELECT COALESCE((SELECT c.id FROM contacts c WHERE c.tenant_id = t.id AND c.company_id = $2 AND c.status = 'active' AND c.role = 'payer' ORDER BY c.id LIMIT 1), ''),
		       t.support_email
		  FROM tenants t WHERE t.id = $1`
	var first, support string
	if err := tx.QueryRow(ctx, q, string(t), company).Scan(&first, &support); err != nil {
		return fmt.Errorf("finding whom to tell of a request: %w", err)
	}
	if first != "" && first != askedBy {
		if err := s.mail(ctx, tx, t, Mail{Kind: "access_request", CompanyID: company, ContactID: first, RequestID: id}); err != nil {
			return err
		}
	}
	if support == "" {
		return nil
	}
	return s.mail(ctx, tx, t, Mail{Kind: "access_request_tenant", CompanyID: company, ContactID: owner, RequestID: id, Address: support})
}

// errKnownAddress says why a colleague need not be asked for.
var errKnownAddress = fmt.Errorf("%w: the company already has a contact with this e-mail address", access.ErrConflict)

// AskForColleague implements access.AccessRequestStore.
func (s *Store) AskForColleague(ctx context.Context, sess access.Session, a access.Ask) error {
	const hold = `SELECT co.id FROM companies co WHERE co.tenant_id = $1 AND co.id = $2 FOR NO KEY UPDATE`
	const payer = `SELECT true FROM contacts WHERE tenant_id = $1 AND company_id = $2 AND id = $3 AND role = 'payer' AND status = 'active'`
	return rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		if err := stands(ctx, tx, sess, ""); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, payer, string(sess.Tenant), sess.CompanyID, sess.ContactID).Scan(new(bool)); err != nil {
			return absent(err, access.ErrNotFound)
		}
		if _, err := tx.Exec(ctx, hold, string(sess.Tenant), sess.CompanyID); err != nil {
			return err
		}
		known, err := standingOf(ctx, tx, sess.Tenant, sess.CompanyID, a.Email)
		if err != nil {
			return err
		}
		switch known {
		case "pending":
			return nil
		case "full":
			return access.ErrLimited
		case "active", "disabled":
			return errKnownAddress
		}
		by := access.Actor{Kind: string(audit.Contact), ID: sess.ContactID, Visitor: a.Visitor}
		return s.addRequest(ctx, tx, sess.Tenant, a, access.Contact{ID: sess.ContactID, CompanyID: sess.CompanyID}, "", by)
	})
}

const requestColumns = `id, state, company_id, COALESCE(asked_by, ''), name, email, COALESCE(contact_id, ''), created_at, decided_at`

// AccessRequests implements access.AccessRequestStore.
func (s *Store) AccessRequests(ctx context.Context, t tenant.ID, query access.AccessRequestQuery) ([]access.AccessRequest, error) {
	const q = `
		SELECT ` + requestColumns + `
		  FROM access_requests
		 WHERE tenant_id = @tenant AND state <> 'noted' AND (@company = '' OR company_id = @company) AND (@state = '' OR state = @state)
		   AND (@after = '' OR id < @after)
		 ORDER BY id DESC
		 LIMIT @limit`
	var found []access.AccessRequest
	b := &pgx.Batch{}
	b.Queue(q, pgx.NamedArgs{"tenant": string(t), "company": query.CompanyID, "state": query.State, "after": query.After, "limit": query.Limit}).
		Query(collect(&found, scanRequest))
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing access requests: %w", err)
	}
	return found, nil
}

func scanRequest(row pgx.CollectableRow) (r access.AccessRequest, err error) {
	var decided *time.Time
	err = row.Scan(&r.ID, &r.State, &r.CompanyID, &r.AskedBy, &r.Name, &r.Email, &r.ContactID, &r.CreatedAt, &decided)
	if decided != nil {
		r.DecidedAt = *decided
	}
	return r, err
}

// ApproveAccess implements access.AccessRequestStore. The request's row is held, so that of any number of calls one makes the contact.
func (s *Store) ApproveAccess(ctx context.Context, t tenant.ID, id string, a access.Approval) (access.AccessRequest, error) {
	const decide = `
		UPDATE access_requests SET state = 'approved', contact_id = $3, decided_at = app_now()
		 WHERE tenant_id = $1 AND id = $2
		RETURNING ` + requestColumns
	var r access.AccessRequest
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) (err error) {
		if r, err = heldRequest(ctx, tx, t, id); err != nil {
			return err
		}
		if r.State != access.RequestPending {
			return fmt.Errorf("%w: the request was %s already", access.ErrConflict, r.State)
		}
		contact, err := insertContact(ctx, tx, t, a.By, access.Contact{CompanyID: r.CompanyID, Name: nameFor(a, r), Email: r.Email, Role: a.Role, Status: "active", Locale: a.Locale})
		if err != nil {
			return err
		}
		if r, err = oneRequest(ctx, tx, decide, string(t), id, contact.ID); err != nil {
			return err
		}
		if a.Mail {
			if err := s.welcome(ctx, tx, t, contact, a.By); err != nil {
				return err
			}
		}
		return record(ctx, tx, t, a.By, audit.Event{Kind: "access.approved", CompanyID: r.CompanyID, ContactID: contact.ID, Details: map[string]string{"request": id}})
	})
	if err != nil {
		return access.AccessRequest{}, fmt.Errorf("approving the access request %q: %w", id, err)
	}
	return r, nil
}

// nameFor is what the new contact is called: as the tenant says, as was typed, or by the address.
func nameFor(a access.Approval, r access.AccessRequest) string {
	local, _, _ := strings.Cut(r.Email, "@")
	for _, name := range []string{a.Name, r.Name, local} {
		if name != "" {
			return name
		}
	}
	return r.Email
}

// welcome mails a new contact its first link to the portal.
func (s *Store) welcome(ctx context.Context, tx pgx.Tx, t tenant.ID, c access.Contact, by access.Actor) error {
	l := access.Link{Purpose: access.APILink, ContactID: c.ID, CreatedBy: by.ID}
	if err := s.assign(t, &l); err != nil {
		return err
	}
	return s.mint(ctx, tx, t, &l, access.APILinkLifetime, true, by)
}

// DismissAccess implements access.AccessRequestStore.
func (s *Store) DismissAccess(ctx context.Context, t tenant.ID, id string, by access.Actor) (access.AccessRequest, error) {
	const decide = `
		UPDATE access_requests SET state = 'dismissed', decided_at = app_now()
		 WHERE tenant_id = $1 AND id = $2
		RETURNING ` + requestColumns
	var r access.AccessRequest
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) (err error) {
		if r, err = heldRequest(ctx, tx, t, id); err != nil {
			return err
		}
		switch r.State {
		case access.RequestDismissed:
			return nil
		case access.RequestApproved:
			return fmt.Errorf("%w: the request was approved already; remove the contact to take its access away", access.ErrConflict)
		}
		if r, err = oneRequest(ctx, tx, decide, string(t), id); err != nil {
			return err
		}
		return record(ctx, tx, t, by, audit.Event{Kind: "access.dismissed", CompanyID: r.CompanyID, Details: map[string]string{"request": id}})
	})
	if err != nil {
		return access.AccessRequest{}, fmt.Errorf("dismissing the access request %q: %w", id, err)
	}
	return r, nil
}

func heldRequest(ctx context.Context, tx pgx.Tx, t tenant.ID, id string) (access.AccessRequest, error) {
	const q = `SELECT ` + requestColumns + ` FROM access_requests WHERE tenant_id = $1 AND id = $2 AND state <> 'noted' FOR UPDATE`
	return oneRequest(ctx, tx, q, string(t), id)
}

func oneRequest(ctx context.Context, tx pgx.Tx, q string, args ...any) (access.AccessRequest, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return access.AccessRequest{}, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRequest)
	return r, orNotFound(err)
}
