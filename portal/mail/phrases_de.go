package mail

import "tollhouse/portal/lang"

var german = phrases{
	Lang: lang.German,

	ForMinutes: lang.Plural{One: "{n} Minute lang", Other: "{n} Minuten lang"}, ForHours: lang.Plural{One: "{n} Stunde lang", Other: "{n} Stunden lang"},
	Until: "bis zum {date}", WorksOnce: "Der Link funktioniert einmal, {validity}.",
	MailsNewOne: "Danach kann Ihnen die Seite, zu der er führt, einen neuen senden.",

	CodeHint:      "Der Link öffnet sich nur in dem Browser, in dem Sie ihn angefordert haben. Überall sonst gehen Sie zu jener Seite zurück und geben dort diesen Code ein:",
	CodeWorksOnce: "Link und Code funktionieren einmal, {validity}. Geben Sie den Code an niemanden weiter: Wir fragen nie danach.",

	OpenAddress: "Oder öffnen Sie diese Adresse:", Recipient: "Diese E-Mail ist für {contact}, {company}.", Questions: "Fragen? Antworten Sie auf diese E-Mail, oder schreiben Sie an {email}.",
	ViewInvoice: "Rechnung {number} ansehen", OpenPortal: "Rechnungsportal öffnen",

	InvoiceSubject: "Rechnung {number} von {tenant}: {state}", DueSubject: "{amount}, fällig am {date}", OnItsWaySubject: "Zahlung unterwegs", PaidSubject: "bezahlt",
	InvoiceLead: "Hier ist die Rechnung {number} von {tenant} für {company}.",
	InvoiceWhy:  "Sie erhalten sie, weil {tenant} die Rechnungen von {company} an diese Adresse sendet.", Preview: "{label}: {amount}. {note}.",
	AmountDue: "Offener Betrag", Due: "Fällig am {date}", WasDue: "War fällig am {date}", PartPaid: "{note}, {paid} von {total} sind bezahlt",
	BeingPaid: "Wird bezahlt", BeingPaidNote: "Ihre Zahlung ist unterwegs; Sie müssen nichts tun", Paid: "Bezahlt", PaidNote: "Es ist nichts mehr zu zahlen",

	LoginSubject: "Ihr Anmeldelink für {tenant}", LoginLead: "Sie haben einen Link zu Ihrem Rechnungsportal bei {tenant} angefordert.",
	LoginWhy:       "Sie erhalten sie, weil jemand diese Adresse im Rechnungsportal von {tenant} eingegeben hat.",
	NewLinkSubject: "Ihr neuer Link zur Rechnung {number} von {tenant}", NewLinkLead: "Sie haben einen neuen Link zur Rechnung {number} von {tenant} angefordert.",
	NewLinkWhy: "Sie erhalten sie, weil jemand im Rechnungsportal von {tenant} einen neuen Link angefordert hat.",
	NotYou:     "Wenn Sie das nicht waren, ignorieren Sie diese E-Mail: Ohne den Link gelangt niemand hinein.",

	PortalSubject:   "Ihr Rechnungsportal bei {tenant}",
	PortalLead:      "{tenant} sendet Ihnen einen Link zu Ihrem Rechnungsportal mit allen Rechnungen und Zahlungen an einem Ort.",
	DocumentSubject: "Rechnung {number} von {tenant}", DocumentLead: "{tenant} sendet Ihnen einen Link zur Rechnung {number}.",
	PortalWhy: "Sie erhalten sie, weil {tenant} an {company} unter dieser Adresse schreibt.",

	Moved: germanMoved, Codes: germanCodes, Asked: germanAsked, Paper: germanPaper, Device: germanDevice,
}
