package document

import (
	"tollhouse/payments/ledger"
	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// invoice is an invoice that is being set.
type invoice struct {
	*paper
	InvoiceDoc
	inv    ledger.Invoice
	number string
}

// Invoice makes an invoice. The same data makes the same bytes. Nothing of it is ever cut but names and labels of absurd length, which end in an
// ellipsis: prose flows over pages, figures are set smaller. Payments that do not add up to what the invoice says was paid are not listed one by
// one, but as their sum.
func (m *Maker) Invoice(d InvoiceDoc) (Result, error) {
	number := typeset.OneLine(d.Invoice.Number)
	p := m.start(d.Brand, d.Language, country(d.BillTo, d.Seller), d.Invoice.IssueDate, func(w *phrases) string {
		return fill(w.Title, "number", number, "tenant", typeset.OneLine(d.Brand.Name))
	})
	defer p.setter.Done()
	p.name, p.currency = fill(p.words.Invoice, "number", value(number)), d.Invoice.Currency
	if d.Status == "" {
		d.Status = ledger.StateOpen
	}
	i := invoice{paper: p, InvoiceDoc: d, inv: d.Invoice, number: number}
	p.addPage()
	p.letterhead()
	i.top()
	i.table()
	noted := i.totals()
	i.howToPay()
	if !noted {
		i.notes()
	}
	return m.finish(p)
}

// country decides the paper: that of who will print it.
func country(billTo, seller Party) string {
	if billTo.Country != "" {
		return billTo.Country
	}
	return seller.Country
}

// top is what is found in three seconds: number, dates, and what is owed, in a panel where the eye ends.
func (i invoice) top() {
	o := opening{subtitle: i.inv.Title}
	o.label, o.amount, o.note = i.figure()
	o.word, o.tint = i.standing()
	if !i.AsOf.IsZero() {
		o.word += " " + fill(i.words.AsOf, "date", i.date(i.AsOf))
	}
	i.open(o)
	i.sides(
		labelled{i.words.BilledTo, i.BillTo}, labelled{i.words.From, i.Seller},
		[][2]string{{i.words.Issued, i.date(i.inv.IssueDate)}, {i.words.DueDate, i.date(i.inv.DueDate)}, {i.words.Order, i.inv.PONumber}},
	)
}

// figure is the amount that the invoice is about, by how it stands.
func (i invoice) figure() (label string, amount int64, note string) {
	due := ""
	if !i.inv.DueDate.IsZero() {
		due = fill(i.words.DueOn, "date", i.date(i.inv.DueDate))
	}
	switch i.Status {
	case ledger.StateDraft:
		return i.words.AmountDue, i.inv.Total, due
	case ledger.StateProcessing:
		return i.words.BeingPaid, i.inv.Balance().Amount, i.words.NothingToPay
	case ledger.StatePaid:
		return i.words.PaidInFull, i.inv.Total, i.words.NothingToPay
	case ledger.StateVoid:
		return i.words.Voided, 0, i.words.NothingToPay
	case ledger.StateUncollectible:
		return i.words.WrittenOff, 0, i.words.NothingToPay
	}
	return i.words.AmountDue, i.inv.Due().Amount, due
}

// standing is how the invoice stands, as a word on a quiet tint.
func (i invoice) standing() (string, tenant.Tint) {
	switch i.Status {
	case ledger.StateDraft:
		return i.words.Draft, i.colors.Void
	case ledger.StateProcessing:
		return i.words.Processing, i.colors.Processing
	case ledger.StatePartiallyPaid:
		return i.words.PartPaid, i.colors.Due
	case ledger.StatePaid:
		return i.words.Paid, i.colors.Paid
	case ledger.StateOverdue:
		return i.words.Overdue, i.colors.Overdue
	case ledger.StateVoid:
		return i.words.Void, i.colors.Void
	case ledger.StateUncollectible:
		return i.words.Closed, i.colors.Void
	}
	return i.words.Due, i.colors.Due
}

// notes is what the tenant wrote under the invoice.
func (i invoice) notes() {
	if typeset.OneLine(i.inv.Notes) == "" {
		return
	}
	i.need(3 * lead(body))
	i.heading(i.words.Notes, 0, i.width)
	i.flow(i.inv.Notes, 0, i.width, body, i.colors.Text)
}
