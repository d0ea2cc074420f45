package authorizenetemu

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollhouse/payments/ledger"
)

// createTransaction serves the three kinds that a portal needs.
func (e *Emulator) createTransaction(c call) (object, *problem) {
	t := c.body.at("transactionRequest")
	switch kind := t.at("transactionType").text; kind {
	case "authCaptureTransaction":
		return e.charge(c, t)
	case "refundTransaction":
		return e.refund(c, t)
	case "voidTransaction":
		return e.void(c, t)
	default:
		return nil, &problem{"E00003", fmt.Sprintf("The '%s:transactionType' element is invalid - The value '%s' is not emulated.", namespace, kind)}
	}
}

// charge takes money from a token or a saved method.
func (e *Emulator) charge(c call, t *node) (object, *problem) {
	amount, ok := parsePrice(t.at("amount").text, c.m.Currency)
	if currency := t.at("currencyCode").text; !ok || currency != "" && currency != string(c.m.Currency) {
		return answerRefusal(3, 5)
	}
	what, fault := e.payer(c.m, t)
	if fault != nil {
		return nil, fault
	}
	tx := &transaction{
		kind: "authCaptureTransaction", amount: amount, what: what, ref: c.ref,
		invoice: t.at("order", "invoiceNumber").text, description: t.at("order", "description").text,
		customer: t.at("customer", "id").text, email: t.at("customer", "email").text,
		profile: t.at("profile", "customerProfileId").text, method: t.at("profile", "paymentProfile", "paymentProfileId").text,
	}
	return e.submit(c.m, tx, window(t))
}

// answerRefusal is an answer about a transaction that was not made.
func answerRefusal(code, reason int) (object, *problem) {
	return object{"transactionResponse": refusal(code, reason)}, &problem{"E00027", "The transaction was unsuccessful."}
}

// payer finds what the request charges.
func (e *Emulator) payer(m *merchant, t *node) (instrument, *problem) {
	if t.has("profile") == t.has("payment") {
		return instrument{}, &problem{"E00093", "Payment and profile must not both be given, nor be missing both."}
	}
	if t.has("payment") {
		opaque := t.at("payment", "opaqueData")
		if !t.at("payment").has("opaqueData") {
			return instrument{}, &problem{"E00095", "Card numbers are not taken here: use a one-time token."}
		}
		what, fault := e.spend(m, opaque.at("dataDescriptor").text, opaque.at("dataValue").text)
		if t.has("billTo") {
			what.billTo = t.at("billTo").address()
		}
		return what, fault
	}
	if t.has("billTo") || t.has("customer") {
		return instrument{}, &problem{"E00102", "Customer Info is missing or not allowed beside a profile."}
	}
	p := m.profiles[t.at("profile", "customerProfileId").text]
	if p == nil {
		return instrument{}, notFound
	}
	method := p.method(t.at("profile", "paymentProfile", "paymentProfileId").text)
	if method == nil {
		return instrument{}, notFound
	}
	return method.what, nil
}

// window is the duplicate window in seconds, and whether the request names it.
func window(t *node) (w duplicateWindow) {
	w.length = 120 * time.Second
	for _, s := range t.at("transactionSettings", "setting").all() {
		if n, err := strconv.Atoi(s.at("settingValue").text); s.at("settingName").text == "duplicateWindow" && err == nil && n >= 0 && n <= 28800 {
			w = duplicateWindow{time.Duration(n) * time.Second, true}
		}
	}
	return w
}

type duplicateWindow struct {
	length time.Duration
	named  bool
}

