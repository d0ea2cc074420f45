package accessdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// AddPreview implements access.PreviewStore.
func (s *Store) AddPreview(ctx context.Context, t tenant.ID, id string, linkHash [32]byte, life time.Duration, r access.PreviewRequest) (access.PreviewLink, error) {
	const q = `
		INSERT INTO portal_previews (tenant_id, id, company_id, contact_id, key_id, document_id, reason, link_hash, created_at, link_expires_at)
		VALUES (@tenant, @id, @company, @contact, @key, NULLIF(@document, ''), @reason, @hash, app_now(), app_now() + @life::bigint * interval '1 millisecond')
		RETURNING created_at, link_expires_at`
	p := access.PreviewLink{ID: id, ContactID: r.ContactID, DocumentID: r.DocumentID}
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) (err error) {
		if p.CompanyID, err = previewed(ctx, tx, t, r); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(t), "id": id, "company": p.CompanyID, "contact": r.ContactID, "key": r.By.ID,
			"document": r.DocumentID, "reason": r.Reason, "hash": linkHash[:], "life": life.Milliseconds()}).Scan(&p.CreatedAt, &p.LinkExpiry)
		if err != nil {
			return fmt.Errorf("storing the preview %s: %w", id, err)
		}
		details := map[string]string{}
		if r.Reason != "" {
			details["reason"] = r.Reason
		}
		return record(ctx, tx, t, r.By, audit.Event{Kind: "preview.requested", CompanyID: p.CompanyID, ContactID: r.ContactID, DocumentID: r.DocumentID,
			SessionID: id, Details: details})
	})
	return p, err
}

// previewed returns the company of the contact to look as, who must be active, and checks that the document is one that the company was sent.
func previewed(ctx context.Context, tx pgx.Tx, t tenant.ID, r access.PreviewRequest) (company string, err error) {
	const who = `SELECT company_id, status FROM contacts WHERE tenant_id = $1 AND id = $2 AND status <> 'removed'`
	var status string
	if err := tx.QueryRow(ctx, who, string(t), r.ContactID).Scan(&company, &status); err != nil {
		return "", absent(err, access.ErrNotFound)
	}
	if status != "active" {
		return "", fmt.Errorf("%w: the contact is disabled and sees nothing; enable it first", access.ErrConflict)
	}
	if r.DocumentID == "" {
		return company, nil
	}
	const sent = `SELECT true FROM invoices WHERE tenant_id = $1 AND company_id = $2 AND id = $3 AND sent_at IS NOT NULL`
	return company, absent(tx.QueryRow(ctx, sent, string(t), company, r.DocumentID).Scan(new(bool)), access.ErrNotFound)
}

// previewReady is what makes the link to preview v work: nobody opened it, in time, by a key that still works, for a contact who is still there.
const previewReady = `v.opened_at IS NULL AND v.ended_at IS NULL AND v.link_expires_at > app_now()
	AND EXISTS (SELECT FROM api_keys k WHERE k.tenant_id = v.tenant_id AND k.id = v.key_id AND k.revoked_at IS NULL)
	AND EXISTS (SELECT FROM contacts c WHERE c.tenant_id = v.tenant_id AND c.company_id = v.company_id AND c.id = v.contact_id AND c.status = 'active')`

// PreviewReady implements access.PreviewStore in one round trip.
func (s *Store) PreviewReady(ctx context.Context, t tenant.ID, linkHash [32]byte) (ready bool, err error) {
	const q = `SELECT EXISTS (SELECT FROM portal_previews v WHERE v.tenant_id = $1 AND v.link_hash = $2 AND ` + previewReady + `)`
	b := &pgx.Batch{}
	b.Queue(q, string(t), linkHash[:]).QueryRow(func(row pgx.Row) error { return row.Scan(&ready) })
	return ready, rls.Read(ctx, s.pool, t, b)
}

