package ledger_test

import (
	"math/rand/v2"
	"testing"

	"tollhouse/payments/ledger"
)

// In every currency, whatever its decimals: the parts add up to the whole, also as people read them, and none exceeds what it is a part of.
func TestSpreadAndFill_LoseNothingInAnyCurrency(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	for _, currency := range []ledger.Currency{"JPY", "UGX", "USD", "EUR", "HUF", "KWD", "TND"} {
		for range 3000 {
			weights, total := make([]int64, 1+dice.IntN(8)), int64(0)
			for i := range weights {
				weights[i] = dice.Int64N(1 << (1 + dice.IntN(40)))
				total += weights[i]
			}
			whole := dice.Int64N(total + 2)
			parts := ledger.Spread(whole, weights)
			check(t, currency, min(whole, total), parts, weights)
			filled, left := ledger.Fill(whole, weights)
			check(t, currency, whole-left, filled, weights)
			if left != max(0, whole-total) {
				t.Fatalf("%d in %v leaves %d", whole, weights, left)
			}
		}
	}
}

func check(t *testing.T, currency ledger.Currency, whole int64, parts, most []int64) {
	t.Helper()
	sum := ledger.Money{Currency: currency}
	for i, part := range parts {
		if part < 0 || part > most[i] {
			t.Fatalf("part %d of %v exceeds %v", part, parts, most)
		}
		read, err := ledger.ParseMoney(ledger.Money{Amount: part, Currency: currency}.Decimal(), currency)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err = sum.Add(read); err != nil {
			t.Fatal(err)
		}
	}
	if sum.Amount != whole {
		t.Fatalf("%v add up to %s, want %d", parts, sum, whole)
	}
}

func TestFill_GivesTheEarlierFirstAndNothingToAnOverfullOne(t *testing.T) {
	parts, left := ledger.Fill(10, []int64{4, -3, 5, 9})
	if parts[0] != 4 || parts[1] != 0 || parts[2] != 5 || parts[3] != 1 || left != 0 {
		t.Errorf("%v, %d left", parts, left)
	}
}
