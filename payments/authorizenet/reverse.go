package authorizenet

import (
	"context"
	"fmt"

	"tollhouse/payments/ledger"
)

// Refund gives back all or a part of a settled transaction, within 180 days.
type Refund struct {
	Code       string       // names this refund, as Charge.Code does a charge
	OriginalID string       // the transaction
	Amount     ledger.Money // more than zero
	Last4      string       // of the card that paid; or
	Bank       *MaskedBank  // the account that did
}

// MaskedBank is an account as Transaction tells it, with all but the last four digits masked.
type MaskedBank struct{ AccountType, Routing, Account, Name string }

// Refund sends money back. Besides the errors of Charge: ErrNotRefundable when the transaction is too young (void it, if all of it is to go back),
// too old, or less is left than asked for; ErrNotFound when there is none.
func (c *Client) Refund(ctx context.Context, r Refund) (Result, error) {
	amount, err := c.formatAmount(r.Amount)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return Result{}, fmt.Errorf("refunding %s: %w", r.OriginalID, err)
	}
	request := transactionRequest{
		Type: "refundTransaction", Amount: amount, Currency: string(r.Amount.Currency), RefTransID: r.OriginalID,
		Payment: &payment{Card: &maskedCard{r.Last4, "XXXX"}},
		Order:   &order{InvoiceNumber: r.Code}, Settings: duplicateWindow(),
	}
	if b := r.Bank; b != nil {
		request.Payment = &payment{Bank: &maskedBank{b.AccountType, b.Routing, b.Account, clip(b.Name, 22)}}
	}
	return c.transact(ctx, "refunding "+r.OriginalID, r.Code, request)
}

func (r Refund) check() error {
	switch {
	case !isCode(r.Code):
		return fmt.Errorf("%.30q cannot name a refund: %w", r.Code, ErrInput)
	case !isNumeric(r.OriginalID):
		return fmt.Errorf("%.30q is no transaction: %w", r.OriginalID, ErrInput)
	case r.Bank == nil && (len(r.Last4) != 4 || last4(r.Last4) == ""):
		return fmt.Errorf("the last four digits are needed: %w", ErrInput)
	case r.Bank != nil && (r.Last4 != "" || last4(r.Bank.Account) == ""):
		return fmt.Errorf("either a card or an account is refunded: %w", ErrInput)
	}
	return nil
}

// Void takes back a transaction that is not settled yet, as a whole. A transaction that is settled, or was voided before, is ErrNotFound or a
// *DeclinedError: read it to see which.
func (c *Client) Void(ctx context.Context, code, transactionID string) (Result, error) {
	if !isCode(code) || !isNumeric(transactionID) {
		return Result{}, fmt.Errorf("voiding %.30q as %.30q: %w", transactionID, code, ErrInput)
	}
	return c.transact(ctx, "voiding "+transactionID, code, transactionRequest{Type: "voidTransaction", RefTransID: transactionID})
}
