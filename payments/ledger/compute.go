package ledger

import (
	"fmt"
	"math"
	"math/bits"
)

// Totals is what Compute makes of an invoice's lines. Total = Subtotal − Discount + Tax, always.
type Totals struct {
	Lines            []Line // as given, with Amount and Tax filled
	Subtotal         int64  // Σ quantity × unit amount
	DocumentDiscount int64  // what there was to discount, at most what was asked for
	Discount         int64  // Σ line discounts + DocumentDiscount
	Tax              int64  // Σ of the lines' tax
	Total            int64
}

// LineError says which line cannot be computed, and why.
type LineError struct {
	Line int // counted from 0
	Err  error
}

// Error names the line as people count it.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line+1, e.Err) }

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

// Compute does an invoice's arithmetic, exactly.
//
// A line's amount is quantity × unit amount, rounded half away from zero, less the line's discount. The document's discount is cut to
// what the lines leave, and shared among them in proportion to their amounts, so that tax is on what is really asked for.
//
// Tax is rounded once for each rate, half up, on the sum of that rate's lines, and then shared among those lines. Rounding each line by
// itself would drift by half a unit a line, and the reader, who checks the printed base times the printed rate, would find it wrong
// (EN 16931, rule BR-CO-17, asks for the same).
//
// All shares are by largest remainder: they add up to the whole, whatever the numbers. What does not fit into 64 bits is ErrOverflow; a
// value that has no meaning is a *LineError.
func Compute(lines []Line, documentDiscount int64) (Totals, error) {
	t := Totals{Lines: append([]Line(nil), lines...)}
	if documentDiscount < 0 {
		return Totals{}, fmt.Errorf("discount %d: %w", documentDiscount, ErrAmount)
	}
	net, err := t.computeLines()
	if err != nil {
		return Totals{}, err
	}
	t.DocumentDiscount = min(documentDiscount, net)
	t.Discount += t.DocumentDiscount // at most Subtotal: it cannot overflow
	for _, rate := range shareTax(t.Lines, t.DocumentDiscount) {
		t.Tax += rate.Tax // a rate's tax is at most its base, and the bases add up to net: it cannot overflow
	}
	t.Total, err = add(net-t.DocumentDiscount, t.Tax)
	return t, err
}

// computeLines fills the lines' amounts and the sums over them, and returns what the lines come to after their own discounts.
func (t *Totals) computeLines() (net int64, err error) {
	for i := range t.Lines {
		line := &t.Lines[i]
		gross, err := line.gross()
		if err != nil {
			return 0, &LineError{i, err}
		}
		line.Amount = gross - line.Discount
		if t.Subtotal, err = add(t.Subtotal, gross); err != nil {
			return 0, &LineError{i, err}
		}
		t.Discount += line.Discount // no discount exceeds its line: bounded by Subtotal
	}
	return t.Subtotal - t.Discount, nil
}

// gross returns quantity × unit amount rounded half away from zero; both are positive here.
func (l *Line) gross() (int64, error) {
	switch {
	case l.Quantity <= 0:
		return 0, ErrQuantity
	case l.UnitAmount < 0:
		return 0, fmt.Errorf("unit amount %d: %w", l.UnitAmount, ErrAmount)
	case l.TaxBPS < 0 || l.TaxBPS > 10_000:
		return 0, fmt.Errorf("tax of %d basis points: %w", l.TaxBPS, ErrAmount)
	}
	gross, err := mulDivRound(l.Quantity, l.UnitAmount, OneUnit)
	if err != nil {
		return 0, err
	}
	if l.Discount < 0 || l.Discount > gross {
		return 0, fmt.Errorf("discount %d on %d: %w", l.Discount, gross, ErrAmount)
	}
	return gross, nil
}

// mulDivRound returns a × b / d rounded half up, for a, b ≥ 0 and d > 0, with a product of 128 bits between.
func mulDivRound(a, b, d int64) (int64, error) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(d) {
		return 0, ErrOverflow
	}
	quotient, remainder := bits.Div64(hi, lo, uint64(d))
	if remainder >= uint64(d)-remainder {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return int64(quotient), nil
}
