package payments

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"tollhouse/payments/ledger"
)

// books is the part of the ledger that one payment is about, under its locks: what is posted is seen by what is posted next.
type books struct {
	file    *File
	today   ledger.Date
	credit  int64 // the client's
	fresh   []ledger.Entry
	pending map[string]int64 // this payment's own reservation, by invoice, that ends in this turn
}

func newBooks(f *File, today ledger.Date) *books {
	return &books{file: f, today: today, credit: f.Credit, pending: map[string]int64{}}
}

// release says that the payment's reservation ends: its money may be posted where it was reserved.
func (b *books) release() {
	for _, a := range b.file.Payment.Allocations {
		b.pending[a.InvoiceID] = a.Amount
	}
}

// effect names one effect of an object at the processor; live money and rehearsals never meet.
func (b *books) effect(objectID, what string) string {
	mode := "test"
	if b.file.Payment.Live {
		mode = "live"
	}
	name := b.file.Payment.Processor + "/" + mode + "/" + b.file.Account + "/" + objectID + "/" + what
	if len(name) > 255 {
		sum := sha256.Sum256([]byte(name))
		return hex.EncodeToString(sum[:])
	}
	return name
}

// add posts an amount on an invoice, "" for the client's account itself. Nothing is not posted.
func (b *books) add(kind ledger.EntryKind, invoiceID string, amount int64, effect string) {
	if amount == 0 {
		return
	}
	p := &b.file.Payment
	b.fresh = append(b.fresh, ledger.Entry{CompanyID: p.CompanyID, InvoiceID: invoiceID, PaymentID: p.ID, Kind: kind, Amount: amount, Currency: p.Currency,
		Effect: effect, EffectiveOn: b.today})
	if inv := b.invoice(invoiceID); inv != nil {
		inv.Settled -= amount
	} else {
		b.credit -= amount
	}
}

func (b *books) invoice(id string) *ledger.Invoice {
	at := slices.IndexFunc(b.file.Invoices, func(inv ledger.Invoice) bool { return inv.ID == id })
	if at < 0 {
		return nil
	}
	return &b.file.Invoices[at]
}

// room is what an invoice still takes of this payment.
func (b *books) room(id string) int64 {
	inv := b.invoice(id)
	if inv == nil || inv.Status != ledger.Sent {
		return 0
	}
	return max(0, inv.Total-inv.Settled-inv.InFlight+b.pending[id])
}

// standing is what this payment has on an invoice, "" for what it left as credit, after all that was given or taken back.
func (b *books) standing(invoiceID string) (sum int64) {
	for _, e := range slices.Concat(b.file.Entries, b.fresh) {
		switch e.Kind {
		case ledger.EntryPayment, ledger.EntryRefund, ledger.EntryReversal, ledger.EntryReinstatement, ledger.EntryCreditGiven:
			if e.InvoiceID == invoiceID {
				sum -= e.Amount
			}
		}
	}
	return max(0, sum)
}

// capture posts what arrived on the invoices that it was reserved on; what does not fit becomes credit.
func (b *books) capture(effect string) {
	left := b.file.Payment.Amount
	for _, a := range b.file.Payment.Allocations {
		part := min(a.Amount, b.room(a.InvoiceID))
		b.add(ledger.EntryPayment, a.InvoiceID, -part, effect)
		b.pending[a.InvoiceID] = 0
		if inv := b.invoice(a.InvoiceID); inv != nil {
			inv.InFlight -= a.Amount // the reservation is gone
		}
		left -= part
	}
	b.add(ledger.EntryCreditGiven, "", -left, effect)
}

// takeBack spreads what goes back over what the payment stands on: first what it left as credit, then its invoices in proportion. What is more than all
// that is owed by the client on no invoice.
func (b *books) takeBack(kind ledger.EntryKind, amount int64, effect string) (parts []ledger.Allocation, fromCredit int64) {
	fromCredit = min(amount, b.standing(""))
	weights := make([]int64, len(b.file.Payment.Allocations))
	for i, a := range b.file.Payment.Allocations {
		weights[i] = b.standing(a.InvoiceID)
	}
	left := amount - fromCredit
	for i, part := range ledger.Spread(left, weights) {
		id := b.file.Payment.Allocations[i].InvoiceID
		b.add(kind, id, part, effect)
		left -= part
		if part > 0 {
			parts = append(parts, ledger.Allocation{InvoiceID: id, Amount: part})
		}
	}
	b.add(kind, "", fromCredit+left, effect)
	return parts, fromCredit
}

// refund posts a refund. Unless its invoices are to be open again, the tenant does not ask for what it gave back: only credit goes down.
func (b *books) refund(effect string, amount int64, reopen bool) {
	had := max(0, b.credit)
	parts, fromCredit := b.takeBack(ledger.EntryRefund, amount, effect)
	if reopen {
		return
	}
	conceded := amount
	for _, part := range parts {
		b.add(ledger.EntryAdjustment, part.InvoiceID, -part.Amount, effect+concession)
		conceded -= part.Amount
	}
	b.add(ledger.EntryAdjustment, "", -(conceded - min(fromCredit, had)), effect+concession)
}

// concession marks what the tenant does not ask for again after a refund.
const concession = "/concession"

// undo posts the contrary of an effect: what fits on its invoices goes there, and the rest becomes credit.
func (b *books) undo(effect, undone string) {
	credit := int64(0)
	before := slices.Concat(b.file.Entries, b.fresh)
	for _, e := range before {
		if e.Effect == effect+concession {
			b.add(ledger.EntryAdjustment, e.InvoiceID, -e.Amount, undone+concession)
		}
	}
	for _, e := range before {
		if e.Effect != effect {
			continue
		}
		part := int64(0)
		if e.InvoiceID != "" {
			part = min(e.Amount, b.room(e.InvoiceID))
			b.add(ledger.EntryReinstatement, e.InvoiceID, -part, undone)
		}
		credit += e.Amount - part
	}
	b.add(ledger.EntryReinstatement, "", -credit, undone)
}
