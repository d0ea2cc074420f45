package payments

import "slices"

// Statuses of a payment. What is live still holds money on its invoices; a lost answer is Unknown and never Failed.
const (
	Reserved             = "reserved"              // on its invoices; nothing was asked of a processor yet
	Submitting           = "submitting"            // written down, and the processor is being asked
	RequiresAction       = "requires_action"       // the payer's bank wants to hear from the payer
	RequiresVerification = "requires_verification" // small deposits are on their way to a bank account
	Processing           = "processing"            // under way: reserved on its invoices, not in the ledger
	HeldReview           = "held_review"           // the processor's people look at it
	Unknown              = "unknown"               // asked, and the answer was lost: only the processor knows
	Succeeded            = "succeeded"             // in the ledger
	Failed               = "failed"                // nothing was received
	Canceled             = "canceled"              // given up before anything was taken; the processor confirmed it
	Rejected             = "rejected"              // refused by us before anything was asked
)

// steps is the life of a payment: from each status those it may come to. What is not here cannot be written: every change is a conditional
// update on the statuses that lead to it.
var steps = map[string][]string{
	Reserved:             {Submitting, Succeeded, Rejected}, // Succeeded: when credit covers all of it, no processor is asked
	Submitting:           {Succeeded, Processing, RequiresAction, RequiresVerification, HeldReview, Failed, Unknown, Canceled},
	RequiresAction:       {Submitting, Succeeded, Processing, Failed, Canceled, Unknown, HeldReview, RequiresVerification},
	RequiresVerification: {Processing, Succeeded, Failed, Canceled, Unknown, RequiresAction},
	HeldReview:           {Succeeded, Processing, Failed, Canceled},
	Processing:           {Succeeded, Failed, Canceled, HeldReview},
	Unknown:              {Succeeded, Processing, RequiresAction, RequiresVerification, HeldReview, Failed, Canceled},
}

// May reports whether a payment may go from one status to another.
func May(from, to string) bool { return slices.Contains(steps[from], to) }

// Before lists the statuses from which a payment may come to another.
func Before(to string) []string {
	var from []string
	for _, status := range Statuses() {
		if May(status, to) {
			from = append(from, status)
		}
	}
	return from
}

// Live reports whether a payment of this status still holds money on its invoices. The schema's payment_live says the same.
func Live(status string) bool { return len(steps[status]) > 0 }

// Statuses lists all of them, for tests that walk the table.
func Statuses() []string {
	return []string{Reserved, Submitting, RequiresAction, RequiresVerification, Processing, HeldReview, Unknown, Succeeded, Failed, Canceled, Rejected}
}
