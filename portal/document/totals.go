package document

import (
	"cmp"
	"slices"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document/typeset"
	"tollhouse/portal/format"
)

// total is one row under the lines.
type total struct {
	label  string
	amount int64
	strong bool
	ruled  bool // with a line above
}

// totals is how the lines come to what is due. It reports whether the tenant's note stands beside it already.
func (i invoice) totals() (noted bool) {
	rows := i.charges()
	rows = append(rows, total{i.words.Total, i.inv.Total, true, true})
	paid := i.paid()
	rows = append(rows, paid...)
	if len(paid) > 0 && i.inv.Status != ledger.Void {
		rows = append(rows, total{i.words.AmountDue, i.inv.Due().Amount, true, true})
	}
	return i.sums(rows)
}

// charges is what the total is made of, unless it is one line's amount.
func (i invoice) charges() []total {
	if i.inv.Discount == 0 && i.inv.Tax == 0 && len(i.inv.Lines) < 2 {
		return nil
	}
	rows := []total{{label: i.words.Subtotal, amount: i.inv.Subtotal}}
	if i.inv.Discount != 0 {
		rows = append(rows, total{label: i.words.Discount, amount: -i.inv.Discount})
	}
	rates, sum := ledger.TaxByRate(i.inv), int64(0)
	for _, r := range rates {
		sum += r.Tax
	}
	if sum != i.inv.Tax { // lines that are not all there
		return append(rows, total{label: i.words.Tax, amount: i.inv.Tax})
	}
	for _, r := range rates {
		label := fill(i.words.TaxOn, "rate", figure(format.Percent(int64(r.TaxBPS), i.figures)), "base", figure(i.sum(r.Base)))
		rows = append(rows, total{label: label, amount: r.Tax})
	}
	return rows
}

// paid is what was paid and what is on its way: each payment, or their sums when the payments that are known do not come to them.
func (i invoice) paid() []total {
	var rows []total
	var settled, onWay int64
	payments := slices.Clone(i.Payments)
	slices.SortStableFunc(payments, func(a, b ledger.Payment) int {
		return cmp.Or(a.ReceivedOn.Compare(b.ReceivedOn), cmp.Compare(a.ID, b.ID))
	})
	for _, payment := range payments {
		date := i.date(payment.ReceivedOn)
		label := fill(i.words.PaidOn, "date", date)
		switch payment.Status {
		case "succeeded":
			settled += payment.Applied
			if method := typeset.OneLine(payment.Method); method != "" {
				label = fill(i.words.PaidWith, "date", date, "method", value(method))
			}
		case "processing":
			onWay += payment.Applied
			label = fill(i.words.OnWaySince, "date", date)
		default:
			continue
		}
		rows = append(rows, total{label: label, amount: -payment.Applied})
	}
	if settled == i.inv.Settled && onWay == i.inv.InFlight {
		return rows
	}
	rows = nil
	if i.inv.Settled != 0 {
		rows = append(rows, total{label: i.words.Paid, amount: -i.inv.Settled})
	}
	if i.inv.InFlight != 0 {
		rows = append(rows, total{label: i.words.Processing, amount: -i.inv.InFlight})
	}
	return rows
}

// sums sets rows of labels and amounts in the half where the amounts of the lines end. They stay together when a page has room for them.
func (i invoice) sums(rows []total) (noted bool) {
	wide := i.width * 58 / 100
	from, height, figures := i.width-wide, length(0), 40*pt
	amounts := make([]set, len(rows))
	for n, row := range rows {
		height += row.height()
		weight, size := row.face()
		amounts[n] = i.amount(i.sum(row.amount), weight, size, wide*45/100)
		figures = max(figures, amounts[n].Width.At(amounts[n].size))
	}
	i.need(min(height, i.bottom/2))
	noted = i.noteBeside(from-2*gutter, height)
	for n, row := range rows {
		i.need(row.height())
		if row.ruled {
			i.rule(from, wide, hair, i.colors.LineStrong)
			i.y += 5 * pt
		}
		weight, size := row.face()
		room := wide - figures - gutter
		i.put(i.shrunk(row.label, weight, i.own(), room, size, small, tiny), from, room, start, i.colors.Text)
		i.figureAt(amounts[n], from+wide-figures, figures, i.colors.Text)
		i.y += lead(size) + 2*pt
	}
	i.y += 16 * pt
	return noted
}

// noteBeside sets the tenant's note to the left of the sums, where the page is empty, when it is short enough. It reports whether it did.
func (i invoice) noteBeside(width, height length) bool {
	lines := i.prose(i.inv.Notes, typeset.Regular, small, width)
	if len(lines) == 0 || lead(small)*length(len(lines)+1)+2*pt > height {
		return false
	}
	top := i.y
	i.heading(i.words.Notes, 0, width)
	i.flow(i.inv.Notes, 0, width, small, i.colors.Text)
	i.y = top
	return true
}

// face is how a row is set.
func (t total) face() (typeset.Weight, length) {
	if t.strong {
		return typeset.Bold, 11 * pt
	}
	return typeset.Regular, body
}

func (t total) height() length {
	if t.ruled {
		return lead(11*pt) + 7*pt
	}
	return lead(body) + 2*pt
}
