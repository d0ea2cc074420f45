package portal

// trailWords are the words of the page that tells who did what.
type trailWords struct {
	Title, Text, What, Who, Show, ShowAll, AnyDeed, ViewedDeed, PaidDeed, SentDeed, AccessDeed, Anybody, Nothing, NothingSuch, You, YouFrom string

	FirstDay, LastDay, DayWanted, DaysReversed, Download, DownloadNote, ColumnTime, ColumnKind, ColumnAddress string

	Viewed, ViewedFirst, Sent, Voided, ProcessingBy, Processing, PaidBy, Paid, PaymentFailed, SignedIn, SignedOut, SessionEnded, LinkAsked, Switched, Downloaded, Previewed, LinkMade string

	CodeSent, CodePassed, CodeRefused, EmailChanged, DetailsChanged string

	MethodAdded, MethodVerified, MethodPreferred, MethodRemoved, MethodRefused string // by {who}
	MethodCame, MethodConfirmed, MethodChosen, MethodGone                      string // when nobody of the client did it
}

var englishTrail = trailWords{
	Title: "Activity", Text: "Who did what with the documents of {company}, and who signed in.",
	What: "What", Who: "Who", Show: "Show", ShowAll: "Show all activity",
	AnyDeed: "Everything", ViewedDeed: "Viewed", PaidDeed: "Paid", SentDeed: "Sent to you", AccessDeed: "Signed in or out", Anybody: "Everybody",
	Nothing: "Nothing has happened yet. Who views, pays and signs in will be listed here.", NothingSuch: "Nothing like that has happened.",
	You: "(you)", YouFrom: "(you, from {address})",

	Viewed: "Viewed by {who}", ViewedFirst: "Viewed for the first time, by {who}", Sent: "Invoice sent by {tenant}", Voided: "Invoice voided by {tenant}",
	ProcessingBy: "Payment started by {who}", Processing: "Payment on its way", PaidBy: "Paid by {who}", Paid: "Payment received",
	PaymentFailed: "Payment did not go through", SignedIn: "{who} signed in", SignedOut: "{who} signed out",
	SessionEnded: "{who} was signed out", LinkAsked: "A sign-in link was emailed to {who}",
	CodeSent: "A code was emailed to {who}", CodePassed: "{who} confirmed with a code", CodeRefused: "A wrong code was typed for {who}",
	EmailChanged: "{who} changed the email address", DetailsChanged: "{who} changed name or language",

	FirstDay: "From", LastDay: "To", DayWanted: "Write the day as year, month and day, like 2026-05-21.",
	DaysReversed: "The last day comes before the first. Choose a later last day.", Download: "Download as CSV",
	DownloadNote: "A file holds the newest {n} entries. Choose days to get older ones.",
	ColumnTime:   "Time (UTC)", ColumnKind: "Kind", ColumnAddress: "IP address",
	Switched: "{who} came over from another company of theirs", Downloaded: "Activity downloaded by {who}",
	MethodAdded: "{who} saved a way to pay", MethodVerified: "{who} confirmed a way to pay", MethodPreferred: "{who} chose the default way to pay",
	MethodRemoved: "{who} removed a way to pay", MethodRefused: "A way to pay of {who} was refused by its bank",
	MethodCame: "A way to pay was saved", MethodConfirmed: "A way to pay was confirmed", MethodChosen: "The default way to pay changed",
	MethodGone: "A way to pay was removed",
	Previewed:  "{tenant} looked at the portal as it appears to {who}", LinkMade: "{tenant} made a sign-in link for {who}",
}

// method is what was done with a saved way to pay.
func (w *trailWords) method(e TrailEntry) string {
	switch e.Kind {
	case "method.added":
		return e.byWhom(w.MethodAdded, w.MethodCame)
	case "method.verified":
		return e.byWhom(w.MethodVerified, w.MethodConfirmed)
	case "method.preferred":
		return e.byWhom(w.MethodPreferred, w.MethodChosen)
	case "method.refused":
		return e.byWhom(w.MethodRefused, w.MethodGone)
	}
	return e.byWhom(w.MethodRemoved, w.MethodGone)
}
