package portal

// profileWords are those of what a contact says of itself.
type profileWords struct {
	Details, Language, AsBrowser, Save, Saved, NameWanted, ChangeEmail                                                 string
	EmailTitle, EmailText, NewEmail, EmailHint, EmailSend, EmailTaken, EmailSent, EmailButton, EmailDone, AnotherEmail string
}

var englishProfile = profileWords{
	Details: "Your details", Language: "Language", AsBrowser: "As my browser says", Save: "Save changes", Saved: "Your details are saved.",
	NameWanted: "Enter your name on one line, with at most 200 characters.", ChangeEmail: "Change email address",
	EmailTitle: "Change your email address", EmailText: "Your invoices, links and codes go to {email}.",
	NewEmail: "New email address", EmailHint: "We email a code to it, to see that it is yours.", EmailSend: "Email a code to this address",
	EmailTaken: "This address cannot be used here. Enter another one.", EmailSent: "A code is on its way to {email}. Once you type it here, that is your address.",
	EmailButton: "Change my address", EmailDone: "Your email address is changed. Wherever else you were signed in, you are signed out.", AnotherEmail: "Use another address",
}

var spanishProfile = profileWords{
	Details: "Sus datos", Language: "Idioma", AsBrowser: "El de mi navegador", Save: "Guardar los cambios", Saved: "Sus datos se han guardado.",
	NameWanted: "Escriba su nombre en una línea, con 200 caracteres como máximo.", ChangeEmail: "Cambiar la dirección de correo",
	EmailTitle: "Cambie su dirección de correo", EmailText: "Sus facturas, enlaces y códigos llegan a {email}.",
	NewEmail: "Nueva dirección de correo", EmailHint: "Le enviamos un código para ver que es suya.", EmailSend: "Enviar un código a esta dirección",
	EmailTaken: "Esta dirección no se puede usar aquí. Escriba otra.", EmailSent: "Un código va camino de {email}. Cuando lo escriba aquí, esa será su dirección.",
	EmailButton: "Cambiar mi dirección", EmailDone: "Su dirección de correo ha cambiado. Se han cerrado sus demás sesiones.", AnotherEmail: "Usar otra dirección",
}

var frenchProfile = profileWords{
	Details: "Vos coordonnées", Language: "Langue", AsBrowser: "Celle de mon navigateur", Save: "Enregistrer", Saved: "Vos coordonnées sont enregistrées.",
	NameWanted: "Saisissez votre nom sur une ligne, en 200 caractères au plus.", ChangeEmail: "Changer d’adresse e-mail",
	EmailTitle: "Changez votre adresse e-mail", EmailText: "Vos factures, liens et codes arrivent à {email}.",
	NewEmail: "Nouvelle adresse e-mail", EmailHint: "Nous y envoyons un code, pour voir qu’elle est à vous.", EmailSend: "Envoyer un code à cette adresse",
	EmailTaken: "Cette adresse ne peut pas être utilisée ici. Saisissez-en une autre.", EmailSent: "Un code est en route vers {email}. Dès que vous l’aurez saisi ici, ce sera votre adresse.",
	EmailButton: "Changer mon adresse", EmailDone: "Votre adresse e-mail est modifiée. Vos autres sessions sont fermées.", AnotherEmail: "Utiliser une autre adresse",
}

