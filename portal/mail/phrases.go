package mail

import (
	"strconv"
	"strings"

	"tollhouse/portal/format"
	"tollhouse/portal/lang"
)

// phrases is every sentence of the mails in one language. {places} in braces take a value. What a tenant or a client typed is never here.
type phrases struct {
	Lang lang.ID

	// How long a link works: {validity} is one of the three.
	ForMinutes, ForHours lang.Plural
	Until                string
	WorksOnce            string
	MailsNewOne          string // follows WorksOnce

	// A code beside the link.
	CodeHint, CodeWorksOnce string

	// Around every mail.
	OpenAddress, Recipient, Questions, ViewInvoice, OpenPortal string

	// An invoice was sent. {state} is one of the three after it.
	InvoiceSubject, DueSubject, OnItsWaySubject, PaidSubject, InvoiceLead, InvoiceWhy, Preview string
	AmountDue, Due, WasDue, PartPaid, BeingPaid, BeingPaidNote, Paid, PaidNote                 string

	// Somebody asked for a link.
	LoginSubject, LoginLead, LoginWhy, NewLinkSubject, NewLinkLead, NewLinkWhy, NotYou string

	// The tenant sends a link.
	PortalSubject, PortalLead, DocumentSubject, DocumentLead, PortalWhy string

	Moved  movedPhrases
	Codes  codePhrases
	Asked  askedPhrases
	Paper  paperPhrases
	Device devicePhrases
}

// catalogue is every language that mails are written in.
var catalogue = [lang.Count]*phrases{
	lang.English: &english, lang.Spanish: &spanish, lang.French: &french, lang.German: &german, lang.Portuguese: &portuguese,
	lang.Japanese: &japanese, lang.Arabic: &arabic,
}

// english is what every other language translates.
var english = phrases{
	Lang: lang.English,

	ForMinutes: lang.Plural{One: "for {n} minute", Other: "for {n} minutes"}, ForHours: lang.Plural{One: "for {n} hour", Other: "for {n} hours"},
	Until: "until {date}", WorksOnce: "The link works once, {validity}.", MailsNewOne: "After that, the page it leads to can mail you a new one.",

	CodeHint:      "The link opens only in the browser where you asked for it. Anywhere else, go back to that page and type this code:",
	CodeWorksOnce: "Link and code work once, {validity}. Give the code to nobody: we never ask for it.",

	OpenAddress: "Or open this address:", Recipient: "This mail is for {contact} at {company}.", Questions: "Questions? Reply to this mail or write to {email}.",
	ViewInvoice: "View invoice {number}", OpenPortal: "Open billing portal",

	InvoiceSubject: "Invoice {number} from {tenant}: {state}", DueSubject: "{amount} due {date}", OnItsWaySubject: "payment on its way", PaidSubject: "paid",
	InvoiceLead: "Here is invoice {number} from {tenant} for {company}.",
	InvoiceWhy:  "You get it because {tenant} sends the invoices of {company} to this address.", Preview: "{label}: {amount}. {note}.",
	AmountDue: "Amount due", Due: "Due {date}", WasDue: "Was due {date}", PartPaid: "{note}, {paid} of {total} is paid",
	BeingPaid: "Being paid", BeingPaidNote: "Your payment is on its way; there is nothing to do", Paid: "Paid", PaidNote: "Nothing is left to pay",

	LoginSubject: "Your sign-in link for {tenant}", LoginLead: "You asked for a link to your billing portal at {tenant}.",
	LoginWhy:       "You get it because somebody entered this address at the billing portal of {tenant}.",
	NewLinkSubject: "Your new link to invoice {number} from {tenant}", NewLinkLead: "You asked for a new link to invoice {number} from {tenant}.",
	NewLinkWhy: "You get it because somebody asked for a new link at the billing portal of {tenant}.",
	NotYou:     "If it was not you who asked, ignore this mail: nobody gets in without the link.",

	PortalSubject:   "Your billing portal at {tenant}",
	PortalLead:      "{tenant} sends you a link to your billing portal, with your invoices and payments in one place.",
	DocumentSubject: "Invoice {number} from {tenant}", DocumentLead: "{tenant} sends you a link to invoice {number}.",
	PortalWhy: "You get it because {tenant} writes to {company} at this address.",

	Moved: englishMoved, Codes: englishCodes, Asked: englishAsked, Paper: englishPaper, Device: englishDevice,
}

// fill puts values into the places of a sentence, given as name and value in turn.
func fill(sentence string, values ...string) string {
	pairs := make([]string, len(values))
	for i, v := range values {
		pairs[i] = v
		if i%2 == 0 {
			pairs[i] = "{" + v + "}"
		}
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

func (p *phrases) count(sentence lang.Plural, n int) string {
	return fill(p.Lang.Pick(sentence, n), "n", strconv.Itoa(n))
}

// join sets one sentence after another.
func (p *phrases) join(sentences ...string) string {
	if p.Lang == lang.Japanese {
		return strings.Join(sentences, "")
	}
	return strings.Join(sentences, " ")
}

// Isolates of the Unicode bidirectional algorithm (UAX 9, 2.4): what is between them does not turn the line around it.
const (
	isolateLTR   = "\u2066"
	isolateFirst = "\u2068" // in the direction of its first letter
	endIsolate   = "\u2069"
)

// value closes what somebody typed, a name or a number, for use inside a line. Lines from left to right use the older mark, which every mailbox
// knows; from right to left nearly every name runs against the line, and only an isolate holds its punctuation.
func (p *phrases) value(s string) string {
	if p.Lang.Dir() == "rtl" {
		return isolateFirst + s + endIsolate
	}
	return settled(s)
}

// amount closes an amount for use inside a line.
func (p *phrases) amount(a format.Parts) string {
	if p.Lang.Dir() == "rtl" {
		return isolateLTR + a.String() + endIsolate
	}
	return a.String()
}
