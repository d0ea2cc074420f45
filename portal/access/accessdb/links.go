package accessdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// linkState is what a link l of contact c at company co is worth now, as SQL, worst news first. Whether it is asked about in the browser that
// asked for it is left to linkStateIn.
const linkState = `
	CASE WHEN c.status <> 'active' OR NOT co.portal_enabled THEN 'portal_off'
	     WHEN l.revoked_at IS NOT NULL THEN 'revoked'
	     WHEN i.status = 'void' THEN 'voided'
	     WHEN l.used_at IS NOT NULL THEN 'used'
	     WHEN l.superseded_at IS NOT NULL THEN 'superseded'
	     WHEN l.expires_at <= app_now() THEN 'expired'
	     ELSE 'ready' END`

// linkStateIn is linkState in the browser whose hash is the parameter of that name.
func linkStateIn(browser string) string {
	return `CASE WHEN l.browser_hash <> ` + browser + ` AND (` + linkState + `) = 'ready' THEN 'elsewhere' ELSE ` + linkState + ` END`
}

const linkJoins = `
	FROM portal_links l
	JOIN contacts c ON c.tenant_id = l.tenant_id AND c.id = l.contact_id
	JOIN companies co ON co.tenant_id = l.tenant_id AND co.id = l.company_id
	LEFT JOIN invoices i ON l.document_kind = 'invoice' AND i.tenant_id = l.tenant_id AND i.id = l.document_id`

// LinkByToken implements access.Store in one round trip.
func (s *Store) LinkByToken(ctx context.Context, t tenant.ID, tokenHash, browser [32]byte, seen *access.Sighting) (access.LinkView, error) {
	q := `SELECT l.id, l.purpose, l.company_id, l.contact_id, COALESCE(l.document_kind, ''), COALESCE(l.document_id, ''), l.expires_at,
		c.email, COALESCE(i.number, ''), ` + linkStateIn("$3") + linkJoins + `
		WHERE l.tenant_id = $1 AND l.token_hash = $2`
	var v access.LinkView
	b := &pgx.Batch{}
	b.Queue(q, string(t), tokenHash[:], browser[:]).QueryRow(func(row pgx.Row) error {
		return row.Scan(&v.ID, &v.Purpose, &v.CompanyID, &v.ContactID, &v.DocumentKind, &v.DocumentID, &v.ExpiresAt, &v.Email, &v.DocumentNumber, &v.State)
	})
	if seen != nil {
		queueSighting(b, t, tokenHash, browser, *seen)
	}
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return access.LinkView{}, absent(err, access.ErrNotFound)
	}
	return v, nil
}

// MintLink implements access.Store.
func (s *Store) MintLink(ctx context.Context, t tenant.ID, l access.Link, ttl time.Duration, mail bool, by access.Actor) (access.Link, error) {
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error { return s.mint(ctx, tx, t, &l, ttl, mail, by) })
	return l, err
}

// mint is MintLink in the caller's transaction. The entry says that it was the tenant's own system that made the link, not the contact who asked:
// whoever opens it acts in the contact's name.
func (s *Store) mint(ctx context.Context, tx pgx.Tx, t tenant.ID, l *access.Link, ttl time.Duration, mail bool, by access.Actor) error {
	if err := addressee(ctx, tx, t, l); err != nil {
		return err
	}
	if err := insertLink(ctx, tx, t, l, ttl); err != nil {
		return err
	}
	if l.SessionID != "" {
		if err := insertPending(ctx, tx, t, *l); err != nil {
			return err
		}
	}
	details := map[string]string{"created_by": "staff", "to": "caller"}
	if by.Kind == string(audit.Operator) {
		details["created_by"] = by.Kind
	}
	if mail {
		details["to"] = "contact"
		if err := s.mail(ctx, tx, t, Mail{Kind: "portal_link", CompanyID: l.CompanyID, ContactID: l.ContactID, LinkID: l.ID, DocumentID: l.DocumentID}); err != nil {
			return err
		}
	}
	return record(ctx, tx, t, by, audit.Event{Kind: "link.minted", CompanyID: l.CompanyID, ContactID: l.ContactID, DocumentID: l.DocumentID,
		SessionID: l.SessionID, LinkID: l.ID, Details: details})
}

// addressee checks that the link's contact can be let in and its document be seen, and fills in the company.
func addressee(ctx context.Context, tx pgx.Tx, t tenant.ID, l *access.Link) error {
	const q = `SELECT c.company_id, c.status = 'active' AND co.portal_enabled
		FROM contacts c JOIN companies co ON co.tenant_id = c.tenant_id AND co.id = c.company_id
		WHERE c.tenant_id = $1 AND c.id = $2 AND c.status <> 'removed'`
	var open bool
	if err := tx.QueryRow(ctx, q, string(t), l.ContactID).Scan(&l.CompanyID, &open); err != nil {
		return absent(err, access.ErrNotFound)
	}
	if !open {
		return fmt.Errorf("%w: the contact is disabled or the company's portal is switched off", access.ErrConflict)
	}
	if l.DocumentID == "" {
		return nil
	}
	if !strings.HasPrefix(l.DocumentID, "inv_") {
		return access.ErrNotFound
	}
	l.DocumentKind = "invoice"
	const visible = `SELECT true FROM invoices WHERE tenant_id = $1 AND company_id = $2 AND id = $3 AND status = 'sent'`
	return absent(tx.QueryRow(ctx, visible, string(t), l.CompanyID, l.DocumentID).Scan(new(bool)), access.ErrNotFound)
}

