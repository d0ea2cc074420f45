package ledger

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var errDecimal = errors.New("not a decimal number")

// formatDecimal writes n / 10^places with exactly that many places.
func formatDecimal(n int64, places int) string {
	sign, magnitude := "", uint64(n)
	if n < 0 {
		sign, magnitude = "-", -magnitude
	}
	digits := strconv.FormatUint(magnitude, 10)
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if places == 0 {
		return sign + digits
	}
	point := len(digits) - places
	return sign + digits[:point] + "." + digits[point:]
}

// parseDecimal reads digits with at most the given number of places, as a multiple of 10^-places. A dot needs digits on both sides.
func parseDecimal(s string, places int) (int64, error) {
	body, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(body, ".")
	if whole == "" || dotted && fraction == "" || len(fraction) > places || !isDigits(whole) || !isDigits(fraction) {
		return 0, errDecimal
	}
	magnitude, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	switch {
	case err != nil: // the digits were checked: it can only be too large
		return 0, ErrOverflow
	case negative && magnitude <= -math.MinInt64:
		return -int64(magnitude), nil
	case negative || magnitude > math.MaxInt64:
		return 0, ErrOverflow
	}
	return int64(magnitude), nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
