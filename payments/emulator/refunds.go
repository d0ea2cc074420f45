package emulator

import (
	"slices"
	"time"
)

const refundDays = 5

type refund struct {
	id       string
	charge   *charge
	amount   int64
	status   string // pending, succeeded, failed, canceled
	reason   string
	failure  string
	txn      string
	failTxn  string
	created  time.Time
	metadata map[string]string
}

func (r *refund) key() string     { return r.id }
func (r *refund) born() time.Time { return r.created }

func (r *refund) render() obj {
	o := obj{
		"id": r.id, "object": "refund", "amount": r.amount, "balance_transaction": null(r.txn), "charge": r.charge.id, "created": r.created.Unix(),
		"currency": r.charge.currency, "destination_details": obj{"type": r.charge.method.kind}, "metadata": r.metadata,
		"payment_intent": r.charge.intent.id, "reason": null(r.reason), "receipt_number": nil, "source_transfer_reversal": nil, "status": r.status,
		"transfer_reversal": nil,
	}
	if r.failure != "" {
		o["failure_reason"], o["failure_balance_transaction"] = r.failure, r.failTxn
	}
	return o
}

func (c *call) chargeToRefund() (*charge, error) {
	if id := c.p.str("payment_intent"); id != "" {
		i := c.acct.intents.get(id)
		if i == nil {
			return nil, missing("payment_intent", id, "payment_intent")
		}
		if ch := c.acct.charges.get(i.charge); ch != nil && i.status == succeeded {
			return ch, nil
		}
		return nil, invalid("payment_intent", "charge_not_refundable", "This PaymentIntent ("+id+") does not have a successful charge to refund.")
	}
	id := c.p.str("charge")
	if id == "" {
		return nil, required("payment_intent")
	}
	ch := c.acct.charges.get(id)
	if ch == nil {
		return nil, missing("charge", id, "charge")
	}
	if ch.status != "succeeded" {
		return nil, invalid("charge", "charge_not_refundable", "Charge "+id+" has not succeeded, so that it cannot be refunded.")
	}
	return ch, nil
}

func (c *call) createRefund() (obj, error) {
	ch, err := c.chargeToRefund()
	if err != nil {
		return nil, err
	}
	amount, err := c.p.int("amount", ch.amount-ch.refunded)
	if err != nil {
		return nil, err
	}
	metadata, err := c.p.metadata(nil)
	if err != nil {
		return nil, err
	}
	switch {
	case ch.refunded == ch.amount:
		return nil, invalid("", "charge_already_refunded", "Charge "+ch.id+" has already been refunded.")
	case ch.dispute != nil && !ch.dispute.refundable():
		return nil, invalid("", "charge_disputed", "Charge "+ch.id+" has been charged back; cannot issue a refund.")
	case amount < 1:
		return nil, invalid("amount", "parameter_invalid_integer", "Invalid positive integer")
	case amount > ch.amount-ch.refunded:
		return nil, invalid("amount", "", "Refund amount is greater than what is left of the charge.")
	case c.now.Sub(ch.captured) > 180*24*time.Hour && ch.method.kind == "us_bank_account":
		return nil, invalid("", "charge_not_refundable", "A bank debit can be refunded for 180 days.")
	}
	r := &refund{
		id: c.e.Source.ID("re_", 24), charge: ch, amount: amount, status: succeeded, reason: c.p.str("reason"), created: c.now, metadata: metadata,
	}
	if ch.method.kind == "us_bank_account" || ch.method.fate.refund == "pending" {
		r.status = "pending"
	}
	c.e.bookRefund(r)
	c.e.emit(c.acct, "refund.created", r.id, r.render(), c)
	c.e.emit(c.acct, "charge.refunded", ch.id, ch.render(), c)
	c.e.planRefund(r)
	return r.render(), nil
}

func (e *Emulator) bookRefund(r *refund) {
	ch := r.charge
	kind := "refund"
	if ch.method.kind != "card" {
		kind = "payment_refund"
	}
	ch.refunded += r.amount
	ch.refunds = append(ch.refunds, r)
	ch.acct.refunds.add(r)
	ch.intent.story = append(ch.intent.story, moment{At: e.now(), What: "Refunded " + plainAmount(r.amount, ch.currency)})
	r.txn = e.book(ch.acct, kind, "refund", r.id, -r.amount, 0, ch.currency).id
	t := ch.acct.totals[ch.currency]
	t.Refunded += r.amount
	ch.acct.totals[ch.currency] = t
}

// planRefund says what becomes of it later.
func (e *Emulator) planRefund(r *refund) {
	at := businessDays(e.now(), refundDays)
	switch {
	case r.charge.method.fate.refund == "fails":
		e.later(at, func() { e.endRefund(r, "expired_or_canceled_card") })
	case r.status == "pending":
		e.later(at, func() { e.endRefund(r, "") })
	}
}

// endRefund ends a refund as succeeded, or as failed for the reason; the money is then back at the merchant.
func (e *Emulator) endRefund(r *refund, failure string) {
	ch := r.charge
	switch {
	case r.status == "failed" || r.status == "canceled":
		return
	case failure == "":
		r.status = succeeded
	default:
		r.status, r.failure = "failed", failure
		ch.refunded -= r.amount
		r.failTxn = e.book(ch.acct, "refund_failure", "refund_failure", r.id, r.amount, 0, ch.currency).id
		ch.intent.story = append(ch.intent.story, moment{At: e.now(), What: "Refund failed: " + failure})
		t := ch.acct.totals[ch.currency]
		t.Refunded -= r.amount
		ch.acct.totals[ch.currency] = t
	}
	e.emit(ch.acct, "refund.updated", r.id, r.render(), nil)
	e.emit(ch.acct, "charge.refund.updated", r.id, r.render(), nil)
}

// FailRefund makes a refund fail now, for a reason like lost_or_stolen_card. It reports whether it could still fail.
func (e *Emulator) FailRefund(accountID, refundID, reason string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.account(accountID).refunds.get(refundID)
	if r == nil || r.status == "failed" {
		return false
	}
	e.endRefund(r, reason)
	return true
}

// refundList is the list that a charge holds of its newest refunds.
func (ch *charge) refundList() obj {
	all := []obj{}
	for _, r := range slices.Backward(ch.refunds) {
		all = append(all, r.render())
	}
	return obj{"object": "list", "data": all[:min(len(all), 10)], "has_more": len(all) > 10, "url": "/v1/charges/" + ch.id + "/refunds"}
}

func (c *call) retrieveRefund() (obj, error) {
	r := c.acct.refunds.get(c.r.PathValue("id"))
	if r == nil {
		return nil, missing("refund", c.r.PathValue("id"), "id")
	}
	return r.render(), nil
}

func (c *call) listRefunds() (obj, error) {
	of, ch := c.p.str("payment_intent"), c.p.str("charge")
	return page(c, c.acct.refunds, func(r *refund) bool {
		return (of == "" || of == r.charge.intent.id) && (ch == "" || ch == r.charge.id)
	})
}
