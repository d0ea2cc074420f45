package authorizenet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollhouse/payments/ledger"
)

// Transaction is what the processor says of a transaction, now. It is the truth; webhooks, redirects and returned pages are hints.
type Transaction struct {
	ID          string
	OriginalID  string // of a refund: the transaction that it gives back from
	Code        string // the invoice number: our attempt's code, or anything that the merchant typed elsewhere
	Kind        string // "authCaptureTransaction", "refundTransaction", …
	Status      string // the processor's word
	Reason      int    // responseReasonCode
	Authorized  ledger.Money
	Settled     ledger.Money // or to be settled
	SubmittedAt time.Time
	BatchID     string    // "" until it is in a batch
	SettledAt   time.Time // zero until it is
	Brand       string    // "" for an account
	Last4       string
	Bank        *MaskedBank // nil for a card
	ProfileID   string      // "" when it was not made with a kept profile
	MethodID    string
	Returns     []Return
}

// Return is a debit that the bank took back.
type Return struct {
	ID          string
	At          time.Time
	Code        string // the bank network's, "R02"
	Description string
}

// Meaning translates the status. A refund's never says that money came in.
func (t Transaction) Meaning() Meaning {
	m := MeaningOf(t.Status, t.Bank != nil)
	if strings.HasPrefix(t.Kind, "refund") && m.Effect == Nothing {
		m.Status = ""
	}
	if len(t.Returns) > 0 && m.Effect == Nothing {
		m.Effect, m.Alert = Returned, true
	}
	return m
}

// Transaction reads one, or ErrNotFound.
func (c *Client) Transaction(ctx context.Context, id string) (Transaction, error) {
	if !isNumeric(id) {
		return Transaction{}, fmt.Errorf("reading transaction %.30q: %w", id, ErrInput)
	}
	var got detailsAnswer
	if err := c.ask(ctx, "getTransactionDetailsRequest", getTransaction{c.header(""), id}, &got); err != nil {
		return Transaction{}, fmt.Errorf("reading transaction %s: %w", id, err)
	}
	if string(got.Transaction.ID) != id {
		return Transaction{}, fmt.Errorf("reading transaction %s: %w: the answer is about another", id, ErrUnknown)
	}
	t, err := c.transaction(got.Transaction)
	if err != nil {
		return Transaction{}, fmt.Errorf("reading transaction %s: %w: %w", id, ErrUnknown, err)
	}
	return t, nil
}

func (c *Client) transaction(w wireTransaction) (Transaction, error) {
	t := Transaction{
		ID: string(w.ID), OriginalID: string(w.RefTransID), Kind: string(w.Type), Status: string(w.Status),
		Last4: w.Payment.last4(), Bank: w.Payment.bank(),
	}
	t.Reason, _ = strconv.Atoi(string(w.Reason)) // 0 when there is none
	if w.Order != nil {
		t.Code = string(w.Order.InvoiceNumber)
	}
	if w.Payment.Card != nil {
		t.Brand = string(w.Payment.Card.Type)
	}
	if w.Profile != nil {
		t.ProfileID, t.MethodID = string(w.Profile.ProfileID), string(w.Profile.MethodID)
	}
	var err error
	if t.Authorized, err = c.parseAmount(string(w.Authorized)); err != nil {
		return Transaction{}, err
	}
	if t.Settled, err = c.parseAmount(string(w.Settled)); err != nil {
		return Transaction{}, err
	}
	return t, t.addTimes(w)
}

func (t *Transaction) addTimes(w wireTransaction) (err error) {
	if t.SubmittedAt, err = parseTime(w.Submitted); err != nil {
		return err
	}
	if w.Batch != nil {
		t.BatchID = string(w.Batch.ID)
		if t.SettledAt, err = parseTime(w.Batch.Settled); err != nil {
			return err
		}
	}
	for _, r := range w.Returned {
		at, err := parseTime(r.At)
		if err != nil {
			return err
		}
		t.Returns = append(t.Returns, Return{string(r.ID), at, clip(string(r.Code), 20), clip(string(r.Description), 255)})
	}
	return nil
}

// parseTime reads a time that is UTC whether or not it says so; "" is the zero time.
func parseTime(s text) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSuffix(string(s), "Z")+"Z")
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is no time", s)
	}
	return t, nil
}

// formatTime writes a time as the lists take it: without fractions.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
