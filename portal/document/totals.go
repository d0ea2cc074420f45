package document

import (
	"cmp"
	"slices"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document/typeset"
	"tollhouse/portal/format"
)

// totals is how the lines come to what is due. It reports whether the tenant's note stands beside it already.
func (i invoice) totals() (noted bool) {
	rows := i.charges()
	rows = append(rows, total{i.words.Total, i.inv.Total, true, true})
	paid := i.paid()
	rows = append(rows, paid...)
	if len(paid) > 0 && i.inv.Status != ledger.Void {
		rows = append(rows, total{i.words.AmountDue, i.inv.Due().Amount, true, true})
	}
	return i.sums(rows, i.inv.Notes)
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
