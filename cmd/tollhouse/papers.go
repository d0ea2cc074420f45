package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/document"
	"tollhouse/portal/lang"
	"tollhouse/portal/mail"
	"tollhouse/portal/mail/maildb"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

// papers makes documents from the record. It is safe for concurrent use.
type papers struct {
	maker    *document.Maker
	tenants  *tenantdb.Store
	clients  *accessdb.Clients
	invoices *payments.Invoices
	now      func() time.Time
}

var _ maildb.Documents = papers{}

// newPapers reads the fonts, which takes a moment. A character that none of them has is logged by its number, for the operator to install one.
func (h *house) newPapers() (papers, error) {
	maker, err := document.New(document.Config{FontDirs: h.config.FontDirs, Warn: func(missing []rune) {
		h.log.Warn("no font has some characters of a document; install one or set TOLLHOUSE_FONT_DIRS", slog.Any("characters", codePoints(missing)))
	}})
	return papers{maker: maker, tenants: h.tenants, clients: h.clients, invoices: h.invoices, now: h.now}, err
}

func codePoints(runes []rune) (list []string) {
	for _, r := range runes[:min(len(runes), 20)] {
		list = append(list, fmt.Sprintf("U+%04X", r))
	}
	return list
}

// Invoice implements maildb.Documents.
func (p papers) Invoice(ctx context.Context, id tenant.ID, invoiceID, contactLocale string) (mail.Attachment, error) {
	doc, err := p.invoice(ctx, id, invoiceID, contactLocale)
	if err != nil {
		return mail.Attachment{}, err
	}
	made, err := p.maker.Invoice(doc)
	return mail.Attachment{Name: doc.Invoice.Number + ".pdf", ContentType: "application/pdf", Bytes: made.Bytes}, err
}

// invoice gathers what an invoice on paper says.
func (p papers) invoice(ctx context.Context, id tenant.ID, invoiceID, contactLocale string) (document.InvoiceDoc, error) {
	t, err := p.tenants.Tenant(ctx, id)
	if err != nil {
		return document.InvoiceDoc{}, err
	}
	inv, err := p.invoices.Invoice(ctx, t, invoiceID)
	if err != nil {
		return document.InvoiceDoc{}, err
	}
	paid, err := p.invoices.Payments(ctx, t, invoiceID)
	if err != nil {
		return document.InvoiceDoc{}, err
	}
	company, err := p.clients.Company(ctx, id, inv.CompanyID)
	if err != nil {
		return document.InvoiceDoc{}, err
	}
	logo, err := p.logo(ctx, t)
	today := ledger.DateIn(p.now(), t.TimeZone)
	return document.InvoiceDoc{
		Brand:    document.Brand{Name: t.Name, Logo: logo, Colors: tenant.NewPalette(t.Brand.Primary, t.Brand.Accent).Light, Footer: t.Brand.Footer},
		Language: lang.Choose(contactLocale, t.Locale).Locale, Invoice: inv, Payments: paid,
		Seller: document.Party{Name: t.Name, Email: t.Brand.SupportEmail}, BillTo: billTo(company),
		Instructions: t.Policy.PaymentInstructions, Status: inv.State(today), AsOf: today,
	}, err
}

// logo is nil for a tenant without one.
func (p papers) logo(ctx context.Context, t *tenant.Tenant) ([]byte, error) {
	if t.Brand.Logo.Hash == "" {
		return nil, nil
	}
	image, _, err := p.tenants.Logo(ctx, t.ID, t.Brand.Logo.Hash)
	return image, err
}

func billTo(c access.Company) document.Party {
	a := c.Address
	party := document.Party{Name: c.Name, Country: a.Country, TaxID: c.TaxID}
	for _, line := range []string{a.Line1, a.Line2, strings.TrimSpace(strings.Join([]string{a.City, a.Region, a.PostalCode}, " ")), a.Country} {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			party.Address = append(party.Address, line)
		}
	}
	return party
}
