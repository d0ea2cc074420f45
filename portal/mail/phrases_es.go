package mail

import "tollhouse/portal/lang"

var spanish = phrases{
	Lang: lang.Spanish,

	ForMinutes: lang.Plural{One: "durante {n} minuto", Other: "durante {n} minutos"}, ForHours: lang.Plural{One: "durante {n} hora", Other: "durante {n} horas"},
	Until: "hasta el {date}", WorksOnce: "El enlace funciona una sola vez, {validity}.",
	MailsNewOne: "Después, la página a la que lleva puede enviarle uno nuevo.",

	CodeHint:      "El enlace solo se abre en el navegador desde el que lo pidió. En cualquier otro lugar, vuelva a esa página y escriba este código:",
	CodeWorksOnce: "El enlace y el código funcionan una sola vez, {validity}. No dé el código a nadie: nunca se lo pediremos.",

	OpenAddress: "O abra esta dirección:", Recipient: "Este correo es para {contact}, de {company}.", Questions: "¿Tiene alguna pregunta? Responda a este correo o escriba a {email}.",
	ViewInvoice: "Ver la factura {number}", OpenPortal: "Abrir el portal de facturación",

	InvoiceSubject: "Factura {number} de {tenant}: {state}", DueSubject: "{amount}, vence el {date}", OnItsWaySubject: "pago en camino", PaidSubject: "pagada",
	InvoiceLead: "Aquí tiene la factura {number} de {tenant} para {company}.",
	InvoiceWhy:  "Lo recibe porque {tenant} envía las facturas de {company} a esta dirección.", Preview: "{label}: {amount}. {note}.",
	AmountDue: "Importe pendiente", Due: "Vence el {date}", WasDue: "Venció el {date}", PartPaid: "{note}; se han pagado {paid} de {total}",
	BeingPaid: "Pago en curso", BeingPaidNote: "Su pago está en camino; no tiene que hacer nada", Paid: "Pagada", PaidNote: "No queda nada por pagar",

	LoginSubject: "Su enlace de acceso a {tenant}", LoginLead: "Ha pedido un enlace a su portal de facturación de {tenant}.",
	LoginWhy:       "Lo recibe porque alguien escribió esta dirección en el portal de facturación de {tenant}.",
	NewLinkSubject: "Su nuevo enlace a la factura {number} de {tenant}", NewLinkLead: "Ha pedido un enlace nuevo a la factura {number} de {tenant}.",
	NewLinkWhy: "Lo recibe porque alguien pidió un enlace nuevo en el portal de facturación de {tenant}.",
	NotYou:     "Si no lo pidió usted, ignore este correo: nadie puede entrar sin el enlace.",

	PortalSubject:   "Su portal de facturación de {tenant}",
	PortalLead:      "{tenant} le envía un enlace a su portal de facturación, con sus facturas y pagos en un solo lugar.",
	DocumentSubject: "Factura {number} de {tenant}", DocumentLead: "{tenant} le envía un enlace a la factura {number}.",
	PortalWhy: "Lo recibe porque {tenant} escribe a {company} a esta dirección.",

	Moved: spanishMoved, Codes: spanishCodes, Asked: spanishAsked, Paper: spanishPaper, Device: spanishDevice,
}
