package document

import "tollhouse/portal/lang"

var german = phrases{
	Lang: lang.German,

	Page: "Seite {page} von {pages}", From: "Von", TaxID: "Steuernummer {number}", Registration: "Registernummer {number}",
	Continued: "{title}, Fortsetzung", CarriedForward: "Übertrag",

	Due: "Offen", PartPaid: "Teilweise bezahlt", Overdue: "Überfällig", Processing: "In Bearbeitung", Paid: "Bezahlt", Void: "Storniert", Closed: "Geschlossen",
	Draft: "Entwurf", AsOf: "Stand {date}",

	Invoice: "Rechnung {number}", Title: "Rechnung {number} von {tenant}", Issued: "Ausgestellt", DueDate: "Fällig am", Order: "Ihre Bestellung", BilledTo: "Rechnung an",
	AmountDue: "Offener Betrag", BeingPaid: "Zahlung unterwegs", PaidInFull: "Vollständig bezahlt", Voided: "Storniert", WrittenOff: "Geschlossen", DueOn: "Fällig am {date}",
	NothingToPay: "Es ist nichts zu bezahlen",
	Description:  "Beschreibung", Quantity: "Menge", UnitPrice: "Einzelpreis", Tax: "Steuer", Amount: "Betrag", LineDiscount: "Abzüglich {amount} Rabatt",
	NoLines:  "Diese Rechnung hat keine Positionen.",
	Subtotal: "Zwischensumme", Discount: "Rabatt", TaxOn: "Steuer {rate} auf {base}", Total: "Gesamtbetrag", PaidOn: "Bezahlt am {date}", PaidWith: "Bezahlt am {date}, {method}",
	OnWaySince: "Unterwegs seit dem {date}",
	HowToPay:   "So bezahlen Sie", Scan: "Scannen Sie den Code, um sich anzumelden und zu bezahlen, oder öffnen Sie", Open: "Anmelden und bezahlen unter",
	NameTheNumber: "Bitte geben Sie bei der Zahlung die Rechnungsnummer {number} an.", OtherWays: "Andere Zahlungswege", Notes: "Hinweis",

	Receipt: "Quittung {number}", ReceiptTitle: "Quittung {number} von {tenant}", ReceivedFrom: "Erhalten von", ReceivedOn: "Erhalten am", Method: "Bezahlt mit",
	Reference: "Referenz", AmountReceived: "Erhaltener Betrag", AmountOnWay: "Betrag unterwegs",
	NotFinal:  "Die Zahlung wird noch bearbeitet: Dies ist noch keine endgültige Quittung.",
	AppliedTo: "Rechnung", Applied: "Darauf gezahlt", Remaining: "Noch offen", Credit: "Als Guthaben behalten", RefundedOn: "Erstattet am {date}",
}