func insertLink(ctx context.Context, tx pgx.Tx, t tenant.ID, l *access.Link, ttl time.Duration) error {
	const q = `
		INSERT INTO portal_links (tenant_id, id, company_id, contact_id, purpose, document_kind, document_id, key_id, token_hash, session_id,
			created_by, created_at, expires_at, browser_hash, request_id)
		VALUES (@tenant, @id, @company, @contact, @purpose, NULLIF(@kind, ''), NULLIF(@document, ''), @key, @hash, NULLIF(@session, ''),
			@by, app_now(), app_now() + @ttl::bigint * interval '1 millisecond', @browser, NULLIF(@request, ''))
		RETURNING expires_at`
	row := tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(t), "id": l.ID, "company": l.CompanyID, "contact": l.ContactID, "purpose": string(l.Purpose),
		"kind": l.DocumentKind, "document": l.DocumentID, "key": l.KeyID, "hash": l.TokenHash[:], "session": l.SessionID, "by": l.CreatedBy,
		"ttl": ttl.Milliseconds(), "browser": present(l.Browser), "request": l.RequestID})
	if err := row.Scan(&l.ExpiresAt); err != nil {
		return fmt.Errorf("storing a link: %w", err)
	}
	return nil
}

// AddDocumentLink makes the link of a document's mail in the caller's transaction and retires the same contact's older unused links to it. Other
// contacts' links stay as they are. It lives as long as the tenant's policy says.
func (s *Store) AddDocumentLink(ctx context.Context, tx pgx.Tx, t tenant.ID, l access.Link) (access.Link, error) {
	const policy = `SELECT document_link_days FROM tenants WHERE id = $1`
	var days int
	if err := tx.QueryRow(ctx, policy, string(t)).Scan(&days); err != nil {
		return l, fmt.Errorf("reading the policy on links: %w", err)
	}
	const supersede = `UPDATE portal_links SET superseded_at = app_now()
		WHERE tenant_id = $1 AND contact_id = $2 AND document_kind = $3 AND document_id = $4 AND purpose = 'document'
		AND used_at IS NULL AND revoked_at IS NULL AND superseded_at IS NULL`
	if _, err := tx.Exec(ctx, supersede, string(t), l.ContactID, l.DocumentKind, l.DocumentID); err != nil {
		return l, fmt.Errorf("retiring older links: %w", err)
	}
	l.Purpose = access.DocumentLink
	if err := s.assign(t, &l); err != nil {
		return l, err
	}
	if err := insertLink(ctx, tx, t, &l, time.Duration(days)*24*time.Hour); err != nil {
		return l, err
	}
	return l, record(ctx, tx, t, access.Actor{Kind: string(audit.System)}, audit.Event{Kind: "link.created", CompanyID: l.CompanyID, ContactID: l.ContactID,
		DocumentID: l.DocumentID, LinkID: l.ID})
}

// assign gives a link its id and the hash of the token that belongs to it.
func (s *Store) assign(t tenant.ID, l *access.Link) error {
	return access.Assign(s.ring, t, l, time.Now())
}

// LinkByID implements access.Store.
func (s *Store) LinkByID(ctx context.Context, t tenant.ID, id string) (access.Link, error) {
	const q = `SELECT id, purpose, company_id, contact_id, COALESCE(document_kind, ''), COALESCE(document_id, ''), key_id, expires_at
		FROM portal_links WHERE tenant_id = $1 AND id = $2`
	var l access.Link
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, q, string(t), id).Scan(&l.ID, &l.Purpose, &l.CompanyID, &l.ContactID, &l.DocumentKind, &l.DocumentID, &l.KeyID, &l.ExpiresAt)
	})
	return l, absent(err, access.ErrNotFound)
}

// FreshenLink implements access.Store.
func (s *Store) FreshenLink(ctx context.Context, t tenant.ID, id string, remain time.Duration) error {
	const q = `UPDATE portal_links SET expires_at = GREATEST(expires_at, app_now() + $3::bigint * interval '1 millisecond')
		WHERE tenant_id = $1 AND id = $2 AND purpose = 'login' AND used_at IS NULL AND revoked_at IS NULL`
	return rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, string(t), id, remain.Milliseconds())
		return err
	})
}

// LinkHost implements access.Store: the newest custom host whose status is DomainStatus.Linkable, else the default host.
func (s *Store) LinkHost(ctx context.Context, t tenant.ID) (tenant.Hostname, error) {
	const q = `SELECT COALESCE((SELECT host FROM domains WHERE tenant_id = $1 AND status IN ('active', 'renewal_failing') ORDER BY proven_at DESC NULLS LAST, id DESC LIMIT 1),
		slug || '.' || $2) FROM tenants WHERE id = $1`
	var name string
	b := &pgx.Batch{}
	b.Queue(q, string(t), s.platform.String()).QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return tenant.Hostname{}, absent(err, access.ErrNotFound)
	}
	return tenant.ParseHostname(name)
}

// ContactEmail implements access.Store in one round trip.
func (s *Store) ContactEmail(ctx context.Context, t tenant.ID, contactID string) (email string, err error) {
	const q = `SELECT email FROM contacts WHERE tenant_id = $1 AND id = $2`
	b := &pgx.Batch{}
	b.Queue(q, string(t), contactID).QueryRow(func(row pgx.Row) error { return row.Scan(&email) })
	return email, absent(rls.Read(ctx, s.pool, t, b), access.ErrNotFound)
}

// present is a hash as a column holds it: none is NULL.
func present(hash [32]byte) []byte {
	if hash == [32]byte{} {
		return nil
	}
	return hash[:]
}

// absent turns "no rows" into the given error and leaves every other as it is.
func absent(err, as error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return as
	}
	return err
}
