// Package portaldb reads what the portal's pages show. Each page is one round trip to Postgres: the first query of its batch asks again, by the
// database's clock, whether the session still stands, and the page's own queries come with it. When the session is gone the page gets
// nothing. It shows no draft, nothing of another company, and no invoice to a contact who only signs contracts.
//
//	pages := portaldb.New(pool)
//	data, err := pages.Home(ctx, session, today) // access.ErrNoSession: show the sign-in page
package portaldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant/rls"
)

// Pages implements portal.Pages. It is safe for concurrent use.
type Pages struct{ pool *pgxpool.Pool }

var _ portal.Pages = (*Pages)(nil)

// New returns the pages' data over a pool of the server's role.
func New(pool *pgxpool.Pool) *Pages { return &Pages{pool} }

// standing is what makes a session stand: activated, neither revoked nor expired, on its host, its contact active, the portal open.
const standing = `
	  FROM crm_client_portal_sessions s
	  JOIN contacts c  ON c.tenant_id = s.tenant_id AND c.company_id = s.company_id AND c.id = s.contact_id
	  JOIN companies k ON k.tenant_id = s.tenant_id AND k.id = s.company_id
	 WHERE s.tenant_id = @tenant AND s.id = @session AND s.company_id = @company AND s.contact_id = @contact AND s.host = @host
	   AND s.activated_at IS NOT NULL AND s.revoked_at IS NULL AND s.expires_at > app_now()
	   AND c.status = 'active' AND k.portal_enabled`

// previewing is what makes a preview stand: opened, neither ended nor over, on its host, its contact active, the portal open, its key good. What
// notes something for a contact asks standing, and so finds nothing for a preview.
const previewing = `
	  FROM portal_previews s
	  JOIN contacts c  ON c.tenant_id = s.tenant_id AND c.company_id = s.company_id AND c.id = s.contact_id
	  JOIN companies k ON k.tenant_id = s.tenant_id AND k.id = s.company_id
	  JOIN api_keys y  ON y.tenant_id = s.tenant_id AND y.id = s.key_id
	 WHERE s.tenant_id = @tenant AND s.id = @session AND s.company_id = @company AND s.contact_id = @contact AND s.host = @host
	   AND s.opened_at IS NOT NULL AND s.ended_at IS NULL AND s.expires_at > app_now()
	   AND c.status = 'active' AND k.portal_enabled AND y.revoked_at IS NULL`

// begin queues the question who the session is, and notes that it is in use. What follows in the batch may use the same arguments.
func begin(b *pgx.Batch, s access.Session, m *access.Member) pgx.NamedArgs {
	if s.Level == access.Provisional {
		s.ID = "" // stands for one document only: for anything else it is no session
	}
	return beginDocument(b, s, m)
}

// beginDocument is begin for the page of a document that the caller has found a provisional session to be for.
func beginDocument(b *pgx.Batch, s access.Session, m *access.Member) pgx.NamedArgs {
	const columns = `
		SELECT c.id, c.company_id, c.name, c.email, c.role, c.status, c.locale, c.created_at, c.updated_at,
		       k.id, k.name, k.currency, k.portal_enabled, k.tax_exempt, k.tax_id, k.reference, k.address_line1, k.address_line2, k.city, k.region,
		       k.postal_code, k.country, k.created_at, k.updated_at, `
	q := columns + `EXISTS (SELECT FROM contacts o, companies oc WHERE ` + accessdb.SameMailbox + `)` + standing
	if s.Level == access.Previewing {
		q = columns + `false` + previewing
	}
	args := pgx.NamedArgs{"tenant": s.Tenant, "session": s.ID, "company": s.CompanyID, "contact": s.ContactID, "host": s.Host.String()}
	b.Queue(q, args).QueryRow(func(row pgx.Row) error {
		m.Session = s
		c, k := &m.Contact, &m.Company
		return row.Scan(&c.ID, &c.CompanyID, &c.Name, &c.Email, &c.Role, &c.Status, &c.Locale, &c.CreatedAt, &c.UpdatedAt,
			&k.ID, &k.Name, &k.Currency, &k.PortalEnabled, &k.TaxExempt, &k.TaxID, &k.Reference, &k.Address.Line1, &k.Address.Line2, &k.Address.City,
			&k.Address.Region, &k.Address.PostalCode, &k.Address.Country, &k.CreatedAt, &k.UpdatedAt, &m.Several)
	})
	queueLastSeen(b, args)
	return args
}

// read sends the batch. The first query that finds no row is begin's, so that means: no session.
func (p *Pages) read(ctx context.Context, s access.Session, b *pgx.Batch, what string) error {
	if s.Tenant == "" {
		return access.ErrNoSession
	}
	err := rls.Read(ctx, p.pool, s.Tenant, b)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return access.ErrNoSession
	}
	return fmt.Errorf("reading %s of company %s: %w", what, s.CompanyID, err)
}

// collect queues a query whose rows all go to *to.
func collect[T any](b *pgx.Batch, to *[]T, scan pgx.RowToFunc[T], q string, args ...any) {
	b.Queue(q, args...).Query(func(rows pgx.Rows) (err error) {
		*to, err = pgx.AppendRows(make([]T, 0, pageSize+1), rows, scan) // room for a page at once: rows are wide, and growing copies them
		return err
	})
}
