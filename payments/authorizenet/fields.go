package authorizenet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address is whom and where a method is billed to. Longer values than the processor keeps are cut at a whole character.
type Address struct {
	FirstName, LastName string // 50 each
	Company             string // 50
	Street              string // 60
	City, State         string // 40 each
	Zip                 string // 20
	Country             string // 60
	Phone               string // 25
}

// wire returns nil for an empty address: the processor takes an empty element for one that was filled with nothing.
func (a Address) wire() *wireAddress {
	if a == (Address{}) {
		return nil
	}
	return &wireAddress{
		FirstName: clip(a.FirstName, 50), LastName: clip(a.LastName, 50), Company: clip(a.Company, 50), Address: clip(a.Street, 60),
		City: clip(a.City, 40), State: clip(a.State, 40), Zip: clip(a.Zip, 20), Country: clip(a.Country, 60), Phone: clip(a.Phone, 25),
	}
}

// clip drops what cannot stand in XML and cuts to a number of characters, never through one nor between a letter and its accents. Only text
// for people is clipped; what names something is refused when it is too long.
func clip(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if utf16Len(s) <= limit {
		return s
	}
	end, used := 0, 0
	for i, r := range s {
		n := utf16Width(r)
		if used+n > limit {
			break
		}
		used, end = used+n, i+utf8.RuneLen(r)
	}
	if next, _ := utf8.DecodeRuneInString(s[end:]); unicode.IsMark(next) {
		end = strings.LastIndexFunc(s[:end], func(r rune) bool { return !unicode.IsMark(r) })
		end = max(end, 0)
	}
	return strings.TrimSpace(s[:end])
}

// utf16Width counts as the processor does, whose strings are UTF-16: an emoji takes two of a field's places.
func utf16Width(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16Width(r)
	}
	return n
}

// isCode reports whether s can name an attempt, in refId and invoiceNumber alike.
func isCode(s string) bool {
	if len(s) == 0 || len(s) > 20 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isNumeric reports whether s can be an id of the processor's.
func isNumeric(s string) bool {
	return len(s) > 0 && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
