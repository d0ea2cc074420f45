package mail

// paperPhrases are those of an invoice that comes as a document, for a client without a portal.
type paperPhrases struct {
	HowToPay, Attached string
}

var (
	englishPaper    = paperPhrases{HowToPay: "How to pay", Attached: "The invoice is attached to this mail."}
	spanishPaper    = paperPhrases{HowToPay: "Cómo pagar", Attached: "La factura va adjunta a este correo."}
	frenchPaper     = paperPhrases{HowToPay: "Comment payer", Attached: "La facture est jointe à cet e-mail."}
	germanPaper     = paperPhrases{HowToPay: "So bezahlen Sie", Attached: "Die Rechnung hängt an dieser E-Mail."}
	portuguesePaper = paperPhrases{HowToPay: "Como pagar", Attached: "A fatura está anexada a este e-mail."}
	japanesePaper   = paperPhrases{HowToPay: "お支払い方法", Attached: "請求書はこのメールに添付されています。"}
	arabicPaper     = paperPhrases{HowToPay: "كيفية الدفع", Attached: "الفاتورة مرفقة بهذه الرسالة."}
)

// devicePhrases say in which browser a link was asked for. {device} is a browser, a system, or On with both.
type devicePhrases struct {
	Asked, On string
}

var (
	englishDevice    = devicePhrases{Asked: "It was requested from {device}.", On: "{browser} on {system}"}
	spanishDevice    = devicePhrases{Asked: "Se solicitó desde {device}.", On: "{browser} en {system}"}
	frenchDevice     = devicePhrases{Asked: "Il a été demandé depuis {device}.", On: "{browser} sur {system}"}
	germanDevice     = devicePhrases{Asked: "Angefordert wurde er mit {device}.", On: "{browser} auf {system}"}
	portugueseDevice = devicePhrases{Asked: "Foi solicitado em: {device}.", On: "{browser} em {system}"}
	japaneseDevice   = devicePhrases{Asked: "リクエスト元: {device}。", On: "{system} の {browser}"}
	arabicDevice     = devicePhrases{Asked: "طُلب من {device}.", On: "{browser} على {system}"}
)
