package document

import (
	"strings"

	"tollhouse/portal/lang"
)

// phrases is every word of the papers in one language. {places} in braces take a value. What a tenant or a client typed is never here.
type phrases struct {
	Lang lang.ID

	// Around every paper.
	Page, From, TaxID, Registration, Continued, CarriedForward string

	// How an invoice stands.
	Due, PartPaid, Overdue, Processing, Paid, Void, Closed, Draft, AsOf string

	// The invoice. Title is what the file is called; the panel shows one of the labels from AmountDue to Voided.
	Invoice, Title, Issued, DueDate, Order, BilledTo                          string
	AmountDue, BeingPaid, PaidInFull, Voided, WrittenOff, DueOn, NothingToPay string
	Description, Quantity, UnitPrice, Tax, Amount, LineDiscount, NoLines      string
	Subtotal, Discount, TaxOn, Total, PaidOn, PaidWith, OnWaySince            string
	HowToPay, Scan, Open, NameTheNumber, OtherWays, Notes                     string

	// The receipt.
	Receipt, ReceiptTitle, ReceivedFrom, ReceivedOn, Method, Reference, AmountReceived, AmountOnWay, NotFinal string
	AppliedTo, Applied, Remaining, Credit, RefundedOn                                                         string
}

// catalogue is every language that papers are written in.
var catalogue = [lang.Count]*phrases{
	lang.English: &english, lang.Spanish: &spanish, lang.French: &french, lang.German: &german, lang.Portuguese: &portuguese,
	lang.Japanese: &japanese, lang.Arabic: &arabic,
}

// english is what every other language translates.
var english = phrases{
	Lang: lang.English,

	Page: "Page {page} of {pages}", From: "From", TaxID: "Tax ID {number}", Registration: "Company number {number}", Continued: "{title}, continued",
	CarriedForward: "Carried forward",

	Due: "Due", PartPaid: "Part paid", Overdue: "Overdue", Processing: "Processing", Paid: "Paid", Void: "Void", Closed: "Closed", Draft: "Draft",
	AsOf: "as of {date}",

	Invoice: "Invoice {number}", Title: "Invoice {number} from {tenant}", Issued: "Issued", DueDate: "Due date", Order: "Your order", BilledTo: "Billed to",
	AmountDue: "Amount due", BeingPaid: "Being paid", PaidInFull: "Paid in full", Voided: "Void", WrittenOff: "Closed", DueOn: "Due {date}",
	NothingToPay: "There is nothing to pay",
	Description:  "Description", Quantity: "Quantity", UnitPrice: "Unit price", Tax: "Tax", Amount: "Amount", LineDiscount: "Less {amount} discount",
	NoLines:  "This invoice has no lines.",
	Subtotal: "Subtotal", Discount: "Discount", TaxOn: "Tax {rate} on {base}", Total: "Total", PaidOn: "Paid on {date}", PaidWith: "Paid on {date}, {method}",
	OnWaySince: "On its way since {date}",
	HowToPay:   "How to pay", Scan: "Scan the code to sign in and pay, or open", Open: "Sign in and pay at", NameTheNumber: "Please give the invoice number {number} with your payment.",
	OtherWays: "Other ways to pay", Notes: "Note",

	Receipt: "Receipt {number}", ReceiptTitle: "Receipt {number} from {tenant}", ReceivedFrom: "Received from", ReceivedOn: "Received on", Method: "Paid with",
	Reference: "Reference", AmountReceived: "Amount received", AmountOnWay: "Amount on its way",
	NotFinal:  "The payment is still being processed: this is not a final receipt.",
	AppliedTo: "Invoice", Applied: "Paid towards it", Remaining: "Left to pay", Credit: "Kept as credit", RefundedOn: "Refunded on {date}",
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

// Isolates of the Unicode bidirectional algorithm (UAX 9, 2.4): what is between them does not turn the line around it.
const (
	isolateLTR   = "\u2066"
	isolateFirst = "\u2068" // in the direction of its first letter
	endIsolate   = "\u2069"
)

// value closes what somebody typed for use inside a sentence.
func value(s string) string { return isolateFirst + s + endIsolate }

// figure closes an amount for use inside a sentence.
func figure(s string) string { return isolateLTR + s + endIsolate }
