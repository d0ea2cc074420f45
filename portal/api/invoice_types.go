package api

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// Money is an amount in minor units: {"amount": 120450, "currency": "USD"} is 1,204.50 dollars.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Invoice is an invoice, as the API shows it. Status is what was done with it, State what it is today for its reader.
type Invoice struct {
	ID               string        `json:"id"`
	CompanyID        string        `json:"company_id"`
	ContactID        *string       `json:"contact_id"` // null: every payer of the company
	Number           string        `json:"number"`
	Status           string        `json:"status"`
	State            string        `json:"state"`
	Currency         string        `json:"currency"`
	IssueDate        ledger.Date   `json:"issue_date"`
	DueDate          ledger.Date   `json:"due_date"`
	Title            string        `json:"title"`
	PONumber         string        `json:"po_number"`
	Notes            string        `json:"notes"`
	Lines            []InvoiceLine `json:"lines,omitzero"` // not in lists
	Subtotal         Money         `json:"subtotal"`
	DocumentDiscount Money         `json:"document_discount"`
	Discount         Money         `json:"discount"` // of lines and document
	Tax              Money         `json:"tax"`
	Total            Money         `json:"total"`
	Paid             Money         `json:"paid"`
	InFlight         Money         `json:"in_flight"`
	Balance          Money         `json:"balance"`
	CreatedAt        time.Time     `json:"created_at"`
	SentAt           *time.Time    `json:"sent_at"`
	ViewedAt         *time.Time    `json:"viewed_at"`
	VoidedAt         *time.Time    `json:"voided_at"`
	VoidReason       string        `json:"void_reason"`
	Payments         []Payment     `json:"payments,omitzero"` // only when one invoice is asked for
}

// InvoiceLine is one position of an invoice.
type InvoiceLine struct {
	Description string `json:"description"`
	Quantity    string `json:"quantity"`
	UnitAmount  Money  `json:"unit_amount"`
	Discount    Money  `json:"discount"`
	TaxBPS      int32  `json:"tax_bps"`
	Amount      Money  `json:"amount"`
	Tax         Money  `json:"tax"`
}

// Payment is money for an invoice, as the API shows it.
type Payment struct {
	ID         string      `json:"id"`
	CompanyID  string      `json:"company_id"`
	InvoiceID  string      `json:"invoice_id"`
	Status     string      `json:"status"`
	Kind       string      `json:"kind"`
	Amount     Money       `json:"amount"`
	Applied    Money       `json:"applied"` // the part for this invoice
	Method     string      `json:"method"`
	Reference  string      `json:"reference"`
	ReceivedOn ledger.Date `json:"received_on"`
	CreatedAt  time.Time   `json:"created_at"`
}

func showInvoice(inv ledger.Invoice, today ledger.Date) Invoice {
	money := func(n int64) Money { return Money{n, string(inv.Currency)} }
	out := Invoice{ID: inv.ID, CompanyID: inv.CompanyID, ContactID: textOrNull(inv.ContactID), Number: inv.Number, Status: string(inv.Status),
		State: string(inv.State(today)), Currency: string(inv.Currency), IssueDate: inv.IssueDate, DueDate: inv.DueDate, Title: inv.Title,
		PONumber: inv.PONumber, Notes: inv.Notes, Subtotal: money(inv.Subtotal), DocumentDiscount: money(inv.DocumentDiscount),
		Discount: money(inv.Discount), Tax: money(inv.Tax), Total: money(inv.Total), Paid: money(inv.Settled), InFlight: money(inv.InFlight),
		Balance: money(inv.Balance().Amount), CreatedAt: inv.CreatedAt.UTC(), SentAt: timeOrNull(inv.SentAt), ViewedAt: timeOrNull(inv.ViewedAt),
		VoidedAt: timeOrNull(inv.VoidedAt), VoidReason: inv.VoidReason}
	for _, l := range inv.Lines {
		out.Lines = append(out.Lines, InvoiceLine{Description: l.Description, Quantity: ledger.FormatQuantity(l.Quantity),
			UnitAmount: money(l.UnitAmount), Discount: money(l.Discount), TaxBPS: l.TaxBPS, Amount: money(l.Amount), Tax: money(l.Tax)})
	}
	return out
}

func showPayment(p ledger.Payment, invoiceID string, applied int64) Payment {
	return Payment{ID: p.ID, CompanyID: p.CompanyID, InvoiceID: invoiceID, Status: p.Status, Kind: p.Kind,
		Amount: Money{p.Amount, string(p.Currency)}, Applied: Money{applied, string(p.Currency)}, Method: p.Method, Reference: p.Reference,
		ReceivedOn: p.ReceivedOn, CreatedAt: p.CreatedAt.UTC()}
}

type moneyInput struct {
	Amount   *int64  `json:"amount"`
	Currency *string `json:"currency"`
}

type invoiceInput struct {
	CompanyID        *string     `json:"company_id"`
	ContactID        *string     `json:"contact_id"`
	Number           *string     `json:"number"`
	Currency         *string     `json:"currency"`
	IssueDate        *string     `json:"issue_date"`
	DueDate          *string     `json:"due_date"`
	Title            *string     `json:"title"`
	PONumber         *string     `json:"po_number"`
	Notes            *string     `json:"notes"`
	Lines            []lineInput `json:"lines"`
	DocumentDiscount *moneyInput `json:"document_discount"`
}

