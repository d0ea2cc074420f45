package mail

// codePhrases carry a code to somebody who is signed in: to show that it is they, or that a new address is theirs. Neither mail holds a link.
type codePhrases struct {
	Hint, Terms                                            string // {validity} is one of those of a link
	StepUpSubject, StepUpLead, StepUpWhy, StepUpNotYou     string
	AddressSubject, AddressLead, AddressWhy, AddressNotYou string
}

var englishCodes = codePhrases{
	Hint:           "Type this code on the page that asks for it:",
	Terms:          "The code works once, {validity}. Give it to nobody: we never ask for it.",
	StepUpSubject:  "Your code for {tenant}",
	StepUpLead:     "You are about to do something in your billing portal at {tenant} that needs a code.",
	StepUpWhy:      "You get it because somebody who is signed in with this address asked for a code.",
	StepUpNotYou:   "If it was not you, sign out everywhere on the page of your account, and tell {tenant}.",
	AddressSubject: "Confirm your email address for {tenant}",
	AddressLead:    "Somebody wants to get the mails of {tenant} at this address.",
	AddressWhy:     "You get it because this address was entered in the billing portal of {tenant}.",
	AddressNotYou:  "If it was not you, ignore this mail: without the code nothing changes.",
}

var spanishCodes = codePhrases{
	Hint:           "Escriba este código en la página que se lo pide:",
	Terms:          "El código funciona una vez, {validity}. No se lo dé a nadie: nunca se lo pediremos.",
	StepUpSubject:  "Su código para {tenant}",
	StepUpLead:     "Va a hacer algo en su portal de facturación de {tenant} que necesita un código.",
	StepUpWhy:      "Lo recibe porque alguien con la sesión abierta con esta dirección pidió un código.",
	StepUpNotYou:   "Si no fue usted, cierre la sesión en todas partes desde la página de su cuenta y avise a {tenant}.",
	AddressSubject: "Confirme su dirección de correo para {tenant}",
	AddressLead:    "Alguien quiere recibir en esta dirección los correos de {tenant}.",
	AddressWhy:     "Lo recibe porque esta dirección se escribió en el portal de facturación de {tenant}.",
	AddressNotYou:  "Si no fue usted, ignore este correo: sin el código no cambia nada.",
}

var frenchCodes = codePhrases{
	Hint:           "Saisissez ce code sur la page qui le demande :",
	Terms:          "Le code fonctionne une fois, {validity}. Ne le donnez à personne : nous ne le demandons jamais.",
	StepUpSubject:  "Votre code pour {tenant}",
	StepUpLead:     "Vous allez faire sur votre portail de facturation chez {tenant} quelque chose qui demande un code.",
	StepUpWhy:      "Vous le recevez parce qu’une personne connectée avec cette adresse a demandé un code.",
	StepUpNotYou:   "Si ce n’était pas vous, déconnectez-vous partout depuis la page de votre compte et prévenez {tenant}.",
	AddressSubject: "Confirmez votre adresse e-mail pour {tenant}",
	AddressLead:    "Quelqu’un souhaite recevoir à cette adresse les e-mails de {tenant}.",
	AddressWhy:     "Vous le recevez parce que cette adresse a été saisie sur le portail de facturation de {tenant}.",
	AddressNotYou:  "Si ce n’était pas vous, ignorez cet e-mail : sans le code, rien ne change.",
}

