package lang

import (
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Plural is a sentence that counts, in the forms that a language has for it (CLDR plural rules). English has one and other, Arabic all six,
// Japanese other alone. {n} stands for the count.
type Plural struct{ Zero, One, Two, Few, Many, Other string }

// Pick returns the form for n, which is a whole number of 0 or more.
func (id ID) Pick(p Plural, n int) string {
	switch id.form(n) {
	case plural.Zero:
		return p.Zero
	case plural.One:
		return p.One
	case plural.Two:
		return p.Two
	case plural.Few:
		return p.Few
	case plural.Many:
		return p.Many
	}
	return p.Other
}

func (id ID) form(n int) plural.Form {
	return plural.Cardinal.MatchPlural(bases[id], n, 0, 0, 0, 0)
}

// bases are the languages as the plural rules are kept.
var bases = [Count]language.Tag{language.English, language.Spanish, language.French, language.German, language.BrazilianPortuguese,
	language.Japanese, language.Arabic}