type lineInput struct {
	Description *string     `json:"description"`
	Quantity    *string     `json:"quantity"`
	UnitAmount  *moneyInput `json:"unit_amount"`
	Discount    *moneyInput `json:"discount"`
	TaxBPS      *int64      `json:"tax_bps"`
}

// maxInvoiceLines is the service's bound too; it is looked at here so that it is reported together with everything else.
const maxInvoiceLines = 500

var invoiceNumber = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,19}$`)

// invoice reads the fields of a new invoice. Its currency is the one that all its amounts are in.
func (in invoiceInput) invoice(check *checker) payments.NewInvoice {
	var out payments.NewInvoice
	currency := ""
	check.require("company_id", in.CompanyID != nil && *in.CompanyID != "")
	check.currency(&currency, "currency", in.Currency)
	check.line(&out.CompanyID, "company_id", in.CompanyID, 0, 100)
	check.line(&out.ContactID, "contact_id", in.ContactID, 0, 100)
	if in.Number != nil && !invoiceNumber.MatchString(*in.Number) {
		check.add("number", "invalid", "use 1 to 20 letters, digits, spaces and . _ / # -, beginning with a letter or digit")
	}
	check.line(&out.Number, "number", in.Number, 0, 20)
	check.date(&out.IssueDate, "issue_date", in.IssueDate)
	check.date(&out.DueDate, "due_date", in.DueDate)
	check.line(&out.Title, "title", in.Title, 0, 200)
	check.line(&out.PONumber, "po_number", in.PONumber, 0, 60)
	check.text(&out.Notes, "notes", in.Notes, 4000)
	out.Lines = in.lines(check, &currency)
	check.money(&out.DocumentDiscount, &currency, "document_discount", in.DocumentDiscount, 0)
	out.Currency = ledger.Currency(currency)
	return out
}

func (in invoiceInput) lines(check *checker, currency *string) []payments.NewLine {
	if len(in.Lines) == 0 || len(in.Lines) > maxInvoiceLines {
		check.add("lines", "out_of_range", fmt.Sprintf("give 1 to %d lines", maxInvoiceLines))
		return nil
	}
	out := make([]payments.NewLine, len(in.Lines))
	for i, l := range in.Lines {
		at := "lines[" + strconv.Itoa(i) + "]."
		check.require(at+"description", l.Description != nil)
		check.require(at+"unit_amount", l.UnitAmount != nil)
		check.required(&out[i].Description, at+"description", l.Description, 2000)
		check.quantity(&out[i].Quantity, at+"quantity", l.Quantity)
		check.money(&out[i].UnitAmount, currency, at+"unit_amount", l.UnitAmount, 0)
		check.money(&out[i].Discount, currency, at+"discount", l.Discount, 0)
		number(check, &out[i].TaxBPS, at+"tax_bps", l.TaxBPS, 0, 10_000)
	}
	return out
}

type paymentInput struct {
	Amount     *moneyInput `json:"amount"`
	Method     *string     `json:"method"`
	Reference  *string     `json:"reference"`
	ReceivedOn *string     `json:"received_on"`
}

func (in paymentInput) payment(check *checker, invoiceID string) payments.NewPayment {
	out := payments.NewPayment{Kind: payments.Manual}
	var amount int64
	currency := ""
	check.require("amount", in.Amount != nil)
	check.require("method", in.Method != nil)
	check.money(&amount, &currency, "amount", in.Amount, 1)
	check.line(&out.Method, "method", in.Method, 1, 120)
	check.line(&out.Reference, "reference", in.Reference, 0, 120)
	check.date(&out.ReceivedOn, "received_on", in.ReceivedOn)
	out.Currency = ledger.Currency(currency)
	out.Allocations = []ledger.Allocation{{InvoiceID: invoiceID, Amount: amount}}
	return out
}

// required reads text of several lines that must not be empty.
func (c *checker) required(to *string, field string, from *string, max int) {
	before := len(c.found)
	c.text(to, field, from, max)
	if from != nil && *to == "" && len(c.found) == before {
		c.add(field, "required", "this must not be empty")
	}
}

func (c *checker) date(to *ledger.Date, field string, from *string) {
	if from == nil {
		return
	}
	d, err := ledger.ParseDate(*from)
	if err != nil {
		c.add(field, "invalid_date", "this must be a day as YYYY-MM-DD, like 2026-05-03")
		return
	}
	*to = d
}

func (c *checker) quantity(to *int64, field string, from *string) {
	if from == nil {
		return
	}
	q, err := ledger.ParseQuantity(*from)
	if err != nil {
		c.add(field, "invalid_quantity", `this must be a number above zero with at most 4 decimals, as a string, like "1.5"`)
		return
	}
	*to = q
}

// money reads an amount of at least min. The first currency that is seen is everybody's.
func (c *checker) money(to *int64, currency *string, field string, from *moneyInput, min int64) {
	if from == nil {
		return
	}
	c.require(field+".amount", from.Amount != nil)
	c.require(field+".currency", from.Currency != nil)
	number(c, to, field+".amount", from.Amount, min, math.MaxInt64)
	var own string
	c.currency(&own, field+".currency", from.Currency)
	if *currency == "" {
		*currency = own
	}
	if own != "" && own != *currency {
		c.add(field+".currency", "currency_mismatch", "all amounts here must be in one currency, "+*currency)
	}
}
