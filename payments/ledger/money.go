package ledger

import (
	"errors"
	"fmt"
	"math"
)

// Money is an amount in minor units of its currency: 120450 USD is 1,204.50 dollars, 1200 JPY is 1,200 yen. It may be negative.
type Money struct {
	Amount   int64
	Currency Currency
}

// Errors of money arithmetic.
var (
	// ErrOverflow says that a result does not fit into 64 bits. Nothing is ever wrapped around or cut.
	ErrOverflow = errors.New("the amount is too large")
	// ErrCurrencyMismatch says that two currencies met. There is no exchange rate in this program.
	ErrCurrencyMismatch = errors.New("the amounts are in different currencies")
	// ErrAmount is wrapped by errors about text that is no amount.
	ErrAmount = errors.New("not an amount")
)

// Add returns m + other, ErrCurrencyMismatch or ErrOverflow.
func (m Money) Add(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, fmt.Errorf("adding %s to %s: %w", other.Currency, m.Currency, ErrCurrencyMismatch)
	}
	sum, err := add(m.Amount, other.Amount)
	return Money{sum, m.Currency}, err
}

// Sub returns m − other, ErrCurrencyMismatch or ErrOverflow.
func (m Money) Sub(other Money) (Money, error) {
	if other.Amount == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{-other.Amount, other.Currency})
}

// Decimal writes the amount in major units, exactly, with a dot and all decimals of its currency: "1204.50", "1200", "-0.005". It is for
// programs; people read portal pages.
func (m Money) Decimal() string { return formatDecimal(m.Amount, m.Currency.Exponent()) }

// String is Decimal and the currency, like "1204.50 USD".
func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }

// ParseMoney reads what Decimal writes, and shorter forms of it: "12", "12.5" and "12.50" are the same dollars. More decimals than the
// currency has, a comma, spaces, a plus sign or an exponent are ErrAmount; an amount beyond 64 bits is ErrOverflow.
func ParseMoney(decimal string, c Currency) (Money, error) {
	amount, err := parseDecimal(decimal, c.Exponent())
	if errors.Is(err, errDecimal) {
		return Money{}, fmt.Errorf("%.40q is %w in %s", decimal, ErrAmount, c)
	}
	return Money{amount, c}, err
}

// add returns a + b or ErrOverflow.
func add(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) {
		return 0, ErrOverflow
	}
	return sum, nil
}