var germanCodes = codePhrases{
	Hint:           "Geben Sie diesen Code auf der Seite ein, die danach fragt:",
	Terms:          "Der Code funktioniert einmal, {validity}. Geben Sie ihn niemandem: Wir fragen nie danach.",
	StepUpSubject:  "Ihr Code für {tenant}",
	StepUpLead:     "Sie möchten in Ihrem Rechnungsportal bei {tenant} etwas tun, wofür ein Code nötig ist.",
	StepUpWhy:      "Sie erhalten sie, weil jemand, der mit dieser Adresse angemeldet ist, einen Code angefordert hat.",
	StepUpNotYou:   "Wenn Sie das nicht waren, melden Sie sich auf der Seite Ihres Kontos überall ab und sagen Sie {tenant} Bescheid.",
	AddressSubject: "Bestätigen Sie Ihre E-Mail-Adresse für {tenant}",
	AddressLead:    "Jemand möchte die E-Mails von {tenant} an diese Adresse bekommen.",
	AddressWhy:     "Sie erhalten sie, weil diese Adresse im Rechnungsportal von {tenant} eingegeben wurde.",
	AddressNotYou:  "Wenn Sie das nicht waren, beachten Sie diese E-Mail nicht: Ohne den Code ändert sich nichts.",
}

var portugueseCodes = codePhrases{
	Hint:           "Digite este código na página que o pede:",
	Terms:          "O código funciona uma vez, {validity}. Não o passe a ninguém: nunca o pedimos.",
	StepUpSubject:  "Seu código para {tenant}",
	StepUpLead:     "Você vai fazer no seu portal de faturamento de {tenant} algo que precisa de um código.",
	StepUpWhy:      "Você o recebe porque alguém conectado com este endereço pediu um código.",
	StepUpNotYou:   "Se não foi você, saia de todos os lugares na página da sua conta e avise {tenant}.",
	AddressSubject: "Confirme seu endereço de e-mail para {tenant}",
	AddressLead:    "Alguém quer receber neste endereço os e-mails de {tenant}.",
	AddressWhy:     "Você o recebe porque este endereço foi informado no portal de faturamento de {tenant}.",
	AddressNotYou:  "Se não foi você, ignore este e-mail: sem o código, nada muda.",
}

var japaneseCodes = codePhrases{
	Hint:           "次のコードを、入力を求めているページに入力してください。",
	Terms:          "コードは{validity}一度だけ使えます。誰にも教えないでください。当方からお尋ねすることはありません。",
	StepUpSubject:  "{tenant} の確認コード",
	StepUpLead:     "{tenant} の請求ポータルで、コードが必要な操作が行われようとしています。",
	StepUpWhy:      "このアドレスでサインイン中の方がコードを請求したため、お送りしています。",
	StepUpNotYou:   "お心当たりがない場合は、アカウントのページですべての場所からサインアウトし、{tenant} にお知らせください。",
	AddressSubject: "{tenant} に登録するメールアドレスの確認",
	AddressLead:    "{tenant} からのメールをこのアドレスで受け取りたいという申し込みがありました。",
	AddressWhy:     "{tenant} の請求ポータルでこのアドレスが入力されたため、お送りしています。",
	AddressNotYou:  "お心当たりがない場合は、このメールを無視してください。コードがなければ何も変わりません。",
}

var arabicCodes = codePhrases{
	Hint:           "اكتبوا هذا الرمز في الصفحة التي تطلبه:",
	Terms:          "يعمل الرمز مرة واحدة، {validity}. لا تعطوه لأحد: لا نطلبه أبدًا.",
	StepUpSubject:  "رمزكم لدى {tenant}",
	StepUpLead:     "أنتم على وشك إجراء في بوابة الفوترة الخاصة بـ {tenant} يحتاج إلى رمز.",
	StepUpWhy:      "تصلكم لأن شخصًا سجّل الدخول بهذا العنوان طلب رمزًا.",
	StepUpNotYou:   "إن لم يكن ذلك منكم فسجّلوا الخروج من كل مكان في صفحة حسابكم وأبلغوا {tenant}.",
	AddressSubject: "أكّدوا عنوان بريدكم الإلكتروني لدى {tenant}",
	AddressLead:    "يريد شخص ما أن تصله رسائل {tenant} على هذا العنوان.",
	AddressWhy:     "تصلكم لأن هذا العنوان أُدخل في بوابة الفوترة الخاصة بـ {tenant}.",
	AddressNotYou:  "إن لم يكن ذلك منكم فتجاهلوا هذه الرسالة: لا يتغير شيء من دون الرمز.",
}
