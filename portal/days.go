package portal

import (
	"net/url"
	"strings"
	"time"

	"tollhouse/payments/ledger"
)

// dayRange are two days as they were typed, and what is wrong with them.
type dayRange struct {
	first, last string // days of the tenant's zone; both are in the range
	wrong       string // "from" or "to", the field that cannot be taken as it is; "" for none
	reversed    bool   // what is wrong is that the last day comes before the first
}

// readDays reads the two days of a form.
func readDays(form url.Values, zone *time.Location) (d dayRange, from, to time.Time) {
	d = dayRange{first: strings.TrimSpace(form.Get("from")), last: strings.TrimSpace(form.Get("to"))}
	first, ok := typedDay(d.first)
	if !ok {
		d.wrong = "from"
		return d, from, to
	}
	last, ok := typedDay(d.last)
	if d.reversed = ok && !last.IsZero() && last.Before(first); !ok || d.reversed {
		d.wrong = "to"
		return d, from, to
	}
	return d, midnight(first, zone), midnight(nextDay(last), zone)
}

// message is what is wrong with a day and how to mend it, "" when the field of that name is well.
func (d dayRange) message(w *words, name string) string {
	switch {
	case d.wrong != name:
		return ""
	case d.reversed:
		return w.Trail.DaysReversed
	}
	return w.Trail.DayWanted
}

// typedDay reads a day as date fields send it; nothing is no day.
func typedDay(text string) (day ledger.Date, ok bool) {
	if text == "" {
		return ledger.Date{}, true
	}
	day, err := ledger.ParseDate(text)
	return day, err == nil
}

func nextDay(d ledger.Date) ledger.Date {
	if d.IsZero() {
		return d
	}
	return d.AddDays(1)
}

// midnight is when a day begins in a zone; no day begins at the zero time.
func midnight(d ledger.Date, zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}
