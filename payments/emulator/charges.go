package emulator

import (
	"time"
)

// charge is one try to take money, made by an intent.
type charge struct {
	id       string
	acct     *account
	intent   *intent
	method   *method
	status   string // pending, succeeded, failed
	amount   int64
	currency string
	created  time.Time
	captured time.Time
	refunded int64 // what succeeded or is pending
	failure  *apiError
	txn      string
	dispute  *dispute
	refunds  []*refund
}

func (ch *charge) key() string     { return ch.id }
func (ch *charge) born() time.Time { return ch.created }

func (e *Emulator) newCharge(i *intent, m *method, status string) *charge {
	prefix := "ch_"
	if m.kind != "card" {
		prefix = "py_"
	}
	ch := &charge{
		id: e.Source.ID(prefix, 24), acct: i.acct, intent: i, method: m, status: status, amount: i.amount, currency: i.currency, created: e.now(),
	}
	i.acct.charges.add(ch)
	i.charge = ch.id
	return ch
}

// capture is the moment money is taken.
func (e *Emulator) capture(ch *charge) {
	ch.status, ch.captured = "succeeded", e.now()
	kind, category := "charge", "charge"
	if ch.method.kind != "card" {
		kind = "payment"
	}
	ch.txn = e.book(ch.acct, kind, category, ch.id, ch.amount, feeOf(ch.amount, ch.method.kind), ch.currency).id
	t := ch.acct.totals[ch.currency]
	t.Payments, t.Captured = t.Payments+1, t.Captured+ch.amount
	ch.acct.totals[ch.currency] = t
}

func (ch *charge) render() obj {
	good := ch.status == "succeeded"
	captured := int64(0)
	if good {
		captured = ch.amount
	}
	o := obj{
		"id": ch.id, "object": "charge", "amount": ch.amount, "amount_captured": captured, "amount_refunded": ch.refunded, "application": nil,
		"application_fee": nil, "application_fee_amount": nil, "balance_transaction": null(ch.txn), "billing_details": ch.method.billingDetails(),
		"calculated_statement_descriptor": "EMULATED", "captured": good, "created": ch.created.Unix(), "currency": ch.currency,
		"customer": null(ch.intent.customer), "description": null(ch.intent.description), "disputed": ch.dispute != nil,
		"failure_balance_transaction": nil, "failure_code": nil, "failure_message": nil, "fraud_details": obj{}, "invoice": nil, "livemode": ch.acct.Live,
		"metadata": ch.intent.metadata, "on_behalf_of": nil, "paid": good, "payment_intent": ch.intent.id, "payment_method": ch.method.id,
		"payment_method_details": ch.methodDetails(), "receipt_email": null(ch.intent.receipt), "receipt_number": nil, "receipt_url": nil,
		"refunded": ch.amount == ch.refunded && good, "review": nil, "shipping": nil, "source": nil, "source_transfer": nil, "statement_descriptor": nil,
		"statement_descriptor_suffix": null(ch.intent.suffix), "status": ch.status, "transfer_data": nil, "transfer_group": nil,
		"outcome": obj{"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized"},
	}
	if ch.failure != nil {
		o["failure_code"], o["failure_message"] = ch.failure.Code, ch.failure.Message
		o["outcome"] = obj{"network_status": "declined_by_network", "reason": null(ch.failure.Decline), "risk_level": "normal",
			"seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined"}
	}
	return o
}

func (ch *charge) methodDetails() obj {
	m := ch.method
	details := m.details()
	delete(details, "networks")
	if m.kind == "card" {
		details["mandate"], details["network"], details["three_d_secure"] = nil, m.brand, nil
		delete(details, "display_brand")
		delete(details, "three_d_secure_usage")
	} else {
		details["mandate"], details["payment_reference"] = null(ch.intent.mandate), nil
		delete(details, "status_details")
		delete(details, "financial_connections_account")
	}
	return obj{"type": m.kind, m.kind: details}
}

func (c *call) retrieveCharge() (obj, error) {
	ch := c.acct.charges.get(c.r.PathValue("id"))
	if ch == nil {
		return nil, missing("charge", c.r.PathValue("id"), "id")
	}
	return ch.render(), nil
}

