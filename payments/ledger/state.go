package ledger

// State says what the invoice is to its reader on a day in the tenant's zone.
//
// A sent invoice is paid when settled payments cover it, and processing while they do so only together with payments under way. What is
// neither is overdue after its due date, else partially paid when something was settled, else open.
func (inv Invoice) State(today Date) State {
	switch {
	case inv.Status == Void:
		return StateVoid
	case inv.Status == Uncollectible:
		return StateUncollectible
	case inv.Status != Sent:
		return StateDraft // also for a status that is not known here: shown to nobody
	case inv.Settled >= inv.Total:
		return StatePaid
	case inv.Settled+inv.InFlight >= inv.Total:
		return StateProcessing
	case inv.DueDate.Before(today):
		return StateOverdue
	case inv.Settled > 0:
		return StatePartiallyPaid
	}
	return StateOpen
}

// IsDue reports whether the state asks its reader for money.
func (s State) IsDue() bool { return s == StateOpen || s == StatePartiallyPaid || s == StateOverdue }

// Balance is what the ledger says is owed on the invoice: nothing for drafts and voided ones. Payments under way do not lower it.
func (inv Invoice) Balance() Money {
	if inv.Status == Draft || inv.Status == Void {
		return Money{0, inv.Currency}
	}
	return Money{inv.Total - inv.Settled, inv.Currency}
}

// Due is what can be asked of the client now: the balance less what is under way, and nothing of an invoice that was given up. It is
// never negative.
func (inv Invoice) Due() Money {
	if inv.Status != Sent {
		return Money{0, inv.Currency}
	}
	return Money{max(0, inv.Total-inv.Settled-inv.InFlight), inv.Currency}
}
