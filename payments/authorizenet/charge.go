package authorizenet

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"tollhouse/payments/ledger"
)

// DuplicateWindow is how long the processor refuses the same charge, in seconds; it takes no more. It is sent with each charge: only then does
// the refusal name the original.
const DuplicateWindow = 28800

// Charge is one try at one sum of money. The same Charge makes the same bytes, so that one sent twice is the processor's duplicate.
type Charge struct {
	Code   string       // names the attempt: 1 to 20 letters, digits, - and _; becomes refId and invoice number
	Amount ledger.Money // more than zero, in the account's currency

	Saved *SavedMethod // charge this, or
	Token *Token       // this; exactly one

	OffSession bool // the client is not there: autopay with a saved method

	Description string  // 255 characters
	CustomerID  string  // with a Token: our short id of the client, 20 characters
	Email       string  // with a Token
	BillTo      Address // with a Token: a saved method has its own
	IP          netip.Addr
}

// SavedMethod is a method kept at the processor.
type SavedMethod struct{ ProfileID, MethodID string }

// Token stands for a card or an account that a browser gave to the processor. It is good once and for 15 minutes.
type Token struct{ Descriptor, Value string }

// Result is an approved transaction. For a bank account approved means begun, not paid: see Transaction.Status.
type Result struct {
	TransactionID string
	AuthCode      string
	AccountType   string // "Visa", …, "eCheck"
	Last4         string // digits, or ""
}

// Charge takes money. Errors: *DeclinedError, *HeldError, *DuplicateError, ErrTokenSpent, ErrNotFound for a saved method that is gone,
// ErrUnknown, ErrNotSent, and the others of this package. A Charge with a Token must not be sent again after ErrUnknown, because the token is
// spent either way; one with a saved method may, within the duplicate window.
func (c *Client) Charge(ctx context.Context, ch Charge) (Result, error) {
	request, err := c.chargeRequest(ch)
	if err != nil {
		return Result{}, fmt.Errorf("charging %s: %w", ch.Code, err)
	}
	return c.transact(ctx, "charging "+ch.Code, ch.Code, request)
}

func (c *Client) chargeRequest(ch Charge) (transactionRequest, error) {
	amount, err := c.formatAmount(ch.Amount)
	switch {
	case err != nil:
		return transactionRequest{}, err
	case !isCode(ch.Code):
		return transactionRequest{}, fmt.Errorf("%.30q cannot name an attempt: %w", ch.Code, ErrInput)
	case (ch.Saved == nil) == (ch.Token == nil):
		return transactionRequest{}, fmt.Errorf("either a saved method or a token is charged: %w", ErrInput)
	}
	request := transactionRequest{
		Type: "authCaptureTransaction", Amount: amount, Currency: string(ch.Amount.Currency),
		Order:    &order{InvoiceNumber: ch.Code, Description: clip(ch.Description, 255)},
		Settings: duplicateWindow(),
	}
	if ch.IP.IsValid() {
		request.CustomerIP = ch.IP.Unmap().String()
	}
	if ch.Saved != nil {
		return request, request.useSaved(*ch.Saved, ch.OffSession)
	}
	return request, request.useToken(ch)
}

// useSaved leaves out address and customer: the processor refuses them beside a profile, which has its own.
func (r *transactionRequest) useSaved(m SavedMethod, offSession bool) error {
	if !isNumeric(m.ProfileID) || !isNumeric(m.MethodID) {
		return fmt.Errorf("%.30q of %.30q is no saved method: %w", m.MethodID, m.ProfileID, ErrInput)
	}
	r.Profile = &profileToUse{ProfileID: m.ProfileID, Method: &methodToUse{ID: m.MethodID}}
	if offSession {
		r.Processing = &storedConsent{SubsequentAuth: true}
	}
	return nil
}

func (r *transactionRequest) useToken(ch Charge) error {
	if ch.Token.Descriptor == "" || ch.Token.Value == "" {
		return fmt.Errorf("the token is empty: %w", ErrInput)
	}
	if utf16Len(ch.CustomerID) > 20 {
		return fmt.Errorf("the customer id %.30q is longer than 20 characters: %w", ch.CustomerID, ErrInput)
	}
	r.Payment = &payment{Opaque: &opaqueToken{ch.Token.Descriptor, ch.Token.Value}}
	if customer := (customerData{ch.CustomerID, clip(ch.Email, 255)}); customer != (customerData{}) {
		r.Customer = &customer
	}
	r.BillTo = ch.BillTo.wire()
	return nil
}

func duplicateWindow() *settings {
	return &settings{[]setting{{"duplicateWindow", strconv.Itoa(DuplicateWindow)}}}
}

// transact creates a transaction and reads its outcome.
func (c *Client) transact(ctx context.Context, doing, code string, request transactionRequest) (Result, error) {
	var got transactionAnswer
	if err := c.call(ctx, "createTransactionRequest", transactionEnvelope{c.header(code), request}, &got); err != nil {
		return Result{}, fmt.Errorf("%s: %w", doing, err)
	}
	result, err := got.outcome()
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", doing, err)
	}
	return result, nil
}
