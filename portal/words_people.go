package portal

// ownAccessWords are those of somebody who was handed another's link and asks for access of their own.
type ownAccessWords struct {
	Title, Text, EmailHint, Name, Button, Known, Offer, AskedTitle, AskedText string
}

// peopleWords are those of the page of a company's people.
type peopleWords struct {
	Title, Text, Payer, Viewer, Signer, You, Never, LastSeen, Pending, PendingText, AskTitle, AskText, EmailHint, Name, Ask, Asked, Known string
}

var englishOwnAccess = ownAccessWords{
	Title:     "Ask for your own access",
	Text:      "Was this link sent to somebody else and passed on to you? Give your own email address. {tenant} is asked whether you may see these documents; nothing is opened by asking.",
	EmailHint: "The answer goes there.", Name: "Your name (optional)", Button: "Ask for access",
	Known: "Do your invoices come to an address of your own already?", Offer: "Not you?",
	AskedTitle: "Thank you, your request is on its way",
	AskedText:  "If it can be passed on, {tenant} decides whether you get access and then emails you a link of your own. There is nothing more to do here.",
}

var englishPeople = peopleWords{
	Title: "People", Text: "Who sees the documents of {company} here.",
	Payer: "Sees everything and pays", Viewer: "Sees and downloads everything", Signer: "Sees only contracts to sign",
	You: "That is you", Never: "Never signed in", LastSeen: "Last here on {date}",
	Pending: "Asked for", PendingText: "{tenant} has not decided yet.",
	AskTitle: "Ask access for a colleague", AskText: "{tenant} decides, and then emails your colleague a link of their own. Your name is given with the request.",
	EmailHint: "Your colleague’s own address.", Name: "Your colleague’s name (optional)", Ask: "Ask for access", Asked: "Your request was passed on to {tenant}.",
	Known: "This address belongs to somebody at your company already.",
}

var spanishOwnAccess = ownAccessWords{
	Title:     "Pedir un acceso propio",
	Text:      "¿Este enlace se envió a otra persona y se lo han reenviado? Indique su propia dirección de correo. Se pregunta a {tenant} si usted puede ver estos documentos; con pedirlo no se abre nada.",
	EmailHint: "La respuesta llegará ahí.", Name: "Su nombre (opcional)", Button: "Pedir acceso",
	Known: "¿Ya recibe sus facturas en una dirección propia?", Offer: "¿No es usted?",
	AskedTitle: "Gracias, su petición está en camino",
	AskedText:  "Si se puede transmitir, {tenant} decide si le da acceso y entonces le envía por correo un enlace propio. Aquí no tiene que hacer nada más.",
}

var spanishPeople = peopleWords{
	Title: "Personas", Text: "Quién ve aquí los documentos de {company}.",
	Payer: "Lo ve todo y paga", Viewer: "Lo ve y lo descarga todo", Signer: "Solo ve los contratos que debe firmar",
	You: "Es usted", Never: "Nunca ha entrado", LastSeen: "Estuvo aquí por última vez el {date}",
	Pending: "Solicitados", PendingText: "{tenant} aún no ha decidido.",
	AskTitle: "Pedir acceso para un colega", AskText: "{tenant} decide y entonces envía a su colega un enlace propio por correo. La petición lleva el nombre de usted.",
	EmailHint: "La dirección propia de su colega.", Name: "Nombre de su colega (opcional)", Ask: "Pedir acceso", Asked: "Su petición se ha transmitido a {tenant}.",
	Known: "Esta dirección ya es de alguien de su empresa.",
}

var frenchOwnAccess = ownAccessWords{
	Title:     "Demander votre propre accès",
	Text:      "Ce lien a été envoyé à quelqu’un d’autre qui vous l’a transmis ? Indiquez votre propre adresse e-mail. Nous demandons à {tenant} si vous pouvez voir ces documents ; la demande en elle-même n’ouvre rien.",
	EmailHint: "La réponse y sera envoyée.", Name: "Votre nom (facultatif)", Button: "Demander l’accès",
	Known: "Recevez-vous déjà vos factures à votre propre adresse ?", Offer: "Ce n’est pas vous ?",
	AskedTitle: "Merci, votre demande est en route",
	AskedText:  "Si elle peut être transmise, {tenant} décide de vous donner accès ou non, puis vous envoie votre propre lien par e-mail. Vous n’avez rien d’autre à faire ici.",
}

