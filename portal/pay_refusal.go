package portal

import (
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/format"
	"tollhouse/portal/lang"
)

// refusal says why a payment was not begun, and what to do.
func (v view) refusal(r *payments.PayRefusal) *payProblem {
	problem := &payProblem{text: fill(v.words.Pay.Refused.of(r), "{number}", r.Number, "{who}", r.By, "{limit}", format.Money(r.Limit, v.locale()), "{time}", v.moment(r.Until))}
	if r.PaymentID != "" {
		problem.path = paymentPath(r.PaymentID)
	}
	return problem
}

func (w refusalWords) of(r *payments.PayRefusal) string {
	switch r.Why {
	case payments.RefusedPaid:
		if r.By != "" {
			return w.PaidBy
		}
		return w.Paid
	case payments.RefusedBusy:
		if r.By != "" {
			return w.BusyBy
		}
		return w.Busy
	}
	return map[payments.Refusal]string{payments.RefusedChanged: w.Changed, payments.RefusedVoid: w.Void, payments.RefusedAboveDue: w.AboveDue,
		payments.RefusedPartial: w.Partial, payments.RefusedMinimum: w.Minimum, payments.RefusedMaximum: w.Maximum, payments.RefusedUneven: w.Uneven,
		payments.RefusedCurrency: w.Currency, payments.RefusedMethod: w.Method, payments.RefusedDisconnected: w.Disconnected,
		payments.RefusedUnavailable: w.Unavailable, payments.RefusedRole: w.Role, payments.RefusedSession: w.Session,
		payments.RefusedCoolDown: w.CoolDown}[r.Why]
}

// of says why nothing was taken. A kind without words of its own reads like a bank that did not say.
func (w failureWords) of(kind payments.FailureKind) string {
	text, known := map[payments.FailureKind]string{payments.FailedNumber: w.Number, payments.FailedExpiry: w.Expiry, payments.FailedCVC: w.CVC,
		payments.FailedAddress: w.Address, payments.FailedExpired: w.Expired, payments.FailedFunds: w.Funds, payments.FailedLimit: w.Limit,
		payments.FailedAction: w.Action, payments.FailedTryLater: w.TryLater, payments.FailedUnsupported: w.Unsupported,
		payments.FailedDeclined: w.Declined, payments.FailedBlocked: w.Blocked, payments.FailedDuplicate: w.Duplicate,
		payments.FailedUnavailable: w.Unavailable, payments.FailedBankAccount: w.BankAccount, payments.FailedMandate: w.Mandate,
		payments.FailedAbandoned: w.Abandoned, payments.FailedDeposits: w.Deposits, payments.FailedTries: w.Tries}[kind]
	if !known {
		return w.Declined
	}
	return text
}

// moment is a day and a time in the tenant's zone, which it names; "" for none.
func (v view) moment(at time.Time) string {
	if at.IsZero() || v.tenant == nil {
		return ""
	}
	return format.ShortDate(ledger.DateIn(at, v.tenant.TimeZone), lang.Dates(v.locale())) + v.words.Comma + format.Clock(at.In(v.tenant.TimeZone), v.locale())
}
