package format_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
)

// readable shows the spaces and marks that look like nothing.
var readable = strings.NewReplacer("\u00a0", "_", "\u202f", "~", "\u200e", "<L>", "\u2212", "-")

func TestMoney_WritesAsTheReaderDoes(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency ledger.Currency
		locale   string
		want     string
	}{
		{120450, "USD", "en-US", "$1,204.50"},
		{120450, "USD", "", "$1,204.50"},
		{-5, "USD", "en-US", "-$0.05"},
		{120450, "USD", "en-GB", "US$1,204.50"},
		{120450, "CAD", "en-CA", "$1,204.50"},
		{120450, "USD", "en-CA", "US$1,204.50"},
		{120450, "CAD", "en-US", "CA$1,204.50"},
		{8000, "CHF", "en-US", "CHF_80.00"},
		{-8000, "CHF", "en-US", "-CHF_80.00"},
		{120450, "EUR", "en-GB", "€1,204.50"},
		{120450, "EUR", "de", "1.204,50_€"},
		{120450, "EUR", "de-CH", "1’204.50_€"},
		{120450, "USD", "de-DE", "1.204,50_US$"},
		{120450, "EUR", "fr-FR", "1~204,50_€"},
		{120450, "EUR", "es", "1204,50_€"},
		{1204500, "EUR", "es", "12.045,00_€"},
		{-120450, "EUR", "nl-NL", "€_-1.204,50"},
		{120450, "ILS", "he-IL", "1,204.50_₪"},
		{-120450, "ILS", "iw", "<L>-1,204.50_₪"},
		{120450, "AED", "ar-AE", "1,204.50_AED"},
		{1200, "JPY", "ja-JP", "¥1,200"},
		{1200, "JPY", "en-US", "¥1,200"},
		{1204500, "KWD", "en-US", "KWD_1,204.500"},
		{0, "USD", "en-US", "$0.00"},
		{120450, "USD", "tlh-XX", "US$1,204.50"},
		{math.MinInt64, "USD", "en-US", "-$92,233,720,368,547,758.08"},
	} {
		got := readable.Replace(format.Money(ledger.Money{Amount: c.amount, Currency: c.currency}, c.locale))
		if got != c.want {
			t.Errorf("Money(%d %s, %q) = %q, want %q", c.amount, c.currency, c.locale, got, c.want)
		}
	}
}

func TestMoney_KeepsEveryDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "amount")
		l := rapid.SampledFrom([]string{"en-US", "en-GB", "de", "fr", "es", "nl", "he", "ar", "ja", "xx"}).Draw(t, "locale")
		p := format.MoneyParts(ledger.Money{Amount: n, Currency: "EUR"}, l)
		var back uint64
		for _, d := range p.Digits {
			if d >= '0' && d <= '9' {
				back = back*10 + uint64(d-'0')
			}
		}
		abs := uint64(n)
		if n < 0 {
			abs = -abs
		}
		if back != abs {
			t.Fatalf("%q holds %d, want %d", p.Digits, back, abs)
		}
		if (n < 0) != strings.Contains(p.Before, "\u2212") {
			t.Fatalf("%q has the wrong sign for %d", p, n)
		}
	})
}

func TestDecimal_DropsTrailingZeros(t *testing.T) {
	for _, c := range []struct {
		n      int64
		places int
		locale string
		want   string
	}{
		{15000, 4, "en-US", "1.5"},
		{15000, 4, "de", "1,5"},
		{20000, 4, "en-US", "2"},
		{12345678, 4, "fr", "1~234,5678"},
		{825, 2, "en-US", "8.25"},
		{5, 4, "en-US", "0.0005"},
		{0, 4, "en-US", "0"},
		{-5, 1, "en-US", "-0.5"},
	} {
		if got := readable.Replace(format.Decimal(c.n, c.places, c.locale)); got != c.want {
			t.Errorf("Decimal(%d, %d, %q) = %q, want %q", c.n, c.places, c.locale, got, c.want)
		}
	}
}

func TestPercent_IsWrittenAsTheReaderWritesIt(t *testing.T) {
	for locale, want := range map[string]string{"en-US": "8.25%", "he": "8.25%", "nl": "8,25%", "de": "8,25_%", "fr": "8,25_%", "es": "8,25_%"} {
		if got := readable.Replace(format.Percent(825, locale)); got != want {
			t.Errorf("Percent(%q) = %q, want %q", locale, got, want)
		}
	}
	if got := format.Percent(1900, "en-US"); got != "19%" {
		t.Errorf("a whole rate = %q", got)
	}
}

func TestDate_NamesTheMonth(t *testing.T) {
	d := ledger.Date{Year: 2026, Month: time.May, Day: 3}
	for locale, want := range map[string]string{
		"en-US": "May 3, 2026", "en-GB": "3 May 2026", "de": "3. Mai 2026", "fr": "3 mai 2026", "es-ES": "3 de mayo de 2026",
		"nl": "3 mei 2026", "he": "3 במאי 2026", "ar": "3 مايو 2026", "ja": "2026年5月3日", "tlh": "3 May 2026",
	} {
		if got := format.Date(d, locale); got != want {
			t.Errorf("Date(%q) = %q, want %q", locale, got, want)
		}
	}
	if got := format.Date(ledger.Date{Year: 2026, Month: 1, Day: 1}, "fr"); got != "1er janvier 2026" {
		t.Errorf("first of the month in French = %q", got)
	}
	if got := format.Date(ledger.Date{}, "en-US"); got != "" {
		t.Errorf("zero date = %q", got)
	}
}
