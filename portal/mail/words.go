package mail

import (
	"fmt"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
)

// words is all that a mail says, in plain text. HTML and text are two settings of the same words.
type words struct {
	Subject   string
	Preview   string // what a mailbox shows beside the subject
	Tenant    string
	Lead      string // one sentence of what this is
	Figure    *figure
	Button    string
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

// write chooses the words of a letter.
func write(l Letter) words {
	w := words{
		Tenant: clean(l.Tenant.Name, maxName),
		URL:    l.URL,
		Terms:  fmt.Sprintf("The link works once, %s.", l.validity()),
	}
	name, company := settled(w.Tenant), settled(clean(l.Company, maxName))
	switch l.Kind {
	case Invoice:
		l.writeInvoice(&w, name, company)
	case LoginLink:
		l.writeLogin(&w, name)
	case PortalLink:
		l.writePortal(&w, name, company)
	}
	w.Subject = cut(w.Subject, maxSubject)
	w.For = fmt.Sprintf("This mail is for %s at %s. %s", settled(clean(l.Contact.Name, maxName)), company, w.For)
	if l.Tenant.Brand.SupportEmail != "" {
		w.Questions = fmt.Sprintf("Questions? Reply to this mail or write to %s.", clean(l.Tenant.Brand.SupportEmail, 254))
	}
	if footer := cleanText(l.Tenant.Brand.Footer); footer != "" {
		w.Footer = strings.Split(footer, "\n")
	}
	return w
}

func (l Letter) writeInvoice(w *words, name, company string) {
	number := l.Invoice.Number
	w.Lead = fmt.Sprintf("Here is invoice %s from %s for %s.", number, name, company)
	w.Button = "View invoice " + number
	w.Terms += " After that, the page it leads to can mail you a new one."
	w.For = fmt.Sprintf("You get it because %s sends the invoices of %s to this address.", name, company)
	date := format.Date(l.Invoice.DueDate, format.English(l.locale()))
	due := l.Invoice.Due()
	var subject string
	switch {
	case due.Amount > 0:
		subject = fmt.Sprintf("%s due %s", l.money(due), date)
		w.Figure = &figure{Label: "Amount due", Amount: l.money(due), Note: l.dueNote(date)}
	case l.Invoice.Balance().Amount > 0:
		subject = "payment on its way"
		w.Figure = &figure{Label: "Being paid", Amount: l.money(l.Invoice.Balance()), Note: "Your payment is on its way; there is nothing to do"}
	default:
		subject = "paid"
		w.Figure = &figure{Label: "Paid", Amount: l.money(l.amount(l.Invoice.Total)), Note: "Nothing is left to pay"}
	}
	w.Subject = fmt.Sprintf("Invoice %s from %s: %s", number, name, subject)
	w.Preview = fmt.Sprintf("%s: %s. %s.", w.Figure.Label, w.Figure.Amount, w.Figure.Note)
}

// dueNote says until when, and what was paid already.
func (l Letter) dueNote(date string) string {
	note := "Due " + date
	if l.Invoice.DueDate.Before(ledger.DateIn(l.Now, l.Tenant.TimeZone)) {
		note = "Was due " + date
	}
	if l.Invoice.Settled > 0 {
		note += fmt.Sprintf(", %s of %s is paid", l.money(l.amount(l.Invoice.Settled)), l.money(l.amount(l.Invoice.Total)))
	}
	return note
}

func (l Letter) writeLogin(w *words, name string) {
	w.Subject = "Your sign-in link for " + name
	w.Lead = fmt.Sprintf("You asked for a link to your billing portal at %s.", name)
	w.Button = "Open billing portal"
	if l.Invoice.Number != "" {
		w.Subject = fmt.Sprintf("Your new link to invoice %s from %s", l.Invoice.Number, name)
		w.Lead = fmt.Sprintf("You asked for a new link to invoice %s from %s.", l.Invoice.Number, name)
		w.Button = "View invoice " + l.Invoice.Number
	}
	if l.Code != "" {
		w.Code = l.Code
		w.CodeHint = "The link opens only in the browser where you asked for it. Anywhere else, go back to that page and type this code:"
		w.Terms = fmt.Sprintf("Link and code work once, %s. Give the code to nobody: we never ask for it.", l.validity())
	}
	w.Preview = w.Terms
	w.Terms += " If it was not you who asked, ignore this mail: nobody gets in without the link."
	w.For = fmt.Sprintf("You get it because somebody entered this address at the billing portal of %s.", name)
	if l.Invoice.Number != "" {
		w.For = fmt.Sprintf("You get it because somebody asked for a new link at the billing portal of %s.", name)
	}
}

func (l Letter) writePortal(w *words, name, company string) {
	w.Subject = "Your billing portal at " + name
	w.Lead = fmt.Sprintf("%s sends you a link to your billing portal, with your invoices and payments in one place.", name)
	w.Button = "Open billing portal"
	if l.Invoice.Number != "" {
		w.Subject = fmt.Sprintf("Invoice %s from %s", l.Invoice.Number, name)
		w.Lead = fmt.Sprintf("%s sends you a link to invoice %s.", name, l.Invoice.Number)
		w.Button = "View invoice " + l.Invoice.Number
	}
	w.Preview = w.Terms
	w.Terms += " After that, the page it leads to can mail you a new one."
	w.For = fmt.Sprintf("You get it because %s writes to %s at this address.", name, company)
}

func (l Letter) amount(minor int64) ledger.Money {
	return ledger.Money{Amount: minor, Currency: l.Invoice.Currency}
}

func (l Letter) money(m ledger.Money) format.Parts { return format.MoneyParts(m, l.locale()) }

// locale is how the reader writes figures.
func (l Letter) locale() string {
	if l.Contact.Locale != "" {
		return l.Contact.Locale
	}
	return l.Tenant.Locale
}

// validity says how long the link works: a span when it is short, a day when it is not.
func (l Letter) validity() string {
	left := l.ExpiresAt.Sub(l.Now)
	switch {
	case left < 2*time.Hour:
		return "for " + count(max(int(left.Round(time.Minute)/time.Minute), 1), "minute")
	case left <= 48*time.Hour:
		return "for " + count(int(left.Round(time.Hour)/time.Hour), "hour")
	}
	return "until " + format.Date(ledger.DateIn(l.ExpiresAt, l.Tenant.TimeZone), format.English(l.locale()))
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
