package authorizenetemu

import (
	"slices"
	"strconv"
	"time"
)

// noDetails is the answer while the merchant has not switched the Transaction Details API on.
var noDetails = &problem{"E00011", "Access denied. You do not have permissions to call the Transaction Details API."}

const (
	wireTime  = "2006-01-02T15:04:05.000Z"
	wireShort = "2006-01-02T15:04:05Z"
)

func (e *Emulator) details(c call) (object, *problem) {
	tx := c.m.byID[c.body.at("transId").text]
	switch {
	case c.m.NoDetails:
		return nil, noDetails
	case tx == nil:
		return nil, notFound
	}
	t := object{
		"transId": tx.id, "submitTimeUTC": tx.submitted.Format(wireTime), "submitTimeLocal": tx.submitted.Format("2006-01-02T15:04:05.000"),
		"transactionType": tx.kind, "transactionStatus": tx.status, "responseCode": tx.code, "responseReasonCode": tx.reason,
		"responseReasonDescription": reasonText(tx.reason), "authCode": tx.authCode, "AVSResponse": "Y", "authAmount": price(tx.amount),
		"settleAmount": price(tx.amount), "taxExempt": false, "payment": tx.what.masked(), "billTo": tx.what.billTo.object(),
		"recurringBilling": false, "product": "Card Not Present", "marketType": "eCommerce",
		"order": object{"invoiceNumber": tx.invoice, "description": tx.description, "discountAmount": 0, "taxIsAfterDiscount": false},
	}
	if tx.original != nil {
		t["refTransId"] = tx.original.id
	}
	if tx.customer != "" || tx.email != "" {
		t["customer"] = object{"id": tx.customer, "email": tx.email}
	}
	if tx.profile != "" {
		t["profile"] = object{"customerProfileId": tx.profile, "customerPaymentProfileId": tx.method}
	}
	if tx.batch != nil {
		t["batch"] = tx.batch.object()
	}
	if len(tx.returned) > 0 {
		t["returnedItems"] = tx.returnedItems()
	}
	return object{"transaction": t, "transrefId": tx.ref}, nil
}

func (tx *transaction) returnedItems() []object {
	var items []object
	for _, r := range tx.returned {
		items = append(items, object{"id": r.id, "dateUTC": r.at.Format(wireShort), "dateLocal": r.at.Format("2006-01-02T15:04:05"),
			"code": r.code, "description": r.text})
	}
	return items
}

func (b *batch) object() object {
	return object{"batchId": b.id, "settlementTimeUTC": b.settledAt.Format(wireShort), "settlementTimeLocal": b.settledAt.Format("2006-01-02T15:04:05"),
		"settlementState": "settledSuccessfully", "paymentMethod": b.method, "marketType": "eCommerce", "product": "Card Not Present"}
}

func (tx *transaction) summary() object {
	s := object{
		"transId": tx.id, "submitTimeUTC": tx.submitted.Format(wireShort), "submitTimeLocal": tx.submitted.Format("2006-01-02T15:04:05"),
		"transactionStatus": tx.status, "accountType": tx.what.brand, "accountNumber": "XXXX" + tx.what.last4,
		"settleAmount": price(tx.amount), "marketType": "eCommerce", "product": "Card Not Present", "hasReturnedItems": len(tx.returned) > 0,
	}
	if tx.invoice != "" {
		s["invoiceNumber"] = tx.invoice
	}
	if tx.profile != "" {
		s["profile"] = object{"customerProfileId": tx.profile, "customerPaymentProfileId": tx.method}
	}
	return s
}

func (e *Emulator) listUnsettled(c call) (object, *problem) {
	return e.list(c, func(tx *transaction) bool { return tx.batch == nil })
}

func (e *Emulator) listBatch(c call) (object, *problem) {
	return e.list(c, func(tx *transaction) bool { return tx.batch != nil && tx.batch.id == c.body.at("batchId").text })
}

func (e *Emulator) listCustomer(c call) (object, *problem) {
	id := c.body.at("customerProfileId").text
	if c.m.profiles[id] == nil {
		return nil, notFound
	}
	return e.list(c, func(tx *transaction) bool { return tx.profile == id })
}

// list pages through the transactions that match. The offset counts pages.
func (e *Emulator) list(c call, match func(*transaction) bool) (object, *problem) {
	if c.m.NoDetails {
		return nil, noDetails
	}
	var rows []*transaction
	for _, tx := range c.m.transactions {
		if match(tx) {
			rows = append(rows, tx)
		}
	}
	if c.body.at("sorting", "orderDescending").text == "true" {
		slices.Reverse(rows)
	}
	limit, page := 1000, 1
	if c.body.has("paging") {
		limit, page = atoi(c.body.at("paging", "limit").text), atoi(c.body.at("paging", "offset").text)
	}
	if limit < 1 || limit > 1000 || page < 1 || page > 100_000 {
		return nil, &problem{"E00013", "Paging is invalid."}
	}
	if len(rows) == 0 {
		return object{"messages": messages("Ok", "I00004", "No records found."), "totalNumInResultSet": 0}, nil
	}
	shown := []object{}
	for _, tx := range rows[min(len(rows), (page-1)*limit):min(len(rows), page*limit)] {
		shown = append(shown, tx.summary())
	}
	return object{"transactions": shown, "totalNumInResultSet": len(rows)}, nil
}

// atoi reads a number that the schema has held to be one; too long a one is 0.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// listBatches takes a range of at most 31 days; without one it is the last day.
func (e *Emulator) listBatches(c call) (object, *problem) {
	if c.m.NoDetails {
		return nil, noDetails
	}
	first, last := e.Clock.Now().AddDate(0, 0, -1), e.Clock.Now()
	if c.body.has("firstSettlementDate") {
		var err, errLast error
		first, err = time.Parse(wireShort, c.body.at("firstSettlementDate").text)
		last, errLast = time.Parse(wireShort, c.body.at("lastSettlementDate").text)
		if err != nil || errLast != nil {
			return nil, &problem{"E00013", "The settlement dates are invalid."}
		}
	}
	if last.Before(first) || last.Sub(first) > 31*24*time.Hour {
		return nil, &problem{"E00013", "The range of settlement dates must not be greater than 31 days."}
	}
	found := []object{}
	for _, b := range c.m.batches {
		if !b.settledAt.Before(first) && !b.settledAt.After(last) {
			found = append(found, b.object())
		}
	}
	if len(found) == 0 {
		return object{"messages": messages("Ok", "I00004", "No records found.")}, nil
	}
	return object{"batchList": found}, nil
}
