package ledger_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tollhouse/payments/ledger"
)

func TestCompute_Vectors(t *testing.T) {
	for _, c := range []struct {
		name     string
		lines    []ledger.Line
		discount int64
		want     ledger.Totals // without lines
	}{
		{"no tax", []ledger.Line{{Quantity: 15000, UnitAmount: 2000}}, 0, ledger.Totals{Subtotal: 3000, Total: 3000}},
		{"half a cent is rounded away from zero", []ledger.Line{{Quantity: 5000, UnitAmount: 1}}, 0, ledger.Totals{Subtotal: 1, Total: 1}},
		{"less than half is dropped", []ledger.Line{{Quantity: 4999, UnitAmount: 1}}, 0, ledger.Totals{}},
		{"tax, half up", []ledger.Line{{Quantity: 10000, UnitAmount: 200, TaxBPS: 825}}, 0, ledger.Totals{Subtotal: 200, Tax: 17, Total: 217}}, // 16.5
		{"tax is rounded once a rate, not a line", []ledger.Line{
			{Quantity: 10000, UnitAmount: 10, TaxBPS: 1500}, {Quantity: 10000, UnitAmount: 10, TaxBPS: 1500}, {Quantity: 10000, UnitAmount: 10, TaxBPS: 1500}},
			0, ledger.Totals{Subtotal: 30, Tax: 5, Total: 35}}, // 3 × 1.5 = 4.5 → 5; a line at a time it would be 6
		{"two rates", []ledger.Line{{Quantity: 10000, UnitAmount: 1000, TaxBPS: 1900}, {Quantity: 10000, UnitAmount: 1000, TaxBPS: 700}},
			0, ledger.Totals{Subtotal: 2000, Tax: 260, Total: 2260}},
		{"discount before tax, by line and by document", []ledger.Line{
			{Quantity: 10000, UnitAmount: 1000, Discount: 100, TaxBPS: 1000}, {Quantity: 10000, UnitAmount: 100}},
			100, ledger.Totals{Subtotal: 1100, Discount: 200, DocumentDiscount: 100, Tax: 81, Total: 981}}, // base 900 − 90
		{"the document's discount is cut to what there is", []ledger.Line{{Quantity: 10000, UnitAmount: 500, Discount: 200, TaxBPS: 825}},
			9999, ledger.Totals{Subtotal: 500, Discount: 500, DocumentDiscount: 300}},
		{"yen", []ledger.Line{{Quantity: 30000, UnitAmount: 333, TaxBPS: 1000}}, 0, ledger.Totals{Subtotal: 999, Tax: 100, Total: 1099}},
		{"dinar", []ledger.Line{{Quantity: 12345, UnitAmount: 1500, TaxBPS: 500}}, 0, ledger.Totals{Subtotal: 1852, Tax: 93, Total: 1945}}, // 1851.75, 92.6
		{"free of charge", []ledger.Line{{Quantity: 10000, UnitAmount: 0, TaxBPS: 825}}, 0, ledger.Totals{}},
		{"nothing", nil, 5, ledger.Totals{}},
		{"the largest", []ledger.Line{{Quantity: 10000, UnitAmount: math.MaxInt64}}, 0, ledger.Totals{Subtotal: math.MaxInt64, Total: math.MaxInt64}},
		{"the largest, given away", []ledger.Line{{Quantity: 10000, UnitAmount: math.MaxInt64, TaxBPS: 10000}}, math.MaxInt64,
			ledger.Totals{Subtotal: math.MaxInt64, Discount: math.MaxInt64, DocumentDiscount: math.MaxInt64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ledger.Compute(c.lines, c.discount)
			got.Lines = nil
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompute_RefusesWhatDoesNotFitOrMakesNoSense(t *testing.T) {
	one := ledger.Line{Quantity: 10000, UnitAmount: 100}
	for _, c := range []struct {
		name     string
		lines    []ledger.Line
		discount int64
		err      error
		line     int // -1: not of one line
	}{
		{"a line too large", []ledger.Line{one, {Quantity: 10001, UnitAmount: math.MaxInt64}}, 0, ledger.ErrOverflow, 1},
		{"a line that rounds beyond", []ledger.Line{{Quantity: math.MaxInt64, UnitAmount: math.MaxInt64}}, 0, ledger.ErrOverflow, 0},
		{"a sum too large", []ledger.Line{{Quantity: 10000, UnitAmount: math.MaxInt64}, one}, 0, ledger.ErrOverflow, 1},
		{"tax on top too large", []ledger.Line{{Quantity: 10000, UnitAmount: math.MaxInt64, TaxBPS: 1}}, 0, ledger.ErrOverflow, -1},
		{"no quantity", []ledger.Line{{UnitAmount: 1}}, 0, ledger.ErrQuantity, 0},
		{"negative quantity", []ledger.Line{one, {Quantity: -1, UnitAmount: 1}}, 0, ledger.ErrQuantity, 1},
		{"negative price", []ledger.Line{{Quantity: 1, UnitAmount: -1}}, 0, ledger.ErrAmount, 0},
		{"negative discount", []ledger.Line{{Quantity: 10000, UnitAmount: 1, Discount: -1}}, 0, ledger.ErrAmount, 0},
		{"discount above the line", []ledger.Line{{Quantity: 10000, UnitAmount: 1, Discount: 2}}, 0, ledger.ErrAmount, 0},
		{"negative tax", []ledger.Line{{Quantity: 10000, UnitAmount: 1, TaxBPS: -1}}, 0, ledger.ErrAmount, 0},
		{"tax above all", []ledger.Line{{Quantity: 10000, UnitAmount: 1, TaxBPS: 10001}}, 0, ledger.ErrAmount, 0},
		{"negative document discount", []ledger.Line{one}, -1, ledger.ErrAmount, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ledger.Compute(c.lines, c.discount)
			if !errors.Is(err, c.err) {
				t.Fatalf("%+v, %v, want %v", got, err, c.err)
			}
			var at *ledger.LineError
			if errors.As(err, &at) != (c.line >= 0) || at != nil && at.Line != c.line {
				t.Errorf("%v, want line %d", err, c.line)
			}
		})
	}
}

// anyLines draws an invoice, now and then one of enormous amounts.
func anyLines(t *rapid.T) (lines []ledger.Line, discount int64) {
	most := rapid.SampledFrom([]int64{10, 100_000, math.MaxInt64 / 64}).Draw(t, "most")
	for range rapid.IntRange(1, 12).Draw(t, "lines") {
		line := ledger.Line{Quantity: rapid.Int64Range(1, 40_000).Draw(t, "quantity"), UnitAmount: rapid.Int64Range(0, most).Draw(t, "unit"),
			TaxBPS: rapid.SampledFrom([]int32{0, 1, 700, 825, 1900, 10_000}).Draw(t, "rate")}
		line.Discount = rapid.Int64Range(0, 1+line.UnitAmount/3).Draw(t, "discount")
		lines = append(lines, line)
	}
	return lines, rapid.Int64Range(0, most).Draw(t, "document discount")
}

func TestCompute_AddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines, discount := anyLines(t)
		got, err := ledger.Compute(lines, discount)
		if err != nil {
			return // refused; what is refused is another test
		}
		amounts, lineDiscounts, tax := new(big.Int), new(big.Int), new(big.Int)
		for _, l := range got.Lines {
			if l.Amount < 0 || l.Tax < 0 || l.Tax > l.Amount {
				t.Fatalf("line %+v", l)
			}
			amounts.Add(amounts, big.NewInt(l.Amount))
			lineDiscounts.Add(lineDiscounts, big.NewInt(l.Discount))
			tax.Add(tax, big.NewInt(l.Tax))
		}
		want := new(big.Int).Sub(amounts, big.NewInt(got.DocumentDiscount))
		want.Add(want, tax)
		if want.Cmp(big.NewInt(got.Total)) != 0 || got.Total != got.Subtotal-got.Discount+got.Tax {
			t.Fatalf("the lines come to %v, the totals are %+v", want, got)
		}
		if tax.Cmp(big.NewInt(got.Tax)) != 0 || lineDiscounts.Add(lineDiscounts, big.NewInt(got.DocumentDiscount)).Cmp(big.NewInt(got.Discount)) != 0 {
			t.Fatalf("tax %v, discounts %v, the totals are %+v", tax, lineDiscounts, got)
		}
		if got.DocumentDiscount > discount || got.Total < 0 {
			t.Fatalf("totals %+v", got)
		}
	})
}

