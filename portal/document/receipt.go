package document

import (
	"errors"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document/typeset"
	"tollhouse/portal/format"
)

// ReceiptDoc is all that a receipt says: one for each payment, whatever number of invoices it went to.
type ReceiptDoc struct {
	Brand    Brand
	Language string // as in InvoiceDoc
	Number   string // of the tenant's series of receipts
	Payment  ledger.Payment
	// ReceivedAt is when the money came, in the tenant's zone. The zero value leaves the time of day out: the day is Payment.ReceivedOn.
	ReceivedAt time.Time
	Seller     Party
	Payer      Party
	// Parts are the invoices that it went to. What they do not take of the payment is the client's credit.
	Parts   []ReceiptPart
	Refunds []Refund
}

// ReceiptPart is what one invoice got of a payment.
type ReceiptPart struct {
	Invoice   string // its number
	Amount    int64
	Remaining int64 // what is still owed on it
}

// Refund is money that went back, as a positive amount.
type Refund struct {
	On     ledger.Date
	Amount int64
}

var (
	// ErrNoReceipt says that the payment did not come in, so there is nothing to give a receipt for.
	ErrNoReceipt = errors.New("the payment did not come in: there is no receipt for it")
	// ErrParts says that the parts of a payment come to more than the payment.
	ErrParts = errors.New("the parts come to more than the payment")
)

// Receipt makes a receipt. One for a payment that is still processing says that it is not final. It refuses with ErrNoReceipt and ErrParts.
func (m *Maker) Receipt(d ReceiptDoc) (Result, error) {
	if d.Payment.Status != "succeeded" && d.Payment.Status != "processing" {
		return Result{}, ErrNoReceipt
	}
	credit := d.Payment.Amount
	for _, part := range d.Parts {
		if part.Amount < 0 || part.Amount > credit {
			return Result{}, ErrParts
		}
		credit -= part.Amount
	}
	number := typeset.OneLine(d.Number)
	p := m.start(d.Brand, d.Language, country(d.Payer, d.Seller), d.Payment.ReceivedOn, func(w *phrases) string {
		return fill(w.ReceiptTitle, "number", number, "tenant", typeset.OneLine(d.Brand.Name))
	})
	defer p.setter.Done()
	p.name, p.currency = fill(p.words.Receipt, "number", value(number)), d.Payment.Currency
	r := receipt{p, d}
	p.addPage()
	p.letterhead()
	r.top()
	r.table()
	r.totals(credit)
	return m.finish(p)
}

// receipt is a receipt that is being set.
type receipt struct {
	*paper
	ReceiptDoc
}

func (r receipt) top() {
	o := opening{label: r.words.AmountReceived, amount: r.Payment.Amount, word: r.words.Paid, tint: r.colors.Paid, note: r.date(r.Payment.ReceivedOn)}
	if r.Payment.Status == "processing" {
		o.label, o.word, o.tint = r.words.AmountOnWay, r.words.Processing, r.colors.Processing
	}
	r.open(o)
	if r.Payment.Status == "processing" {
		r.flow(r.words.NotFinal, 0, r.width, body, r.colors.Processing.Text)
		r.y += 10 * pt
	}
	when := r.date(r.Payment.ReceivedOn)
	if !r.ReceivedAt.IsZero() {
		when = r.date(ledger.DateIn(r.ReceivedAt, r.ReceivedAt.Location())) + " " + figure(format.Clock(r.ReceivedAt, r.figures))
	}
	r.sides(
		labelled{r.words.ReceivedFrom, r.Payer}, labelled{r.words.From, r.Seller},
		[][2]string{{r.words.ReceivedOn, when}, {r.words.Method, r.Payment.Method}, {r.words.Reference, r.Payment.Reference}},
	)
}

// table is which invoices it went to, on as many pages as they take.
func (r receipt) table() {
	if len(r.Parts) == 0 {
		return
	}
	rows := make([][]string, len(r.Parts))
	for n, part := range r.Parts {
		rows[n] = []string{"", r.sum(part.Amount), r.sum(part.Remaining)}
	}
	g := r.newGrid([]string{r.words.AppliedTo, r.words.Applied, r.words.Remaining}, rows)
	r.need(4 * lead(g.size))
	g.head()
	for n, part := range r.Parts {
		if r.y+lead(g.size)+10*pt > r.bottom {
			r.addPage()
			g.head()
		}
		g.put(g.shrunk(typeset.OneLine(part.Invoice), typeset.Regular, typeset.Auto, g.columns[0].width, g.size, small, tiny), 0, g.columns[0].width, start, r.colors.Text)
		for c := 1; c < 3; c++ {
			g.cell(c, rows[n][c], typeset.Regular, r.colors.Text)
		}
		r.y += lead(g.size) + 4*pt
		r.rule(0, r.width, hair, r.colors.Line)
		r.y += 5 * pt
	}
	r.y += 4 * pt
}

func (r receipt) totals(credit int64) {
	var rows []total
	if credit > 0 && len(r.Parts) > 0 {
		rows = append(rows, total{label: r.words.Credit, amount: credit})
	}
	rows = append(rows, total{label: r.words.Total, amount: r.Payment.Amount, strong: true, ruled: true})
	for _, refund := range r.Refunds {
		rows = append(rows, total{label: fill(r.words.RefundedOn, "date", r.date(refund.On)), amount: -refund.Amount})
	}
	r.sums(rows, "")
}
