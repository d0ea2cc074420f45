package ledger

import (
	"cmp"
	"math/bits"
	"slices"
)

// share splits whole among the weights in proportion, by largest remainder; equal remainders go to the earlier weight. The parts add up
// to whole and none exceeds its weight. Weights are not negative, their sum fits into 64 bits, and more than the sum is not shared.
func share(whole int64, weights []int64) []int64 {
	parts := make([]int64, len(weights))
	sum := uint64(0)
	for _, w := range weights {
		sum += uint64(w)
	}
	if sum == 0 {
		return parts
	}
	whole = min(whole, int64(sum))
	remainders, order, left := make([]uint64, len(weights)), make([]int, len(weights)), whole
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(whole), uint64(w))
		quotient, remainder := bits.Div64(hi, lo, sum) // whole ≤ sum, so the quotient is at most w
		parts[i], remainders[i], order[i] = int64(quotient), remainder, i
		left -= int64(quotient)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range order[:left] {
		parts[i]++
	}
	return parts
}

// Spread splits whole among the weights in proportion, by largest remainder; equal remainders go to the earlier weight. The parts add up to
// whole, or to the weights' sum if that is less; none exceeds its weight. Neither may be negative.
func Spread(whole int64, weights []int64) []int64 { return share(whole, weights) }

// Fill gives each room what fits into it, the earlier first, and returns what is left.
func Fill(whole int64, rooms []int64) (parts []int64, left int64) {
	parts = make([]int64, len(rooms))
	for i, room := range rooms {
		parts[i] = min(whole, max(0, room))
		whole -= parts[i]
	}
	return parts, whole
}

// RateTax is the tax of one rate on an invoice.
type RateTax struct {
	TaxBPS int32 // basis points: 825 is 8.25 %
	Base   int64 // what is taxed, after all discounts
	Tax    int64
}

// TaxByRate returns the invoice's tax, one entry a rate, the lowest rate first. Lines without tax have none.
func TaxByRate(inv Invoice) []RateTax {
	rates, _ := bases(inv.Lines, inv.DocumentDiscount)
	for i := range rates {
		for _, line := range inv.Lines {
			if line.TaxBPS == rates[i].TaxBPS {
				rates[i].Tax += line.Tax
			}
		}
	}
	return rates
}

// shareTax computes each rate's tax and writes the lines' shares of it.
func shareTax(lines []Line, documentDiscount int64) []RateTax {
	rates, base := bases(lines, documentDiscount)
	for i := range lines {
		lines[i].Tax = 0
	}
	for r := range rates {
		rate := &rates[r]
		rate.Tax, _ = mulDivRound(rate.Base, int64(rate.TaxBPS), 10_000) // at most Base
		weights := make([]int64, len(lines))
		for i, line := range lines {
			if line.TaxBPS == rate.TaxBPS {
				weights[i] = base[i]
			}
		}
		for i, part := range share(rate.Tax, weights) {
			lines[i].Tax += part
		}
	}
	return rates
}

// bases returns what each line is taxed on, and the rates above zero with their sums, the lowest first.
func bases(lines []Line, documentDiscount int64) (rates []RateTax, base []int64) {
	base = make([]int64, len(lines))
	for i, line := range lines {
		base[i] = line.Amount
	}
	for i, part := range share(documentDiscount, base) {
		base[i] -= part
	}
	for i, line := range lines {
		if line.TaxBPS == 0 {
			continue
		}
		at, found := slices.BinarySearchFunc(rates, line.TaxBPS, func(r RateTax, bps int32) int { return cmp.Compare(r.TaxBPS, bps) })
		if !found {
			rates = slices.Insert(rates, at, RateTax{TaxBPS: line.TaxBPS})
		}
		rates[at].Base += base[i]
	}
	return rates, base
}