var germanProfile = profileWords{
	Details: "Ihre Angaben", Language: "Sprache", AsBrowser: "Wie in meinem Browser", Save: "Änderungen speichern", Saved: "Ihre Angaben sind gespeichert.",
	NameWanted: "Geben Sie Ihren Namen in einer Zeile ein, mit höchstens 200 Zeichen.", ChangeEmail: "E-Mail-Adresse ändern",
	EmailTitle: "Ändern Sie Ihre E-Mail-Adresse", EmailText: "Ihre Rechnungen, Links und Codes gehen an {email}.",
	NewEmail: "Neue E-Mail-Adresse", EmailHint: "Wir senden einen Code dorthin, um zu sehen, dass sie Ihre ist.", EmailSend: "Code an diese Adresse senden",
	EmailTaken: "Diese Adresse kann hier nicht verwendet werden. Geben Sie eine andere ein.", EmailSent: "Ein Code ist unterwegs an {email}. Sobald Sie ihn hier eingeben, ist das Ihre Adresse.",
	EmailButton: "Meine Adresse ändern", EmailDone: "Ihre E-Mail-Adresse ist geändert. Überall sonst sind Sie abgemeldet.", AnotherEmail: "Andere Adresse verwenden",
}

var portugueseProfile = profileWords{
	Details: "Seus dados", Language: "Idioma", AsBrowser: "O do meu navegador", Save: "Salvar alterações", Saved: "Seus dados foram salvos.",
	NameWanted: "Digite seu nome em uma linha, com no máximo 200 caracteres.", ChangeEmail: "Alterar endereço de e-mail",
	EmailTitle: "Altere seu endereço de e-mail", EmailText: "Suas faturas, links e códigos vão para {email}.",
	NewEmail: "Novo endereço de e-mail", EmailHint: "Enviamos um código para ele, para ver que é seu.", EmailSend: "Enviar um código para este endereço",
	EmailTaken: "Este endereço não pode ser usado aqui. Digite outro.", EmailSent: "Um código está a caminho de {email}. Quando você o digitar aqui, esse será o seu endereço.",
	EmailButton: "Alterar meu endereço", EmailDone: "Seu endereço de e-mail foi alterado. Suas outras sessões foram encerradas.", AnotherEmail: "Usar outro endereço",
}

var japaneseProfile = profileWords{
	Details: "お客様の情報", Language: "言語", AsBrowser: "ブラウザーの設定に従う", Save: "変更を保存", Saved: "情報を保存しました。",
	NameWanted: "お名前を 1 行、200 文字以内で入力してください。", ChangeEmail: "メールアドレスを変更",
	EmailTitle: "メールアドレスの変更", EmailText: "請求書、リンク、コードは {email} に届きます。",
	NewEmail: "新しいメールアドレス", EmailHint: "ご本人のものか確認するため、コードをお送りします。", EmailSend: "このアドレスにコードを送る",
	EmailTaken: "このアドレスはここでは使えません。別のアドレスを入力してください。", EmailSent: "{email} にコードをお送りしています。ここに入力すると、アドレスが変更されます。",
	EmailButton: "アドレスを変更する", EmailDone: "メールアドレスを変更しました。ほかの場所ではサインアウトされました。", AnotherEmail: "別のアドレスを使う",
}

var arabicProfile = profileWords{
	Details: "بياناتكم", Language: "اللغة", AsBrowser: "كما في متصفحي", Save: "حفظ التغييرات", Saved: "حُفظت بياناتكم.",
	NameWanted: "اكتبوا اسمكم في سطر واحد لا يزيد على 200 حرف.", ChangeEmail: "تغيير عنوان البريد الإلكتروني",
	EmailTitle: "تغيير عنوان بريدكم الإلكتروني", EmailText: "تصل فواتيركم وروابطكم ورموزكم إلى {email}.",
	NewEmail: "عنوان البريد الإلكتروني الجديد", EmailHint: "نرسل إليه رمزًا لنتأكد من أنه لكم.", EmailSend: "أرسلوا رمزًا إلى هذا العنوان",
	EmailTaken: "لا يمكن استخدام هذا العنوان هنا. اكتبوا عنوانًا آخر.", EmailSent: "الرمز في طريقه إلى {email}. حالما تكتبونه هنا يصبح هذا عنوانكم.",
	EmailButton: "تغيير عنواني", EmailDone: "تم تغيير عنوان بريدكم الإلكتروني، وسُجّل خروجكم من كل مكان آخر.", AnotherEmail: "استخدام عنوان آخر",
}
