package authorizenet

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// SignForTest signs a body with any key.
func SignForTest(key string, body []byte) string {
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write(body)
	return "sha512=" + hex.EncodeToString(mac.Sum(nil))
}

// AmountForTest writes an amount and reads it back, in the currency's account.
func AmountForTest(m ledger.Money) (string, ledger.Money, error) {
	c := &Client{cfg: Config{Currency: m.Currency}}
	text, err := c.formatAmount(m)
	if err != nil {
		return "", ledger.Money{}, err
	}
	back, err := c.parseAmount(text)
	return text, back, err
}

// ParseAmountForTest reads an amount of an answer.
func ParseAmountForTest(s string, currency ledger.Currency) (ledger.Money, error) {
	return (&Client{cfg: Config{Currency: currency}}).parseAmount(s)
}

// ClipForTest is clip.
func ClipForTest(s string, limit int) string { return clip(s, limit) }

// OutcomeForTest decodes an answer to a charge.
func OutcomeForTest(body []byte) (Result, error) {
	var a transactionAnswer
	if err := decode(body, &a); err != nil {
		return Result{}, err
	}
	return a.outcome()
}

// Rows of the tables, for tests that walk them.
func StatusRows() (vendor []string, card, bank []Meaning) {
	for _, row := range statuses {
		vendor, card, bank = append(vendor, row.vendor), append(card, row.card), append(bank, row.bank)
	}
	return vendor, card, bank
}

// ReasonRows are the codes that have a row.
func ReasonRows() (codes []int) {
	for _, row := range reasons {
		codes = append(codes, row.codes...)
	}
	return codes
}

// OutcomeForTest says a transaction in the machine's words.
func (a *Account) OutcomeForTest(at payments.Attempt, t Transaction) (payments.Outcome, error) {
	return a.outcome(context.Background(), at, t, false)
}

// AccountForTest is the account of a client.
func (c *Client) AccountForTest() *Account {
	return &Account{client: c, keys: func() []Secret { return nil }}
}
