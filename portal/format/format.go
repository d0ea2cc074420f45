// Package format writes amounts and dates the way their reader does: digits grouped and the currency placed as the locale has it, dates
// always with the month's name, because 03/04 means two days. It knows English, German, French, Spanish, Portuguese,
// Dutch, Hebrew, Arabic and Japanese; every other locale reads as English. It writes text only: no markup, no words, nothing but digits of 0 to
// 9, which is what CLDR has for Arabic without a region.
//
// A currency sign that several currencies share stands alone only where it is at home ("$" for a US dollar in en-US, "US$" elsewhere), and
// a currency without a sign that every font has is written by its code.
//
//	format.Money(ledger.Money{Amount: 120450, Currency: "USD"}, "en-US") // $1,204.50
//	format.Money(ledger.Money{Amount: 120450, Currency: "EUR"}, "de")    // 1.204,50 €
//	format.Date(ledger.Date{Year: 2026, Month: time.May, Day: 3}, "en-GB") // 3 May 2026
package format

import "strings"

// Signs that do not end a line or change the direction of what they stand beside.
const (
	nbsp       = "\u00a0" // between digits and currency: they never part
	narrowNBSP = "\u202f" // groups digits in French
	minus      = "\u2212" // a real minus: as wide as a digit, and read aloud as "minus"
	ltrMark    = "\u200e" // keeps the minus before its digits in a right-to-left line
)

// locale is the part of a BCP 47 tag that decides how things are written.
type locale struct {
	language string // lower case, "en" when unknown
	region   string // upper case; the language's home when the tag names none
}

// homes says where a language is at home when its tag does not say.
var homes = map[string]string{
	"en": "US", "de": "DE", "fr": "FR", "es": "ES", "pt": "BR", "nl": "NL", "he": "IL", "ar": "EG", "ja": "JP",
}

// parse reads a tag like "en-GB", "he" or "zh_Hant_TW". An unknown language is read as English without a region, so that no shared
// currency sign is taken for the reader's own.
func parse(tag string) locale {
	language, rest := subtag(tag)
	if language == "" {
		return locale{language: "en", region: "US"}
	}
	l := locale{language: strings.ToLower(language)}
	if l.language == "iw" { // what Java still calls Hebrew
		l.language = "he"
	}
	home, known := homes[l.language]
	if !known {
		l.language = "en"
	}
	l.region = home
	for rest != "" {
		var part string
		if part, rest = subtag(rest); len(part) == 2 {
			l.region = strings.ToUpper(part)
			break
		}
	}
	return l
}

// subtag returns the first part of a tag and what follows it. It allocates nothing: a list of invoices calls it for each figure.
func subtag(tag string) (part, rest string) {
	tag = strings.TrimLeft(tag, "-_")
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		return tag[:i], tag[i+1:]
	}
	return tag, ""
}
