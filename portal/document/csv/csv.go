// Package csv writes tables that spreadsheets open as they are meant: UTF-8 with a byte order mark, lines that end in CRLF (RFC 4180), and cells
// of known types. A text that a spreadsheet would take for a formula is written so that it stays a text; amounts, dates and times come from
// values, so they need no such guard and stay numbers. It formats, and decides nothing; it knows no pages and no HTTP.
//
//	w := csv.NewWriter(out)
//	w.Row(csv.Text("Invoice"), csv.Text("Total"))
//	w.Row(csv.Text(inv.Number), csv.Amount(inv.Money()))
//	err := w.Flush()
package csv

import (
	"encoding/csv"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"tollhouse/payments/ledger"
)

// mark is the byte order mark by which spreadsheets know UTF-8.
const mark = "\ufeff"

// formulas are the characters that a cell which a spreadsheet calculates begins with; some take the full-width ones for the others. A tab and
// the ends of lines are among them, because what stands after them is looked at once they are cut off.
const formulas = "=+-@\t\r\n＝＋－＠"

// Cell is one cell of a row. The zero Cell is empty.
type Cell struct{ text string }

// Text is what somebody typed, in whatever words. What would be a formula gets an apostrophe before it, which spreadsheets take for "text".
// Bytes that are no UTF-8 become U+FFFD, and NUL, at which some programs stop to read, is left out.
func Text(s string) Cell {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, string(utf8.RuneError)), "\x00", "")
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune(formulas, first) {
		s = "'" + s
	}
	return Cell{s}
}

// Amount is money in major units with a point and no grouping, like "-1204.50": the same in every language, so that programs can read it. The
// currency belongs in a cell of its own.
func Amount(m ledger.Money) Cell { return Cell{m.Decimal()} }

// Date is a day like "2026-05-21"; no day is an empty cell.
func Date(d ledger.Date) Cell { return Cell{d.String()} }

// Time is a moment in UTC to the second, like "2026-05-21T16:00:00Z"; the zero time is an empty cell.
func Time(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	return Cell{t.UTC().Format(time.RFC3339)}
}

// Writer writes rows. It is for one goroutine.
type Writer struct {
	out   *csv.Writer
	to    io.Writer
	begun bool
	err   error
}

// NewWriter returns a writer of a table to w. It writes nothing yet.
func NewWriter(w io.Writer) *Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return &Writer{out: out, to: w}
}

// Row writes one row. After an error it does nothing; Flush tells of it.
func (w *Writer) Row(cells ...Cell) {
	if !w.begin() {
		return
	}
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = c.text
	}
	w.err = w.out.Write(texts)
}

// Flush writes what is still held back and returns the first error of all.
func (w *Writer) Flush() error {
	if w.begin() {
		w.out.Flush()
		w.err = w.out.Error()
	}
	return w.err
}

// begin writes the mark before everything else, and reports whether there is a point in going on.
func (w *Writer) begin() bool {
	if !w.begun {
		w.begun = true
		_, w.err = io.WriteString(w.to, mark)
	}
	return w.err == nil
}
