package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day without a zone; what zone it is meant in is the tenant's. The zero value is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ErrDate is wrapped by errors about text that is no day.
var ErrDate = errors.New("not a date: write it as YYYY-MM-DD")

// ParseDate reads "2026-05-03": a day that exists, in the years 1 to 9999, and nothing else.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fmt.Errorf("%.20q is %w", s, ErrDate)
	}
	return DateIn(t, time.UTC), nil
}

// DateIn returns the day that it is at time t in a zone.
func DateIn(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// String writes the day as "2026-05-03", and "" for no day.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// Compare returns -1, 0 or +1 as d is before, the same as or after other.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.Year, other.Year), cmp.Compare(d.Month, other.Month), cmp.Compare(d.Day, other.Day))
}

// Before reports whether d is earlier than other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// AddDays returns the day n days later, or earlier when n is negative.
func (d Date) AddDays(n int) Date { return DateIn(d.midnight().AddDate(0, 0, n), time.UTC) }

// DaysUntil returns how many days lie between d and other; negative when other is earlier.
func (d Date) DaysUntil(other Date) int {
	return int(other.midnight().Sub(d.midnight()) / (24 * time.Hour))
}

// MarshalText writes the day for JSON, "" for no day.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses like ParseDate; "" is no day.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// midnight stands for the day in arithmetic. UTC has no days of 23 or 25 hours.
func (d Date) midnight() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }
