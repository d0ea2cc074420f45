package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Clients keeps companies and contacts. Every change is written with its audit entry. access.ErrNotFound stands for what does not exist or
// belongs to another tenant, access.ErrConflict for an address that the company already has.
type Clients interface {
	CreateCompany(ctx context.Context, t tenant.ID, by access.Actor, c access.Company) (access.Company, error)
	Company(ctx context.Context, t tenant.ID, id string) (access.Company, error)
	Companies(ctx context.Context, t tenant.ID, q access.CompanyQuery) ([]access.Company, error)
	// UpdateCompany locks the company, lets change alter it and writes it. change may run twice; its error is returned and nothing is written.
	UpdateCompany(ctx context.Context, t tenant.ID, by access.Actor, id string, change func(*access.Company) error) (access.Company, error)

	CreateContact(ctx context.Context, t tenant.ID, by access.Actor, c access.Contact) (access.Contact, error)
	Contact(ctx context.Context, t tenant.ID, id string) (access.Contact, error)
	Contacts(ctx context.Context, t tenant.ID, q access.ContactQuery) ([]access.Contact, error)
	// UpdateContact is like UpdateCompany. A contact that is switched off or gets another address loses its links and sessions with it.
	UpdateContact(ctx context.Context, t tenant.ID, by access.Actor, id string, change func(*access.Contact) error) (access.Contact, error)
	// ClearBounce lets mails go to a contact's address again that was found not to exist. Again it changes nothing.
	ClearBounce(ctx context.Context, t tenant.ID, by access.Actor, id string) (access.Contact, error)
}

func fromClients(err error) (*Problem, bool) {
	if !errors.Is(err, access.ErrConflict) {
		return nil, false
	}
	// The sentinel is followed by its reason, for people; what comes before it says what we were doing and is for the log.
	_, reason, found := strings.Cut(err.Error(), access.ErrConflict.Error()+": ")
	if !found {
		reason = "what is there has changed; read it again"
	}
	return problem(409, "conflict", "The request conflicts with what is there", upperFirst(reason)+"."), true
}

// Company is a client, as the API shows it.
type Company struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Currency      string    `json:"currency"`
	PortalEnabled bool      `json:"portal_enabled"`
	TaxExempt     bool      `json:"tax_exempt"`
	TaxID         string    `json:"tax_id"`
	Reference     string    `json:"reference"`
	Address       Address   `json:"billing_address"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// Address is a postal address.
type Address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	Region     string `json:"region"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

func showCompany(c access.Company) Company {
	return Company{ID: c.ID, Name: c.Name, Currency: c.Currency, PortalEnabled: c.PortalEnabled, TaxExempt: c.TaxExempt, TaxID: c.TaxID,
		Reference: c.Reference, Address: Address(c.Address), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC()}
}

// companyInput is a company as it is sent: to create one, or to change the fields that are given.
type companyInput struct {
	Name          *string       `json:"name"`
	Currency      *string       `json:"currency"`
	PortalEnabled *bool         `json:"portal_enabled"`
	TaxExempt     *bool         `json:"tax_exempt"`
	TaxID         *string       `json:"tax_id"`
	Reference     *string       `json:"reference"`
	Address       *addressInput `json:"billing_address"`
}

type addressInput struct {
	Line1      *string `json:"line1"`
	Line2      *string `json:"line2"`
	City       *string `json:"city"`
	Region     *string `json:"region"`
	PostalCode *string `json:"postal_code"`
	Country    *string `json:"country"`
}

// apply puts the given fields into company and notes what is wrong with them.
func (in companyInput) apply(check *checker, company *access.Company) {
	check.line(&company.Name, "name", in.Name, 1, 200)
	check.currency(&company.Currency, "currency", in.Currency)
	flag(&company.PortalEnabled, in.PortalEnabled)
	flag(&company.TaxExempt, in.TaxExempt)
	check.line(&company.TaxID, "tax_id", in.TaxID, 0, 60)
	check.line(&company.Reference, "reference", in.Reference, 0, 120)
	if a, to := in.Address, &company.Address; a != nil {
		check.line(&to.Line1, "billing_address.line1", a.Line1, 0, 200)
		check.line(&to.Line2, "billing_address.line2", a.Line2, 0, 200)
		check.line(&to.City, "billing_address.city", a.City, 0, 120)
		check.line(&to.Region, "billing_address.region", a.Region, 0, 120)
		check.line(&to.PostalCode, "billing_address.postal_code", a.PostalCode, 0, 20)
		check.country(&to.Country, "billing_address.country", a.Country)
	}
}

func (c *checker) currency(to *string, field string, from *string) {
	if from == nil {
		return
	}
	currency, err := ledger.ParseCurrency(*from)
	if err != nil {
		c.add(field, "invalid_currency", "this must be a currency's three letters in capitals, like USD (ISO 4217)")
		return
	}
	*to = string(currency)
}

func (s *Server) createCompany(c *call) (reply, error) {
	var in companyInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	company := access.Company{Currency: c.tenant.Currency, PortalEnabled: true}
	check.require("name", in.Name != nil)
	in.apply(check, &company)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	company, err = s.Clients.CreateCompany(c.Context(), c.tenant.ID, c.by(), company)
	if err != nil {
		return reply{}, err
	}
	return created(showCompany(company))
}

func (s *Server) showCompany(c *call) (reply, error) {
	company, err := s.Clients.Company(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(showCompany(company))
}

func (s *Server) listCompanies(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	q := access.CompanyQuery{Reference: c.param("reference"), After: after, Limit: limit + 1}
	companies, err := s.Clients.Companies(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(companies, limit, func(c access.Company) string { return c.ID }, showCompany))
}

func (s *Server) changeCompany(c *call) (reply, error) {
	var in companyInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	// What is sent is judged before the company is looked for: a caller learns nothing from the order, and gets every error.
	in.apply(check, &access.Company{})
	if err := check.err(); err != nil {
		return reply{}, err
	}
	company, err := s.Clients.UpdateCompany(c.Context(), c.tenant.ID, c.by(), c.id(), func(company *access.Company) error {
		in.apply(&checker{}, company)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(showCompany(company))
}
