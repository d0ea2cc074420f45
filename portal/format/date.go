package format

import (
	"fmt"

	"tollhouse/payments/ledger"
)

// Date writes a day with the month's name, like "May 3, 2026" for en-US, "3 May 2026" for other English, "3. Mai 2026" for de: the
// long pattern of CLDR. The zero date is "".
func Date(d ledger.Date, locale string) string {
	if d.Month < 1 || d.Month > 12 {
		return ""
	}
	l := parse(locale)
	month := months[l.language][d.Month-1]
	switch l.language {
	case "de":
		return fmt.Sprintf("%d. %s %d", d.Day, month, d.Year)
	case "es", "pt":
		return fmt.Sprintf("%d de %s de %d", d.Day, month, d.Year)
	case "ja":
		return fmt.Sprintf("%d年%s%d日", d.Year, month, d.Day)
	case "fr":
		if d.Day == 1 {
			return fmt.Sprintf("1er %s %d", month, d.Year)
		}
	case "en":
		if l.region == "US" {
			return fmt.Sprintf("%s %d, %d", month, d.Day, d.Year)
		}
	}
	return fmt.Sprintf("%d %s %d", d.Day, month, d.Year)
}

// months holds the form that stands beside a day: Hebrew carries its "in".
var months = map[string][12]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	"fr": {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
	"es": {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
	"pt": {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
	"nl": {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"},
	"he": {"בינואר", "בפברואר", "במרץ", "באפריל", "במאי", "ביוני", "ביולי", "באוגוסט", "בספטמבר", "באוקטובר", "בנובמבר", "בדצמבר"},
	"ar": {"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"},
	"ja": {"1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"},
}
