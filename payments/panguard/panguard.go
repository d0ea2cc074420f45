// Package panguard tells whether a text holds what may be the number of a payment card, so that no such text is stored, sent on or logged: card numbers
// are typed into the processor's own fields and nowhere else. It looks for 13 to 19 digits that begin like a card scheme's, have one of its lengths and
// a right check digit, in groups or not, in any of the digits that people type. It refuses to guess: a longer run of digits, or one after a plus sign
// as telephone numbers have it, is none.
//
//	if panguard.Find(text) { // refuse it, and do not repeat it
package panguard

import "unicode"

// Least and most digits of a number.
const (
	least = 13
	most  = 19
)

// scheme are the numbers of one card scheme: those whose first digits lie in a range, of some lengths.
type scheme struct {
	from, to int // the first digits, as many as both are written with
	lengths  uint32
}

// of is a set of lengths.
func of(lengths ...int) (set uint32) {
	for _, n := range lengths {
		set |= 1 << n
	}
	return set
}

var (
	long    = of(16, 17, 18, 19)
	any1319 = of(13, 14, 15, 16, 17, 18, 19)

	// schemes are the ranges that card schemes have published.
	schemes = []scheme{
		{4, 4, of(13, 16, 19)},                 // Visa
		{51, 55, of(16)}, {2221, 2720, of(16)}, // Mastercard
		{34, 34, of(15)}, {37, 37, of(15)}, // American Express
		{6011, 6011, long}, {644, 649, long}, {65, 65, long}, // Discover
		{300, 305, of(14, 16, 17, 18, 19)}, {3095, 3095, of(14, 16, 17, 18, 19)}, {36, 36, of(14, 15, 16, 17, 18, 19)}, {38, 39, of(14, 16, 17, 18, 19)}, // Diners Club
		{3528, 3589, long},             // JCB
		{62, 62, long}, {81, 81, long}, // UnionPay
		{50, 50, any1319}, {56, 58, any1319}, {63, 63, any1319}, {67, 67, any1319}, // Maestro
		{2200, 2204, long},                 // Mir
		{60, 60, of(16)}, {82, 82, of(16)}, // RuPay
	}
)

// Find reports whether a text holds what may be a card's number.
func Find(text string) bool {
	var r run
	before := rune(0)
	for _, c := range text {
		digit, isDigit := value(c)
		switch {
		case isDigit:
			if r.add(digit, before == '+') {
				return true
			}
		case r.parts(c):
		default:
			if r.end() {
				return true
			}
			r = run{}
		}
		before = c
	}
	return r.end()
}

// maxGap is how many characters in a row may part two groups of one number, as in "4242 - 4242".
const maxGap = 3

// run is a row of groups of digits.
type run struct {
	digits []byte
	starts []int // where groups begin; a number begins with one
	gap    int   // characters since the last digit
}

// add takes the next digit. It reports whether the group that ended before it ends a card's number.
func (r *run) add(digit byte, afterPlus bool) (found bool) {
	if len(r.digits) == 0 || r.gap > 0 {
		found = len(r.digits) > 0 && r.end()
		if !afterPlus {
			r.starts = append(r.starts, len(r.digits))
		}
	}
	r.digits, r.gap = append(r.digits, digit), 0
	return found
}

// parts reports whether a character may stand between two groups, and counts it.
func (r *run) parts(c rune) bool {
	if len(r.digits) == 0 {
		return false
	}
	if unicode.Is(unicode.Cf, c) { // is not seen, and parts nothing
		return true
	}
	separates := unicode.IsSpace(c) || unicode.Is(unicode.Pd, c) || c == '.' || c == '_' || c == '/' || c == '\u2212'
	r.gap++
	return separates && r.gap <= maxGap
}

// end reports whether a card's number ends with the last digit.
func (r *run) end() bool {
	for _, start := range r.starts {
		if n := r.digits[start:]; len(n) >= least && len(n) <= most && isCard(n) {
			return true
		}
	}
	return false
}

// isCard reports whether the digits are a scheme's, of one of its lengths, with a right check digit.
func isCard(digits []byte) bool {
	for _, s := range schemes {
		if s.lengths&(1<<len(digits)) != 0 && s.begins(digits) {
			return luhn(digits)
		}
	}
	return false
}

func (s scheme) begins(digits []byte) bool {
	first := 0
	for i, rest := 0, s.to; rest > 0; i, rest = i+1, rest/10 {
		first = 10*first + int(digits[i])
	}
	return s.from <= first && first <= s.to
}

// luhn is the check of ISO/IEC 7812.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// value is what a digit of any script stands for. Unicode keeps the ten of each script together, nought first.
func value(c rune) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return byte(c - '0'), true
	case c < 0x80 || !unicode.Is(unicode.Nd, c):
		return 0, false
	}
	nought := c
	for unicode.Is(unicode.Nd, nought-1) && c-nought < 9 {
		nought--
	}
	if c >= 0x1D7CE && c <= 0x1D7FF { // five rows of mathematical digits without a gap
		return byte((c - 0x1D7CE) % 10), true
	}
	return byte(c - nought), true
}
