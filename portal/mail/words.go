package mail

import (
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
	"tollhouse/portal/lang"
)

// words is all that a mail says, in plain text. HTML and text are two settings of the same words.
type words struct {
	Lang      lang.ID
	Subject   string
	Preview   string // what a mailbox shows beside the subject
	Tenant    string
	Lead      string // one sentence of what this is
	Figure    *figure
	PayBy     string   // stands before Pay
	Pay       []string // how to pay, in the tenant's words; empty where the link leads to it
	Button    string
	Address   string // stands before the bare URL
	URL       string
	CodeHint  string // what the code is for; empty when there is none
	Code      string
	Terms     string // how often and how long the link works
	For       string // who it is for, and why they got it
	Questions string // empty when the tenant has no address for them
	Footer    []string
}

// figure is the amount that the mail is about.
type figure struct {
	Label  string
	Amount format.Parts
	Note   string
}

// writer writes one letter in the language of its reader.
type writer struct {
	Letter
	*phrases
	figures               string // the locale of amounts and dates
	tenant, company, name string // closed, for use inside a line
	number                string // of the invoice
}

func newWriter(l Letter) writer {
	reader := lang.Choose(l.Contact.Locale, l.Tenant.Locale)
	p := catalogue[reader.Lang]
	l.Invoice.Number = clean(l.Invoice.Number, maxNumber)
	return writer{
		Letter: l, phrases: p, figures: reader.Locale, number: p.value(l.Invoice.Number),
		tenant: p.value(clean(l.Tenant.Name, maxName)), company: p.value(clean(l.Company, maxName)), name: p.value(clean(l.Contact.Name, maxName)),
	}
}

// write chooses the words of a letter.
func write(l Letter) words {
	wr := newWriter(l)
	w := words{
		Lang: wr.Lang, Tenant: clean(l.Tenant.Name, maxName), URL: l.URL, Address: wr.OpenAddress,
	}
	if l.URL != "" {
		w.Terms = fill(wr.WorksOnce, "validity", wr.validity())
	}
	switch l.Kind {
	case Invoice:
		wr.writeInvoice(&w)
	case LoginLink:
		wr.writeLogin(&w)
	case PortalLink:
		wr.writePortal(&w)
	case AddressChanged:
		wr.writeAddressChanged(&w)
	case StepUp:
		wr.writeStepUp(&w)
	case EmailConfirm:
		wr.writeEmailConfirm(&w)
	case AccessRequest:
		wr.writeAccessRequest(&w)
	case AccessRequestTenant:
		wr.writeAccessRequestTenant(&w)
	}
	w.Subject = strings.TrimSpace(cut(w.Subject, maxSubject))
	if l.Kind != EmailConfirm && l.Kind != AccessRequestTenant {
		w.For = wr.join(wr.say(wr.Recipient), w.For)
	}
	if l.Tenant.Brand.SupportEmail != "" && l.Kind != AccessRequestTenant {
		w.Questions = fill(wr.Questions, "email", wr.value(clean(l.Tenant.Brand.SupportEmail, 254)))
	}
	if footer := cleanText(l.Tenant.Brand.Footer); footer != "" {
		w.Footer = strings.Split(footer, "\n")
	}
	return w
}

// say fills a sentence with the names of the letter.
func (wr writer) say(sentence string) string {
	return fill(sentence, "tenant", wr.tenant, "company", wr.company, "contact", wr.name, "number", wr.number)
}

func (wr writer) writeInvoice(w *words) {
	w.Lead, w.Button, w.For = wr.say(wr.InvoiceLead), fill(wr.ViewInvoice, "number", wr.Invoice.Number), wr.say(wr.InvoiceWhy)
	w.Terms = wr.join(w.Terms, wr.MailsNewOne)
	due := wr.Invoice.Due()
	if wr.URL == "" {
		wr.writePaper(w, due.Amount > 0)
	}
	date := wr.date(wr.Invoice.DueDate)
	var state string
	switch {
	case due.Amount > 0:
		state = fill(wr.DueSubject, "amount", wr.money(due), "date", date)
		w.Figure = &figure{Label: wr.AmountDue, Amount: wr.parts(due), Note: wr.dueNote(date)}
	case wr.Invoice.Balance().Amount > 0:
		state = wr.OnItsWaySubject
		w.Figure = &figure{Label: wr.BeingPaid, Amount: wr.parts(wr.Invoice.Balance()), Note: wr.BeingPaidNote}
	default:
		state = wr.PaidSubject
		w.Figure = &figure{Label: wr.Paid, Amount: wr.parts(wr.of(wr.Invoice.Total)), Note: wr.PaidNote}
	}
	w.Subject = fill(wr.say(wr.InvoiceSubject), "state", state)
	w.Preview = fill(wr.Preview, "label", w.Figure.Label, "amount", wr.amount(w.Figure.Amount), "note", w.Figure.Note)
}

