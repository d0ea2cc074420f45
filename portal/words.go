package portal

import "tollhouse/portal/lang"

// words is every word that a page says by itself: one value is one language. {places} in braces take a value. What a tenant or a client
// typed is never here.
type words struct {
	Lang lang.ID

	// Comma stands between a date and how near it is, with its space.
	Comma string

	// Around every page.
	Skip, Menu, Overview, Invoices, SignedInAs, SignOut, Help, EmailMeALink, SessionUntil, RequestNumber string

	// How things stand.
	Due, PartlyPaid, Overdue, Processing, Paid, Void, Closed string

	// Links and sign-in.
	LandingTitle, LandingDocument, LandingFor, LandingContinue, LandingSwitch,
	LandingAgain, Document string
	SignInTitle, SignInText, SessionOverTitle, SessionOverText, NoSessionTitle, NoSessionText, UnknownLinkTitle, UnknownLinkText,
	Email, EmailHint, EmailWanted, SendLink, ThereIsAProblem, ErrorPrefix string
	SentTitle, SentText, SentSpam, SentAgain, SignedOutTitle, SignedOutText                string
	CodeLabel, CodeHint, CodeWanted, CodeDead, CodeButton                                  string
	CodeWrong                                                                              lang.Plural // {n} is how many tries are left
	ElsewhereTitle, ElsewhereText, ElsewhereAsk                                            string
	MoreTitle, MoreText, MoreButton, MoreBack, OnceMoreTitle, OnceMoreText, OnceMoreButton string
	UsedTitle, UsedText, ExpiredTitle, ExpiredText, RevokedTitle, RevokedText, VoidedTitle, VoidedText, SupersededTitle, SupersededText, ResendTo, ResendNote,
	PortalOffTitle, PortalOffText string

	// Home.
	HomeTitle, DueNow, OverdueOf, AllOverdue, OnItsWay, ViewInvoice, WhatIsDue, Recent, NothingDue, NothingDueText, NothingYet, SeeAllInvoices string
	OnInvoices, SeeAllDue                                                                                                                      lang.Plural
	ActivitySent, ActivityVoided, ActivityProcessing, ActivityPaid, ActivityPaidBy, ActivityFailed, ActivityWith                               string

	// The list.
	TabDue, TabProcessing, TabPaid, TabAll, ListTabs, Invoice, Issued, DueDate, Status, Total, EmptyDue, EmptyProcessing, EmptyPaid,
	EmptyAll, Showing, FirstPage, NextPage, Pages string

	// One invoice.
	InvoiceNumber, AllInvoices, AmountDue, DueOn, DueToday, DueTomorrow, StillProcessing, AllProcessing, PaidInFull,
	PaidInFullText, VoidTitle, VoidText, VoidReason, ClosedTitle, ClosedText, HowToPay, HowToPayRef, HowToPayAsk, HowToPayAskNobody, From, BilledTo,
	PurchaseOrder, TaxNumber, Details, Lines, Description, Quantity, UnitPrice, Amount, LineDiscount, Subtotal, Discount, TaxAt, PaymentOn, PaymentOnItsWay,
	Payments, BalanceDue, Notes, PaidByLine string
	DueInDays, OverdueBy lang.Plural

	// Who did what.
	Trail trailWords

	Account accountWords

	Companies companiesWords

	// A mailed code, and what a contact says of itself.
	StepUp    stepUpWords
	Profile   profileWords
	Preview   previewWords
	OwnAccess ownAccessWords
	People    peopleWords

	// What is paid with, and what was.
	Methods methodsWords
	History historyWords
	// Paying, and what became of it.
	Pay     payWords
	Payment paidWords

	// Errors.
	Errors                 errorWords
	GoHome                 string
	WaitMinutes, WaitHours lang.Plural
}

// catalogue is every language that pages are written in.
var catalogue = [lang.Count]*words{
	lang.English: &english, lang.Spanish: &spanish, lang.French: &french, lang.German: &german, lang.Portuguese: &portuguese,
	lang.Japanese: &japanese, lang.Arabic: &arabic,
}

