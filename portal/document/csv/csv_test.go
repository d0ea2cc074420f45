package csv_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document/csv"
)

func written(t *testing.T, rows ...[]csv.Cell) string {
	t.Helper()
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, row := range rows {
		w.Row(row...)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// read is what a program that knows nothing of us makes of a file.
func read(t *testing.T, file string) [][]string {
	t.Helper()
	body, marked := strings.CutPrefix(file, "\xef\xbb\xbf")
	if !marked {
		t.Errorf("no byte order mark: %q", file)
	}
	rows, err := stdcsv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestWriter_IsReadBackByWhoKnowsTheStandard(t *testing.T) {
	at := time.Date(2026, time.May, 21, 12, 0, 0, 5e8, time.FixedZone("", -4*3600))
	file := written(t,
		[]csv.Cell{csv.Text("Número"), csv.Text("金額"), {}, csv.Text("When")},
		[]csv.Cell{csv.Text(`Smith, "Jo" & Söhne`), csv.Amount(ledger.Money{Amount: -120450, Currency: "USD"}),
			csv.Date(ledger.Date{Year: 2026, Month: time.May, Day: 3}), csv.Time(at)},
		[]csv.Cell{csv.Text("two\nlines"), csv.Amount(ledger.Money{Amount: 500, Currency: "JPY"}), csv.Date(ledger.Date{}), csv.Time(time.Time{})})
	want := [][]string{{"Número", "金額", "", "When"}, {`Smith, "Jo" & Söhne`, "-1204.50", "2026-05-03", "2026-05-21T16:00:00Z"}, {"two\nlines", "500", "", ""}}
	if diff := cmp.Diff(want, read(t, file)); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if strings.Count(file, "\n") != strings.Count(file, "\r\n") || !strings.HasSuffix(file, "\r\n") || strings.Count(file, "\ufeff") != 1 {
		t.Errorf("lines do not all end in CRLF, or there are other marks than one: %q", file)
	}
}

func TestText_IsNeverAFormula(t *testing.T) {
	for _, text := range []string{`=HYPERLINK("https://evil.example")`, "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\r\n=1", "\n=1", "＝1", "＋1", "－1", "＠x",
		"\x00=1", "\x00\x00＝1", "=", "-"} {
		got := read(t, written(t, []csv.Cell{csv.Text(text), csv.Text("end")}))[0][0]
		if !strings.HasPrefix(got, "'") || strings.Contains(got, "\x00") {
			t.Errorf("%q is written as %q", text, got)
		}
	}
	for _, text := range []string{"", "Acme", "a=b", "1-2", " =1", "'=1", "٣", "✓", "–1", "O'Neil"} {
		if got := read(t, written(t, []csv.Cell{csv.Text(text), csv.Text("end")}))[0][0]; got != text {
			t.Errorf("%q is written as %q", text, got)
		}
	}
	if got := read(t, written(t, []csv.Cell{csv.Text("a\xffb"), csv.Text("end")}))[0][0]; got != "a\ufffdb" {
		t.Errorf("bytes that are no text: %q", got)
	}
}

func TestAmount_KeepsItsSignAndEveryDigit(t *testing.T) {
	got := read(t, written(t, []csv.Cell{csv.Amount(ledger.Money{Amount: -9223372036854775808, Currency: "KWD"}), csv.Amount(ledger.Money{Amount: 5, Currency: "USD"})}))
	if diff := cmp.Diff([][]string{{"-9223372036854775.808", "0.05"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriter_MarksAnEmptyTableToo(t *testing.T) {
	if got := written(t); got != "\ufeff" {
		t.Errorf("%q", got)
	}
}

// full takes n bytes and no more.
type full struct{ n int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestFlush_TellsOfTheFirstError(t *testing.T) {
	for _, room := range []int{0, 3, 100, 5000} {
		w := csv.NewWriter(&full{n: room})
		for range 1000 {
			w.Row(csv.Text("some text that takes up room"))
		}
		if err := w.Flush(); !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
}
