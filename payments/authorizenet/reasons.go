package authorizenet

import (
	"slices"

	"tollhouse/payments"
)

// reasons says what a payer is told for a responseReasonCode. A code that is not here is a plain decline: lost, stolen and suspected cards look
// like any other, because the person in front of the page may be the thief.
var reasons = []struct {
	kind  payments.FailureKind
	codes []int
}{
	{payments.FailedNumber, []int{6, 9, 10, 37, 315}}, // of a card, or an account's routing or own number
	{payments.FailedExpiry, []int{7, 316}},
	{payments.FailedExpired, []int{8, 317}},
	{payments.FailedCVC, []int{44, 65, 78}},
	{payments.FailedAddress, []int{27, 45, 127}},
	{payments.FailedUnsupported, []int{17, 18, 28}}, // the merchant does not take this kind of card, or no bank accounts
	{payments.FailedTryLater, []int{19, 20, 21, 22, 23, 25, 26, 35, 57, 58, 59, 60, 61, 62, 63, 120, 121, 122}},
	{payments.FailedDuplicate, []int{11}},
	{payments.FailedUnavailable, []int{5, 13, 16, 30, 31, 33, 34, 54, 55, 84, 153}}, // ours or the merchant's to mend
	{payments.FailedDeclined, append([]int{2, 3, 4, 41, 141, 165, 250, 251, 254}, span(200, 224)...)},
}

func span(from, to int) []int {
	var codes []int
	for n := from; n <= to; n++ {
		codes = append(codes, n)
	}
	return codes
}

// KindOf is what to tell the payer for a responseReasonCode.
func KindOf(reason int) payments.FailureKind {
	for _, row := range reasons {
		if slices.Contains(row.codes, reason) {
			return row.kind
		}
	}
	return payments.FailedDeclined
}
