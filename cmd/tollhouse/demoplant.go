package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/audit"
	"tollhouse/portal/mail/maildb"
	"tollhouse/tenant"
)

// planter makes a demo tenant as if it had done its business here for years. Its books go by a clock of their own.
type planter struct {
	*house
	at     time.Time          // where its clock stands
	mailed *payments.Invoices // sends mail, as the server does
	silent *payments.Invoices // for what is long settled: nobody wants 60 mails to begin with
}

func newPlanter(h *house) (*planter, error) {
	queue, err := maildb.NewQueue()
	if err != nil {
		return nil, err
	}
	links, err := accessdb.New(h.pool, h.config.SealKeys, h.config.PlatformDomain, enqueue(queue))
	if err != nil {
		return nil, err
	}
	hooks := billingHooks(links, queue)
	p := &planter{house: h, at: h.now()}
	clock := func() time.Time { return p.at }
	p.mailed = payments.NewInvoices(paymentsdb.New(h.pool, hooks), clock)
	hooks.OnSent = nil
	p.silent = payments.NewInvoices(paymentsdb.New(h.pool, hooks), clock)
	return p, nil
}

// plant makes a tenant with its host, brand, clients and their invoices.
func plant(ctx context.Context, h *house, d demoTenant) (*tenant.Tenant, error) {
	p, err := newPlanter(h)
	if err != nil {
		return nil, err
	}
	t, err := h.tenants.Create(ctx, d.draft)
	if err != nil {
		return nil, err
	}
	host, err := tenant.ParseHostname("billing." + d.draft.Slug + ".localhost")
	if err != nil {
		return nil, err
	}
	if _, err := h.tenants.AddDomain(ctx, t.ID, host); err != nil {
		return nil, err
	}
	if err := dress(ctx, h, t.ID, d); err != nil {
		return nil, err
	}
	for _, c := range d.clients {
		if err := p.client(ctx, t, d, c); err != nil {
			return nil, fmt.Errorf("the client %s: %w", c.company.Name, err)
		}
	}
	return t, nil
}

func dress(ctx context.Context, h *house, id tenant.ID, d demoTenant) error {
	_, err := h.tenants.UpdateBrand(ctx, id, func(b *tenant.Brand) error {
		var errs [2]error
		b.Primary, errs[0] = tenant.ParseColor(d.primary)
		b.Accent, errs[1] = tenant.ParseColor(d.accent)
		b.Footer, b.SupportEmail = d.footer, d.support
		return errors.Join(errs[:]...)
	})
	if err != nil {
		return err
	}
	_, err = h.tenants.UpdatePolicy(ctx, id, func(p *tenant.Policy) error { p.PaymentInstructions = d.instructions; return nil })
	if err != nil || d.logo == nil {
		return err
	}
	drawn, err := tenant.NewLogoChecker().Check(ctx, d.logo())
	if err != nil {
		return err
	}
	_, err = h.tenants.PutLogo(ctx, id, drawn)
	return err
}

func (p *planter) client(ctx context.Context, t *tenant.Tenant, d demoTenant, c demoClient) error {
	by := access.Actor{Kind: string(audit.Operator), ID: "demo"}
	c.company.Currency, c.company.PortalEnabled = t.Currency, true
	company, err := p.clients.CreateCompany(ctx, t.ID, by, c.company)
	if err != nil {
		return err
	}
	first := ""
	for _, contact := range c.contacts {
		contact.CompanyID, contact.Status = company.ID, "active"
		if contact.Role == "" {
			contact.Role = access.Payer
		}
		made, err := p.clients.CreateContact(ctx, t.ID, by, contact)
		if err != nil {
			return err
		}
		if first == "" {
			first = made.ID
		}
	}
	for _, job := range c.jobs(t, p.now()) {
		if err := p.invoice(ctx, t, d, job, company.ID, first); err != nil {
			return fmt.Errorf("the invoice over %q: %w", job.title, err)
		}
	}
	return nil
}

// jobs are all that a client was billed for, the oldest first, so that the numbers follow the dates.
func (c demoClient) jobs(t *tenant.Tenant, now time.Time) []demoProject {
	jobs := slices.Clone(c.projects)
	today := now.In(t.TimeZone)
	for n := range c.months {
		first := time.Date(today.Year(), today.Month()-time.Month(n), 1, 12, 0, 0, 0, t.TimeZone)
		name := first.Format("01/2006")
		if strings.HasPrefix(t.Locale, "en") {
			name = first.Format("January 2006")
		}
		job := demoProject{age: int(today.Sub(first).Hours()+12) / 24, terms: 30, title: c.title + ", " + name, lines: c.monthly, fate: demoPaid}
		if n == 0 {
			job.fate = demoOpen
		}
		jobs = append(jobs, job)
	}
	slices.SortStableFunc(jobs, func(a, b demoProject) int { return b.age - a.age })
	return jobs
}

// invoice makes one invoice on the day of its issue, and lets happen to it what did.
func (p *planter) invoice(ctx context.Context, t *tenant.Tenant, d demoTenant, job demoProject, company, contact string) error {
	now := p.house.now()
	p.at = now.AddDate(0, 0, -job.age)
	books := p.mailed
	if job.fate == demoPaid || job.fate == demoVoided {
		books = p.silent
	}
	in := payments.NewInvoice{CompanyID: company, ContactID: contact, Title: job.title, PONumber: job.order, Notes: job.notes}
	in.IssueDate = ledger.DateIn(p.at, t.TimeZone)
	in.DueDate = in.IssueDate.AddDays(job.terms)
	for _, l := range job.lines {
		if l.TaxBPS == 0 {
			l.TaxBPS = d.taxBPS
		}
		in.Lines = append(in.Lines, l)
	}
	inv, err := books.CreateInvoice(ctx, t, in)
	if err != nil || job.fate == demoKept {
		return err
	}
	if inv, err = books.Send(ctx, t, inv.ID); err != nil {
		return err
	}
	return p.settle(ctx, books, t, inv, job, contact)
}

// settle does what became of an invoice, on the day that it did.
func (p *planter) settle(ctx context.Context, books *payments.Invoices, t *tenant.Tenant, inv ledger.Invoice, job demoProject, contact string) error {
	after := func(days int) { p.at = p.house.now().AddDate(0, 0, -max(job.age-days, 0)) }
	whole := []ledger.Allocation{{InvoiceID: inv.ID, Amount: inv.Total}}
	var err error
	switch job.fate {
	case demoPaid:
		after(job.terms * 2 / 3)
		_, err = books.RecordPayment(ctx, t, payments.NewPayment{Kind: payments.Bank, Method: "Bank transfer", Allocations: whole})
	case demoPartPaid:
		after(job.terms)
		whole[0].Amount = inv.Total / 2
		_, err = books.RecordPayment(ctx, t, payments.NewPayment{Kind: payments.Bank, Method: "Bank transfer", Allocations: whole})
	case demoOnItsWay:
		after(job.age - 2)
		_, err = books.RecordProcessing(ctx, t, payments.NewPayment{Kind: payments.Bank, Method: "Bank account ending 6789", ContactID: contact, Allocations: whole})
	case demoVoided:
		after(1)
		_, err = books.Void(ctx, t, inv.ID, "Billed for half a day instead of a whole one")
	}
	return err
}
