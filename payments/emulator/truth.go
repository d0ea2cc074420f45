package emulator

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Capture is one payment that took money, as the processor's own books have it.
type Capture struct {
	Intent, Charge string
	Amount         int64 // in minor units
	Currency       string
	Customer       string
	Method         string // card or us_bank_account
	Metadata       map[string]string
	Refunded       int64 // what was given back, or is on its way
	Disputed       int64 // what a dispute has taken, fees not counted
	At             time.Time
}

// Total sums the payments of one currency. It counts those that were forgotten too.
type Total struct {
	Payments                     int64
	Captured, Refunded, Disputed int64 // in minor units
}

// Captured is every payment that took money, oldest first, but for those that Config.Forget let go.
func (e *Emulator) Captured(accountID string) []Capture {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Capture
	for _, ch := range e.account(accountID).charges.list {
		if ch.status != succeeded {
			continue
		}
		disputed := int64(0)
		if ch.dispute != nil && ch.dispute.taken {
			disputed = ch.dispute.amount
		}
		out = append(out, Capture{
			Intent: ch.intent.id, Charge: ch.id, Amount: ch.amount, Currency: ch.currency, Customer: ch.intent.customer, Method: ch.method.kind,
			Metadata: maps.Clone(ch.intent.metadata), Refunded: ch.refunded, Disputed: disputed, At: ch.captured,
		})
	}
	return out
}

// Totals are the sums per currency, in lower case.
func (e *Emulator) Totals(accountID string) map[string]Total {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.account(accountID).totals)
}

// forgetPayments drops the oldest payments that are finished and undisputed, beyond what Config.Forget keeps. Totals stay.
func (e *Emulator) forgetPayments(a *account) {
	if e.forget <= 0 {
		return
	}
	for len(a.intents.list) > e.forget && e.forgettable(a, a.intents.list[0]) {
		i := a.intents.list[0]
		a.intents.forgetOldest()
		for _, token := range i.actionPages {
			delete(e.actions, token)
		}
		for len(a.charges.list) > 0 && a.charges.list[0].intent == i {
			a.charges.forgetOldest()
		}
	}
	for len(a.txns.list) > 4*e.forget {
		a.txns.forgetOldest()
	}
	for len(a.tokens.list) > 2*e.forget {
		a.tokens.forgetOldest()
	}
	for len(a.methods.list) > 4*e.forget && a.methods.list[0].customer == "" {
		a.methods.forgetOldest()
	}
}

func (e *Emulator) forgettable(a *account, i *intent) bool {
	if !i.finished() || i.session != "" {
		return false
	}
	ch := a.charges.get(i.charge)
	return ch == nil || (ch.dispute == nil && !slices.ContainsFunc(ch.refunds, func(r *refund) bool { return r.status == "pending" }))
}

// plainAmount is for the page of people only: digits as the currency counts them.
func plainAmount(amount int64, currency string) string {
	digits := 2
	switch {
	case strings.Contains(" bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf ", " "+currency+" "):
		digits = 0
	case strings.Contains(threeDecimals, currency):
		digits = 3
	}
	text := strconv.FormatInt(amount, 10)
	for len(text) <= digits {
		text = "0" + text
	}
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	return text + " " + strings.ToUpper(currency)
}
