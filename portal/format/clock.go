package format

import "time"

// Clock writes the time of day and the name of the zone that t is in: "4:05 PM EDT" for en-US, "16:05 CEST" for nearly all others. The zero time
// is "".
func Clock(t time.Time, locale string) string {
	if t.IsZero() {
		return ""
	}
	clock := t.Format("15:04")
	if l := parse(locale); l.language == "en" && (l.region == "US" || l.region == "CA" || l.region == "AU") {
		clock = t.Format("3:04") + narrowNBSP + t.Format("PM")
	}
	return clock + nbsp + t.Format("MST")
}
