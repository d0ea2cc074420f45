package payments

import (
	"math"

	"tollhouse/payments/ledger"
)

// limits are what a processor takes at once, in minor units by the currency's own exponent.
type limits struct{ least, most, step int64 }

// stripeLeast is the least charge by currency; for others it is what fifty US cents come to, which the processor says itself.
var stripeLeast = map[ledger.Currency]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500,
	"INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}

// limitsOf returns what a connection's processor takes; nil, or another one: anything above zero.
func limitsOf(c *Connection, currency ledger.Currency) limits {
	l := limits{least: 1, most: math.MaxInt64, step: 1}
	switch {
	case c == nil:
	case c.Processor == Stripe:
		l.most = 99_999_999 // eight digits
		if least, known := stripeLeast[currency]; known {
			l.least = least
		}
		if currency.Exponent() == 3 {
			l.step, l.most = 10, 99_999_990 // the last of three decimals must be 0
		}
	case c.Processor == AuthorizeNet:
		l.most = 9_999_999_999
	}
	return l
}
