package format_test

import (
	"testing"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
)

// The long date pattern of CLDR in each language that pages are written in; French has "1er" where people do.
func TestDate_IsCLDRs(t *testing.T) {
	for locale, want := range map[string][2]string{
		"en-US": {"November 22, 2026", "Nov 22, 2026"},
		"en-GB": {"22 November 2026", "22 Nov 2026"},
		"es":    {"22 de noviembre de 2026", "22 nov 2026"},
		"fr":    {"22 novembre 2026", "22 nov. 2026"},
		"de":    {"22. November 2026", "22. Nov. 2026"},
		"pt":    {"22 de novembro de 2026", "22 de nov. de 2026"},
		"pt-BR": {"22 de novembro de 2026", "22 de nov. de 2026"},
		"ja":    {"2026年11月22日", "2026年11月22日"},
		"ar":    {"22 نوفمبر 2026", "22 نوفمبر 2026"},
	} {
		d := ledger.Date{Year: 2026, Month: time.November, Day: 22}
		if got := [2]string{format.Date(d, locale), format.ShortDate(d, locale)}; got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
}

func TestMoney_InPortuguese(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency ledger.Currency
		locale   string
		want     string
	}{
		{120450, "BRL", "pt-BR", "R$_1.204,50"},
		{-120450, "BRL", "pt", "-R$_1.204,50"},
		{120450, "USD", "pt-BR", "US$_1.204,50"},
		{120450, "EUR", "pt-PT", "1204,50_€"},
		{12045000, "EUR", "pt-PT", "120_450,00_€"},
		{120450, "BRL", "en-US", "R$1,204.50"},
	} {
		if got := readable.Replace(format.Money(ledger.Money{Amount: c.amount, Currency: c.currency}, c.locale)); got != c.want {
			t.Errorf("Money(%d %s, %q) = %q, want %q", c.amount, c.currency, c.locale, got, c.want)
		}
	}
	if got := readable.Replace(format.Percent(825, "ar")); got != "8.25<L>%<L>" {
		t.Errorf("a rate in Arabic = %q", got)
	}
	if got := format.Percent(825, "pt-BR"); got != "8,25%" {
		t.Errorf("a rate in Portuguese = %q", got)
	}
}

func TestClock_NamesTheZone(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.May, 3, 14, 5, 0, 0, time.UTC).In(zone)
	for locale, want := range map[string]string{"en-US": "4:05~PM_CEST", "": "4:05~PM_CEST", "en-GB": "16:05_CEST", "de": "16:05_CEST", "ja": "16:05_CEST", "ar": "16:05_CEST"} {
		if got := readable.Replace(format.Clock(at, locale)); got != want {
			t.Errorf("Clock(%q) = %q, want %q", locale, got, want)
		}
	}
	if got := format.Clock(time.Time{}, "en-US"); got != "" {
		t.Errorf("zero time = %q", got)
	}
}