var frenchPeople = peopleWords{
	Title: "Personnes", Text: "Qui voit ici les documents de {company}.",
	Payer: "Voit tout et paie", Viewer: "Voit et télécharge tout", Signer: "Ne voit que les contrats à signer",
	You: "C’est vous", Never: "Ne s’est jamais connecté", LastSeen: "Dernière visite le {date}",
	Pending: "Demandes en cours", PendingText: "{tenant} n’a pas encore décidé.",
	AskTitle: "Demander l’accès pour un collègue", AskText: "{tenant} décide, puis envoie à votre collègue son propre lien par e-mail. Votre nom figure dans la demande.",
	EmailHint: "L’adresse personnelle de votre collègue.", Name: "Nom de votre collègue (facultatif)", Ask: "Demander l’accès", Asked: "Votre demande a été transmise à {tenant}.",
	Known: "Cette adresse est déjà celle d’une personne de votre entreprise.",
}

var germanOwnAccess = ownAccessWords{
	Title:     "Eigenen Zugang anfragen",
	Text:      "Dieser Link ging an jemand anderen und wurde an Sie weitergegeben? Nennen Sie Ihre eigene E-Mail-Adresse. {tenant} wird gefragt, ob Sie diese Dokumente sehen dürfen; durch die Anfrage allein öffnet sich nichts.",
	EmailHint: "Dorthin geht die Antwort.", Name: "Ihr Name (freiwillig)", Button: "Zugang anfragen",
	Known: "Bekommen Sie Ihre Rechnungen schon an eine eigene Adresse?", Offer: "Das sind nicht Sie?",
	AskedTitle: "Danke, Ihre Anfrage ist unterwegs",
	AskedText:  "Wenn sie weitergegeben werden kann, entscheidet {tenant} über Ihren Zugang und schickt Ihnen dann einen eigenen Link per E-Mail. Hier ist nichts weiter zu tun.",
}

var germanPeople = peopleWords{
	Title: "Personen", Text: "Wer hier die Dokumente von {company} sieht.",
	Payer: "Sieht alles und bezahlt", Viewer: "Sieht alles und lädt es herunter", Signer: "Sieht nur Verträge zum Unterschreiben",
	You: "Das sind Sie", Never: "War noch nie angemeldet", LastSeen: "Zuletzt hier am {date}",
	Pending: "Angefragt", PendingText: "{tenant} hat noch nicht entschieden.",
	AskTitle: "Zugang für eine weitere Person anfragen", AskText: "{tenant} entscheidet und schickt der Person dann einen eigenen Link per E-Mail. Ihr Name steht in der Anfrage.",
	EmailHint: "Die eigene Adresse dieser Person.", Name: "Name dieser Person (freiwillig)", Ask: "Zugang anfragen", Asked: "Ihre Anfrage wurde an {tenant} weitergegeben.",
	Known: "Diese Adresse gehört schon jemandem in Ihrem Unternehmen.",
}

var portugueseOwnAccess = ownAccessWords{
	Title:     "Pedir um acesso próprio",
	Text:      "Este link foi enviado a outra pessoa e repassado a você? Informe seu próprio endereço de e-mail. Perguntamos a {tenant} se você pode ver estes documentos; só o pedido não abre nada.",
	EmailHint: "A resposta vai para lá.", Name: "Seu nome (opcional)", Button: "Pedir acesso",
	Known: "Suas faturas já chegam a um endereço seu?", Offer: "Não é você?",
	AskedTitle: "Obrigado, seu pedido está a caminho",
	AskedText:  "Se puder ser repassado, {tenant} decide se você terá acesso e então envia a você um link próprio por e-mail. Não há mais nada a fazer aqui.",
}

