package tenant

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// FieldError says which field of what was typed is wrong, and how to mend it. Several are joined: errors.As finds the first, Fields all.
type FieldError struct {
	Field  string // as the API names it, like "primary_color"
	Reason string // a sentence's end: "is longer than 120 characters"
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Fields returns every FieldError within err, in order.
func Fields(err error) []*FieldError {
	switch e := err.(type) {
	case *FieldError:
		return []*FieldError{e}
	case interface{ Unwrap() error }:
		return Fields(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*FieldError
		for _, inner := range e.Unwrap() {
			all = append(all, Fields(inner)...)
		}
		return all
	}
	return nil
}

// Draft is what an operator says of a new tenant. Brand and policy begin with the product's defaults.
type Draft struct {
	Slug     string
	Name     string
	TimeZone string // IANA name; "" is UTC
	Country  string // ISO 3166-1 alpha-2; "" is US
	Locale   string // BCP 47; "" is en-US
	Currency string // ISO 4217; "" is USD
	Test     bool   // for rehearsal: its API keys are thk_test_…
}

// reserved slugs name hosts of the platform itself, or look as if they did.
var reserved = []string{"abuse", "account", "accounts", "admin", "administrator", "api", "app", "apps", "assets", "auth", "autoconfig",
	"autodiscover", "billing", "blog", "cdn", "console", "dashboard", "dev", "dns", "docs", "edge", "email", "ftp", "git", "help", "hostmaster",
	"imap", "info", "internal", "localhost", "login", "mail", "metrics", "mta-sts", "noreply", "ns1", "ns2", "ops", "pay", "payments", "pop",
	"portal", "postmaster", "root", "security", "signin", "smtp", "sso", "static", "status", "support", "system", "tollhouse", "webhooks",
	"webmaster", "webmail", "wpad", "www", "www1", "www2"}

var (
	slugForm     = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])+$`)
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Complete fills in the defaults and checks every field. Its error joins a FieldError for each that is wrong.
func (d Draft) Complete() (Draft, error) {
	d.Name = strings.TrimSpace(d.Name)
	for _, f := range []struct {
		field *string
		value string
	}{{&d.TimeZone, "UTC"}, {&d.Country, "US"}, {&d.Locale, "en-US"}, {&d.Currency, "USD"}} {
		if *f.field == "" {
			*f.field = f.value
		}
	}
	locale, localeErr := language.Parse(d.Locale)
	_, zoneErr := LoadZone(d.TimeZone)
	err := errors.Join(
		checkSlug(d.Slug),
		checkText("name", d.Name, 1, 120, false),
		wrong(zoneErr != nil, "time_zone", "is not a time zone; write it like Europe/Berlin"),
		wrong(!countryForm.MatchString(d.Country), "country", "is not a country code; write it like US"),
		wrong(localeErr != nil, "locale", "is not a language tag; write it like en-US"),
		wrong(!currencyForm.MatchString(d.Currency), "currency", "is not a currency code; write it like USD"),
	)
	if err != nil {
		return Draft{}, err
	}
	d.Locale = locale.String()
	return d, nil
}

// LoadZone is time.LoadLocation without "Local": a tenant's days must not depend on the machine.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("unknown time zone %q", name)
	}
	return time.LoadLocation(name)
}

// Check returns a joined FieldError for everything in the brand that cannot be stored. The logo is checked by LogoChecker.
func (b Brand) Check() error {
	return errors.Join(
		checkText("footer_text", b.Footer, 0, 1000, true),
		checkEmail("support_email", b.SupportEmail),
	)
}

// Check returns a joined FieldError for everything in the policy that is out of its bounds.
func (p Policy) Check() error {
	const day = 24 * time.Hour
	return errors.Join(
		wrong(p.SessionLifetime < time.Hour || p.SessionLifetime > 30*day, "session_seconds", "is not between 1 hour and 30 days"),
		wrong(p.SessionLifetime%time.Second != 0, "session_seconds", "is not a whole number of seconds"),
		wrong(p.DocumentLinkLifetime < day || p.DocumentLinkLifetime > 180*day, "document_link_days", "is not between 1 and 180 days"),
		wrong(p.DocumentLinkLifetime%day != 0, "document_link_days", "is not a whole number of days"),
		wrong(p.PartialMinimum < 0, "partial_minimum", "is negative"),
		checkText("payment_instructions", p.PaymentInstructions, 0, 4000, true),
	)
}

func checkSlug(slug string) error {
	switch {
	case len(slug) < 3 || len(slug) > 40 || !slugForm.MatchString(slug):
		return &FieldError{"slug", "is not 3 to 40 characters of a-z, 0-9 and single hyphens between them"}
	case slices.Contains(reserved, slug):
		return &FieldError{"slug", "is reserved for the platform"}
	}
	return nil
}

// checkText refuses what has no place in a line (or, with lines, a paragraph) that people read: broken UTF-8, control characters, and the
// marks that turn the direction of what follows.
func checkText(field, s string, least, most int, lines bool) error {
	bad := func(r rune) bool {
		return unicode.IsControl(r) && !(lines && r == '\n') || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s):
		return &FieldError{field, "is not valid UTF-8"}
	case n < least:
		return &FieldError{field, "is missing"}
	case n > most:
		return &FieldError{field, fmt.Sprintf("is longer than %d characters", most)}
	case strings.ContainsFunc(s, bad):
		return &FieldError{field, "has a control character"}
	}
	return nil
}

// checkEmail takes a plain address with a real domain, or nothing.
func checkEmail(field, s string) error {
	if s == "" {
		return nil
	}
	parsed, err := mail.ParseAddress(s)
	_, domain, _ := strings.Cut(s, "@")
	_, hostErr := ParseHostname(domain)
	plain := err == nil && parsed.Address == s && strings.Count(s, "@") == 1
	if !plain || hostErr != nil || len(s) > 254 {
		return &FieldError{field, "is not a mail address; write it like billing@example.com"}
	}
	return nil
}

func wrong(is bool, field, reason string) error {
	if !is {
		return nil
	}
	return &FieldError{field, reason}
}
