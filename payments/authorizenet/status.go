package authorizenet

import "tollhouse/payments"

// Effect is what a transaction's status means beside the payment's own status.
type Effect string

// The effects.
const (
	Nothing       Effect = ""               //
	TakenBack     Effect = "taken_back"     // the money went back before it was settled: voided, or the settlement failed
	Returned      Effect = "returned"       // the bank returned a debit, days or weeks after it was settled
	Disputed      Effect = "disputed"       // a chargeback took the money
	DisputeWon    Effect = "dispute_won"    // and gave it back
	RefundPending Effect = "refund_pending" // the transaction is a refund, not settled yet
	RefundDone    Effect = "refund_done"    // the transaction is a refund
)

// Meaning is what the processor's status says in our words. Status is one of package payments, "" for a refund, and for what says nothing.
type Meaning struct {
	Status string
	Effect Effect
	Alert  bool // a person of the merchant should look
}

// statuses says what each transactionStatus means, for a card and for a bank account. A captured card payment counts as paid before it is
// settled; a bank debit does not.
var statuses = []struct {
	vendor     string
	card, bank Meaning
}{
	{"authorizedPendingCapture", Meaning{Status: payments.Processing, Alert: true}, Meaning{Status: payments.Processing, Alert: true}}, // we never authorise alone
	{"capturedPendingSettlement", Meaning{Status: payments.Succeeded}, Meaning{Status: payments.Processing}},
	{"approvedReview", Meaning{Status: payments.Succeeded}, Meaning{Status: payments.Processing}},
	{"pendingSettlement", Meaning{Status: payments.Succeeded}, Meaning{Status: payments.Processing}},
	{"updatingSettlement", Meaning{Status: payments.Succeeded}, Meaning{Status: payments.Processing}},
	{"pendingFinalSettlement", Meaning{Status: payments.Succeeded}, Meaning{Status: payments.Processing}},
	{"settledSuccessfully", Meaning{Status: payments.Succeeded}, Meaning{Status: payments.Succeeded}},

	{"FDSPendingReview", Meaning{Status: payments.HeldReview}, Meaning{Status: payments.HeldReview}},
	{"FDSAuthorizedPendingReview", Meaning{Status: payments.HeldReview}, Meaning{Status: payments.HeldReview}},
	{"underReview", Meaning{Status: payments.HeldReview}, Meaning{Status: payments.HeldReview}},
	{"authorizedPendingRelease", Meaning{Status: payments.HeldReview}, Meaning{Status: payments.HeldReview}},

	{"declined", Meaning{Status: payments.Failed}, Meaning{Status: payments.Failed}},
	{"failedReview", Meaning{Status: payments.Failed}, Meaning{Status: payments.Failed}},
	{"expired", Meaning{Status: payments.Failed}, Meaning{Status: payments.Failed}},
	{"generalError", Meaning{Status: payments.Failed}, Meaning{Status: payments.Failed}},
	{"communicationError", Meaning{Status: payments.Failed}, Meaning{Status: payments.Failed}},
	{"settlementError", Meaning{payments.Failed, TakenBack, true}, Meaning{payments.Failed, TakenBack, true}},
	{"voided", Meaning{Status: payments.Canceled, Effect: TakenBack}, Meaning{Status: payments.Canceled, Effect: TakenBack}},

	{"returnedItem", Meaning{payments.Succeeded, Returned, true}, Meaning{payments.Succeeded, Returned, true}},
	{"chargeback", Meaning{payments.Succeeded, Disputed, true}, Meaning{payments.Succeeded, Disputed, true}},
	{"chargebackReversal", Meaning{payments.Succeeded, DisputeWon, true}, Meaning{payments.Succeeded, DisputeWon, true}},

	{"refundPendingSettlement", Meaning{Effect: RefundPending}, Meaning{Effect: RefundPending}},
	{"refundSettledSuccessfully", Meaning{Effect: RefundDone}, Meaning{Effect: RefundDone}},

	{"couldNotVoid", Meaning{Alert: true}, Meaning{Alert: true}}, // nothing changed, and somebody wanted it to
}

// MeaningOf translates a transactionStatus. One that is not known says nothing, and asks for a person.
func MeaningOf(status string, bank bool) Meaning {
	for _, row := range statuses {
		switch {
		case row.vendor != status:
		case bank:
			return row.bank
		default:
			return row.card
		}
	}
	return Meaning{Alert: true}
}
