package authorizenetemu

import (
	"time"
)

// batch is what settled together.
type batch struct {
	id        string
	method    string // "creditCard" or "eCheck"
	settledAt time.Time
}

// openBatch sees to it that the merchant's batch is cut off at the next time of day. Nothing is planned for a merchant without transactions.
func (e *Emulator) openBatch(m *merchant) {
	if !m.cutOffAt.IsZero() {
		return
	}
	now := e.Clock.Now()
	at := now.Truncate(24 * time.Hour).Add(e.cfg.CutOff)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	m.cutOffAt = at
	e.Clock.At(at, func() { e.cutOff(m) })
}

// cutOff settles cards, and sends bank debits on their way. What is held for review waits for the next one.
func (e *Emulator) cutOff(m *merchant) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m.cutOffAt = time.Time{}
	now := e.Clock.Now()
	open := map[string]*batch{}
	for _, tx := range m.transactions {
		if tx.held() {
			e.openBatch(m)
		}
		if tx.batch != nil || tx.status != captured && tx.status != refunding {
			continue
		}
		method := "creditCard"
		if tx.what.bank {
			method = "eCheck"
		}
		if open[method] == nil {
			open[method] = &batch{id: e.id(), method: method, settledAt: now}
			m.batches = append(m.batches, open[method])
		}
		tx.batch = open[method]
		e.settleLater(tx)
	}
}

// settleLater makes a card's transaction settled now, and a bank's days from now.
func (e *Emulator) settleLater(tx *transaction) {
	final := settled
	if tx.original != nil {
		final = refundSettled
	}
	if !tx.what.bank {
		tx.status = final
		return
	}
	tx.status = bankPending
	e.Clock.At(e.Clock.Now().AddDate(0, 0, e.cfg.BankDays), func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if tx.status == bankPending {
			tx.status = final
		}
	})
	if code := returnCodes[tx.what.last4]; code != "" && tx.original == nil {
		e.Clock.At(tx.submitted.AddDate(0, 0, returnDay), func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.giveBack(tx, code)
		})
	}
}

// returnDay is how many days after its submission the debit of a magic account comes back.
const returnDay = 20

// returnCodes are the accounts, by their last four digits, whose debits come back, each with the bank network's code.
var returnCodes = map[string]string{"0101": "R01", "0102": "R02", "0103": "R03", "0110": "R10", "0129": "R29"}

// giveBack is a bank's return: no webhook tells of it.
func (e *Emulator) giveBack(tx *transaction, code string) {
	tx.status = returnedStatus
	tx.returned = append(tx.returned, returnedItem{e.id(), code, "Returned by the bank", e.Clock.Now()})
}