func (c *call) listCharges() (obj, error) {
	customer, of := c.p.str("customer"), c.p.str("payment_intent")
	return page(c, c.acct.charges, func(ch *charge) bool {
		return (customer == "" || customer == ch.intent.customer) && (of == "" || of == ch.intent.id)
	})
}

// follow plans what comes after a success, as the card's number says.
func (e *Emulator) follow(ch *charge, m *method) {
	if m.fate.dispute == "" {
		return
	}
	at := e.now().Add(time.Minute)
	if m.kind == "us_bank_account" {
		at = e.now().AddDate(0, 0, returnDays)
	}
	e.later(at, func() { e.openDispute(ch, m.fate.dispute, m.fate.inquiry) })
}

// txn is one line of the balance.
type txn struct {
	id, kind, category, source, currency string
	amount, fee                          int64
	created                              time.Time
}

func (t *txn) key() string     { return t.id }
func (t *txn) born() time.Time { return t.created }

func (e *Emulator) book(a *account, kind, category, source string, amount, fee int64, currency string) *txn {
	t := &txn{id: e.Source.ID("txn_", 24), kind: kind, category: category, source: source, currency: currency, amount: amount, fee: fee, created: e.now()}
	a.txns.add(t)
	return t
}

func (t *txn) render() obj {
	details := []obj{}
	if t.fee != 0 {
		details = append(details, obj{"amount": t.fee, "application": nil, "currency": t.currency, "description": "Processing fees", "type": "stripe_fee"})
	}
	return obj{
		"id": t.id, "object": "balance_transaction", "amount": t.amount, "available_on": t.created.AddDate(0, 0, 2).Unix(), "created": t.created.Unix(),
		"currency": t.currency, "description": nil, "exchange_rate": nil, "fee": t.fee, "fee_details": details, "net": t.amount - t.fee,
		"reporting_category": t.category, "source": t.source, "status": "pending", "type": t.kind,
	}
}

func (c *call) listTxns() (obj, error) {
	kind, source, currency := c.p.str("type"), c.p.str("source"), c.p.str("currency")
	return page(c, c.acct.txns, func(t *txn) bool {
		return (kind == "" || kind == t.kind) && (source == "" || source == t.source) && (currency == "" || currency == t.currency)
	})
}

func (c *call) retrieveTxn() (obj, error) {
	t := c.acct.txns.get(c.r.PathValue("id"))
	if t == nil {
		return nil, missing("balance_transaction", c.r.PathValue("id"), "id")
	}
	return t.render(), nil
}

// mandate is the right to debit a bank account.
type mandate struct {
	id, method, kind, status string
	live                     bool
	accepted                 time.Time
	ip, agent                string
}

func (m *mandate) key() string     { return m.id }
func (m *mandate) born() time.Time { return m.accepted }

func (c *call) newMandate(i *intent, m *method) string {
	kind := "single_use"
	if i.setup || i.usage != "" {
		kind = "multi_use"
	}
	const online = "mandate_data[customer_acceptance][online]"
	n := &mandate{
		id: c.e.Source.ID("mandate_", 24), method: m.id, kind: kind, status: "active", live: c.acct.Live, accepted: c.now,
		ip: c.p.str(online + "[ip_address]"), agent: c.p.str(online + "[user_agent]"),
	}
	c.acct.mandates.add(n)
	return n.id
}

func (m *mandate) render() obj {
	return obj{
		"id": m.id, "object": "mandate", "livemode": m.live, "payment_method": m.method, "status": m.status, "type": m.kind, m.kind: obj{},
		"payment_method_details": obj{"type": "us_bank_account", "us_bank_account": obj{"collection_method": nil}},
		"customer_acceptance": obj{"accepted_at": m.accepted.Unix(), "type": "online",
			"online": obj{"ip_address": null(m.ip), "user_agent": null(m.agent)}},
	}
}

func (c *call) retrieveMandate() (obj, error) {
	m := c.acct.mandates.get(c.r.PathValue("id"))
	if m == nil {
		return nil, missing("mandate", c.r.PathValue("id"), "mandate")
	}
	return m.render(), nil
}