func TestTaxByRate_IsTheBaseTimesTheRateRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines, discount := anyLines(t)
		got, err := ledger.Compute(lines, discount)
		if err != nil {
			return
		}
		rates := ledger.TaxByRate(ledger.Invoice{Lines: got.Lines, DocumentDiscount: got.DocumentDiscount, Tax: got.Tax})
		var sum, before int64
		for _, r := range rates {
			// ⌊(2 × base × rate + 10000) ÷ 20000⌋ is half up.
			exact := new(big.Int).Mul(big.NewInt(r.Base), big.NewInt(int64(r.TaxBPS)*2))
			exact.Add(exact, big.NewInt(10_000)).Quo(exact, big.NewInt(20_000))
			if exact.Cmp(big.NewInt(r.Tax)) != 0 {
				t.Fatalf("%d at %d basis points is %d, want %v", r.Base, r.TaxBPS, r.Tax, exact)
			}
			if int64(r.TaxBPS) <= before {
				t.Fatalf("rates %+v are not in order", rates)
			}
			sum, before = sum+r.Tax, int64(r.TaxBPS)
		}
		if sum != got.Tax {
			t.Fatalf("the rates come to %d, the tax is %d", sum, got.Tax)
		}
	})
}

func TestCompute_SharesInProportion(t *testing.T) {
	got, err := ledger.Compute([]ledger.Line{{Quantity: 10000, UnitAmount: 100, TaxBPS: 10000}, {Quantity: 10000, UnitAmount: 100, TaxBPS: 10000},
		{Quantity: 10000, UnitAmount: 100, TaxBPS: 10000}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var taxes []int64
	for _, l := range got.Lines {
		taxes = append(taxes, l.Tax) // at 100 % the tax shows the base
	}
	if diff := cmp.Diff([]int64{66, 67, 67}, taxes); diff != "" {
		t.Error("the odd cent of discount goes to the first line: ", diff)
	}
}

func TestCompute_LeavesItsInputAlone(t *testing.T) {
	lines := []ledger.Line{{Quantity: 10000, UnitAmount: 100, TaxBPS: 825}}
	if _, err := ledger.Compute(lines, 0); err != nil || lines[0].Amount != 0 || lines[0].Tax != 0 {
		t.Errorf("%+v, %v", lines[0], err)
	}
}

func TestTaxByRate_IsOnTheDiscountedBase(t *testing.T) {
	got, err := ledger.Compute([]ledger.Line{{Quantity: 10000, UnitAmount: 1000, TaxBPS: 1900}, {Quantity: 10000, UnitAmount: 1000, TaxBPS: 700},
		{Quantity: 10000, UnitAmount: 500}}, 250)
	if err != nil {
		t.Fatal(err)
	}
	want := []ledger.RateTax{{TaxBPS: 700, Base: 900, Tax: 63}, {TaxBPS: 1900, Base: 900, Tax: 171}}
	if diff := cmp.Diff(want, ledger.TaxByRate(ledger.Invoice{Lines: got.Lines, DocumentDiscount: got.DocumentDiscount})); diff != "" {
		t.Error(diff)
	}
}
