package portal

// payWords are those of the page to review and pay.
type payWords struct {
	Title, What, CreditLine, ToPay, Button, Settle string
	How, Expires, Expired, Unverified, NewCard, NewCardHint, NewBank, NewBankHint, Hosted, HostedHint, Save,
	Mandate string
	Sending, Still, CheckFields, NotNow                                                         string
	PartTitle, PartLabel, PartHint, PartLeast, PartButton, PartWrong, PartWhole, Rest           string
	CreditHave, CreditWithout, CreditWith                                                       string
	NothingTitle, NothingText, LeftOut, ViewerText, OffText, Presence, PresenceOwn, SeePayment  string
	UnsureTitle, UnsureText, SeePayments, PayThis, PayUnderway, CreditShown, ChooseMethod, Sent string
	Refused                                                                                     refusalWords
	Failed                                                                                      failureWords
}

// refusalWords say why a payment was not begun, each with what to do.
type refusalWords struct {
	Changed, Paid, PaidBy, Void, Busy, BusyBy, AboveDue, Partial, Minimum, Maximum, Uneven, Currency, Method, Disconnected,
	Unavailable, Role, Session, CoolDown string
}

// failureWords say why nothing was taken, each with what to do.
type failureWords struct {
	Number, Expiry, CVC, Address, Expired, Funds, Limit, Action, TryLater, Unsupported, Declined, Blocked, Duplicate, Unavailable, BankAccount,
	Mandate, Abandoned, Deposits, Tries string
}

// paidWords are those of a payment's own pages.
type paidWords struct {
	Title, Amount, Method, Reference, PaidBy, ForInvoice string
	Asking, Action, Verify, Processing, Held, Unknown, Succeeded, Failed, Canceled, Refunded, PartRefunded, Disputed, Returned,
	Lost said
	Arrives, History, Refresh, Continue, ContinueHosted, Cancel, ConfirmTitle, ConfirmText, ConfirmHosted, ConfirmWait, PayAnother, PayNext,
	Receipt, Home, Settled, Credited string
	Moments momentWords
}

// momentWords are the lines of a payment's history.
type momentWords struct {
	Started, Processing, Succeeded, Failed, Canceled, Receipt, Refund, RefundUnderway, RefundFailed, Dispute, DisputeWon, DisputeLost, Return, Other string
}

var englishPay = payWords{
	Title: "Review and pay", What: "What you pay", CreditLine: "Your credit", ToPay: "To pay now",
	Button: "Pay {amount}", Settle: "Settle with your credit",
	How: "How do you want to pay?", Expires: "Expires {date}", Expired: "This card has expired. Choose another way to pay.",
	Unverified: "This account waits to be verified.",
	NewCard:    "Another card", NewCardHint: "What you type goes to the payment provider only.",
	NewBank: "Bank account", NewBankHint: "Your account is debited. That takes a few working days.",
	Hosted: "Card, on the payment provider’s page", HostedHint: "You type the card there, and come back here.",
	Save:    "Save it for next time",
	Mandate: "By paying, you allow {tenant} to debit this bank account for this payment and, if you save it, for payments that you start later. You can take this back at any time.",
	Sending: "Sending to your bank…", Still: "Still working. Please keep this page open.",
	CheckFields: "No money has been taken. Check the card or bank details, and try again.",
	NotNow:      "Not now",
	PartTitle:   "Pay another amount", PartLabel: "Amount in {currency}", PartHint: "What is left stays due.", PartLeast: "At least {amount}. What is left stays due.",
	PartButton: "Use this amount", PartWrong: "Enter an amount like {amount}.", PartWhole: "Pay all of it", Rest: "Left to pay afterwards",
	CreditHave: "You have {amount} of credit.", CreditWithout: "Pay without the credit", CreditWith: "Use the credit",
	NothingTitle: "There is nothing to pay here", NothingText: "What you chose is paid, on its way or withdrawn. Nothing was charged.",
	LeftOut:    "Some of what you chose is not listed: it is paid already, or in another currency, which is paid separately.",
	ViewerText: "Your access lets you read documents. Ask {tenant}, or a colleague who pays, to pay this one.",
	OffText:    "It cannot be paid online at the moment. Nothing was charged.",
	Presence:   "{who} started paying this and has not finished. Please do not pay it twice.", PresenceOwn: "You started paying this and have not finished.",
	SeePayment:  "See that payment",
	UnsureTitle: "We do not know yet what became of this",
	UnsureText:  "Please do not pay again yet. Look at your payments in a few minutes: if money was taken, it is listed there.",
	SeePayments: "See your payments", PayThis: "Pay {amount}", PayUnderway: "See the payment that is under way",
	CreditShown: "{amount} of credit is yours to use.", ChooseMethod: "No money has been taken. Choose how to pay.",
	Sent: "This form was sent before. Nothing more was charged. Look at your payments before you pay again.",
	Refused: refusalWords{
		Changed:      "No money has been taken. Invoice {number} has changed since you opened it. Check the new amount below, and pay again.",
		Paid:         "No money has been taken. Invoice {number} has been paid meanwhile.",
		PaidBy:       "No money has been taken. {who} has paid invoice {number} meanwhile.",
		Void:         "No money has been taken. Invoice {number} was withdrawn, so there is nothing to pay on it.",
		Busy:         "No money has been taken. Somebody is paying invoice {number} right now. Wait until that is over.",
		BusyBy:       "No money has been taken. {who} is paying invoice {number} right now. Wait until that is over.",
		AboveDue:     "No money has been taken. Only {limit} is due. Enter that or less.",
		Partial:      "No money has been taken. This invoice is paid as a whole: {limit}.",
		Minimum:      "No money has been taken. The least that can be paid is {limit}.",
		Maximum:      "No money has been taken. At most {limit} can be paid at once. Pay a part, or pay the other way described below.",
		Uneven:       "No money has been taken. The amount must be a multiple of {limit}.",
		Currency:     "No money has been taken. These invoices are in currencies that cannot be paid together. Pay them one at a time.",
		Method:       "No money has been taken. That saved card or account cannot be used now. Choose another way to pay.",
		Disconnected: "No money has been taken. Online payment is not available right now. You can pay the other way described below.",
		Unavailable:  "No money has been taken. The payment provider does not answer. Try again in a few minutes.",
		Role:         "No money has been taken. Your access lets you read documents, not pay them.",
		Session:      "No money has been taken. Press the button once more.",
		CoolDown:     "No money has been taken. There were too many tries. You can try again from {time}.",
	},
	Failed: failureWords{
		Number:      "The card number is not right. Check it and try again.",
		Expiry:      "The expiry date is not right. Check it and try again.",
		CVC:         "The security code is not right. Check the digits on the card and try again.",
		Address:     "The address or postal code does not match the card. Check it and try again.",
		Expired:     "This card has expired. Use another one.",
		Funds:       "Your bank says there is not enough money available. Use another way to pay, or try a smaller amount where you can.",
		Limit:       "This card has reached its limit. Use another card or a bank account.",
		Action:      "Your bank wants to confirm that it is you, and that did not work. Try again, or use another way to pay.",
		TryLater:    "Your bank did not answer. Try again in a few minutes.",
		Unsupported: "This card cannot be used for this payment. Use another one.",
		Declined:    "Your bank declined the payment and did not say why. Call the number on the card, or use another way to pay.",
		Blocked:     "Your bank has blocked this payment. Use another way to pay.",
		Duplicate:   "A payment of the same amount was made just now. Look at your payments before you pay again.",
		Unavailable: "Online payment is not available right now. Try again later, or ask how else to pay.",
		BankAccount: "This bank account is closed, frozen or unknown to the bank. Use another one.",
		Mandate:     "The owner of this bank account has not allowed the debit. Use another way to pay.",
		Abandoned:   "The payment was not finished. You can start again.",
		Deposits:    "The amounts are not the ones on your bank statement. Check them and try again.",
		Tries:       "There are no tries left. Use another bank account, or add this one again.",
	},
}

