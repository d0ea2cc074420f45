package portal

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"tollhouse/payments/ledger"
)

// say writes a sentence of the catalogue with values in the places that it names, like "Due {date}". A translator may move the places about;
// a value is set apart from the sentence's direction, so that a Hebrew name does not turn an English line round.
func say(sentence string, values ...value) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for sentence != "" {
			before, rest, found := strings.Cut(sentence, "{")
			if _, err := io.WriteString(w, templ.EscapeString(before)); err != nil {
				return err
			}
			if !found {
				return nil
			}
			name, after, _ := strings.Cut(rest, "}")
			for _, v := range values {
				if v.name == name {
					if err := v.shown.Render(ctx, w); err != nil {
						return err
					}
				}
			}
			sentence = after
		}
		return nil
	})
}

// value is what stands in one place of a sentence.
type value struct {
	name  string
	shown templ.Component
}

func textValue(name, text string) value { return value{name, isolated(text)} }

func moneyValue(name string, m ledger.Money, locale string) value {
	return value{name, amount(m, locale)}
}

func dayValue(name string, d ledger.Date, locale string) value { return value{name, date(d, locale)} }

// fill puts plain text into a sentence, for titles and labels that take no markup.
func fill(sentence string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(sentence)
}
