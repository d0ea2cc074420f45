package ledger_test

import (
	"testing"

	"tollhouse/payments/ledger"
)

func TestState_FollowsTheLedgerAndTheDay(t *testing.T) {
	today := ledger.Date{Year: 2026, Month: 5, Day: 3}
	for _, c := range []struct {
		name                 string
		status               ledger.InvoiceStatus
		due                  int // days from today
		settled, inFlight    int64
		want                 ledger.State
		wantBalance, wantDue int64
	}{
		{"draft", ledger.Draft, -9, 0, 0, ledger.StateDraft, 0, 0},
		{"open", ledger.Sent, 1, 0, 0, ledger.StateOpen, 100, 100},
		{"open on the day it is due", ledger.Sent, 0, 0, 0, ledger.StateOpen, 100, 100},
		{"overdue the day after", ledger.Sent, -1, 0, 0, ledger.StateOverdue, 100, 100},
		{"partly paid", ledger.Sent, 0, 1, 0, ledger.StatePartiallyPaid, 99, 99},
		{"partly paid and overdue", ledger.Sent, -1, 99, 0, ledger.StateOverdue, 1, 1},
		{"partly under way", ledger.Sent, 0, 0, 99, ledger.StateOpen, 100, 1},
		{"partly under way and overdue", ledger.Sent, -1, 0, 99, ledger.StateOverdue, 100, 1},
		{"wholly under way", ledger.Sent, 0, 0, 100, ledger.StateProcessing, 100, 0},
		{"wholly under way after its day", ledger.Sent, -1, 40, 60, ledger.StateProcessing, 60, 0},
		{"paid", ledger.Sent, -1, 100, 0, ledger.StatePaid, 0, 0},
		{"overpaid", ledger.Sent, -1, 120, 0, ledger.StatePaid, -20, 0},
		{"void", ledger.Void, -1, 0, 0, ledger.StateVoid, 0, 0},
		{"given up", ledger.Uncollectible, -1, 40, 0, ledger.StateUncollectible, 60, 0},
		{"unknown", "rumoured", -1, 0, 0, ledger.StateDraft, 100, 0},
	} {
		inv := ledger.Invoice{Status: c.status, Currency: "USD", DueDate: today.AddDays(c.due), Total: 100, Settled: c.settled, InFlight: c.inFlight}
		if got := inv.State(today); got != c.want {
			t.Errorf("%s: state %s, want %s", c.name, got, c.want)
		}
		if inv.Balance() != usd(c.wantBalance) || inv.Due() != usd(c.wantDue) {
			t.Errorf("%s: balance %v, due %v, want %d and %d", c.name, inv.Balance(), inv.Due(), c.wantBalance, c.wantDue)
		}
		if inv.State(today).IsDue() != (c.wantDue > 0) {
			t.Errorf("%s: is due %v, due %v", c.name, inv.State(today).IsDue(), inv.Due())
		}
	}
	if got := (ledger.Invoice{Status: ledger.Sent, DueDate: today.AddDays(-1)}).State(today); got != ledger.StatePaid {
		t.Errorf("an invoice over nothing is %s, want paid", got)
	}
}
