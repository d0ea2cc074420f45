package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
)

// line notes whether a request left us. The library tries again by itself, so the last error alone does not tell.
type line struct{ sent atomic.Bool }

func watch(ctx context.Context) (context.Context, *line) {
	l := &line{}
	trace := &httptrace.ClientTrace{WroteHeaders: func() { l.sent.Store(true) }}
	return httptrace.WithClientTrace(ctx, trace), l
}

// errRefusedByBank carries the answer of a card error to who can read it.
type errRefusedByBank struct{ answer *api.Error }

func (e *errRefusedByBank) Error() string { return "declined: " + string(e.answer.Code) }

// translate turns an error of the library into the machine's words. What is neither a plain answer nor certainly unsent is lost.
func translate(err error, l *line) error {
	var answer *api.Error
	if !errors.As(err, &answer) {
		if !l.sent.Load() {
			return fmt.Errorf("%w: %w", payments.ErrNotAsked, err)
		}
		return fmt.Errorf("%w: %w", payments.ErrLost, err)
	}
	code := plain(answer)
	switch status := answer.HTTPStatusCode; {
	case answer.Type == api.ErrorTypeCard:
		return &errRefusedByBank{answer}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &payments.RefusedError{Code: code, Credentials: true}
	case status == http.StatusNotFound, answer.Code == api.ErrorCodeResourceMissing:
		return fmt.Errorf("%s: %w", code, payments.ErrAbsent)
	case status == http.StatusConflict, status == http.StatusTooManyRequests, status >= 500, status < 400:
		return fmt.Errorf("%w: status %d, %s", payments.ErrLost, status, code)
	}
	return &payments.RefusedError{Code: code}
}

// plain names an answer by its codes; its message may hold what the payer typed.
func plain(e *api.Error) string {
	text := string(e.Type)
	if e.Code != "" {
		text += "/" + string(e.Code)
	}
	if e.Param != "" {
		text += " (" + e.Param + ")"
	}
	return text
}

// failure says what a decline means to the payer.
func failure(e *api.Error) payments.Failure {
	if e == nil {
		return payments.Failure{Kind: payments.FailedDeclined}
	}
	code := string(e.Code)
	if e.DeclineCode != "" && e.Code == api.ErrorCodeCardDeclined {
		code = string(e.DeclineCode)
	}
	kind, known := kinds[code]
	if !known {
		kind = payments.FailedDeclined
	}
	return payments.Failure{Kind: kind, Code: code}
}

// kinds says what each code means to a payer. What is not here is a decline without a reason, and so are the codes that would tell a thief that a card
// is reported.
var kinds = map[string]payments.FailureKind{
	"incorrect_number":                      payments.FailedNumber,
	"invalid_number":                        payments.FailedNumber,
	"incorrect_cvc":                         payments.FailedCVC,
	"invalid_cvc":                           payments.FailedCVC,
	"invalid_expiry_month":                  payments.FailedExpiry,
	"invalid_expiry_year":                   payments.FailedExpiry,
	"incorrect_zip":                         payments.FailedAddress,
	"incorrect_address":                     payments.FailedAddress,
	"postal_code_invalid":                   payments.FailedAddress,
	"expired_card":                          payments.FailedExpired,
	"insufficient_funds":                    payments.FailedFunds,
	"card_velocity_exceeded":                payments.FailedLimit,
	"withdrawal_count_limit_exceeded":       payments.FailedLimit,
	"authentication_required":               payments.FailedAction,
	"payment_intent_authentication_failure": payments.FailedAction,
	"setup_intent_authentication_failure":   payments.FailedAction,
	"processing_error":                      payments.FailedTryLater,
	"try_again_later":                       payments.FailedTryLater,
	"issuer_not_available":                  payments.FailedTryLater,
	"reenter_transaction":                   payments.FailedTryLater,
	"card_not_supported":                    payments.FailedUnsupported,
	"currency_not_supported":                payments.FailedUnsupported,
	"transaction_not_allowed":               payments.FailedUnsupported,
	"service_not_allowed":                   payments.FailedUnsupported,
	"do_not_try_again":                      payments.FailedBlocked,
	"stop_payment_order":                    payments.FailedBlocked,
	"revocation_of_authorization":           payments.FailedBlocked,
	"revocation_of_all_authorizations":      payments.FailedBlocked,
	"duplicate_transaction":                 payments.FailedDuplicate,
	"testmode_decline":                      payments.FailedUnavailable,
	"api_key_expired":                       payments.FailedUnavailable,
	"account_closed":                        payments.FailedBankAccount,
	"bank_account_restricted":               payments.FailedBankAccount,
	"bank_account_unusable":                 payments.FailedBankAccount,
	"bank_account_unverified":               payments.FailedBankAccount,
	"no_account":                            payments.FailedBankAccount,
	"invalid_account":                       payments.FailedBankAccount,
	"incorrect_account_details":             payments.FailedBankAccount,
	"payment_method_bank_account_blocked":   payments.FailedBankAccount,
	"debit_not_authorized":                  payments.FailedMandate,
	"payment_method_not_available":          payments.FailedTryLater,
	"payment_method_provider_decline":       payments.FailedDeclined,
	"payment_method_provider_timeout":       payments.FailedTryLater,
	"payment_method_microdeposit_verification_amounts_mismatch":         payments.FailedDeposits,
	"payment_method_microdeposit_verification_amounts_invalid":          payments.FailedDeposits,
	"payment_method_microdeposit_verification_descriptor_code_mismatch": payments.FailedDeposits,
	"payment_method_microdeposit_verification_attempts_exceeded":        payments.FailedTries,
	"payment_method_microdeposit_verification_timeout":                  payments.FailedTries,
	"payment_method_microdeposit_failed":                                payments.FailedBankAccount,
}

// deposits finds the code of small deposits in a refusal, which is no card error to Stripe.
func deposits(refusal string) (payments.FailureKind, bool) {
	for code, kind := range kinds {
		if strings.Contains(code, "microdeposit") && strings.Contains(refusal, code) {
			return kind, true
		}
	}
	return "", false
}

// absentIsFine drops the error of an object that is to go and has gone.
func absentIsFine(err error) error {
	if errors.Is(err, payments.ErrAbsent) {
		return nil
	}
	return err
}
