package document

import "tollhouse/portal/lang"

var spanish = phrases{
	Lang: lang.Spanish,

	Page: "Página {page} de {pages}", From: "De", TaxID: "N.º de identificación fiscal {number}", Registration: "N.º de registro mercantil {number}",
	Continued: "{title}, continuación", CarriedForward: "Suma y sigue",

	Due: "Pendiente", PartPaid: "Pagada en parte", Overdue: "Vencida", Processing: "En proceso", Paid: "Pagada", Void: "Anulada", Closed: "Cerrada",
	Draft: "Borrador", AsOf: "a fecha de {date}",

	Invoice: "Factura {number}", Title: "Factura {number} de {tenant}", Issued: "Emitida", DueDate: "Vencimiento", Order: "Su pedido", BilledTo: "Facturado a",
	AmountDue: "Importe pendiente", BeingPaid: "Pago en camino", PaidInFull: "Pagada por completo", Voided: "Anulada", WrittenOff: "Cerrada", DueOn: "Vence el {date}",
	NothingToPay: "No hay nada que pagar",
	Description:  "Descripción", Quantity: "Cantidad", UnitPrice: "Precio unitario", Tax: "Impuestos", Amount: "Importe", LineDiscount: "Menos {amount} de descuento",
	NoLines:  "Esta factura no tiene líneas.",
	Subtotal: "Subtotal", Discount: "Descuento", TaxOn: "Impuestos {rate} sobre {base}", Total: "Total", PaidOn: "Pagado el {date}", PaidWith: "Pagado el {date}, {method}",
	OnWaySince: "En camino desde el {date}",
	HowToPay:   "Cómo pagar", Scan: "Escanee el código para entrar y pagar, o abra", Open: "Entre y pague en", NameTheNumber: "Indique el número de factura {number} en su pago.",
	OtherWays: "Otras formas de pago", Notes: "Nota",

	Receipt: "Recibo {number}", ReceiptTitle: "Recibo {number} de {tenant}", ReceivedFrom: "Recibido de", ReceivedOn: "Recibido el", Method: "Pagado con",
	Reference: "Referencia", AmountReceived: "Importe recibido", AmountOnWay: "Importe en camino",
	NotFinal:  "El pago aún se está procesando: este no es un recibo definitivo.",
	AppliedTo: "Factura", Applied: "Abonado", Remaining: "Queda por pagar", Credit: "Guardado como saldo a favor", RefundedOn: "Reembolsado el {date}",
}
