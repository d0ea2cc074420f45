package tenant

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxName   = 253 // bytes of a name without the trailing dot, RFC 1035 section 2.3.4
	maxLabel  = 63
	maxLabels = 10          // ours: nobody serves a portal deeper, and the cost of a hello stays bounded
	maxTyped  = 4 * maxName // bytes that a name may take before it is mapped to ASCII
)

// hostnameError is a reason to refuse a name. Being a constant, refusing costs no allocation.
type hostnameError string

func (e hostnameError) Error() string { return "not a host name: " + string(e) }
func (e hostnameError) Unwrap() error { return ErrHostname }

// Is adds ErrHostnameLong to what the error wraps.
func (e hostnameError) Is(target error) bool {
	return target == ErrHostnameLong && (e == errLong || e == errLabelLong || e == errDeep)
}

const (
	errEmpty      hostnameError = "it is empty"
	errLong       hostnameError = "it is longer than 253 characters"
	errLabelEmpty hostnameError = "there is nothing between two dots, or before the first"
	errLabelLong  hostnameError = "a part between dots is longer than 63 characters"
	errDeep       hostnameError = "it has more than 10 parts"
	errSingle     hostnameError = "it has one part only; write it in full, like billing.example.com"
	errAddress    hostnameError = "it is an IP address; point a name at it and give the name"
	errNumeric    hostnameError = "its last part is a number; no such top-level domain exists"
	errPort       hostnameError = "it has a port; give the name alone"
	errScheme     hostnameError = "it begins with a scheme; give the name alone, without https:// and path"
	errBadPort    hostnameError = "its port is not a number from 1 to 65535"
	errUnderscore hostnameError = "it has an underscore, which certificates cannot carry; use a hyphen"
	errWildcard   hostnameError = "it has a wildcard; give each name in full"
	errUser       hostnameError = "it has an @; give the name alone"
	errPath       hostnameError = "it has a slash; give the name alone, without https:// and path"
	errCharacter  hostnameError = "it has a character other than letters, digits, hyphens and dots"
	errHyphen     hostnameError = "a part begins or ends with a hyphen"
	errReserved   hostnameError = "a part has hyphens in its third and fourth place, which certificates cannot carry"
	errUTF8       hostnameError = "it is not valid UTF-8"
	errIDN        hostnameError = "it is not a valid internationalised name"
)

// checkName looks at every byte once and decides all that needs no tables. It reports whether the name has upper case, letters beyond
// ASCII or punycode, so that UTS #46 has to map it before its lengths and its last label mean anything.
func checkName(s string) (toMap bool, err error) {
	if s == "" {
		return false, errEmpty
	}
	labels, start := 1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-':
		case c == '.':
			if labels++; labels > maxLabels {
				return false, errDeep
			}
			if err := checkLabel(s[start:i]); err != nil {
				return false, err
			}
			start = i + 1
		case 'A' <= c && c <= 'Z', c >= utf8.RuneSelf:
			toMap = true
		default:
			return false, badCharacter(s, c)
		}
		if i == start && strings.HasPrefix(s[i:], "xn--") {
			toMap = true
		}
	}
	if toMap {
		return true, nil
	}
	return false, checkEnd(s, s[start:], labels)
}

// checkEnd judges the last label and the whole.
func checkEnd(s, last string, labels int) error {
	if err := checkLabel(last); err != nil {
		return err
	}
	switch {
	case isNumber(last) && labels <= 4 && strings.Trim(s, "0123456789abcdefx.") == "":
		return errAddress
	case isNumber(last):
		return errNumeric
	case labels == 1:
		return errSingle
	case len(s) > maxName:
		return errLong
	}
	return nil
}

// checkLabel refuses what no label may be, mapped or not. A label beyond ASCII is longer before the mapping than after it, or may be:
// those are judged again afterwards.
func checkLabel(label string) error {
	switch {
	case label == "":
		return errLabelEmpty
	case !isASCII(label):
		return nil
	case len(label) > maxLabel:
		return errLabelLong
	case label[0] == '-' || label[len(label)-1] == '-':
		return errHyphen
	case len(label) >= 4 && label[2:4] == "--" && !strings.EqualFold(label[:2], "xn"):
		return errReserved // CA/Browser Forum Baseline Requirements 7.1.2.7.12
	}
	return nil
}

// isNumber reports what browsers take for the end of an IPv4 address (WHATWG URL, "ends in a number"): digits, or 0x and hex digits.
func isNumber(label string) bool {
	if strings.Trim(label, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(label, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}

// badCharacter finds the most helpful words for a character that no name has.
func badCharacter(s string, c byte) error {
	switch c {
	case ':':
		switch {
		case strings.Contains(s, "://"):
			return errScheme
		case strings.Count(s, ":") > 1:
			return errAddress
		}
		return errPort
	case '[':
		return errAddress
	case '_':
		return errUnderscore
	case '*':
		return errWildcard
	case '@':
		return errUser
	case '/':
		return errPath
	}
	return errCharacter
}

// mapName takes the slow way: map, then judge the result as if it had been typed. idna.Lookup is UTS #46 with the checks for STD 3,
// hyphens, joiners and bidi; non-transitional, so that "ß" and its like are letters of their own, as in browsers.
func mapName(s string) (Hostname, error) {
	if !utf8.ValidString(s) {
		return Hostname{}, errUTF8
	}
	dots := strings.Count(s, ".") + strings.Count(s, "。") + strings.Count(s, "．") + strings.Count(s, "｡")
	if dots > maxLabels {
		return Hostname{}, errDeep
	}
	ascii, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return Hostname{}, errIDN
	}
	ascii = strings.TrimSuffix(ascii, ".")
	punycode, err := checkName(ascii)
	if err != nil {
		return Hostname{}, err
	}
	if punycode {
		return roundTrip(ascii)
	}
	return Hostname{ascii}, nil
}

// roundTrip takes a name with A-labels only if it is what its own decoding encodes to: else it is not the one form of that name.
func roundTrip(ascii string) (Hostname, error) {
	labels := strings.Split(ascii, ".")
	if err := checkEnd(ascii, labels[len(labels)-1], len(labels)); err != nil {
		return Hostname{}, err
	}
	unicode, err := idna.Lookup.ToUnicode(ascii)
	if err != nil {
		return Hostname{}, errIDN
	}
	if again, err := idna.Lookup.ToASCII(unicode); err != nil || again != ascii {
		return Hostname{}, errIDN
	}
	return Hostname{ascii}, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
