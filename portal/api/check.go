package api

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"tollhouse/tenant"
)

// checker collects what is wrong with a request's fields, so that the caller hears of all of it at once. The zero value has found nothing.
type checker struct{ found []FieldError }

func (c *checker) add(field, code, message string) {
	c.found = append(c.found, FieldError{Field: field, Code: code, Message: upperFirst(message) + "."})
}

// err returns everything found as one 422, or nil.
func (c *checker) err() error {
	if len(c.found) == 0 {
		return nil
	}
	return errInvalid.with(c.found...)
}

// require adds an error for a field that must be given.
func (c *checker) require(field string, given bool) {
	if !given {
		c.add(field, "required", "this field is required")
	}
}

// line reads one line of text into to, when it is given: trimmed, in Unicode's composed form, min to max characters.
func (c *checker) line(to *string, field string, from *string, min, max int) {
	if from == nil {
		return
	}
	if strings.ContainsFunc(*from, isBreak) {
		c.add(field, "invalid_text", "this must be one line, without control characters")
		return
	}
	c.bounded(to, field, *from, min, max)
}

// text reads text of several lines.
func (c *checker) text(to *string, field string, from *string, max int) {
	if from == nil {
		return
	}
	s := strings.ReplaceAll(*from, "\r\n", "\n")
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && isBreak(r) }) {
		c.add(field, "invalid_text", "control characters other than line breaks and tabs are not allowed")
		return
	}
	c.bounded(to, field, s, 0, max)
}

func (c *checker) bounded(to *string, field, s string, min, max int) {
	s = norm.NFC.String(strings.TrimSpace(s))
	switch n := utf8.RuneCountInString(s); {
	case n < min:
		c.add(field, "required", "this must not be empty")
	case n > max:
		c.add(field, "too_long", fmt.Sprintf("this has %d characters; at most %d are allowed", n, max))
	default:
		*to = s
	}
}

// isBreak reports runes that have no place in a line: controls, line and paragraph separators, and those that turn the direction of what
// follows, with which a name can be made to read as another.
func isBreak(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// localPart is an address's part before the @, as nearly every mail system takes it (RFC 5322 dot-atom).
var localPart = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// email reads one bare address; its domain comes out as A-labels. Empty is allowed when min is 0.
func (c *checker) email(to *string, field string, from *string, min int) {
	if from == nil {
		return
	}
	s := strings.TrimSpace(*from)
	if s == "" && min == 0 {
		*to = ""
		return
	}
	address, err := parseEmail(s)
	if err != nil {
		c.add(field, "invalid_email", "this must be one plain e-mail address, like ap@example.com")
		return
	}
	*to = address
}

func parseEmail(s string) (string, error) {
	local, domain, _ := strings.Cut(s, "@")
	host, err := tenant.ParseHostname(domain)
	if err != nil {
		return "", err
	}
	address := local + "@" + host.String()
	parsed, err := mail.ParseAddress(address)
	if err != nil {
		return "", err
	}
	if parsed.Address != address || len(local) > 64 || len(address) > 254 || !localPart.MatchString(local) {
		return "", fmt.Errorf("not a plain address")
	}
	return address, nil
}

// country reads an ISO 3166-1 code; empty is allowed.
func (c *checker) country(to *string, field string, from *string) {
	if from == nil {
		return
	}
	region, err := language.ParseRegion(*from)
	if *from != "" && (err != nil || len(*from) != 2 || !region.IsCountry() || region.String() != *from) {
		c.add(field, "invalid_country", "this must be a country's two letters in capitals, like US (ISO 3166-1)")
		return
	}
	*to = *from
}

// locale reads a BCP 47 tag in any case and keeps its canonical form; empty means the tenant's.
func (c *checker) locale(to *string, field string, from *string) {
	if from == nil {
		return
	}
	if *from == "" {
		*to = ""
		return
	}
	tag, err := language.Parse(*from)
	if err != nil || len(tag.String()) > 35 {
		c.add(field, "invalid_locale", "this must be a language tag, like en-US or fr (BCP 47)")
		return
	}
	*to = tag.String()
}

// oneOf reads a value out of a fixed list.
func oneOf[T ~string](c *checker, to *T, field string, from *string, allowed ...T) {
	if from == nil {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		if string(a) == *from {
			*to = a
			return
		}
		names[i] = string(a)
	}
	c.add(field, "invalid_value", "this must be one of "+strings.Join(names, ", "))
}

// number reads a whole number within bounds.
func number[T int | int32 | int64](c *checker, to *T, field string, from *int64, min, max int64) {
	if from == nil {
		return
	}
	if *from < min || *from > max {
		c.add(field, "out_of_range", fmt.Sprintf("this must be from %d to %d", min, max))
		return
	}
	*to = T(*from)
}

// flag reads a boolean.
func flag(to *bool, from *bool) {
	if from != nil {
		*to = *from
	}
}