// writePaper is for a client without a portal: the document travels with the mail, and how to pay stands in it.
func (wr writer) writePaper(w *words, due bool) {
	w.Terms = ""
	if len(wr.Attachments) > 0 {
		w.Terms = wr.Paper.Attached
	}
	if how := cleanText(wr.Instructions); due && how != "" {
		w.PayBy, w.Pay = wr.Paper.HowToPay, strings.Split(how, "\n")
	}
}

// dueNote says until when, and what was paid already.
func (wr writer) dueNote(date string) string {
	note := fill(wr.Due, "date", date)
	if wr.Invoice.DueDate.Before(ledger.DateIn(wr.Now, wr.Tenant.TimeZone)) {
		note = fill(wr.WasDue, "date", date)
	}
	if wr.Invoice.Settled > 0 {
		note = fill(wr.PartPaid, "note", note, "paid", wr.money(wr.of(wr.Invoice.Settled)), "total", wr.money(wr.of(wr.Invoice.Total)))
	}
	return note
}

func (wr writer) writeLogin(w *words) {
	w.Subject, w.Lead, w.Button, w.For = wr.say(wr.LoginSubject), wr.say(wr.LoginLead), wr.OpenPortal, wr.say(wr.LoginWhy)
	if wr.Invoice.Number != "" {
		w.Subject, w.Lead, w.For = wr.say(wr.NewLinkSubject), wr.say(wr.NewLinkLead), wr.say(wr.NewLinkWhy)
		w.Button = fill(wr.ViewInvoice, "number", wr.Invoice.Number)
	}
	if wr.Code != "" {
		w.Code, w.CodeHint = wr.Code, wr.CodeHint
		w.Terms = fill(wr.CodeWorksOnce, "validity", wr.validity())
	}
	w.Preview = w.Terms
	if device := wr.device(); device != "" {
		w.Terms = wr.join(w.Terms, fill(wr.phrases.Device.Asked, "device", device))
	}
	w.Terms = wr.join(w.Terms, wr.NotYou)
}

// device names where a link was asked for; "" is unknown.
func (wr writer) device() string {
	d := wr.Letter.Device
	if d == (Device{}) {
		return ""
	}
	if d.Browser == "" || d.System == "" {
		return wr.value(clean(d.Browser+d.System, maxName))
	}
	return fill(wr.phrases.Device.On, "browser", wr.value(clean(d.Browser, maxName)), "system", wr.value(clean(d.System, maxName)))
}

func (wr writer) writeAddressChanged(w *words) {
	w.Subject, w.Lead, w.Terms, w.For = wr.say(wr.Moved.Subject), wr.say(wr.Moved.Lead), wr.say(wr.Moved.Terms), wr.say(wr.Moved.Why)
	w.Preview = w.Lead
}

func (wr writer) writePortal(w *words) {
	w.Subject, w.Lead, w.Button, w.For = wr.say(wr.PortalSubject), wr.say(wr.PortalLead), wr.OpenPortal, wr.say(wr.PortalWhy)
	if wr.Invoice.Number != "" {
		w.Subject, w.Lead = wr.say(wr.DocumentSubject), wr.say(wr.DocumentLead)
		w.Button = fill(wr.ViewInvoice, "number", wr.Invoice.Number)
	}
	w.Preview = w.Terms
	w.Terms = wr.join(w.Terms, wr.MailsNewOne)
}

func (wr writer) of(minor int64) ledger.Money {
	return ledger.Money{Amount: minor, Currency: wr.Invoice.Currency}
}

func (wr writer) parts(m ledger.Money) format.Parts { return format.MoneyParts(m, wr.figures) }

// money is an amount for use inside a line.
func (wr writer) money(m ledger.Money) string { return wr.amount(wr.parts(m)) }

func (wr writer) date(d ledger.Date) string { return format.Date(d, lang.Dates(wr.figures)) }

// validity says how long the link works: a span when it is short, a day when it is not.
func (wr writer) validity() string {
	left := wr.ExpiresAt.Sub(wr.Now)
	switch {
	case left < 2*time.Hour:
		return wr.count(wr.ForMinutes, max(int(left.Round(time.Minute)/time.Minute), 1))
	case left <= 48*time.Hour:
		return wr.count(wr.ForHours, int(left.Round(time.Hour)/time.Hour))
	}
	return fill(wr.Until, "date", wr.date(ledger.DateIn(wr.ExpiresAt, wr.Tenant.TimeZone)))
}
