package document

import "tollhouse/portal/lang"

var portuguese = phrases{
	Lang: lang.Portuguese,

	Page: "Página {page} de {pages}", From: "De", TaxID: "Identificação fiscal {number}", Registration: "Registro da empresa {number}",
	Continued: "{title}, continuação", CarriedForward: "A transportar",

	Due: "Em aberto", PartPaid: "Paga em parte", Overdue: "Vencida", Processing: "Em processamento", Paid: "Paga", Void: "Anulada", Closed: "Encerrada",
	Draft: "Rascunho", AsOf: "em {date}",

	Invoice: "Fatura {number}", Title: "Fatura {number} de {tenant}", Issued: "Emissão", DueDate: "Vencimento", Order: "Seu pedido", BilledTo: "Cobrado de",
	AmountDue: "Valor a pagar", BeingPaid: "Pagamento a caminho", PaidInFull: "Paga integralmente", Voided: "Anulada", WrittenOff: "Encerrada", DueOn: "Vencimento em {date}",
	NothingToPay: "Não há nada a pagar",
	Description:  "Descrição", Quantity: "Quantidade", UnitPrice: "Preço unitário", Tax: "Imposto", Amount: "Valor", LineDiscount: "Menos {amount} de desconto",
	NoLines:  "Esta fatura não tem itens.",
	Subtotal: "Subtotal", Discount: "Desconto", TaxOn: "Imposto {rate} sobre {base}", Total: "Total", PaidOn: "Pago em {date}", PaidWith: "Pago em {date}, {method}",
	OnWaySince: "A caminho desde {date}",
	HowToPay:   "Como pagar", Scan: "Leia o código para entrar e pagar, ou abra", Open: "Entre e pague em", NameTheNumber: "Informe o número da fatura {number} no pagamento.",
	OtherWays: "Outras formas de pagamento", Notes: "Observação",

	Receipt: "Recibo {number}", ReceiptTitle: "Recibo {number} de {tenant}", ReceivedFrom: "Recebido de", ReceivedOn: "Recebido em", Method: "Pago com",
	Reference: "Referência", AmountReceived: "Valor recebido", AmountOnWay: "Valor a caminho",
	NotFinal:  "O pagamento ainda está em processamento: este recibo não é definitivo.",
	AppliedTo: "Fatura", Applied: "Valor aplicado", Remaining: "Resta pagar", Credit: "Mantido como crédito", RefundedOn: "Reembolsado em {date}",
}
