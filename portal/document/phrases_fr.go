package document

import "tollhouse/portal/lang"

var french = phrases{
	Lang: lang.French,

	Page: "Page {page} sur {pages}", From: "De", TaxID: "N° fiscal {number}", Registration: "N° d’immatriculation {number}",
	Continued: "{title}, suite", CarriedForward: "À reporter",

	Due: "À payer", PartPaid: "Payée en partie", Overdue: "En retard", Processing: "En cours", Paid: "Payée", Void: "Annulée", Closed: "Clôturée",
	Draft: "Brouillon", AsOf: "au {date}",

	Invoice: "Facture {number}", Title: "Facture {number} de {tenant}", Issued: "Émise le", DueDate: "Échéance", Order: "Votre commande", BilledTo: "Facturé à",
	AmountDue: "Montant à payer", BeingPaid: "Paiement en cours", PaidInFull: "Entièrement payée", Voided: "Annulée", WrittenOff: "Clôturée", DueOn: "Échéance le {date}",
	NothingToPay: "Il n’y a rien à payer",
	Description:  "Désignation", Quantity: "Quantité", UnitPrice: "Prix unitaire", Tax: "Taxe", Amount: "Montant", LineDiscount: "Remise de {amount} déduite",
	NoLines:  "Cette facture n’a pas de lignes.",
	Subtotal: "Sous-total", Discount: "Remise", TaxOn: "Taxe {rate} sur {base}", Total: "Total", PaidOn: "Payé le {date}", PaidWith: "Payé le {date}, {method}",
	OnWaySince: "En cours depuis le {date}",
	HowToPay:   "Comment payer", Scan: "Scannez le code pour vous connecter et payer, ou ouvrez", Open: "Connectez-vous et payez sur",
	NameTheNumber: "Merci d’indiquer le numéro de facture {number} avec votre paiement.", OtherWays: "Autres moyens de paiement", Notes: "Remarque",

	Receipt: "Reçu {number}", ReceiptTitle: "Reçu {number} de {tenant}", ReceivedFrom: "Reçu de", ReceivedOn: "Reçu le", Method: "Payé par",
	Reference: "Référence", AmountReceived: "Montant reçu", AmountOnWay: "Montant en cours",
	NotFinal:  "Le paiement est encore en cours de traitement : ce reçu n’est pas définitif.",
	AppliedTo: "Facture", Applied: "Montant affecté", Remaining: "Reste à payer", Credit: "Conservé comme avoir", RefundedOn: "Remboursé le {date}",
}
