package format

import (
	"strconv"

	"tollhouse/payments/ledger"
)

// ShortDate is Date with the month's name shortened as far as the language does that, for columns: "May 3, 2026", "22 Sep 2026",
// "22. Sept. 2026". The zero date is "".
func ShortDate(d ledger.Date, locale string) string {
	if d.Month < 1 || d.Month > 12 {
		return ""
	}
	l := parse(locale)
	names, ok := shortMonths[l.language]
	if !ok {
		return Date(d, locale) // already short
	}
	day, month, year := strconv.Itoa(d.Day), names[d.Month-1], strconv.Itoa(d.Year)
	switch {
	case l.language == "pt":
		return day + " de " + month + " de " + year
	case l.language == "de":
		return day + ". " + month + " " + year
	case l.language == "fr" && d.Day == 1:
		return "1er " + month + " " + year
	case l.language == "en" && l.region == "US":
		return month + " " + day + ", " + year
	}
	return day + " " + month + " " + year
}

// shortMonths leaves out the languages whose months are short already.
var shortMonths = map[string][12]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"de": {"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."},
	"fr": {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
	"es": {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"},
	"pt": {"jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."},
	"nl": {"jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"},
}
