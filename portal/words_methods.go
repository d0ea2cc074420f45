package portal

import "tollhouse/portal/lang"

// methodsWords are those of the pages of saved ways to pay.
type methodsWords struct {
	Title, Text, Card, Bank, Ending, Nothing, NothingText, NoConnection, Default, Pending, AddedBy, AddedOn, Expires, Expired, ExpiresToday, ExpiresEarly, Stranded,
	Prefer, Remove, Verify, AddCard, AddBank, AddedHint, OnlyPayers string
	ExpiresNow, ExpiresSoon lang.Plural

	Added, Verified, Preferred, Removed string

	RemoveTitle, RemoveForgets, RemoveNext, RemoveLast, RemoveRunning, RemoveButton, Keep string

	VerifyTitle, VerifyDeposits, VerifyArrive, VerifyTries, Amount1, Amount2, AmountHint, OrCode, Code, CodeHint, VerifyButton, AmountWanted, CodeWanted, DepositsWrong, CodeWrong,
	TriesOver, AccountRefused, VerifyBank, VerifyBankButton, VerifyWait string

	TroubleTitle, TroubleText, Back string

	AddCardTitle, AddBankTitle, AddText, AddHosted, MandateTitle, Mandate, Agree, AgreeWanted, SaveCard, SaveBank, NoScript, Sending, SourceWanted string
	RefusedDetails, RefusedOther, RefusedLater, RefusedSetup, AddLost                                                                              string
}

// historyWords are those of the list of payments.
type historyWords struct {
	Title, Tabs, Date, With, For, Receipt, Any, UnderWay, Received, NotPaid, GivenBack, Nothing, NothingSuch, ShowAll, Credit string

	Paid, Refunded, PartlyRefunded, Disputed, Returned, TakenBack, Failed, Canceled, WaitsForYou, Checking, InReview string
}

var englishMethods = methodsWords{
	Title: "Ways to pay", Text: "Saved for {company}. Only {tenant}’s payment provider knows the full numbers.",
	Card: "Card", Bank: "Bank account", Ending: "{name} ending {digits}",
	Nothing: "Nothing is saved yet.", NothingText: "You can still pay without saving anything: the pay page offers it each time.",
	NoConnection: "Online payment is not available at the moment, so nothing can be saved now. {tenant}’s instructions on each invoice say how to pay.",
	Default:      "Used first", Pending: "Not confirmed yet", AddedBy: "Added by {who} on {date}", AddedOn: "Added on {date}", Expires: "Expires {month}",
	Expired: "This card has expired. Save its successor and remove it.", ExpiresToday: "This card expires today. Save its successor.",
	ExpiresEarly: "This card expires within two months.", Stranded: "It cannot be used any more: {tenant} has changed the payment provider. Save it again to go on using it.",
	ExpiresNow:  lang.Plural{One: "This card expires tomorrow. Save its successor.", Other: "This card expires in {n} days. Save its successor."},
	ExpiresSoon: lang.Plural{One: "This card expires in {n} day.", Other: "This card expires in {n} days."},
	Prefer:      "Use first", Remove: "Remove", Verify: "Confirm it", AddCard: "Save a card", AddBank: "Save a bank account",
	AddedHint: "A new card or account can also be saved while you pay an invoice.", OnlyPayers: "Only people who pay for {company} can change these.",

	Added: "It is saved.", Verified: "The account is confirmed and can be used.", Preferred: "It is used first from now on.", Removed: "It is removed. Nothing was paid or changed otherwise.",

	RemoveTitle: "Remove {method}?", RemoveForgets: "The payment provider forgets it. To use it again, it must be saved again.",
	RemoveNext: "{method} is used first from then on.", RemoveLast: "Nothing else is saved. You can still pay without saving anything.",
	RemoveRunning: "Payments that were made with it are not affected, even if they are still on their way.", RemoveButton: "Remove it", Keep: "Keep it",

	VerifyTitle: "Confirm {method}", VerifyDeposits: "Two small amounts, or one with a code, were sent to the account. What its statement says shows that it is yours.",
	VerifyArrive: "They arrive around {date}.", VerifyTries: "There are three tries for amounts and ten for a code.",
	Amount1: "First amount", Amount2: "Second amount", AmountHint: "Below one, like 0.32.", OrCode: "Or the code beside the amount", Code: "Code", CodeHint: "Six letters and digits that begin with SM.",
	VerifyButton: "Confirm the account", AmountWanted: "Enter the amount as on the statement, like 0.32.", CodeWanted: "Enter the six letters and digits of the code; they begin with SM.",
	DepositsWrong: "These are not the amounts that were sent. Compare them with the statement.", CodeWrong: "This is not the code that was sent. Compare it with the statement.",
	TriesOver:      "No tries are left for this account. Remove it and save it again, or save another. Nothing was paid.",
	AccountRefused: "The bank does not take this account. Remove it and save another. Nothing was paid.",
	VerifyBank:     "The bank wants to hear from the card’s owner before it can be saved.", VerifyBankButton: "Continue to the bank",
	VerifyWait: "The payment provider is still at it. Come back in a few minutes.",

	TroubleTitle: "That could not be done", TroubleText: "The payment provider did not answer. Nothing was paid. Please try again in a few minutes.", Back: "Back to the ways to pay",

	AddCardTitle: "Save a card", AddBankTitle: "Save a bank account",
	AddText: "What you enter goes to {tenant}’s payment provider only. Nothing is paid.", AddHosted: "A new card or account is saved while you pay: choose an invoice, press Pay, and tick the box.",
	MandateTitle: "What you agree to", Mandate: "I authorise {tenant} to debit this account for invoices that somebody of {company} pays in this portal, each time for the amount confirmed then. I can withdraw this for the future by removing the account here.",
	Agree: "I agree", AgreeWanted: "Tick the box to agree first.", SaveCard: "Save the card", SaveBank: "Save the account",
	NoScript: "This page needs JavaScript, because what you enter never passes through us. Without it, save a card or account while you pay an invoice.",
	Sending:  "Sending to your bank…", SourceWanted: "Enter the card or the account. Nothing was saved.",
	RefusedDetails: "The bank does not recognise these details. Check them and try again. Nothing was saved.", RefusedOther: "The bank did not accept it. Use another one. Nothing was saved.",
	RefusedLater: "The bank did not answer. Nothing was saved. Try again in a few minutes.", RefusedSetup: "It cannot be saved here at the moment. Nothing was paid.",
	AddLost: "The payment provider’s answer was lost. Look at the list in a minute: if it is not there, save it again. Nothing was paid.",
}

var englishHistory = historyWords{
	Title: "Payments", Tabs: "Payments and ways to pay", Date: "Date", With: "Paid with", For: "For", Receipt: "Receipt {number}",
	Any: "All", UnderWay: "On their way", Received: "Paid", NotPaid: "Not paid", GivenBack: "Refunded or taken back",
	Nothing: "There are no payments yet. Each one will be listed here with its receipt.", NothingSuch: "There is no payment like that.", ShowAll: "Show all payments", Credit: "Credit",
	Paid: "Paid", Refunded: "Refunded", PartlyRefunded: "Partly refunded", Disputed: "Disputed", Returned: "Returned by the bank", TakenBack: "Taken back by the bank",
	Failed: "Not paid", Canceled: "Given up", WaitsForYou: "Waiting for you", Checking: "Checking with the bank", InReview: "Being reviewed",
}
