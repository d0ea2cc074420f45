package mail

// askedPhrases tell that somebody asked for access to a company's documents.
type askedPhrases struct {
	Subject, Lead, Terms, Why, TenantTerms, TenantWhy string
}

var englishAsked = askedPhrases{
	Subject:     "{email} asks for access to the documents of {company}",
	Lead:        "Somebody who gave the address {email} asks to see the documents of {company} in the billing portal of {tenant}.",
	Terms:       "{tenant} decides; nothing is opened until then. Tell {tenant} whether you know this person.",
	Why:         "You get it because {tenant} sends the invoices of {company} to this address.",
	TenantTerms: "Nothing is opened until you approve the request in your own system. Nobody has proven that the address is theirs.",
	TenantWhy:   "You get it because this is the address for questions about the billing portal of {tenant}.",
}

var spanishAsked = askedPhrases{
	Subject:     "{email} pide acceso a los documentos de {company}",
	Lead:        "Alguien que indicó la dirección {email} pide ver los documentos de {company} en el portal de facturación de {tenant}.",
	Terms:       "{tenant} decide; hasta entonces no se abre nada. Tanto si conoce a esta persona como si no, avise a {tenant}.",
	Why:         "Lo recibe porque {tenant} envía las facturas de {company} a esta dirección.",
	TenantTerms: "No se abre nada hasta que apruebe la petición en su propio sistema. Nadie ha demostrado que la dirección sea suya.",
	TenantWhy:   "Lo recibe porque esta es la dirección para preguntas sobre el portal de facturación de {tenant}.",
}

var frenchAsked = askedPhrases{
	Subject:     "{email} demande l’accès aux documents de {company}",
	Lead:        "Une personne qui a indiqué l’adresse {email} demande à voir les documents de {company} sur le portail de facturation de {tenant}.",
	Terms:       "{tenant} décide ; rien n’est ouvert d’ici là. Que vous connaissiez cette personne ou non, prévenez {tenant}.",
	Why:         "Vous le recevez parce que {tenant} envoie les factures de {company} à cette adresse.",
	TenantTerms: "Rien n’est ouvert tant que vous n’avez pas approuvé la demande dans votre propre système. Personne n’a prouvé que l’adresse est la sienne.",
	TenantWhy:   "Vous le recevez parce que c’est l’adresse pour les questions sur le portail de facturation de {tenant}.",
}

var germanAsked = askedPhrases{
	Subject:     "{email} bittet um Zugang zu den Dokumenten von {company}",
	Lead:        "Jemand, der die Adresse {email} angegeben hat, möchte die Dokumente von {company} im Rechnungsportal von {tenant} sehen.",
	Terms:       "{tenant} entscheidet; bis dahin öffnet sich nichts. Ob Sie diese Person kennen oder nicht: Sagen Sie {tenant} Bescheid.",
	Why:         "Sie erhalten sie, weil {tenant} die Rechnungen von {company} an diese Adresse schickt.",
	TenantTerms: "Nichts öffnet sich, bis Sie die Anfrage in Ihrem eigenen System annehmen. Niemand hat gezeigt, dass die Adresse ihm gehört.",
	TenantWhy:   "Sie erhalten sie, weil dies die Adresse für Fragen zum Rechnungsportal von {tenant} ist.",
}

var portugueseAsked = askedPhrases{
	Subject:     "{email} pede acesso aos documentos de {company}",
	Lead:        "Alguém que informou o endereço {email} pede para ver os documentos de {company} no portal de cobrança de {tenant}.",
	Terms:       "{tenant} decide; até lá nada é aberto. Se você conhece ou não esta pessoa, avise {tenant}.",
	Why:         "Você o recebe porque {tenant} envia as faturas de {company} para este endereço.",
	TenantTerms: "Nada é aberto até você aprovar o pedido no seu próprio sistema. Ninguém provou que o endereço é seu.",
	TenantWhy:   "Você o recebe porque este é o endereço para perguntas sobre o portal de cobrança de {tenant}.",
}

var japaneseAsked = askedPhrases{
	Subject:     "{email} から {company} の書類へのアクセス申請",
	Lead:        "アドレス {email} を入力した方が、{tenant} の請求ポータルで {company} の書類の閲覧を希望しています。",
	Terms:       "{tenant} が判断するまで、何も開示されません。この方にお心当たりがあるかどうかを {tenant} にお知らせください。",
	Why:         "{tenant} が {company} の請求書をこのアドレスに送信しているため、お送りしています。",
	TenantTerms: "貴社のシステムで申請を承認するまで、何も開示されません。アドレスが本人のものであることは確認されていません。",
	TenantWhy:   "{tenant} の請求ポータルに関するお問い合わせ先のアドレスのため、お送りしています。",
}

var arabicAsked = askedPhrases{
	Subject:     "{email} يطلب الوصول إلى مستندات {company}",
	Lead:        "شخص كتب العنوان {email} يطلب رؤية مستندات {company} في بوابة الفواتير لدى {tenant}.",
	Terms:       "القرار لدى {tenant}، ولا يُفتح شيء حتى ذلك الحين. سواء كنتم تعرفون هذا الشخص أم لا، أبلغوا {tenant}.",
	Why:         "تصلكم لأن {tenant} ترسل فواتير {company} إلى هذا العنوان.",
	TenantTerms: "لا يُفتح شيء حتى توافقوا على الطلب في نظامكم. ولم يُثبت أحد أن العنوان له.",
	TenantWhy:   "تصلكم لأن هذا هو عنوان الأسئلة عن بوابة الفواتير لدى {tenant}.",
}
