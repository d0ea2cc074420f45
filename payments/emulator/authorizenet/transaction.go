package authorizenetemu

import (
	"slices"
	"strings"
	"time"

	"tollhouse/payments/ledger"
)

// transaction is one movement, or the try at one.
type transaction struct {
	id          string
	original    *transaction // of a refund
	kind        string       // "authCaptureTransaction" or "refundTransaction"
	status      string
	code        int // responseCode
	reason      int
	amount      ledger.Money
	refunded    int64 // minor units that refunds gave back or hold
	what        instrument
	invoice     string
	description string
	ref         string
	customer    string
	email       string
	profile     string
	method      string
	authCode    string
	same        string // what a duplicate would have the same of
	submitted   time.Time
	batch       *batch
	returned    []returnedItem
}

type returnedItem struct {
	id, code, text string
	at             time.Time
}

// The statuses that the emulator makes.
const (
	captured       = "capturedPendingSettlement"
	refunding      = "refundPendingSettlement"
	bankPending    = "pendingFinalSettlement"
	settled        = "settledSuccessfully"
	refundSettled  = "refundSettledSuccessfully"
	heldUnseen     = "FDSPendingReview"
	heldAuthorised = "FDSAuthorizedPendingReview"
	voided         = "voided"
	declinedStatus = "declined"
	errorStatus    = "generalError"
	failedReview   = "failedReview"
	returnedStatus = "returnedItem"
	chargeback     = "chargeback"
	reversal       = "chargebackReversal"
)

// open says whether a transaction waits for its batch, or for a person.
func (t *transaction) open() bool {
	return slices.Contains([]string{captured, refunding, heldUnseen, heldAuthorised}, t.status)
}

// held says whether a person must decide.
func (t *transaction) held() bool { return t.status == heldUnseen || t.status == heldAuthorised }

// response is the transactionResponse.
func (t *transaction) response() object {
	r := object{
		"responseCode": formatInt(int64(t.code)), "authCode": t.authCode, "avsResultCode": "Y", "cvvResultCode": "P", "cavvResultCode": "2",
		"transId": t.id, "refTransID": "", "transHash": "", "testRequest": "0", "accountNumber": "XXXX" + t.what.last4, "accountType": t.what.brand,
		"transHashSha2": "", "SupplementalDataQualificationIndicator": 0,
	}
	if t.original != nil {
		r["refTransID"] = t.original.id
	}
	if t.profile != "" {
		r["profile"] = object{"customerProfileId": t.profile, "customerPaymentProfileId": t.method}
	}
	if t.code == 1 || t.code == 4 {
		r["messages"] = []object{{"code": formatInt(int64(t.reason)), "description": reasonText(t.reason)}}
	} else {
		r["errors"] = []object{{"errorCode": formatInt(int64(t.reason)), "errorText": reasonText(t.reason)}}
	}
	return r
}

// refusal is a transactionResponse that belongs to no transaction.
func refusal(code, reason int) object {
	return object{"responseCode": formatInt(int64(code)), "transId": "0", "refTransID": "", "authCode": "", "avsResultCode": "P", "testRequest": "0",
		"accountNumber": "", "accountType": "", "errors": []object{{"errorCode": formatInt(int64(reason)), "errorText": reasonText(reason)}}}
}

// reasonText has the processor's sentences for the reasons that are made here.
func reasonText(reason int) string {
	texts := map[int]string{
		1: "This transaction has been approved.", 2: "This transaction has been declined.", 5: "A valid amount is required.",
		6: "The credit card number is invalid.", 7: "Credit card expiration date is invalid.", 8: "The credit card has expired.",
		9: "The ABA code is invalid.", 10: "The account number is invalid.", 11: "A duplicate transaction has been submitted.",
		16: "The transaction cannot be found.", 18: "ACH transactions are not accepted by this merchant.",
		54:  "The referenced transaction does not meet the criteria for issuing a credit.",
		55:  "The sum of credits against the referenced transaction would exceed original debit amount.",
		252: "Your order has been received. Thank you for your business!", 253: "Your order has been received. Thank you for your business!",
		310: "This transaction has already been voided.",
	}
	if text, ok := texts[reason]; ok {
		return text
	}
	return "This transaction has been declined."
}

// parsePrice reads an amount in the merchant's currency; zeros beyond its decimals are nothing.
func parsePrice(s string, c ledger.Currency) (ledger.Money, bool) {
	if whole, fraction, dotted := strings.Cut(s, "."); dotted {
		for len(fraction) > c.Exponent() && strings.HasSuffix(fraction, "0") {
			fraction = fraction[:len(fraction)-1]
		}
		if s = whole; fraction != "" {
			s += "." + fraction
		}
	}
	m, err := ledger.ParseMoney(s, c)
	return m, err == nil && m.Amount > 0
}
