package mail

import "tollhouse/portal/lang"

var portuguese = phrases{
	Lang: lang.Portuguese,

	ForMinutes: lang.Plural{One: "durante {n} minuto", Other: "durante {n} minutos"}, ForHours: lang.Plural{One: "durante {n} hora", Other: "durante {n} horas"},
	Until: "até {date}", WorksOnce: "O link funciona uma única vez, {validity}.",
	MailsNewOne: "Depois disso, a página a que ele leva pode enviar um novo.",

	CodeHint:      "O link só abre no navegador em que você o pediu. Em qualquer outro lugar, volte àquela página e digite este código:",
	CodeWorksOnce: "O link e o código funcionam uma única vez, {validity}. Não passe o código a ninguém: nunca o pediremos.",

	OpenAddress: "Ou abra este endereço:", Recipient: "Este e-mail é para {contact}, de {company}.", Questions: "Dúvidas? Responda a este e-mail ou escreva para {email}.",
	ViewInvoice: "Ver a fatura {number}", OpenPortal: "Abrir o portal de faturamento",

	InvoiceSubject: "Fatura {number} de {tenant}: {state}", DueSubject: "{amount}, vencimento em {date}", OnItsWaySubject: "pagamento a caminho", PaidSubject: "paga",
	InvoiceLead: "Aqui está a fatura {number} de {tenant} para {company}.",
	InvoiceWhy:  "Você o recebe porque {tenant} envia as faturas de {company} para este endereço.", Preview: "{label}: {amount}. {note}.",
	AmountDue: "Valor a pagar", Due: "Vencimento em {date}", WasDue: "Venceu em {date}", PartPaid: "{note}; {paid} de {total} já foram pagos",
	BeingPaid: "Em pagamento", BeingPaidNote: "Seu pagamento está a caminho; você não precisa fazer nada", Paid: "Paga", PaidNote: "Não resta nada a pagar",

	LoginSubject: "Seu link de acesso a {tenant}", LoginLead: "Você pediu um link para o seu portal de faturamento de {tenant}.",
	LoginWhy:       "Você o recebe porque alguém informou este endereço no portal de faturamento de {tenant}.",
	NewLinkSubject: "Seu novo link para a fatura {number} de {tenant}", NewLinkLead: "Você pediu um novo link para a fatura {number} de {tenant}.",
	NewLinkWhy: "Você o recebe porque alguém pediu um novo link no portal de faturamento de {tenant}.",
	NotYou:     "Se não foi você quem pediu, ignore este e-mail: ninguém entra sem o link.",

	PortalSubject:   "Seu portal de faturamento de {tenant}",
	PortalLead:      "{tenant} envia a você um link para o seu portal de faturamento, com suas faturas e pagamentos em um só lugar.",
	DocumentSubject: "Fatura {number} de {tenant}", DocumentLead: "{tenant} envia a você um link para a fatura {number}.",
	PortalWhy: "Você o recebe porque {tenant} escreve para {company} neste endereço.",

	Moved: portugueseMoved, Codes: portugueseCodes, Asked: portugueseAsked, Paper: portuguesePaper, Device: portugueseDevice,
}