// submit makes the transaction what it becomes: a duplicate, declined, held, or captured.
func (e *Emulator) submit(m *merchant, tx *transaction, w duplicateWindow) (object, *problem) {
	tx.submitted = e.Clock.Now()
	tx.same = fmt.Sprintf("%q", []any{tx.kind, tx.what.print, tx.what.expiry, tx.amount, tx.invoice, tx.customer, tx.what.billTo, originalID(tx)})
	if twin := e.twin(m, tx, w); twin != nil {
		return e.duplicate(twin, w)
	}
	tx.code, tx.reason = tx.verdict(m)
	if m.TestMode {
		tx.id, tx.authCode = "0", "000000"
		return object{"transactionResponse": tx.response()}, nil
	}
	tx.id = e.id()
	m.transactions = append(m.transactions, tx)
	m.byID[tx.id] = tx
	e.begin(m, tx)
	if tx.code == 1 || tx.code == 4 {
		return object{"transactionResponse": tx.response()}, nil
	}
	return object{"transactionResponse": tx.response()}, &problem{"E00027", "The transaction was unsuccessful."}
}

func originalID(tx *transaction) string {
	if tx.original == nil {
		return ""
	}
	return tx.original.id
}

// begin gives a new transaction its status and tells the webhooks.
func (e *Emulator) begin(m *merchant, tx *transaction) {
	event := "net.authorize.payment.authcapture.created"
	switch {
	case tx.code == 2:
		tx.status = declinedStatus
		return
	case tx.code == 3:
		tx.status = errorStatus
		return
	case tx.code == 4:
		tx.status, event = heldUnseen, "net.authorize.payment.fraud.held"
		if tx.reason == 253 {
			tx.status = heldAuthorised
		}
	case tx.original != nil:
		tx.status, event = refunding, "net.authorize.payment.refund.created"
		tx.original.refunded += tx.amount.Amount
	default:
		tx.status, tx.authCode = captured, strings.ToUpper(e.Source.ID("", 6))
	}
	e.openBatch(m)
	e.tell(m, event, tx)
}

// twin finds the transaction that this one repeats within the window.
func (e *Emulator) twin(m *merchant, tx *transaction, w duplicateWindow) *transaction {
	for i := len(m.transactions) - 1; i >= 0; i-- {
		old := m.transactions[i]
		if tx.submitted.Sub(old.submitted) >= w.length {
			return nil
		}
		if old.same == tx.same && old.code != 3 {
			return old
		}
	}
	return nil
}

// duplicate refuses. Only a request that names its window hears of the original.
func (e *Emulator) duplicate(twin *transaction, w duplicateWindow) (object, *problem) {
	r := refusal(3, 11)
	if w.named {
		r["authCode"] = twin.authCode
		if e.cfg.OriginalInTransID {
			r["transId"] = twin.id
		} else {
			r["refTransID"] = twin.id
		}
	}
	return object{"transactionResponse": r}, &problem{"E00027", "The transaction was unsuccessful."}
}

// verdict is what the bank and the filters make of it: the magic of the postal code, or of the number whose amount is its reason.
func (tx *transaction) verdict(m *merchant) (code, reason int) {
	reason = 1
	switch zip := tx.what.billTo.Zip; {
	case tx.original != nil:
		return 1, 1
	case tx.what.bank && m.NoBank:
		return 3, 18
	case tx.what.byPrice:
		reason = int(tx.amount.Amount / pow10(tx.amount.Currency.Exponent()) % 1000)
	case magicZip[zip] != 0:
		reason = magicZip[zip]
	}
	return codeOf(reason), reason
}

// magicZip declines by postal code, as the processor's sandbox does for 46282.
var magicZip = map[string]int{
	"46282": 2, "46204": 4, "46206": 6, "46208": 8, "46227": 27, "46241": 41, "46265": 65, "46278": 78, "46217": 17, "46219": 19, "46213": 13,
	"46252": 252, "46253": 253,
}

// codeOf is the responseCode that goes with a reason.
func codeOf(reason int) int {
	switch reason {
	case 1:
		return 1
	case 2, 3, 4, 27, 41, 44, 45, 65, 78, 127, 141, 165:
		return 2
	case 252, 253:
		return 4
	}
	return 3
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// price is an amount as answers write it: a JSON number.
func price(m ledger.Money) jsonNumber { return jsonNumber(m.Decimal()) }

// jsonNumber is written without quotes.
type jsonNumber string

// MarshalJSON writes the digits.
func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }
