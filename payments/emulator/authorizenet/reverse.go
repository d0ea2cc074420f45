package authorizenetemu

import "time"

// refundDays is how long after its settlement a transaction can be refunded.
const refundDays = 180

// refund gives back from a settled transaction.
func (e *Emulator) refund(c call, t *node) (object, *problem) {
	amount, ok := parsePrice(t.at("amount").text, c.m.Currency)
	original := c.m.byID[t.at("refTransId").text]
	pay := t.at("payment")
	last4 := tail(pay.at("creditCard", "cardNumber").text)
	if pay.has("bankAccount") {
		last4 = tail(pay.at("bankAccount", "accountNumber").text)
	}
	switch {
	case !ok:
		return answerRefusal(3, 5)
	case original == nil || original.kind != "authCaptureTransaction":
		return answerRefusal(3, 16)
	}
	tx := &transaction{
		kind: "refundTransaction", original: original, amount: amount, what: original.what, ref: c.ref,
		invoice: t.at("order", "invoiceNumber").text, profile: original.profile, method: original.method,
	}
	// A repeat is a duplicate, whatever the first one left to refund.
	tx.submitted = e.Clock.Now()
	if w := window(t); e.twinRefund(c.m, tx, w) != nil {
		return e.duplicate(e.twinRefund(c.m, tx, w), w)
	}
	switch {
	case original.status != settled, last4 != original.what.last4, pay.has("bankAccount") != original.what.bank,
		e.Clock.Now().Sub(original.batch.settledAt) > refundDays*24*time.Hour:
		return answerRefusal(3, 54)
	case original.refunded+amount.Amount > original.amount.Amount:
		return answerRefusal(3, 55)
	}
	return e.submit(c.m, tx, window(t))
}

func (e *Emulator) twinRefund(m *merchant, tx *transaction, w duplicateWindow) *transaction {
	for _, old := range m.transactions {
		if old.original == tx.original && old.amount == tx.amount && old.invoice == tx.invoice && tx.submitted.Sub(old.submitted) < w.length {
			return old
		}
	}
	return nil
}

func tail(masked string) string { return masked[max(0, len(masked)-4):] }

// void takes back a transaction that is in no batch yet.
func (e *Emulator) void(c call, t *node) (object, *problem) {
	tx := c.m.byID[t.at("refTransId").text]
	switch {
	case tx == nil:
		return answerRefusal(3, 16)
	case tx.status == voided:
		return object{"transactionResponse": voidResponse(tx, 310)}, nil
	case !tx.open():
		return answerRefusal(3, 16)
	}
	if tx.original != nil {
		tx.original.refunded -= tx.amount.Amount
	}
	tx.status = voided
	e.tell(c.m, "net.authorize.payment.void.created", tx)
	return object{"transactionResponse": voidResponse(tx, 1)}, nil
}

func voidResponse(tx *transaction, reason int) object {
	r := tx.response()
	delete(r, "errors")
	r["responseCode"], r["refTransID"] = "1", tx.id
	r["messages"] = []object{{"code": formatInt(int64(reason)), "description": reasonText(reason)}}
	return r
}

// updateHeld is what a person of the merchant decides about a held transaction.
func (e *Emulator) updateHeld(c call) (object, *problem) {
	held := c.body.at("heldTransactionRequest")
	tx := c.m.byID[held.at("refTransId").text]
	if tx == nil || !tx.held() {
		return answerRefusal(3, 16)
	}
	e.decide(c.m, tx, held.at("action").text == "approve")
	return object{"transactionResponse": tx.response()}, nil
}

func (e *Emulator) decide(m *merchant, tx *transaction, approve bool) {
	if approve {
		tx.status, tx.code, tx.reason = captured, 1, 1
		e.openBatch(m)
		e.tell(m, "net.authorize.payment.fraud.approved", tx)
		return
	}
	tx.status, tx.code, tx.reason = failedReview, 2, 254
	e.tell(m, "net.authorize.payment.fraud.declined", tx)
}
