package portal

import (
	"strings"

	"tollhouse/payments/ledger"
)

// mostDigits is more than any amount has, and fits into 64 bits.
const mostDigits = 15

// parseAmount reads an amount as people type it in any of the languages: "1204.50", "1,204.50", "1.204,50", "1 204,50", "١٬٢٠٤٫٥٠". The last mark is the decimal one
// when the currency has as many digits as follow it, or fewer follow than stand in a group; anything else must part groups of three. What is more exact than the
// currency is no amount, and neither is nothing.
func parseAmount(typed string, c ledger.Currency) (int64, bool) {
	whole, cents, ok := splitAmount(typed, c.Exponent())
	if !ok || whole+cents == "" || len(whole)+c.Exponent() > mostDigits {
		return 0, false
	}
	n := int64(0)
	for _, d := range whole + cents + strings.Repeat("0", c.Exponent()-len(cents)) {
		n = n*10 + int64(d-'0')
	}
	return n, n > 0
}

// splitAmount parts the digits before the decimal mark from those behind it.
func splitAmount(typed string, places int) (whole, cents string, ok bool) {
	text := plainDigits(typed)
	at := strings.LastIndex(text, ".")
	if at >= 0 {
		behind := len(text) - at - 1
		if places > 0 && behind > 0 && behind <= places && (behind != 3 || places == 3) {
			text, cents = text[:at], text[at+1:]
		}
	}
	groups := strings.Split(text, ".")
	for i, group := range groups {
		if i > 0 && len(group) != 3 || i == 0 && len(groups) > 1 && (group == "" || len(group) > 3) {
			return "", "", false
		}
	}
	whole = strings.Join(groups, "")
	return whole, cents, strings.Trim(whole+cents, "0123456789") == ""
}

// plainDigits turns digits of any script into ours, every mark into a point, and leaves out spaces.
func plainDigits(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case strings.ContainsRune(",.٫٬'’，．", r):
			return '.'
		case r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2009':
			return -1
		}
		return r
	}, typed)
}
