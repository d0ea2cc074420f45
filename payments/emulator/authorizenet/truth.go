package authorizenetemu

import (
	"fmt"
	"time"

	"tollhouse/payments/ledger"
)

// Capture is money that truly moved, or will at the next cut-off: what a ledger must agree with.
type Capture struct {
	ID       string
	Code     string // the invoice number
	Amount   ledger.Money
	Refunded int64 // minor units
	Returned bool  // a bank took it back
	Disputed bool  // a chargeback has it
	Bank     bool
	Settled  bool
	At       time.Time
}

// Captured lists a merchant's captures in the order they were made: approved and neither voided nor held nor declined.
func (e *Emulator) Captured(login string) []Capture {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.merchants[login]
	if m == nil {
		return nil
	}
	var all []Capture
	for _, tx := range m.transactions {
		if tx.original != nil || tx.code != 1 || tx.status == voided {
			continue
		}
		all = append(all, Capture{
			ID: tx.id, Code: tx.invoice, Amount: tx.amount, Refunded: tx.refunded, Returned: tx.status == returnedStatus,
			Disputed: tx.status == chargeback, Bank: tx.what.bank, Settled: tx.batch != nil && tx.status != bankPending, At: tx.submitted,
		})
	}
	return all
}

// Status is the processor's word for a transaction, "" for one that does not exist.
func (e *Emulator) Status(login, id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if tx := e.find(login, id); tx != nil {
		return tx.status
	}
	return ""
}

func (e *Emulator) find(login, id string) *transaction {
	if m := e.merchants[login]; m != nil {
		return m.byID[id]
	}
	return nil
}

// Review decides about a held transaction, as a person of the merchant does.
func (e *Emulator) Review(login, id string, approve bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	tx := e.find(login, id)
	if tx == nil || !tx.held() {
		return fmt.Errorf("transaction %s is not held", id)
	}
	e.decide(e.merchants[login], tx, approve)
	return nil
}

// Return is a bank's return of a debit, with the network's code. Nobody is told.
func (e *Emulator) Return(login, id, code string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	tx := e.find(login, id)
	if tx == nil || !tx.what.bank || tx.batch == nil {
		return fmt.Errorf("transaction %s is no bank debit in a batch", id)
	}
	e.giveBack(tx, code)
	return nil
}

// Dispute is a chargeback; with won it gives the money back.
func (e *Emulator) Dispute(login, id string, won bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	tx := e.find(login, id)
	if tx == nil || tx.status != settled && tx.status != chargeback {
		return fmt.Errorf("transaction %s is not settled", id)
	}
	tx.status = chargeback
	if won {
		tx.status = reversal
	}
	return nil
}