// english is what every other language translates.
var english = words{
	Lang: lang.English, Comma: ", ", Trail: englishTrail, Account: englishAccount, Companies: englishCompanies, StepUp: englishStepUp, Profile: englishProfile, Preview: englishPreview, OwnAccess: englishOwnAccess, People: englishPeople,
	Methods: englishMethods, History: englishHistory, Pay: englishPay, Payment: englishPaid,

	Skip: "Skip to the content", Menu: "Portal", Overview: "Overview", Invoices: "Invoices",
	SignedInAs: "Signed in as {contact} for {company}", SignOut: "Sign out",
	Help: "Questions? Write to {email}", EmailMeALink: "Email me a sign-in link", SessionUntil: "You stay signed in until {date}.",
	RequestNumber: "Reference: {id}",

	Due: "Due", PartlyPaid: "Part paid", Overdue: "Overdue", Processing: "Processing", Paid: "Paid", Void: "Void", Closed: "Closed",

	LandingTitle:    "Continue to your documents",
	LandingDocument: "{kind} {number}", Document: "Document",
	LandingFor:      "This link was sent to {email} and works once.",
	LandingContinue: "Continue as {email}",
	LandingSwitch:   "You are signed in as {contact} in this browser. If you continue as {email}, that session ends.",
	LandingAgain:    "Nothing was opened yet. Please press the button once more. If you see this again, allow cookies for this site.",

	SignInTitle: "Get a sign-in link", SignInText: "There is no password. Give the email address that your invoices go to, and we send you a link that signs you in.",
	SessionOverTitle: "Please sign in again",
	SessionOverText:  "Your session has ended, or you are not signed in yet. Nothing was paid or changed. Open the link in your latest email from {tenant}, or have a new one sent:",
	NoSessionTitle:   "Session not found",
	NoSessionText:    "This is the billing portal of {tenant}. Nobody is signed in here. Open the link in your latest email from {tenant}, or have a new one sent:",
	UnknownLinkTitle: "This link does not work",
	UnknownLinkText:  "It may have been cut off on its way to you. Nothing was paid or changed. Open it again from the email, or have a new one sent:",
	Email:            "Email address", EmailHint: "The one that your invoices are sent to.",
	EmailWanted: "Enter an email address, like name@example.com.", SendLink: "Email me a sign-in link",
	ThereIsAProblem: "Please check one thing", ErrorPrefix: "Error: ",
	SentTitle: "Check your inbox",
	SentText:  "If we know the address, an email from {tenant} with a new link is on its way. It arrives within a minute or two.",
	SentSpam:  "No email? Look in the spam folder, and check that it is the address your invoices are sent to.",
	CodeLabel: "Code from the email", CodeHint: "Press the button in the email in this browser, or type the code here.",
	CodeWanted: "Enter the 8 letters and digits of the code in the email.",
	CodeWrong:  lang.Plural{One: "That is not the code. You can try 1 more time.", Other: "That is not the code. You can try {n} more times."},
	CodeDead:   "No code works here any more. Ask for a new email.", CodeButton: "Sign in with the code",
	MoreTitle: "Show that it is you", MoreText: "The link in your email shows this one document. For everything else, {tenant} emails you a code.", MoreButton: "Email me a code", MoreBack: "Back to the document",
	OnceMoreTitle: "One moment, please", OnceMoreButton: "Continue",
	OnceMoreText:   "That was faster than people read. So that no program that opens every link gets in with yours, please press once more.",
	ElsewhereTitle: "Go back to where you asked",
	ElsewhereText:  "This link works only in the browser that asked for it. Return to the tab where you asked, and type the code from the email there. Nothing was paid or changed.",
	ElsewhereAsk:   "Ask for a link in this browser instead",
	SentAgain:      "Try another address", SignedOutTitle: "You are signed out",
	SignedOutText: "Nothing of your documents stays in this browser. To come back, open the link in your latest email from {tenant}, or ask for a new one.",

	UsedTitle: "This link was already used", UsedText: "Each link opens the portal once, to keep your documents yours. Nothing was paid or changed.",
	ExpiredTitle: "This link is too old", ExpiredText: "Links work for a limited time, to keep your documents yours. Nothing was paid or changed.",
	VoidedTitle: "This document was voided", VoidedText: "{tenant} has withdrawn it, so there is nothing to pay on it. Your other documents are in the portal.",
	RevokedTitle: "This link was withdrawn", RevokedText: "{tenant} has ended it. Nothing was paid or changed.",
	SupersededTitle: "There is a newer link", SupersededText: "A later email holds the link that works. Open that one, or have a fresh one sent. Nothing was paid or changed.",
	ResendTo: "Email a new link to {email}", ResendNote: "It goes to the address that {tenant} has on file.",
	PortalOffTitle: "The portal is not available to you", PortalOffText: "Nothing was paid or changed. {tenant} sends you your invoices by email, as PDF files.",

	HomeTitle: "Overview", DueNow: "Due now", OnInvoices: lang.Plural{One: "On 1 invoice.", Other: "On {n} invoices."},
	OverdueOf: "{amount} of it is overdue.", AllOverdue: "All of it is overdue.", OnItsWay: "{amount} is on its way and not counted here.",
	ViewInvoice: "View invoice {number}", WhatIsDue: "What is due", SeeAllDue: lang.Plural{One: "See the due invoice", Other: "See all {n} due invoices"}, Recent: "Recent activity",
	NothingDue: "You are all paid up", NothingDueText: "Nothing is due at the moment. {tenant} emails you when there is a new invoice.",
	NothingYet: "Nothing has happened yet. Invoices and payments will be listed here.", SeeAllInvoices: "See all invoices",
	ActivitySent: "Invoice sent", ActivityVoided: "Invoice voided", ActivityProcessing: "Payment on its way",
	ActivityPaid: "Payment received", ActivityPaidBy: "Paid by {who}", ActivityFailed: "Payment did not go through", ActivityWith: "· {method}",

	TabDue: "Due", TabProcessing: "Processing", TabPaid: "Paid", TabAll: "All", ListTabs: "Which invoices", Invoice: "Invoice",
	Issued: "Issued", DueDate: "Due date", Status: "Status", Total: "Total",
	EmptyDue: "Nothing is due. You are all paid up.", EmptyProcessing: "No payment is on its way.", EmptyPaid: "No invoice has been paid yet.",
	EmptyAll: "There are no invoices yet. {tenant} emails you when there is one.",
	Showing:  "Showing {from}–{to} of {n}", FirstPage: "First page", NextPage: "Next page", Pages: "Pages",

	InvoiceNumber: "Invoice {number}", AllInvoices: "All invoices", AmountDue: "Amount due", DueOn: "Due {date}", DueToday: "today", DueTomorrow: "tomorrow",
	DueInDays: lang.Plural{One: "in 1 day", Other: "in {n} days"}, OverdueBy: lang.Plural{One: "1 day overdue", Other: "{n} days overdue"},
	StillProcessing: "{amount} is on its way to {tenant}. There is nothing to do for that part.",
	AllProcessing:   "{amount} is on its way to {tenant}. There is nothing left to do.",
	PaidInFull:      "Paid in full", PaidInFullText: "Nothing is left to pay on this invoice. Thank you.",
	VoidTitle: "Nothing to pay", VoidText: "This invoice was voided on {date}. It is kept here for your records.",
	VoidReason: "Reason: {reason}", ClosedTitle: "Closed", ClosedText: "This invoice is closed. Ask {tenant} if you have a question about it.",
	HowToPay: "How to pay", HowToPayRef: "Please give the invoice number {number} with your payment.",
	HowToPayAsk: "Write to {email} and {tenant} tells you how to pay.", HowToPayAskNobody: "Please ask {tenant} how to pay.",
	From: "From", BilledTo: "Billed to", PurchaseOrder: "Your order", TaxNumber: "Tax ID {number}",
	Details: "Details", Lines: "What this invoice is for", Description: "Description", Quantity: "Quantity", UnitPrice: "Unit price", Amount: "Amount",
	LineDiscount: "Less {amount} discount", Subtotal: "Subtotal", Discount: "Discount", TaxAt: "Tax {rate}",
	PaymentOn: "Paid on {date}", PaymentOnItsWay: "On its way since {date}", Payments: "Payments", BalanceDue: "Amount due", Notes: "Note",
	PaidByLine: "by {who}",

	Errors: englishErrors, GoHome: "Go to your overview",
	WaitMinutes: lang.Plural{One: "Please try again in a minute.", Other: "Please try again in {n} minutes."},
	WaitHours:   lang.Plural{One: "Please try again in an hour.", Other: "Please try again in {n} hours."},
}
