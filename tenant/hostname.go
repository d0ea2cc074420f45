package tenant

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"
)

// Hostname is a canonical DNS name that can be served: lower-case A-labels, no port, no trailing dot, at least two labels, not an IP
// address. Only ParseHostname makes one, so two equal hosts are equal values. The zero value names no host.
type Hostname struct{ name string }

// ErrHostname is wrapped by every error of ParseHostname and ParseHostPort; the text says what to mend. The text never repeats the
// input, which comes from strangers and may be long.
var ErrHostname = errors.New("not a host name")

// ErrHostnameLong is wrapped, beside ErrHostname, by the errors of ParseHostname for a name that only has to be shorter.
var ErrHostnameLong = errors.New("host name too long")

// ParseHostname returns the one canonical form of s: what browsers, resolvers and certificate authorities take for the same host (upper
// case, full-width letters, ideographic dots, soft hyphens, one trailing dot, U-labels) becomes the same value, by UTS #46,
// non-transitional, with the rules of STD 3. A name that is already canonical costs no allocation. Its errors wrap ErrHostname.
func ParseHostname(s string) (Hostname, error) {
	if len(s) > maxTyped || len(s) > maxName+1 && isASCII(s) {
		return Hostname{}, errLong
	}
	name := strings.TrimSuffix(s, ".")
	toMap, err := checkName(name)
	if err != nil {
		return Hostname{}, err
	}
	if toMap {
		return mapName(s)
	}
	return Hostname{name}, nil
}

// MustParseHostname is ParseHostname for constants; it panics on an error.
func MustParseHostname(s string) Hostname {
	h, err := ParseHostname(s)
	if err != nil {
		panic(err)
	}
	return h
}

// ParseHostPort is ParseHostname for the Host header of a request: it also takes, and drops, a port of 1 to 65535.
func ParseHostPort(hostHeader string) (Hostname, error) {
	i := strings.LastIndexByte(hostHeader, ':')
	if i < 0 {
		return ParseHostname(hostHeader)
	}
	if strings.IndexByte(hostHeader, ':') != i || strings.HasPrefix(hostHeader, "[") {
		return Hostname{}, errAddress
	}
	if !validPort(hostHeader[i+1:]) {
		return Hostname{}, errBadPort
	}
	return ParseHostname(hostHeader[:i])
}

func validPort(s string) bool {
	if len(s) == 0 || len(s) > 5 {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n >= 1 && n <= 65535
}

// String returns the name as ASCII, like "billing.acme.com" or "xn--bcher-kva.example".
func (h Hostname) String() string { return h.name }

// Unicode returns the name for people to read, like "bücher.example". It may look like another host's name: show it beside String,
// never instead of it, and never compare it.
func (h Hostname) Unicode() string {
	if !strings.Contains(h.name, "xn--") {
		return h.name
	}
	name, err := idna.Lookup.ToUnicode(h.name)
	if err != nil {
		return h.name
	}
	return name
}

// IsZero reports whether h names no host.
func (h Hostname) IsZero() bool { return h.name == "" }

// Under reports whether h is a name below parent, at any depth: "a.b.example" is under "b.example", which is not under itself.
func (h Hostname) Under(parent Hostname) bool {
	rest, ok := strings.CutSuffix(h.name, parent.name)
	return ok && parent.name != "" && strings.HasSuffix(rest, ".")
}

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
