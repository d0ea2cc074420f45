package mail

import (
	"errors"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrAddress says that a contact's address cannot be written to: trying again will not help.
var ErrAddress = errors.New("the address cannot be mailed")

// Longest names in runes. A header line ends at 998 bytes (RFC 5322, 2.1.1), and a reader's patience much earlier.
const (
	maxName    = 100
	maxSubject = 200
	maxNumber  = 60 // of an invoice
)

// clean makes one line of what a person typed as a name: no control characters, so no second header; no bidi overrides, so nothing is read
// backwards; no encoded words (RFC 2047), which a mailbox would turn back into any of these; no invalid UTF-8; single spaces; at most limit runes.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r), r == '\ufeff', r == '\u00ad':
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, s)
	s = strings.ReplaceAll(s, "=?", "= ?")
	return cut(strings.Join(strings.Fields(s), " "), limit)
}

// cut shortens s to limit runes and shows that it did.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}

// cleanText is clean for text of several lines.
func cleanText(s string) string {
	var lines []string
	for line := range strings.Lines(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)) {
		lines = append(lines, clean(line, 1000))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// ltrMark, after a name in a right-to-left script, keeps the amount behind it from being drawn before it. Plain text has no other means.
const ltrMark = "\u200e"

// settled closes a name for use inside a line of plain text that runs from left to right.
func settled(name string) string {
	if strings.IndexFunc(name, rightToLeft) < 0 {
		return name
	}
	return name + ltrMark
}

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// address checks an address and joins it with a cleaned name. It takes the address alone: "Eve <eve@x>" is refused.
func address(name, email string) (netmail.Address, error) {
	parsed, err := netmail.ParseAddress(email)
	if err != nil || parsed.Address != email || strings.ContainsFunc(email, unicode.IsControl) {
		return netmail.Address{}, ErrAddress
	}
	return netmail.Address{Name: displayName(name), Address: email}, nil
}

// displayName is a name as it stands before an address. Encoded as RFC 2047 has it a backslash stays what it is, and readers that take encoded
// words apart as they do quoted ones trip over it.
func displayName(name string) string { return clean(strings.ReplaceAll(name, `\`, "/"), maxName) }

// messageID gives every sending of one mail the same id, so that a mailbox can tell a duplicate.
func messageID(mailID, sender string) string {
	return mailID + "@" + domainOf(sender)
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
