package ledger_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"tollhouse/payments/ledger"
)

func usd(n int64) ledger.Money { return ledger.Money{Amount: n, Currency: "USD"} }

func TestAdd_RefusesOverflowAndMixedCurrencies(t *testing.T) {
	for _, c := range []struct {
		a, b ledger.Money
		want ledger.Money
		err  error
	}{
		{usd(120450), usd(-99), usd(120351), nil},
		{usd(math.MaxInt64 - 1), usd(1), usd(math.MaxInt64), nil},
		{usd(math.MaxInt64), usd(1), ledger.Money{}, ledger.ErrOverflow},
		{usd(math.MinInt64), usd(-1), ledger.Money{}, ledger.ErrOverflow},
		{usd(math.MinInt64), usd(math.MaxInt64), usd(-1), nil},
		{usd(1), ledger.Money{Amount: 1, Currency: "EUR"}, ledger.Money{}, ledger.ErrCurrencyMismatch},
	} {
		if got, err := c.a.Add(c.b); !errors.Is(err, c.err) || err == nil && got != c.want {
			t.Errorf("%v + %v = %v, %v, want %v, %v", c.a, c.b, got, err, c.want, c.err)
		}
	}
}

func TestSub_IsTheInverseOfAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := usd(rapid.Int64().Draw(t, "a")), usd(rapid.Int64().Draw(t, "b"))
		sum, err := a.Add(b)
		if err != nil || b.Amount == math.MinInt64 {
			return
		}
		if back, err := sum.Sub(b); err != nil || back != a {
			t.Fatalf("%v + %v − %v = %v, %v", a, b, b, back, err)
		}
	})
	if _, err := usd(0).Sub(usd(math.MinInt64)); !errors.Is(err, ledger.ErrOverflow) {
		t.Errorf("0 − min: %v", err)
	}
}

func TestDecimal_KnowsTheCurrencysDecimals(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency ledger.Currency
		want     string
	}{
		{120450, "USD", "1204.50"}, {5, "USD", "0.05"}, {-5, "USD", "-0.05"}, {0, "USD", "0.00"},
		{1200, "JPY", "1200"}, {-1, "JPY", "-1"}, {0, "JPY", "0"},
		{1204500, "KWD", "1204.500"}, {1, "KWD", "0.001"},
		{math.MinInt64, "USD", "-92233720368547758.08"}, {math.MaxInt64, "KWD", "9223372036854775.807"}, {math.MinInt64, "JPY", "-9223372036854775808"},
	} {
		m := ledger.Money{Amount: c.amount, Currency: c.currency}
		if got := m.Decimal(); got != c.want {
			t.Errorf("%d %s is written %q, want %q", c.amount, c.currency, got, c.want)
		}
		if back, err := ledger.ParseMoney(c.want, c.currency); err != nil || back != m {
			t.Errorf("%q %s is read as %v, %v", c.want, c.currency, back, err)
		}
	}
}

func TestParseMoney_ReadsWhatDecimalWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := ledger.Money{Amount: rapid.Int64().Draw(t, "amount"), Currency: rapid.SampledFrom([]ledger.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")}
		if back, err := ledger.ParseMoney(m.Decimal(), m.Currency); err != nil || back != m {
			t.Fatalf("%v is read as %v, %v", m, back, err)
		}
	})
}

func TestParseMoney_RefusesWhatIsNotExact(t *testing.T) {
	for _, s := range []string{"", "-", ".", "1.", ".5", "1.005", "1,00", "+1", " 1", "1 ", "1e3", "0x10", "١", "1_000", "--1", "1.-5", "NaN"} {
		if got, err := ledger.ParseMoney(s, "USD"); !errors.Is(err, ledger.ErrAmount) {
			t.Errorf("%q is read as %v, %v, want %v", s, got, err, ledger.ErrAmount)
		}
	}
	for _, s := range []string{"92233720368547758.08", "-92233720368547758.09", "99999999999999999999999"} {
		if got, err := ledger.ParseMoney(s, "USD"); !errors.Is(err, ledger.ErrOverflow) {
			t.Errorf("%q is read as %v, %v, want %v", s, got, err, ledger.ErrOverflow)
		}
	}
	if got, err := ledger.ParseMoney("12.5", "USD"); err != nil || got != usd(1250) {
		t.Errorf("12.5 is read as %v, %v", got, err)
	}
	if got, err := ledger.ParseMoney("12.0", "JPY"); !errors.Is(err, ledger.ErrAmount) {
		t.Errorf("12.0 yen is read as %v, %v", got, err)
	}
}

func TestParseCurrency_KnowsWhatIsInUse(t *testing.T) {
	for code, exponent := range map[string]int{"USD": 2, "EUR": 2, "AED": 2, "ZWG": 2, "JPY": 0, "BIF": 0, "XPF": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3} {
		if c, err := ledger.ParseCurrency(code); err != nil || c.Exponent() != exponent {
			t.Errorf("%s: exponent %d, error %v, want %d", code, c.Exponent(), err, exponent)
		}
	}
	for _, code := range []string{"", "usd", "US", "USDX", "XXX", "XTS", "D A", "ED ", "DEM", "US\x00"} {
		if c, err := ledger.ParseCurrency(code); !errors.Is(err, ledger.ErrCurrency) {
			t.Errorf("%q is read as %v, %v", code, c, err)
		}
	}
}

func TestQuantity_HasFourDecimals(t *testing.T) {
	for s, want := range map[string]int64{"1": 10000, "1.5": 15000, "0.0001": 1, "2.50": 25000, "922337203685477.5807": math.MaxInt64} {
		if got, err := ledger.ParseQuantity(s); err != nil || got != want {
			t.Errorf("%q is read as %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"0", "0.0000", "-1", "1.00001", "", "1e2", "½"} {
		if got, err := ledger.ParseQuantity(s); !errors.Is(err, ledger.ErrQuantity) {
			t.Errorf("%q is read as %d, %v, want %v", s, got, err, ledger.ErrQuantity)
		}
	}
	if _, err := ledger.ParseQuantity("922337203685477.5808"); !errors.Is(err, ledger.ErrOverflow) {
		t.Errorf("too much: %v", err)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.Int64Range(1, math.MaxInt64).Draw(t, "quantity")
		if back, err := ledger.ParseQuantity(ledger.FormatQuantity(q)); err != nil || back != q {
			t.Fatalf("%d is written %q, read as %d, %v", q, ledger.FormatQuantity(q), back, err)
		}
	})
	if got := ledger.FormatQuantity(20000); got != "2" {
		t.Errorf("20000 is written %q", got)
	}
}
