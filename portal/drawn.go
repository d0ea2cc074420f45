package portal

import (
	"context"
	"io"
	"strconv"

	"github.com/a-h/templ"

	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
	"tollhouse/portal/lang"
)

// The parts in this file stand in every row of a list. They are written by hand: a template formats each of its values anew, which on a page of
// forty rows costs more than all the rest, and it would put a space between a currency and its digits.

// amount shows money: the currency smaller than the digits, never broken over two lines, digits in columns.
func amount(m ledger.Money, locale string) templ.Component { return shownAmount{m, locale} }

type shownAmount struct {
	money  ledger.Money
	locale string
}

func (a shownAmount) Render(_ context.Context, w io.Writer) error {
	p := format.MoneyParts(a.money, a.locale)
	return writeAll(w, `<bdi dir="ltr" class="amount">`, sign(p.Before), p.Digits, sign(p.After), `</bdi>`)
}

// sign shows a currency; it comes from the database and is escaped.
func sign(s string) string {
	if s == "" {
		return ""
	}
	return `<span class="cur">` + templ.EscapeString(s) + `</span>`
}

// date shows a day with the month's full name, in the language of the words around it.
func date(d ledger.Date, locale string) templ.Component {
	return shownDay{d, format.Date(d, lang.Dates(locale))}
}

// shortDate is date for columns.
func shortDate(d ledger.Date, locale string) templ.Component {
	return shownDay{d, format.ShortDate(d, lang.Dates(locale))}
}

type shownDay struct {
	day  ledger.Date
	text string // made of digits and the names of months, nothing else
}

func (s shownDay) Render(_ context.Context, w io.Writer) error {
	var buffer [10]byte
	iso := appendPadded(buffer[:0], s.day.Year, 1000)
	iso = appendPadded(append(iso, '-'), int(s.day.Month), 10)
	iso = appendPadded(append(iso, '-'), s.day.Day, 10)
	return writeAll(w, `<time datetime="`, string(iso), `" dir="auto">`, s.text, `</time>`)
}

// appendPadded writes n with as many digits as least has, or more.
func appendPadded(to []byte, n, least int) []byte {
	for ; n < least && least > 1; least /= 10 {
		to = append(to, '0')
	}
	return strconv.AppendInt(to, int64(n), 10)
}

// status says how an invoice stands, in a word with a mark.
func status(state ledger.State, w *words) templ.Component { return shownState{state, w} }

type shownState struct {
	state ledger.State
	words *words
}

func (s shownState) Render(_ context.Context, w io.Writer) error {
	class, mark, word := s.says()
	return writeAll(w, `<span class="status `, class, `">`, string(mark), templ.EscapeString(word), `</span>`)
}

func (s shownState) says() (class string, mark drawn, word string) {
	switch s.state {
	case ledger.StateOverdue:
		return "overdue", iconOverdue, s.words.Overdue
	case ledger.StateProcessing:
		return "processing", iconProcessing, s.words.Processing
	case ledger.StatePaid:
		return "paid", iconPaid, s.words.Paid
	case ledger.StatePartiallyPaid:
		return "due", iconDue, s.words.PartlyPaid
	case ledger.StateVoid:
		return "void", iconVoid, s.words.Void
	case ledger.StateUncollectible:
		return "void", iconVoid, s.words.Closed
	}
	return "due", iconDue, s.words.Due
}

// statusMark is status for what is no invoice: a class, a mark and a word.
func statusMark(class string, mark drawn, word string) templ.Component {
	return drawn(`<span class="status ` + class + `">` + string(mark) + templ.EscapeString(word) + `</span>`)
}

// drawn is markup of our own; nothing that somebody typed ever becomes one.
type drawn string

// Render writes the markup as it is.
func (d drawn) Render(_ context.Context, w io.Writer) error { return writeAll(w, string(d)) }

// isolated shows text that somebody typed: whatever its script, it does not turn the line that it stands in.
func isolated(text string) templ.Component { return shownText(text) }

type shownText string

func (s shownText) Render(_ context.Context, w io.Writer) error {
	return writeAll(w, `<bdi>`, templ.EscapeString(string(s)), `</bdi>`)
}

func writeAll(w io.Writer, parts ...string) error {
	for _, part := range parts {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}
