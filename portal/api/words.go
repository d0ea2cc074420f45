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
