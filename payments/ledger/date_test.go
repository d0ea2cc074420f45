package ledger_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tollhouse/payments/ledger"
)

func TestParseDate_RefusesDaysThatDoNotExist(t *testing.T) {
	for _, s := range []string{"2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "26-01-01", "2026-01-01T00:00:00Z", " 2026-01-01", "", "0000-01-01", "20260101"} {
		if d, err := ledger.ParseDate(s); !errors.Is(err, ledger.ErrDate) {
			t.Errorf("%q is read as %v, %v", s, d, err)
		}
	}
	for _, s := range []string{"2024-02-29", "0001-01-01", "9999-12-31"} {
		if d, err := ledger.ParseDate(s); err != nil || d.String() != s {
			t.Errorf("%q is read as %v, %v", s, d, err)
		}
	}
}

func TestDateIn_IsTheDayOfTheZone(t *testing.T) {
	late := time.Date(2026, 5, 3, 23, 30, 0, 0, time.UTC)
	for zone, want := range map[string]string{"UTC": "2026-05-03", "Pacific/Auckland": "2026-05-04", "America/Los_Angeles": "2026-05-03"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := ledger.DateIn(late, loc).String(); got != want {
			t.Errorf("in %s it is %s, want %s", zone, got, want)
		}
	}
}

func TestDate_CountsDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := ledger.Date{Year: 2000, Month: 1, Day: 1}.AddDays(rapid.IntRange(-100000, 100000).Draw(t, "from"))
		n := rapid.IntRange(-100000, 100000).Draw(t, "days")
		later := d.AddDays(n)
		if d.DaysUntil(later) != n || later.AddDays(-n) != d || (d.Compare(later) < 0) != (n > 0) || d.Before(later) != (n > 0) {
			t.Fatalf("%v and %d days is %v", d, n, later)
		}
		if back, err := ledger.ParseDate(later.String()); err != nil || back != later {
			t.Fatalf("%v is read as %v, %v", later, back, err)
		}
	})
	if got := (ledger.Date{Year: 2026, Month: 3, Day: 28}).AddDays(30).String(); got != "2026-04-27" {
		t.Errorf("30 days across a change of the clock: %s", got)
	}
}

func TestDate_IsTextInJSON(t *testing.T) {
	type holder struct{ Day ledger.Date }
	for _, c := range []struct{ text, day string }{{`{"Day":"2026-05-03"}`, "2026-05-03"}, {`{"Day":""}`, ""}} {
		var h holder
		if err := json.Unmarshal([]byte(c.text), &h); err != nil || h.Day.String() != c.day {
			t.Errorf("%s is read as %v, %v", c.text, h.Day, err)
		}
		if text, err := json.Marshal(h); err != nil || string(text) != c.text {
			t.Errorf("%v is written %s, %v", h.Day, text, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"Day":"3 May"}`), &holder{}); !errors.Is(err, ledger.ErrDate) {
		t.Errorf("3 May: %v", err)
	}
}
