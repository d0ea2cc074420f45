package ledger

import (
	"errors"
	"fmt"
	"strings"
)

// quantityPlaces is the precision of quantities: four decimals, so that a minute of an hour's work (0.0167) can be billed.
const quantityPlaces = 4

// OneUnit is the quantity 1.
const OneUnit int64 = 10_000

// ErrQuantity is wrapped by errors about text that is no quantity.
var ErrQuantity = errors.New("not a quantity: write a positive number with at most 4 decimals, like 1.5")

// ParseQuantity reads "1.5" as 15000 ten-thousandths. Zero, a sign and more than four decimals are ErrQuantity; what exceeds 64 bits is
// ErrOverflow.
func ParseQuantity(s string) (int64, error) {
	q, err := parseDecimal(s, quantityPlaces)
	if errors.Is(err, errDecimal) || err == nil && q <= 0 {
		return 0, fmt.Errorf("%.40q is %w", s, ErrQuantity)
	}
	return q, err
}

// FormatQuantity writes ten-thousandths without trailing zeros: 15000 is "1.5", 20000 is "2".
func FormatQuantity(q int64) string {
	s := strings.TrimRight(formatDecimal(q, quantityPlaces), "0")
	return strings.TrimSuffix(s, ".")
}