var portuguesePeople = peopleWords{
	Title: "Pessoas", Text: "Quem vê aqui os documentos de {company}.",
	Payer: "Vê tudo e paga", Viewer: "Vê e baixa tudo", Signer: "Vê apenas os contratos a assinar",
	You: "É você", Never: "Nunca entrou", LastSeen: "Esteve aqui pela última vez em {date}",
	Pending: "Pedidos em aberto", PendingText: "{tenant} ainda não decidiu.",
	AskTitle: "Pedir acesso para um colega", AskText: "{tenant} decide e então envia ao seu colega um link próprio por e-mail. O pedido leva o seu nome.",
	EmailHint: "O endereço do próprio colega.", Name: "Nome do seu colega (opcional)", Ask: "Pedir acesso", Asked: "Seu pedido foi repassado a {tenant}.",
	Known: "Este endereço já é de alguém da sua empresa.",
}

var japaneseOwnAccess = ownAccessWords{
	Title:     "ご自身のアクセスを申請する",
	Text:      "このリンクは別の方に送られ、あなたに転送されたものですか。ご自身のメールアドレスを入力してください。書類を閲覧できるかどうかを {tenant} に確認します。申請だけでは何も開きません。",
	EmailHint: "回答はこのアドレスに届きます。", Name: "お名前(任意)", Button: "アクセスを申請する",
	Known: "請求書はすでにご自身のアドレスに届いていますか。", Offer: "ご本人ではありませんか。",
	AskedTitle: "申請を受け付けました",
	AskedText:  "お取り次ぎできる場合、{tenant} がアクセスの可否を判断し、ご自身用のリンクをメールでお送りします。ここでの操作はこれで終わりです。",
}

var japanesePeople = peopleWords{
	Title: "メンバー", Text: "ここで {company} の書類を閲覧できる方です。",
	Payer: "すべて閲覧し、支払いができます", Viewer: "すべて閲覧し、ダウンロードできます", Signer: "署名する契約書のみ閲覧できます",
	You: "あなたです", Never: "サインインしたことはありません", LastSeen: "最後の利用:{date}",
	Pending: "申請中", PendingText: "{tenant} はまだ判断していません。",
	AskTitle: "同僚のアクセスを申請する", AskText: "{tenant} が判断し、同僚の方に専用のリンクをメールでお送りします。申請にはあなたのお名前が添えられます。",
	EmailHint: "同僚ご本人のアドレス。", Name: "同僚の方のお名前(任意)", Ask: "アクセスを申請する", Asked: "申請を {tenant} に取り次ぎました。",
	Known: "このアドレスはすでに社内のどなたかのものです。",
}

var arabicOwnAccess = ownAccessWords{
	Title:     "اطلب وصولًا خاصًا بك",
	Text:      "هل أُرسل هذا الرابط إلى شخص آخر ثم حُوِّل إليك؟ اكتب عنوان بريدك الإلكتروني. سنسأل {tenant} عما إذا كان يحق لك رؤية هذه المستندات؛ ولا يفتح الطلب وحده شيئًا.",
	EmailHint: "يصل الرد إلى هذا العنوان.", Name: "اسمك (اختياري)", Button: "طلب الوصول",
	Known: "هل تصلك الفواتير بالفعل على عنوان خاص بك؟", Offer: "لست أنت؟",
	AskedTitle: "شكرًا، طلبك في الطريق",
	AskedText:  "إن أمكن تمرير الطلب، تقرر {tenant} منحك الوصول أو عدمه، ثم ترسل إليك رابطًا خاصًا بك بالبريد الإلكتروني. لا شيء آخر عليك فعله هنا.",
}

var arabicPeople = peopleWords{
	Title: "الأشخاص", Text: "من يرى مستندات {company} هنا.",
	Payer: "يرى كل شيء ويدفع", Viewer: "يرى كل شيء ويُنزّله", Signer: "يرى العقود المطلوب توقيعها فقط",
	You: "هذا أنت", Never: "لم يسجّل الدخول قط", LastSeen: "آخر زيارة في {date}",
	Pending: "طلبات قيد النظر", PendingText: "لم تقرر {tenant} بعد.",
	AskTitle: "اطلب الوصول لزميل", AskText: "تقرر {tenant} ثم ترسل إلى زميلك رابطًا خاصًا به بالبريد الإلكتروني. ويُذكر اسمك مع الطلب.",
	EmailHint: "العنوان الخاص بزميلك.", Name: "اسم زميلك (اختياري)", Ask: "طلب الوصول", Asked: "تم تمرير طلبك إلى {tenant}.",
	Known: "هذا العنوان لشخص في شركتك بالفعل.",
}
