package format

import (
	"time"

	"tollhouse/payments/ledger"
)

// Moment writes a time of day on its day, with the name of the zone that t is in: "May 3, 2026, 4:05 PM EDT" for en-US, "3 May 2026, 16:05 CEST"
// for other English, "2026年5月3日 16:05 JST" for ja. The zero time is "".
func Moment(t time.Time, locale string) string {
	if t.IsZero() {
		return ""
	}
	l := parse(locale)
	clock := t.Format("15:04")
	if l.language == "en" && (l.region == "US" || l.region == "CA" || l.region == "AU") {
		clock = t.Format("3:04") + narrowNBSP + t.Format("PM")
	}
	comma := ", "
	switch l.language {
	case "ja":
		comma = " "
	case "ar":
		comma = "، "
	}
	return Date(ledger.DateIn(t, t.Location()), locale) + comma + clock + nbsp + t.Format("MST")
}
