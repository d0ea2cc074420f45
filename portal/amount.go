package portal

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
)

// amount shows money: the currency smaller than the digits, never broken over two lines, digits in columns. It is written by hand because a
// template would put a space between the sign and the digits.
func amount(m ledger.Money, locale string) templ.Component { return shownAmount{m, locale} }

type shownAmount struct {
	money  ledger.Money
	locale string
}

// Render writes the amount. Nothing in it was typed by anybody but the currency, which is escaped.
func (a shownAmount) Render(_ context.Context, w io.Writer) error {
	p := format.MoneyParts(a.money, a.locale)
	_, err := io.WriteString(w, `<bdi dir="ltr" class="amount">`+sign(p.Before)+p.Digits+sign(p.After)+`</bdi>`)
	return err
}

func sign(s string) string {
	if s == "" {
		return ""
	}
	return `<span class="cur">` + templ.EscapeString(s) + `</span>`
}
