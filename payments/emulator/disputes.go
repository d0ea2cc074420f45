package emulator

import "time"

const disputeFee = 1500

type dispute struct {
	id, reason, status string // warning_needs_response, needs_response, under_review, won, lost, warning_closed
	charge             *charge
	amount             int64
	taken              bool // the money is gone
	created            time.Time
	metadata           map[string]string
	evidence           bool
	txns               []*txn
}

func (d *dispute) key() string     { return d.id }
func (d *dispute) born() time.Time { return d.created }

// refundable is whether the charge may be refunded all the same.
func (d *dispute) refundable() bool { return !d.taken && d.status != "lost" }

func (d *dispute) open() bool {
	return d.status == "needs_response" || d.status == "warning_needs_response" || d.status == "under_review"
}

func (d *dispute) render() obj {
	txns := make([]obj, len(d.txns))
	for i, t := range d.txns {
		txns[i] = t.render()
	}
	submissions := 0
	if d.evidence {
		submissions = 1
	}
	return obj{
		"id": d.id, "object": "dispute", "amount": d.amount, "balance_transactions": txns, "charge": d.charge.id, "created": d.created.Unix(),
		"currency": d.charge.currency, "evidence": obj{}, "is_charge_refundable": d.refundable(), "livemode": d.charge.acct.Live,
		"metadata": d.metadata, "network_reason_code": nil, "payment_intent": d.charge.intent.id, "reason": d.reason, "status": d.status,
		"evidence_details": obj{"due_by": d.created.AddDate(0, 0, 7).Unix(), "has_evidence": d.evidence, "past_due": false, "submission_count": submissions},
	}
}

// openDispute takes the money back, or only asks when it is an inquiry. The late return of a bank debit is a dispute that is lost at once.
func (e *Emulator) openDispute(ch *charge, reason string, inquiry bool) *dispute {
	if ch.dispute != nil || ch.status != succeeded {
		return ch.dispute
	}
	d := &dispute{
		id: e.Source.ID("dp_", 24), reason: reason, charge: ch, amount: ch.amount - ch.refunded, status: "needs_response", created: e.now(),
		metadata: map[string]string{},
	}
	if inquiry {
		d.status = "warning_needs_response"
	}
	ch.dispute = d
	ch.acct.disputes.add(d)
	ch.intent.story = append(ch.intent.story, moment{At: e.now(), What: "Disputed: " + reason})
	bank := ch.method.kind == "us_bank_account"
	if bank {
		d.status = "lost"
	}
	if !inquiry {
		e.moveDisputed(d, true)
	}
	e.emit(ch.acct, "charge.dispute.created", d.id, d.render(), nil)
	if !inquiry {
		e.emit(ch.acct, "charge.dispute.funds_withdrawn", d.id, d.render(), nil)
	}
	if bank {
		e.emit(ch.acct, "charge.dispute.closed", d.id, d.render(), nil)
	}
	return d
}

func (e *Emulator) moveDisputed(d *dispute, out bool) {
	ch, amount, fee, category := d.charge, -d.amount, int64(disputeFee), "dispute"
	if !out {
		amount, fee, category = d.amount, 0, "dispute_reversal"
	}
	d.taken = out
	d.txns = append(d.txns, e.book(ch.acct, "adjustment", category, d.id, amount, fee, ch.currency))
	t := ch.acct.totals[ch.currency]
	t.Disputed -= amount
	ch.acct.totals[ch.currency] = t
}

// endDispute closes it for one side.
func (e *Emulator) endDispute(d *dispute, won bool) {
	if !d.open() {
		return
	}
	inquiry := d.status == "warning_needs_response"
	switch {
	case inquiry && won:
		d.status = "warning_closed"
	case won:
		d.status = "won"
	default:
		d.status = "lost"
	}
	if won && d.taken {
		e.moveDisputed(d, false)
		e.emit(d.charge.acct, "charge.dispute.funds_reinstated", d.id, d.render(), nil)
	}
	if !won && !d.taken {
		e.moveDisputed(d, true)
		e.emit(d.charge.acct, "charge.dispute.funds_withdrawn", d.id, d.render(), nil)
	}
	d.charge.intent.story = append(d.charge.intent.story, moment{At: e.now(), What: "Dispute " + d.status})
	e.emit(d.charge.acct, "charge.dispute.closed", d.id, d.render(), nil)
}

// Dispute opens a dispute of an intent's charge and returns its id: a card's with any reason, or the late return of a bank debit with insufficient_funds,
// incorrect_account_details or bank_cannot_process. Empty when there is no charge that succeeded.
func (e *Emulator) Dispute(accountID, intentID, reason string) (disputeID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.account(accountID)
	i := a.intents.get(intentID)
	if i == nil || i.status != succeeded {
		return ""
	}
	return e.openDispute(a.charges.get(i.charge), reason, false).id
}

// CloseDispute ends an open dispute, won or lost for the merchant. It reports whether it was open.
func (e *Emulator) CloseDispute(accountID, disputeID string, won bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.account(accountID).disputes.get(disputeID)
	if d == nil || !d.open() {
		return false
	}
	e.endDispute(d, won)
	return true
}

func (c *call) pathDispute() (*dispute, error) {
	d := c.acct.disputes.get(c.r.PathValue("id"))
	if d == nil {
		return nil, missing("dispute", c.r.PathValue("id"), "dispute")
	}
	return d, nil
}

func (c *call) retrieveDispute() (obj, error) {
	d, err := c.pathDispute()
	if err != nil {
		return nil, err
	}
	return d.render(), nil
}

// updateDispute takes evidence: as in the processor's test mode, the text winning_evidence or losing_evidence decides at once.
func (c *call) updateDispute() (obj, error) {
	d, err := c.pathDispute()
	if err != nil {
		return nil, err
	}
	if !d.open() {
		return nil, invalid("", "dispute_unexpected_state", "This dispute is closed: "+d.status+".")
	}
	if d.metadata, err = c.p.metadata(d.metadata); err != nil {
		return nil, err
	}
	if c.p.has("evidence") {
		d.evidence = true
		if c.p.str("submit") != "false" && d.status == "needs_response" {
			d.status = "under_review"
		}
		switch c.p.str("evidence[uncategorized_text]") {
		case "winning_evidence":
			c.e.endDispute(d, true)
		case "losing_evidence":
			c.e.endDispute(d, false)
		}
	}
	return d.render(), nil
}

func (c *call) closeDispute() (obj, error) {
	d, err := c.pathDispute()
	if err != nil {
		return nil, err
	}
	c.e.endDispute(d, false)
	return d.render(), nil
}

func (c *call) listDisputes() (obj, error) {
	of, ch := c.p.str("payment_intent"), c.p.str("charge")
	return page(c, c.acct.disputes, func(d *dispute) bool {
		return (of == "" || of == d.charge.intent.id) && (ch == "" || ch == d.charge.id)
	})
}