var englishPaid = paidWords{
	Title: "Payment", Amount: "Amount", Method: "Paid with", Reference: "Reference", PaidBy: "Paid by",
	ForInvoice: "Invoice {number}",
	Asking:     said{"We are asking your bank", "It takes a few seconds. Please do not pay again."},
	Action:     said{"Your bank wants to confirm that it is you", "No money has been taken yet. Continue within half an hour, or cancel the payment."},
	Verify:     said{"Your bank account waits to be verified", "No money has been taken yet. Small deposits are on their way to the account; confirm them to go on."},
	Processing: said{"{amount} is on its way", "Your bank moves the money within a few working days. There is nothing left to do."},
	Held:       said{"{amount} is being reviewed", "The payment provider looks at this payment, which takes a day or two. Please do not pay again."},
	Unknown:    said{"We are checking with the bank", "We do not know yet whether {amount} was taken. Please do not pay again yet. This page says so as soon as we know."},
	Succeeded:  said{"You have paid {amount}", "{tenant} has received it. Thank you."},
	Failed:     said{"No money has been taken", "The payment of {amount} did not go through."},
	Canceled:   said{"No money has been taken", "The payment of {amount} was cancelled."},
	Refunded:   said{"{amount} was given back", "{tenant} has returned this payment. Banks take a few days to show it."}, PartRefunded: said{"{amount} was given back", "{tenant} has returned a part of this payment. Banks take a few days to show it."},
	Disputed: said{"This payment is disputed", "Your bank has asked for {amount} back and looks into it. Ask {tenant} if you do not know why."},
	Returned: said{"Your bank took {amount} back", "The payment did not hold. What it paid is due again."},
	Lost:     said{"Your bank took {amount} back", "The dispute was decided for you. What the payment paid may be due again."},
	Arrives:  "It should arrive on {date}.", History: "What happened", Refresh: "Look again", Continue: "Continue at your bank", ContinueHosted: "Continue to the payment page",
	Cancel: "Cancel the payment", ConfirmTitle: "One more step", ConfirmText: "Your bank wants to confirm that it is you. No money has been taken yet. You have half an hour.",
	ConfirmHosted: "You type your card on the payment provider’s own page and come back here. No money has been taken yet. You have half an hour.",
	ConfirmWait:   "Waiting for your bank…", PayAnother: "Pay another way", PayNext: "Next: invoice {number}",
	Receipt: "Receipt {number}", Home: "Go to your overview", Settled: "Settled with your credit", Credited: "{amount} of it became your credit.",
	Moments: momentWords{Started: "Payment started", Processing: "On its way", Succeeded: "Received", Failed: "Did not go through", Canceled: "Cancelled", Receipt: "Receipt issued",
		Refund: "Given back: {amount}", RefundUnderway: "Being given back: {amount}", RefundFailed: "Giving back did not work: {amount}", Dispute: "Disputed at your bank: {amount}",
		DisputeWon: "Dispute decided for {tenant}", DisputeLost: "Dispute decided for you: {amount}", Return: "Taken back by your bank: {amount}", Other: "Being checked"},
}
