package portal

import (
	"net/http"
	"strings"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/format"
	"tollhouse/portal/route"
	"tollhouse/tenant"
)

// invoicePage is one invoice: what it is, what is owed on it, how to pay it.
type invoicePage struct {
	view
	data  InvoiceData
	state ledger.State
}

func (s *Server) showInvoice(w http.ResponseWriter, r *http.Request, session access.Session) error {
	id := route.Param(r, "id")
	if !tenant.ValidID("inv", id) {
		return access.ErrNotFound
	}
	data, err := s.pages.Invoice(r.Context(), session, id, viewer(r))
	if err != nil {
		return err
	}
	page := invoicePage{view: s.memberView(r, atInvoices, data.Member), data: data}
	page.title = fill(page.words.InvoiceNumber, "{number}", data.Invoice.Number)
	page.state = data.Invoice.State(page.today)
	return s.write(w, r, http.StatusOK, invoiceView(page))
}

// viewer is the person who looks at a page, nil for a request that shows it to nobody: a HEAD, a
// browser's guess at where its reader goes next, or a preview, whose looks are noted as what they are.
func viewer(r *http.Request) *access.Visitor {
	if r.Method == http.MethodHead || speculative(r.Header) || previewOf(r) != nil {
		return nil
	}
	v := visitor(r)
	return &v
}

// speculative reports whether a page is fetched before anybody asked for it: Sec-Purpose is the standard's header (Fetch, section 3.8), the
// others are what older browsers send.
func speculative(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(h.Get(name))
		if strings.HasPrefix(purpose, "prefetch") || strings.HasPrefix(purpose, "preview") || strings.HasPrefix(purpose, "prerender") {
			return true
		}
	}
	return false
}

func (p invoicePage) inv() ledger.Invoice { return p.data.Invoice }

// payable reports whether the reader can pay it here.
func (p invoicePage) payable() bool {
	return mayPay(p.data.Member) && p.data.Invoice.Due().Amount > 0 && p.state.IsDue() && p.data.takes(p.data.Invoice.Currency)
}

func (p invoicePage) money(amount int64) ledger.Money {
	return ledger.Money{Amount: amount, Currency: p.data.Invoice.Currency}
}

// timing says how near the due date is, "" when it is far.
func (p invoicePage) timing() string {
	days := p.today.DaysUntil(p.data.Invoice.DueDate)
	switch {
	case days < 0:
		return p.count(p.words.OverdueBy, -days)
	case days == 0:
		return p.words.DueToday
	case days == 1:
		return p.words.DueTomorrow
	case days <= 31:
		return p.count(p.words.DueInDays, days)
	}
	return ""
}

// counted are the payments that the balance knows of: what failed took no money and is left out.
func (p invoicePage) counted() []ledger.Payment {
	var kept []ledger.Payment
	for _, payment := range p.data.Payments {
		if payment.Status != "failed" {
			kept = append(kept, payment)
		}
	}
	return kept
}

// showsSubtotal reports whether subtotal and total need a line between them that says why they differ.
func (p invoicePage) showsSubtotal() bool {
	return p.data.Invoice.Discount > 0 || p.data.Invoice.Tax > 0 || len(p.data.Invoice.Lines) > 1
}

// rate writes basis points as a percentage in the reader's digits.
func (p invoicePage) rate(bps int32) string { return format.Percent(int64(bps), p.locale()) }

func (p invoicePage) quantity(l ledger.Line) string { return format.Decimal(l.Quantity, 4, p.locale()) }

// address is the company's postal address, a line each.
func (v view) address() []string {
	a := v.member.Company.Address
	town := strings.TrimSpace(a.PostalCode + " " + a.City)
	if v.tenant.Country == "US" {
		town = strings.Trim(strings.TrimSpace(a.City+", "+a.Region+" "+a.PostalCode), ", ")
		a.Region = ""
	}
	if a.Country == v.tenant.Country {
		a.Country = "" // a letter within a country does not name it
	}
	var lines []string
	for _, line := range []string{a.Line1, a.Line2, town, a.Region, a.Country} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
