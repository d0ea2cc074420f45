package mail

// movedPhrases tell an old address that it is one.
type movedPhrases struct {
	Subject, Lead, Terms, Why string
}

var englishMoved = movedPhrases{
	Subject: "Your email address at {tenant} was changed",
	Lead:    "{tenant} now writes to another email address for {contact} at {company}. No more mails come to this one; its links no longer work, and whoever was signed in with it is signed out.",
	Terms:   "If you did not expect this, tell {tenant} now.",
	Why:     "You get it because this was the address until now.",
}

var spanishMoved = movedPhrases{
	Subject: "Se ha cambiado su dirección de correo en {tenant}",
	Lead:    "{tenant} escribe ahora a otra dirección de correo para {contact}, de {company}. A esta ya no llegan más correos, sus enlaces han dejado de funcionar y se han cerrado las sesiones abiertas con ella.",
	Terms:   "Si no lo esperaba, avise a {tenant} cuanto antes.",
	Why:     "Lo recibe porque esta era la dirección hasta ahora.",
}

var frenchMoved = movedPhrases{
	Subject: "Votre adresse e-mail chez {tenant} a été modifiée",
	Lead:    "{tenant} écrit désormais à une autre adresse e-mail pour {contact}, {company}. Celle-ci ne recevra plus d’e-mails, ses liens ne fonctionnent plus et les sessions ouvertes avec elle sont fermées.",
	Terms:   "Si vous ne vous y attendiez pas, prévenez {tenant} sans tarder.",
	Why:     "Vous le recevez parce que c’était l’adresse utilisée jusqu’à présent.",
}

var germanMoved = movedPhrases{
	Subject: "Ihre E-Mail-Adresse bei {tenant} wurde geändert",
	Lead:    "{tenant} schreibt für {contact}, {company}, nun an eine andere E-Mail-Adresse. An diese kommen keine E-Mails mehr, ihre Links funktionieren nicht mehr, und wer damit angemeldet war, ist abgemeldet.",
	Terms:   "Wenn Sie das nicht erwartet haben, sagen Sie {tenant} gleich Bescheid.",
	Why:     "Sie erhalten sie, weil dies bisher die Adresse war.",
}

var portugueseMoved = movedPhrases{
	Subject: "Seu endereço de e-mail em {tenant} foi alterado",
	Lead:    "{tenant} agora escreve para outro endereço de e-mail de {contact}, de {company}. Este não recebe mais e-mails, os links dele não funcionam mais e as sessões abertas com ele foram encerradas.",
	Terms:   "Se você não esperava por isso, avise {tenant} o quanto antes.",
	Why:     "Você o recebe porque este era o endereço até agora.",
}

var japaneseMoved = movedPhrases{
	Subject: "{tenant} に登録されたメールアドレスが変更されました",
	Lead:    "{tenant} は今後、{company} の {contact} 様へのメールを別のアドレスに送信します。このアドレスにはメールが届かなくなり、リンクは無効になり、サインイン中の方はサインアウトされました。",
	Terms:   "お心当たりがない場合は、すぐに {tenant} にお知らせください。",
	Why:     "これまで登録されていたアドレスのため、お送りしています。",
}

var arabicMoved = movedPhrases{
	Subject: "تم تغيير عنوان بريدكم الإلكتروني لدى {tenant}",
	Lead:    "تراسل {tenant} الآن {contact} لدى {company} على عنوان بريد إلكتروني آخر. لن تصل رسائل أخرى إلى هذا العنوان، ولم تعد روابطه تعمل، وتم تسجيل خروج كل من دخل به.",
	Terms:   "إن لم تتوقعوا ذلك فأبلغوا {tenant} فورًا.",
	Why:     "تصلكم لأن هذا كان العنوان حتى الآن.",
}
