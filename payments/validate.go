package payments

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"tollhouse/payments/ledger"
)

// maxLines bounds an invoice: what a person can still read, and a transaction can hold.
const maxLines = 500

var numberForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,19}$`)

// lines says whether a text may have several.
type lines bool

const (
	oneLine      lines = false
	severalLines lines = true
)

// text notes what is wrong with a text: too short, too long in characters, or with characters that are not text.
func (f *faults) text(field, value string, least, most int, l lines) {
	length := utf8.RuneCountInString(strings.TrimSpace(value))
	switch {
	case length < least:
		f.add(field, "required", "Give some text.")
	case utf8.RuneCountInString(value) > most:
		f.add(field, "too_long", fmt.Sprintf("Use at most %d characters.", most))
	case !utf8.ValidString(value) || strings.ContainsFunc(value, l.forbids):
		f.add(field, "invalid", "Leave out control characters.")
	}
}

func (l lines) forbids(r rune) bool {
	return unicode.IsControl(r) && !(l == severalLines && (r == '\n' || r == '\r' || r == '\t'))
}

// check returns everything that is wrong before anything is looked up. The dates are filled.
func (in *NewInvoice) check() error {
	var wrong faults
	if in.CompanyID == "" {
		wrong.add("company_id", "required", "Say which company the invoice is for.")
	}
	if in.Number != "" && !numberForm.MatchString(in.Number) {
		wrong.add("number", "invalid", "Use 1 to 20 letters, digits, spaces and . _ / # -, beginning with a letter or digit.")
	}
	if _, err := ledger.ParseCurrency(string(in.Currency)); in.Currency != "" && err != nil {
		wrong.add("currency", "invalid", "Use an ISO 4217 code in capitals, like USD.")
	}
	if in.IssueDate.Year < 1900 || in.IssueDate.Year > 9999 {
		wrong.add("issue_date", "out_of_range", "Use a day from 1900 to 9999.")
	}
	if in.DueDate.Before(in.IssueDate) || in.DueDate.Year > 9999 {
		wrong.add("due_date", "out_of_range", "The due date cannot be before the issue date, or after the year 9999.")
	}
	wrong.text("title", in.Title, 0, 200, oneLine)
	wrong.text("po_number", in.PONumber, 0, 60, oneLine)
	wrong.text("notes", in.Notes, 0, 4000, severalLines)
	if in.DocumentDiscount < 0 {
		wrong.add("discount", "out_of_range", "A discount cannot be negative.")
	}
	if len(in.Lines) == 0 || len(in.Lines) > maxLines {
		wrong.add("lines", "out_of_range", fmt.Sprintf("Give 1 to %d lines.", maxLines))
	} else {
		wrong.lines(in.Lines)
	}
	return wrong.err()
}

func (f *faults) lines(all []NewLine) {
	for i, line := range all {
		at := fmt.Sprintf("lines[%d].", i)
		f.text(at+"description", line.Description, 1, 2000, severalLines)
		if line.Quantity < 0 {
			f.add(at+"quantity", "out_of_range", "The quantity must be above zero.")
		}
		if line.UnitAmount < 0 {
			f.add(at+"unit_amount", "out_of_range", "The unit amount cannot be negative. Use a discount to reduce the invoice.")
		}
		if line.Discount < 0 {
			f.add(at+"discount", "out_of_range", "A discount cannot be negative.")
		}
		if line.TaxBPS < 0 || line.TaxBPS > 10_000 {
			f.add(at+"tax_bps", "out_of_range", "Tax is given in basis points, 0 to 10000: 825 is 8.25 %.")
		}
	}
}

// invoice computes the draft of a checked input.
func (in *NewInvoice) invoice(c Company) (ledger.Invoice, error) {
	totals, err := ledger.Compute(in.ledgerLines(c), in.DocumentDiscount)
	if err != nil {
		return ledger.Invoice{}, uncomputable(err)
	}
	inv := ledger.Invoice{CompanyID: c.ID, ContactID: in.ContactID, Number: in.Number, Status: ledger.Draft, Currency: in.Currency,
		IssueDate: in.IssueDate, DueDate: in.DueDate, Title: in.Title, PONumber: in.PONumber, Notes: in.Notes, Lines: totals.Lines,
		Subtotal: totals.Subtotal, Discount: totals.Discount, DocumentDiscount: totals.DocumentDiscount, Tax: totals.Tax, Total: totals.Total,
		Version: 1}
	if inv.Currency == "" {
		inv.Currency = c.Currency
	}
	return inv, nil
}

func (in *NewInvoice) ledgerLines(c Company) []ledger.Line {
	made := make([]ledger.Line, len(in.Lines))
	for i, line := range in.Lines {
		made[i] = ledger.Line{Description: line.Description, Quantity: line.Quantity, UnitAmount: line.UnitAmount, Discount: line.Discount, TaxBPS: line.TaxBPS}
		if line.Quantity == 0 {
			made[i].Quantity = ledger.OneUnit
		}
		if c.TaxExempt {
			made[i].TaxBPS = 0
		}
	}
	return made
}

// uncomputable turns what the arithmetic refuses into a field's fault. Signs were checked: what is left is size and too large a discount.
func uncomputable(err error) error {
	var line *ledger.LineError
	switch {
	case !errors.As(err, &line):
		return &ValidationError{[]FieldError{{"lines", "too_large", "The total is too large."}}}
	case errors.Is(err, ledger.ErrOverflow):
		return &ValidationError{[]FieldError{{fmt.Sprintf("lines[%d]", line.Line), "too_large", "The amount is too large."}}}
	}
	return &ValidationError{[]FieldError{{fmt.Sprintf("lines[%d].discount", line.Line), "out_of_range", "The discount is larger than the line."}}}
}
