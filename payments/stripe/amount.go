package stripe

import (
	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// maxAmount is the largest amount that Stripe takes, in its own minor units (docs.stripe.com/currencies: eight digits).
const maxAmount = 99_999_999

// scale is how many of Stripe's minor units one of ours is. Iceland's króna and Uganda's shilling have no decimals, but Stripe writes them with two that
// must be zero (docs.stripe.com/currencies, "special cases").
func scale(c ledger.Currency) int64 {
	if c == "ISK" || c == "UGX" {
		return 100
	}
	return 1
}

// toStripe returns an amount as Stripe counts it. Currencies with three decimals are taken only with a zero at the end.
func toStripe(amount int64, c ledger.Currency) (int64, error) {
	switch {
	case amount <= 0 || amount > maxAmount/scale(c):
		return 0, &payments.RefusedError{Code: "amount_out_of_range"}
	case c.Exponent() == 3 && amount%10 != 0:
		return 0, &payments.RefusedError{Code: "amount_not_in_tens"}
	}
	return amount * scale(c), nil
}

// fromStripe returns an amount as we count it; exact is false for one that we cannot write, which is never booked.
func fromStripe(amount int64, c ledger.Currency) (ours int64, exact bool) {
	return amount / scale(c), amount%scale(c) == 0
}
