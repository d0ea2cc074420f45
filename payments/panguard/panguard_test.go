package panguard_test

import (
	"strings"
	"testing"

	"tollhouse/payments/panguard"
)

// Numbers that processors publish for tests, one a scheme and length.
var cards = []string{"4242424242424242", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005", "341111111111111", "6011111111111117",
	"6445644564456445", "30569309025904", "38520000023237", "36227206271667", "3530111333300000", "6200000000000005", "6205500000000000004", "6759649826438453",
	"2200000000000004"}

func TestFind_KnowsEveryScheme(t *testing.T) {
	for _, n := range cards {
		if !panguard.Find(n) {
			t.Errorf("%s is not found", n)
		}
	}
}

func TestFind_WhateverTheNumberIsWrittenLike(t *testing.T) {
	for _, text := range []string{"4242 4242 4242 4242", "4242-4242-4242-4242", "my card: 4242.4242.4242.4242, thanks", "4242\u00a04242\u202f4242\u20094242", "x4242424242424242y",
		"4242 - 4242 - 4242 - 4242", "４２４２４２４２４２４２４２４２", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "४२४२ ४२४२ ४२४२ ४२४२", "𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚", "4\u200b242424242424242", "4242–4242–4242–4242", "card\n4242\n4242\n4242\n4242",
		"3782 822463 10005", "INV 2026 4242 4242 4242 4242", "4242424242424242 12/34 123", "4242 4242 4242 4242 123", "12/34 4242424242424242", "4242_4242_4242_4242", "4242/4242/4242/4242"} {
		if !panguard.Find(text) {
			t.Errorf("%q is not found", text)
		}
	}
}

func TestFind_LeavesOtherNumbersAlone(t *testing.T) {
	for _, text := range []string{"", "4242", "4242424242424241", "42424242424242424242424242", "1234567890123452", "0000000000000000", "+49 151 23456789", "+4915123456788",
		"+44 20 7946 0958", "DE89 3704 0044 0532 0130 00", "2026-05-21 2026-06-21", "inv_01JB6Z8Q4WXYZ4242424242424", "10.5555.444", "1747785600000", "4242,4242,4242,4242",
		"9999999999999995", "4242    4242    4242    4242", strings.Repeat("9", 5000)} {
		if panguard.Find(text) {
			t.Errorf("%q is said to be a card's number", text)
		}
	}
}

// A wrong digit anywhere is a wrong check digit.
func TestFind_AsksForTheCheckDigit(t *testing.T) {
	for _, n := range cards {
		for i := len(n) - 1; i >= 6; i-- {
			wrong := []byte(n)
			wrong[i] = '0' + (wrong[i]-'0'+1)%10
			if panguard.Find(string(wrong)) {
				t.Errorf("%s is found", wrong)
			}
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, n := range cards {
		f.Add(n, "before ", " after")
	}
	f.Fuzz(func(t *testing.T, n, before, after string) {
		_ = panguard.Find(before + n + after) // whatever is typed, it ends and does not panic
		if card := cards[len(n)%len(cards)]; !panguard.Find(strings.Map(letters, before) + card + strings.Map(letters, after)) {
			t.Errorf("%s is not found among letters", card)
		}
	})
}

func letters(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r
	}
	return 'x'
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("Thank you for the good work on 21 May 2026, see invoice INV-2026-000042. ", 50)
	for b.Loop() {
		panguard.Find(text)
	}
}
