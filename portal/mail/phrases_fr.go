package mail

import "tollhouse/portal/lang"

var french = phrases{
	Lang: lang.French,

	ForMinutes: lang.Plural{One: "pendant {n} minute", Other: "pendant {n} minutes"}, ForHours: lang.Plural{One: "pendant {n} heure", Other: "pendant {n} heures"},
	Until: "jusqu’au {date}", WorksOnce: "Le lien ne fonctionne qu’une fois, {validity}.",
	MailsNewOne: "Ensuite, la page à laquelle il mène peut vous en envoyer un nouveau.",

	CodeHint:      "Le lien ne s’ouvre que dans le navigateur d’où vous l’avez demandé. Partout ailleurs, revenez à cette page et saisissez ce code :",
	CodeWorksOnce: "Le lien et le code ne fonctionnent qu’une fois, {validity}. Ne donnez le code à personne : nous ne vous le demanderons jamais.",

	OpenAddress: "Ou ouvrez cette adresse :", Recipient: "Cet e-mail est destiné à {contact}, {company}.", Questions: "Des questions ? Répondez à cet e-mail ou écrivez à {email}.",
	ViewInvoice: "Voir la facture {number}", OpenPortal: "Ouvrir le portail de facturation",

	InvoiceSubject: "Facture {number} de {tenant} : {state}", DueSubject: "{amount} à payer le {date}", OnItsWaySubject: "paiement en cours", PaidSubject: "payée",
	InvoiceLead: "Voici la facture {number} de {tenant} pour {company}.",
	InvoiceWhy:  "Vous le recevez parce que {tenant} envoie les factures de {company} à cette adresse.", Preview: "{label} : {amount}. {note}.",
	AmountDue: "Montant à payer", Due: "Échéance le {date}", WasDue: "L’échéance était le {date}", PartPaid: "{note}, {paid} sur {total} déjà payés",
	BeingPaid: "Paiement en cours", BeingPaidNote: "Votre paiement est en route ; vous n’avez rien à faire", Paid: "Payée", PaidNote: "Il ne reste rien à payer",

	LoginSubject: "Votre lien de connexion pour {tenant}", LoginLead: "Vous avez demandé un lien vers votre portail de facturation chez {tenant}.",
	LoginWhy:       "Vous le recevez parce que quelqu’un a saisi cette adresse sur le portail de facturation de {tenant}.",
	NewLinkSubject: "Votre nouveau lien vers la facture {number} de {tenant}", NewLinkLead: "Vous avez demandé un nouveau lien vers la facture {number} de {tenant}.",
	NewLinkWhy: "Vous le recevez parce que quelqu’un a demandé un nouveau lien sur le portail de facturation de {tenant}.",
	NotYou:     "Si cette demande ne vient pas de vous, ignorez cet e-mail : personne n’entre sans le lien.",

	PortalSubject:   "Votre portail de facturation chez {tenant}",
	PortalLead:      "{tenant} vous envoie un lien vers votre portail de facturation, avec vos factures et vos paiements au même endroit.",
	DocumentSubject: "Facture {number} de {tenant}", DocumentLead: "{tenant} vous envoie un lien vers la facture {number}.",
	PortalWhy: "Vous le recevez parce que {tenant} écrit à {company} à cette adresse.",

	Moved: frenchMoved, Codes: frenchCodes, Asked: frenchAsked, Paper: frenchPaper, Device: frenchDevice,
}
