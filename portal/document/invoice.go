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
	p.name = fill(p.words.Invoice, "number", value(number))
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

func (i invoice) of(minor int64) ledger.Money {
	return ledger.Money{Amount: minor, Currency: i.inv.Currency}
}

// sum writes an amount of the invoice's currency.
func (i invoice) sum(minor int64) string { return i.money(i.of(minor)) }

// top is what is found in three seconds: number, dates, and what is owed, in a panel where the eye ends.
func (i invoice) top() {
	const panelWidth, panelHeight = 196 * pt, 76 * pt
	top := i.y
	i.panel(i.width-panelWidth, panelWidth, panelHeight)
	i.y = top
	room := i.width - panelWidth - gap
	i.put(i.shrunk(i.name, typeset.Bold, i.own(), room, title, 16*pt, large, body), 0, room, start, i.colors.Text)
	i.y += lead(title) + 2*pt
	for _, line := range i.few(i.inv.Title, 2, typeset.Regular, body, room) {
		i.put(set{line, body}, 0, room, start, i.colors.TextQuiet)
		i.y += lead(body)
	}
	i.status(room)
	i.y = max(i.y, top+panelHeight) + 18*pt
	i.parties()
}

// panel says what is to be paid, and until when.
func (i invoice) panel(from, width, height length) {
	const pad = 12 * pt
	label, amount, note := i.figure()
	i.sheet.Panel(i.x(from, width), i.y, width, height, 8*pt, i.colors.Surface2)
	inner, inside := width-2*pad, from+pad
	i.y += pad - 2*pt
	i.put(i.fit(label, typeset.Regular, small, inner), inside, inner, start, i.colors.TextQuiet)
	i.y += lead(small) + 2*pt
	i.put(i.amount(i.sum(amount), typeset.Bold, huge, inner), inside, inner, start, i.colors.Text)
	i.y += lead(huge) - 4*pt
	i.put(i.fit(note, typeset.Regular, small, inner), inside, inner, start, i.colors.TextQuiet)
}

// figure is the amount that the invoice is about, by how it stands.
func (i invoice) figure() (label string, amount int64, note string) {
	due := fill(i.words.DueOn, "date", i.date(i.inv.DueDate))
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

// status is a word on a quiet tint, and the day that it is true of.
func (i invoice) status(room length) {
	word, tint := i.standing()
	if !i.AsOf.IsZero() {
		word += " " + fill(i.words.AsOf, "date", i.date(i.AsOf))
	}
	const pad, height = 7 * pt, 16 * pt
	line := i.fit(word, typeset.Bold, small, room-2*pad)
	width := line.Width.At(small) + 2*pad
	i.y += 2 * pt
	i.sheet.Panel(i.x(0, width), i.y, width, height, height/2, tint.Tint)
	i.y += 3 * pt
	i.put(line, pad, width-2*pad, start, tint.Text)
	i.y += height
}

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

// parties is who owes whom, and the dates, side by side.
func (i invoice) parties() {
	column := (i.width - 2*gap) / 3
	top := i.y
	lowest := i.party(i.words.BilledTo, i.BillTo, 0, column)
	i.y = top
	lowest = max(lowest, i.party(i.words.From, i.Seller, column+gap, column))
	i.y = top
	for _, fact := range [][2]string{{i.words.Issued, i.date(i.inv.IssueDate)}, {i.words.DueDate, i.date(i.inv.DueDate)}, {i.words.Order, i.inv.PONumber}} {
		i.fact(fact[0], fact[1], 2*(column+gap), column)
	}
	i.y = max(lowest, i.y) + 14*pt
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
