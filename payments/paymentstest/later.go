package paymentstest

import (
	"slices"

	"tollhouse/payments"
)

// What happens at the processor later, by itself or by other hands.

// Finish answers the bank for a charge that requires it, or settles one that is under way; with failed it takes nothing. It reports whether it was waiting.
func (f *Fake) Finish(objectID string, failed bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.charge(payments.Attempt{ObjectID: objectID})
	if c == nil || !slices.Contains([]string{payments.RequiresAction, payments.Processing, payments.HeldReview, payments.RequiresVerification}, c.status) {
		return false
	}
	if failed {
		c.status, c.failure = payments.Failed, payments.Failure{Kind: payments.FailedDeclined, Code: "late"}
	} else {
		f.capture(c)
	}
	f.message("payment", c)
	return true
}

// TakeBack opens a dispute or return over an amount.
func (f *Fake) TakeBack(objectID, kind string, amount int64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.charge(payments.Attempt{ObjectID: objectID})
	d := payments.DisputeFacts{ObjectID: f.id("dp"), Kind: kind, Amount: amount, Currency: c.a.Currency, Status: "open", Reason: "fraudulent", At: f.Now()}
	if kind == "return" {
		d.Status = "lost"
	}
	c.disputes = append(c.disputes, d)
	f.moves = append(f.moves, payments.Movement{Kind: "dispute", ObjectID: d.ObjectID, ParentID: c.id, Code: c.code, Amount: amount, Currency: c.a.Currency, At: d.At})
	f.message("dispute", c)
	return d.ObjectID
}

// Decide ends a dispute: "won" or "lost".
func (f *Fake) Decide(disputeID, how string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.charges {
		for i := range c.disputes {
			if c.disputes[i].ObjectID == disputeID {
				c.disputes[i].Status = how
				f.message("dispute", c)
			}
		}
	}
}

// RefundOutside gives back at the processor itself, by other hands; "" when there is not that much left.
func (f *Fake) RefundOutside(objectID string, amount int64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.charge(payments.Attempt{ObjectID: objectID})
	if amount > c.captured-f.given(c) {
		return ""
	}
	return f.giveBack(c, "", amount).id
}

// EndRefund takes a refund to its end: payments.Succeeded or payments.Failed.
func (f *Fake) EndRefund(refundID, status string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.refunds {
		if r.id == refundID {
			if status == payments.Succeeded && r.status != payments.Succeeded {
				f.moves = append(f.moves, payments.Movement{Kind: "refund", ObjectID: r.id, ParentID: r.charge.id, Code: r.charge.code, Amount: r.amount,
					Currency: r.charge.a.Currency, At: f.Now()})
			}
			r.status = status
			f.message("refund", r.charge)
		}
	}
}

// ChargeOutside takes money at the processor itself: no attempt of ours.
func (f *Fake) ChargeOutside(amount int64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &charge{id: f.id("pi"), a: payments.Attempt{Amount: amount, Currency: "USD"}}
	f.charges = append(f.charges, c)
	f.capture(c)
	f.message("payment", c)
	return c.id
}

// SetMethod says what LookMethod tells; nil: it is gone.
func (f *Fake) SetMethod(ref string, m *payments.MethodFacts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.methods, ref)
	if m != nil {
		f.methods[ref] = *m
	}
}

// Forget makes the processor lose an object, as none does.
func (f *Fake) Forget(objectID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.charges = slices.DeleteFunc(f.charges, func(c *charge) bool { return c.id == objectID })
	f.moves = slices.DeleteFunc(f.moves, func(m payments.Movement) bool { return m.ParentID == objectID })
}

// MessageAbout makes one more message.
func (f *Fake) MessageAbout(about, objectID string) payments.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := payments.Event{ID: f.id("evt"), Kind: about + ".changed", About: about, ObjectID: objectID, Account: AccountID, Live: f.Live, At: f.Now()}
	f.messages = append(f.messages, e)
	return e
}

// Messages returns all messages since the last call.
func (f *Fake) Messages() []payments.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.messages
	f.messages = nil
	return all
}

// Captured is what was taken in all, and by how many charges.
func (f *Fake) Captured() (sum int64, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.charges {
		if c.captured > 0 {
			sum, n = sum+c.captured, n+1
		}
	}
	return sum, n
}

// GivenBack is what was refunded, and what is with banks by disputes that are not won.
func (f *Fake) GivenBack() (refunded, disputed int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.refunds {
		if r.status == payments.Succeeded {
			refunded += r.amount
		}
	}
	for _, c := range f.charges {
		for _, d := range c.disputes {
			if d.Status != "won" {
				disputed += d.Amount
			}
		}
	}
	return refunded, disputed
}

// Calls is how often a method was called.
func (f *Fake) Calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// Broken lists the promises that the caller broke: the same key for another wish, a second capture, a call without a deadline.
func (f *Fake) Broken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.faults)
}

// Object returns the charge of a code and its status; "" for none.
func (f *Fake) Object(code string) (id, status string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.charge(payments.Attempt{Code: code}); c != nil {
		return c.id, c.status
	}
	return "", ""
}

// EndAll takes everything that is under way to its end: what was reviewed or processing arrives, and refunds that were pending are done.
func (f *Fake) EndAll() {
	f.mu.Lock()
	var open []string
	for _, c := range f.charges {
		if c.status == payments.Processing || c.status == payments.HeldReview || c.status == payments.RequiresVerification {
			open = append(open, c.id)
		}
	}
	var pending []string
	for _, r := range f.refunds {
		if r.status == payments.RefundPending {
			pending = append(pending, r.id)
		}
	}
	f.mu.Unlock()
	for _, id := range open {
		f.Finish(id, false)
	}
	for _, id := range pending {
		f.EndRefund(id, payments.Succeeded)
	}
}