// OpenPreview implements access.PreviewStore. The one conditional UPDATE decides who was first.
func (s *Store) OpenPreview(ctx context.Context, t tenant.ID, linkHash [32]byte, n access.NewPreview) (access.Preview, string, error) {
	const q = `
		UPDATE portal_previews v SET opened_at = app_now(), expires_at = app_now() + @life::bigint * interval '1 millisecond',
			token_hash = @token, host = @host, host_epoch = @epoch
		 WHERE v.tenant_id = @tenant AND v.link_hash = @link AND ` + previewReady + `
		RETURNING v.id, v.company_id, v.contact_id, v.key_id, COALESCE(v.document_id, ''), v.expires_at`
	p := access.Preview{Session: access.Session{Tenant: t, Host: n.Host, HostEpoch: n.HostEpoch, Level: access.Previewing}}
	var document string
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		row := tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(t), "link": linkHash[:], "token": n.TokenHash[:], "host": n.Host.String(),
			"epoch": n.HostEpoch, "life": n.Lifetime.Milliseconds()})
		if err := row.Scan(&p.Session.ID, &p.Session.CompanyID, &p.Session.ContactID, &p.KeyID, &document, &p.Session.ExpiresAt); err != nil {
			return absent(err, access.ErrNotFound)
		}
		return record(ctx, tx, t, looker(p, n.Visitor), previewEvent(p, "preview.started", document, map[string]string{"host": n.Host.String()}))
	})
	return p, document, err
}

// Preview implements access.PreviewStore in one round trip.
func (s *Store) Preview(ctx context.Context, t tenant.ID, tokenHash [32]byte) (access.Preview, error) {
	const q = `
		SELECT v.id, v.company_id, v.contact_id, v.key_id, v.host, v.host_epoch, v.expires_at, c.name, co.name, NOT co.portal_enabled
		  FROM portal_previews v
		  JOIN contacts c   ON c.tenant_id = v.tenant_id AND c.company_id = v.company_id AND c.id = v.contact_id AND c.status = 'active'
		  JOIN companies co ON co.tenant_id = v.tenant_id AND co.id = v.company_id
		  JOIN api_keys k   ON k.tenant_id = v.tenant_id AND k.id = v.key_id AND k.revoked_at IS NULL
		 WHERE v.tenant_id = $1 AND v.token_hash = $2 AND v.ended_at IS NULL AND v.expires_at > app_now()`
	p := access.Preview{Session: access.Session{Tenant: t, Level: access.Previewing}}
	var host string
	b := &pgx.Batch{}
	b.Queue(q, string(t), tokenHash[:]).QueryRow(func(row pgx.Row) error {
		return row.Scan(&p.Session.ID, &p.Session.CompanyID, &p.Session.ContactID, &p.KeyID, &host, &p.Session.HostEpoch, &p.Session.ExpiresAt,
			&p.Contact, &p.Company, &p.PortalOff)
	})
	err := rls.Read(ctx, s.pool, t, b)
	if errors.Is(err, pgx.ErrNoRows) {
		return access.Preview{}, access.ErrNoSession
	}
	if err != nil {
		return access.Preview{}, err
	}
	p.Session.Host, err = tenant.ParseHostname(host)
	return p, err
}

// NotePreview implements access.PreviewStore.
func (s *Store) NotePreview(ctx context.Context, p access.Preview, page, documentID string, v access.Visitor) error {
	return rls.Tx(ctx, s.pool, p.Session.Tenant, func(tx pgx.Tx) error {
		return record(ctx, tx, p.Session.Tenant, looker(p, v), previewEvent(p, "preview.viewed", documentID, map[string]string{"page": page}))
	})
}

// EndPreview implements access.PreviewStore.
func (s *Store) EndPreview(ctx context.Context, p access.Preview, v access.Visitor) error {
	const q = `UPDATE portal_previews SET ended_at = app_now() WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > app_now()`
	return rls.Tx(ctx, s.pool, p.Session.Tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, string(p.Session.Tenant), p.Session.ID)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return record(ctx, tx, p.Session.Tenant, looker(p, v), previewEvent(p, "preview.ended", "", nil))
	})
}

// looker is who looks: the key that the preview was asked for with.
func looker(p access.Preview, v access.Visitor) access.Actor {
	return access.Actor{Kind: string(audit.Key), ID: p.KeyID, Visitor: v}
}

func previewEvent(p access.Preview, kind, document string, details map[string]string) audit.Event {
	return audit.Event{Kind: kind, CompanyID: p.Session.CompanyID, ContactID: p.Session.ContactID, DocumentID: document, SessionID: p.Session.ID, Details: details}
}
