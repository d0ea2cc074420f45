package authorizenet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a transaction's responseCode says.
const (
	approved = "1"
	declined = "2"
	failed   = "3"
	held     = "4"
)

const (
	reasonDuplicate      = 11
	reasonTransactionID  = 16 // the transaction to refund or void cannot be found
	reasonRefundCriteria = 54
	reasonRefundTooMuch  = 55 // more than is left of the original
)

// outcome reads what became of a transaction. That the request was processed ("Ok") says nothing: only the transaction's own code counts.
func (a *transactionAnswer) outcome() (Result, error) {
	t := a.Transaction
	if t == nil || t.ResponseCode == "" || t.ResponseCode == "0" {
		return Result{}, a.withoutTransaction()
	}
	switch t.ResponseCode {
	case approved:
		return t.approval()
	case held:
		if !t.real() {
			return Result{}, fmt.Errorf("%w: held without a transaction id", ErrUnknown)
		}
		return Result{}, &HeldError{TransactionID: string(t.TransID), Reason: t.reason()}
	case declined, failed:
		return Result{}, t.refusal()
	}
	return Result{}, fmt.Errorf("%w: response code %.10q", ErrUnknown, t.ResponseCode)
}

// withoutTransaction is the error of an answer that has none. An error of the processor's own may have come after the money moved.
func (a *transactionAnswer) withoutTransaction() error {
	err := a.Messages.err()
	switch {
	case err == nil:
		return fmt.Errorf("%w: processed, but without a transaction", ErrUnknown)
	case errors.Is(err, ErrRetryLater), len(a.Messages.Message) == 0:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case a.Messages.code() == "E00027":
		reason := nestedReason(a.Messages.Message[0].Text)
		if reason == reasonDuplicate { // the original may have been paid
			return &DuplicateError{}
		}
		return &DeclinedError{Reason: reason}
	}
	return err
}

// approval needs an id: an account in test mode approves everything, with the id 0 and without money.
func (t *transactionResponse) approval() (Result, error) {
	if !t.real() {
		return Result{}, &APIError{Code: "an approval without a transaction: the account is in test mode"}
	}
	return Result{
		TransactionID: string(t.TransID), AuthCode: string(t.AuthCode),
		AccountType: string(t.AccountType), Last4: last4(string(t.AccountNumber)),
	}, nil
}

func (t *transactionResponse) refusal() error {
	switch reason := t.reason(); reason {
	case reasonDuplicate:
		return &DuplicateError{OriginalID: t.original()}
	case reasonRefundCriteria, reasonRefundTooMuch:
		return ErrNotRefundable
	case reasonTransactionID:
		return fmt.Errorf("%w: the transaction (reason %d)", ErrNotFound, reason)
	default:
		e := &DeclinedError{Reason: reason}
		if t.real() {
			e.TransactionID = string(t.TransID)
		}
		return e
	}
}

// original is the transaction that this is a duplicate of. Which of the two fields names it is not documented; the refused one has no id.
func (t *transactionResponse) original() string {
	for _, id := range []text{t.RefTransID, t.TransID} {
		if isNumeric(string(id)) && strings.Trim(string(id), "0") != "" {
			return string(id)
		}
	}
	return ""
}

// real reports whether the answer names a transaction.
func (t *transactionResponse) real() bool {
	return isNumeric(string(t.TransID)) && strings.Trim(string(t.TransID), "0") != ""
}

// reason is the responseReasonCode, from the errors or, for a held transaction, from the messages; 0 when there is none.
func (t *transactionResponse) reason() int {
	for _, e := range t.Errors {
		if n, err := strconv.Atoi(string(e.Code)); err == nil {
			return n
		}
	}
	for _, m := range t.Messages {
		if n, err := strconv.Atoi(string(m.Code)); err == nil {
			return n
		}
	}
	return 0
}

// last4 keeps the digits of a masked number, "XXXX1111".
func last4(masked string) string {
	if len(masked) < 4 {
		return ""
	}
	digits := masked[len(masked)-4:]
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}
