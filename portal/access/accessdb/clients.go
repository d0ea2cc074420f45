package accessdb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Clients keeps a tenant's companies and their contacts. Each change and its audit entry are one transaction. What is not there, and what
// belongs to another tenant, is access.ErrNotFound. It is safe for concurrent use.
type Clients struct {
	db   rls.DB
	mail EnqueueMail
}

// NewClients returns a store over db. mail tells an address that it is no contact's any more.
func NewClients(db rls.DB, mail EnqueueMail) *Clients { return &Clients{db: db, mail: mail} }

const companyColumns = `id, name, currency, portal_enabled, tax_exempt, tax_id, reference,
	address_line1, address_line2, city, region, postal_code, country, created_at, updated_at`

// CreateCompany stores a company under a fresh id.
func (s *Clients) CreateCompany(ctx context.Context, t tenant.ID, by access.Actor, c access.Company) (access.Company, error) {
	const q = `
		INSERT INTO companies (tenant_id, id, name, currency, portal_enabled, tax_exempt, tax_id, reference,
		                       address_line1, address_line2, city, region, postal_code, country)
		VALUES (@tenant, @id, @name, @currency, @portal_enabled, @tax_exempt, @tax_id, @reference, @line1, @line2, @city, @region, @postal_code, @country)
		RETURNING ` + companyColumns
	c.ID = tenant.NewID("com", time.Now())
	err := rls.Tx(ctx, s.db, t, func(tx pgx.Tx) (err error) {
		if c, err = oneCompany(ctx, tx, q, companyArgs(t, c)); err != nil {
			return err
		}
		return record(ctx, tx, t, by, audit.Event{Kind: "company.created", CompanyID: c.ID})
	})
	if err != nil {
		return access.Company{}, fmt.Errorf("creating a company: %w", err)
	}
	return c, nil
}

// Company returns one company.
func (s *Clients) Company(ctx context.Context, t tenant.ID, id string) (access.Company, error) {
	const q = `SELECT ` + companyColumns + ` FROM companies WHERE tenant_id = @tenant AND id = @id`
	var found []access.Company
	err := s.read(ctx, t, q, pgx.NamedArgs{"tenant": string(t), "id": id}, collect(&found, scanCompany))
	return only(found, err, "company", id)
}

// only returns the one that was looked up by its id.
func only[T any](found []T, err error, what, id string) (one T, _ error) {
	if err == nil && len(found) == 0 {
		err = access.ErrNotFound
	}
	if err != nil {
		return one, fmt.Errorf("loading %s %q: %w", what, id, err)
	}
	return found[0], nil
}

// Companies lists companies, newest first: ids grow with time.
func (s *Clients) Companies(ctx context.Context, t tenant.ID, query access.CompanyQuery) ([]access.Company, error) {
	const q = `
		SELECT ` + companyColumns + `
		FROM companies
		WHERE tenant_id = @tenant AND (@reference = '' OR reference = @reference) AND (@after = '' OR id < @after)
		ORDER BY id DESC
		LIMIT @limit`
	var found []access.Company
	args := pgx.NamedArgs{"tenant": string(t), "reference": query.Reference, "after": query.After, "limit": query.Limit}
	if err := s.read(ctx, t, q, args, collect(&found, scanCompany)); err != nil {
		return nil, fmt.Errorf("listing companies: %w", err)
	}
	return found, nil
}

// UpdateCompany locks a company, lets change alter it, and writes it if that made a difference. Switching its portal off ends its sessions.
func (s *Clients) UpdateCompany(ctx context.Context, t tenant.ID, by access.Actor, id string, change func(*access.Company) error) (access.Company, error) {
	var after access.Company
	err := rls.Tx(ctx, s.db, t, func(tx pgx.Tx) error {
		const lock = `SELECT ` + companyColumns + ` FROM companies WHERE tenant_id = @tenant AND id = @id FOR UPDATE`
		before, err := oneCompany(ctx, tx, lock, pgx.NamedArgs{"tenant": string(t), "id": id})
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil || after == before {
			return err
		}
		if after, err = writeCompany(ctx, tx, t, after); err != nil {
			return err
		}
		e := audit.Event{Kind: "company.updated", CompanyID: id, Details: map[string]string{"changed": strings.Join(companyChanges(before, after), " ")}}
		if before.PortalEnabled && !after.PortalEnabled {
			if err := endSessions(ctx, tx, t, by, subject{company: id}, "portal switched off"); err != nil {
				return err
			}
		}
		return record(ctx, tx, t, by, e)
	})
	if err != nil {
		return access.Company{}, fmt.Errorf("changing company %q: %w", id, err)
	}
	return after, nil
}

func writeCompany(ctx context.Context, tx pgx.Tx, t tenant.ID, c access.Company) (access.Company, error) {
	const q = `
		UPDATE companies
		SET name = @name, currency = @currency, portal_enabled = @portal_enabled, tax_exempt = @tax_exempt, tax_id = @tax_id,
		    reference = @reference, address_line1 = @line1, address_line2 = @line2, city = @city, region = @region,
		    postal_code = @postal_code, country = @country, updated_at = app_now()
		WHERE tenant_id = @tenant AND id = @id
		RETURNING ` + companyColumns
	return oneCompany(ctx, tx, q, companyArgs(t, c))
}

func companyArgs(t tenant.ID, c access.Company) pgx.NamedArgs {
	return pgx.NamedArgs{"tenant": string(t), "id": c.ID, "name": c.Name, "currency": c.Currency, "portal_enabled": c.PortalEnabled,
		"tax_exempt": c.TaxExempt, "tax_id": c.TaxID, "reference": c.Reference, "line1": c.Address.Line1, "line2": c.Address.Line2,
		"city": c.Address.City, "region": c.Address.Region, "postal_code": c.Address.PostalCode, "country": c.Address.Country}
}

func scanCompany(row pgx.CollectableRow) (c access.Company, err error) {
	a := &c.Address
	err = row.Scan(&c.ID, &c.Name, &c.Currency, &c.PortalEnabled, &c.TaxExempt, &c.TaxID, &c.Reference,
		&a.Line1, &a.Line2, &a.City, &a.Region, &a.PostalCode, &a.Country, &c.CreatedAt, &c.UpdatedAt)
	return c, err
}

func oneCompany(ctx context.Context, tx pgx.Tx, q string, args pgx.NamedArgs) (access.Company, error) {
	rows, err := tx.Query(ctx, q, args)
	if err != nil {
		return access.Company{}, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanCompany)
	return c, orNotFound(err)
}

// companyChanges names the fields that differ, for the audit log; their values are personal and stay out of it.
func companyChanges(a, b access.Company) []string {
	return changed(
		field{"name", a.Name != b.Name}, field{"currency", a.Currency != b.Currency}, field{"portal_enabled", a.PortalEnabled != b.PortalEnabled},
		field{"tax_exempt", a.TaxExempt != b.TaxExempt}, field{"tax_id", a.TaxID != b.TaxID}, field{"reference", a.Reference != b.Reference},
		field{"billing_address", a.Address != b.Address})
}
