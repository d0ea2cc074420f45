package typeset

import (
	"strings"
	"unicode/utf8"
)

// Clean makes text of what somebody typed: control characters, what is no character and the overrides that turn a line around against its letters
// are removed; a line feed stays, in any of its forms, and a tab becomes a space. It allocates nothing for text that is clean.
func Clean(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, dirty) {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f':
			return '\n'
		case r == '\t':
			return ' '
		case dirty(r):
			return -1
		}
		return r
	}, s)
}

// OneLine is Clean for what stands on one line: a line feed becomes a space.
func OneLine(s string) string {
	s = Clean(s)
	if strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, "\n", " ")
	}
	return strings.TrimSpace(s)
}

// dirty reports whether Clean has to look at a character. The marks and isolates of UAX 9 stay: they end with their paragraph and turn no letter
// around. Embeddings and overrides do, and a reader cannot see them.
func dirty(r rune) bool {
	switch {
	case r == '\n':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0xad || r == 0xfeff || r == 0x2028 || r == 0x2029: // a soft hyphen would have to show at a break alone
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef // no characters
}

// invisible reports whether a character has no ink in any font: joiners, selectors, marks of direction. It needs no font of its own.
func invisible(r rune) bool {
	switch {
	case r < 0x200b:
		return r == 0x034f || r == 0x061c || r == 0x115f || r == 0x1160 || r == 0x17b4 || r == 0x17b5 || r >= 0x180b && r <= 0x180f
	case r <= 0x200f, r >= 0x2060 && r <= 0x206f, r >= 0xfe00 && r <= 0xfe0f:
		return true
	case r == 0x3164 || r == 0xffa0:
		return true
	}
	return r >= 0xe0000 && r < 0xe1000
}

// Directs reports whether a character is a mark or an isolate of UAX 9: it decides where others stand, and is nothing itself.
func Directs(r rune) bool {
	return r == 0x200e || r == 0x200f || r == 0x061c || r >= 0x2066 && r <= 0x2069
}
