package api

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// kindName says in words what JSON value a Go type is read from.
func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number, without quotes, point or exponent"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// cut shortens text from a caller before it goes into an answer, on a rune's border.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max] + "…"
}

func isUTF8(charset string) bool { return strings.EqualFold(charset, "utf-8") }

// looksLikeCard reports whether s holds what may be a payment card's number: 16 digits, or 15 beginning with 34 or 37, in groups that
// spaces or hyphens may part, with a right check digit.
func looksLikeCard(s string) bool {
	for start := 0; start < len(s); start++ {
		if isDigit(s[start]) && (start == 0 || !isDigit(s[start-1])) && cardAt(s[start:]) {
			return true
		}
	}
	return false
}

// cardAt looks at every length that ends where a group of digits ends.
func cardAt(s string) bool {
	var digits []byte
	for i := 0; i < len(s) && len(digits) <= 16; i++ {
		switch {
		case isDigit(s[i]):
			digits = append(digits, s[i]-'0')
		case (s[i] == ' ' || s[i] == '-') && i+1 < len(s) && isDigit(s[i+1]):
			continue
		default:
			return false
		}
		if (i+1 == len(s) || !isDigit(s[i+1])) && isCard(digits) {
			return true
		}
	}
	return false
}

func isCard(digits []byte) bool {
	amex := len(digits) == 15 && digits[0] == 3 && (digits[1] == 4 || digits[1] == 7)
	return (amex || len(digits) == 16 && digits[0] != 0) && luhn(digits)
}

func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
