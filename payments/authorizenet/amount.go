package authorizenet

import (
	"fmt"
	"strings"

	"tollhouse/payments/ledger"
)

// maxAmountLength is how many characters an amount may have, the dot included.
const maxAmountLength = 15

// formatAmount writes a positive amount in the account's currency as the processor wants it: major units with a dot. A decimal number means
// the same whatever minor unit somebody believes in, so a currency needs no table here: 1200 krónur are "1200", as ledger counts them.
func (c *Client) formatAmount(m ledger.Money) (string, error) {
	switch text := m.Decimal(); {
	case c.cfg.Currency == "":
		return "", fmt.Errorf("the account's currency was not said: %w", ErrInput)
	case m.Currency != c.cfg.Currency:
		return "", fmt.Errorf("the account takes %s, not %s: %w", c.cfg.Currency, m.Currency, ErrInput)
	case m.Amount <= 0:
		return "", fmt.Errorf("the amount must be more than zero: %w", ErrInput)
	case len(text) > maxAmountLength:
		return "", fmt.Errorf("the amount %s is too large: %w", text, ErrInput)
	default:
		return text, nil
	}
}

// parseAmount reads an amount of an answer, where 12.5, 12.50 and 12.5000 are the same; "" is nothing. More decimals than the currency has
// are an error unless they are zeros: an amount is never rounded.
func (c *Client) parseAmount(s string) (ledger.Money, error) {
	if s == "" {
		return ledger.Money{Currency: c.cfg.Currency}, nil
	}
	if whole, fraction, dotted := strings.Cut(s, "."); dotted {
		for len(fraction) > c.cfg.Currency.Exponent() && strings.HasSuffix(fraction, "0") {
			fraction = fraction[:len(fraction)-1]
		}
		s = whole
		if fraction != "" {
			s += "." + fraction
		}
	}
	m, err := ledger.ParseMoney(s, c.cfg.Currency)
	if err != nil {
		return ledger.Money{}, fmt.Errorf("reading an amount of the processor: %w", err)
	}
	return m, nil
}
