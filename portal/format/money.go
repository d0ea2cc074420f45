package format

import (
	"strconv"
	"strings"

	"tollhouse/payments/ledger"
)

// Parts is an amount in the pieces that a page may set in different sizes. Joined they are what Money returns: spaces and the minus sign
// belong to Before and After.
type Parts struct {
	Before string // sign and currency in front, like "$" or "−€ "; may be empty
	Digits string // like "1,204.50"
	After  string // currency behind, like " €"; may be empty
}

// String joins the parts.
func (p Parts) String() string { return p.Before + p.Digits + p.After }

// Money writes an amount for the reader of locale, like "$1,204.50", "1.204,50 €" or "CHF 80.00".
func Money(m ledger.Money, locale string) string { return MoneyParts(m, locale).String() }

// MoneyParts is Money in pieces.
func MoneyParts(m ledger.Money, locale string) Parts {
	l := parse(locale)
	sign, digits := l.digits(m.Amount, m.Currency.Exponent())
	symbol := l.symbol(string(m.Currency))
	switch l.language {
	case "de", "fr", "es", "he", "ar":
		return Parts{Before: sign, Digits: digits, After: nbsp + symbol}
	case "pt":
		if l.region == "PT" {
			return Parts{Before: sign, Digits: digits, After: nbsp + symbol}
		}
		return Parts{Before: sign + symbol + nbsp, Digits: digits}
	case "nl":
		return Parts{Before: symbol + nbsp + sign, Digits: digits}
	}
	if isCode(symbol) {
		return Parts{Before: sign + symbol + nbsp, Digits: digits}
	}
	return Parts{Before: sign + symbol, Digits: digits}
}

// Decimal writes n / 10^places without trailing zeros, for quantities and rates: Decimal(15000, 4, "de") is "1,5".
func Decimal(n int64, places int, locale string) string {
	l := parse(locale)
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	sign, digits := l.digits(n, places)
	return sign + digits
}

// Percent writes a rate in hundredths of a per cent: 825 is "8.25%" in English and "8,25 %" in German. In Arabic the sign stays behind its digits
// by a mark, as CLDR has it.
func Percent(hundredths int64, locale string) string {
	sign := "%"
	switch parse(locale).language {
	case "de", "fr", "es":
		sign = nbsp + sign
	case "ar":
		sign = ltrMark + sign + ltrMark
	}
	return Decimal(hundredths, 2, locale) + sign
}

// symbol returns the sign of a currency where the reader cannot mistake it, else its code.
func (l locale) symbol(currency string) string {
	if home, shared := dollars[currency]; shared {
		if home.region == l.region {
			return "$"
		}
		return home.elsewhere
	}
	if currency == "CNY" && l.region != "CN" {
		return "CN¥"
	}
	if s, ok := symbols[currency]; ok {
		return s
	}
	return currency
}

// symbols are the signs that stand for one currency and that every font has.
var symbols = map[string]string{
	"EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "ILS": "₪", "INR": "₹", "KRW": "₩", "BRL": "R$",
}

// dollars share a sign; each has it for itself only in its own country.
var dollars = map[string]struct{ region, elsewhere string }{
	"USD": {"US", "US$"}, "CAD": {"CA", "CA$"}, "AUD": {"AU", "A$"}, "NZD": {"NZ", "NZ$"},
	"SGD": {"SG", "SGD"}, "HKD": {"HK", "HK$"}, "TWD": {"TW", "NT$"}, "MXN": {"MX", "MX$"},
}

func isCode(symbol string) bool {
	return len(symbol) == 3 && symbol[0] >= 'A' && symbol[0] <= 'Z' && symbol[2] >= 'A' && symbol[2] <= 'Z'
}

// digits writes the absolute value of n / 10^places and the sign beside it.
func (l locale) digits(n int64, places int) (sign, digits string) {
	abs := uint64(n)
	if n < 0 {
		sign, abs = l.minus(), -abs
	}
	s := strconv.FormatUint(abs, 10)
	if short := places + 1 - len(s); short > 0 {
		s = strings.Repeat("0", short) + s
	}
	whole, fraction := s[:len(s)-places], s[len(s)-places:]
	group, point := l.separators()
	digits = l.grouped(whole, group)
	if fraction != "" {
		digits += point + fraction
	}
	return sign, digits
}

func (l locale) minus() string {
	if l.language == "he" || l.language == "ar" {
		return ltrMark + minus
	}
	return minus
}

func (l locale) separators() (group, point string) {
	switch {
	case l.region == "CH" && l.language == "de":
		return "’", "."
	case l.language == "es" && l.region == "MX":
		return ",", "."
	case l.language == "pt" && l.region == "PT":
		return nbsp, ","
	case l.language == "de", l.language == "es", l.language == "nl", l.language == "pt":
		return ".", ","
	case l.language == "fr":
		return narrowNBSP, ","
	}
	return ",", "."
}

// grouped sets a separator before each three digits from the right. Spanish and European Portuguese leave four digits alone.
func (l locale) grouped(whole, sep string) string {
	leavesFour := l.language == "es" && l.region != "MX" || l.language == "pt" && l.region == "PT"
	if len(whole) <= 3 || leavesFour && len(whole) == 4 {
		return whole
	}
	var b strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(d)
	}
	return b.String()
}
