package ledger

// Currency is an ISO 4217 code, like "USD".
type Currency string

// Money is an amount in minor units of its currency: 120450 USD is 1,204.50 dollars, 1200 JPY is 1,200 yen. It may be negative.
type Money struct {
	Amount   int64
	Currency Currency
}
