package portal

// stepUpWords are those of the page that asks for a mailed code, and of what is kept meanwhile.
type stepUpWords struct {
	Title, Text, Send, Sent, Hint, Button, Again, Dead, Limited, NotNow, Kept, KeptSignIn string
}

var englishStepUp = stepUpWords{
	Title:      "Confirm that it is you",
	Text:       "What you are about to do needs a code, which we email to {email}. It then holds for half an hour in this browser.",
	Send:       "Email me a code",
	Sent:       "A code is on its way to {email}. It arrives within a minute or two and works for 10 minutes.",
	Hint:       "8 letters and digits. Spaces and capitals do not matter.",
	Button:     "Continue",
	Again:      "Email me a new code",
	Dead:       "This code does not work any more. Have a new one emailed.",
	Limited:    "We have emailed several codes already. Use the newest one, or ask again in a quarter of an hour.",
	NotNow:     "Not now",
	Kept:       "We kept what you typed. Nothing is changed yet: look it over and press the button again.",
	KeptSignIn: "Your session has ended. Nothing was paid or changed, and we keep what you typed for an hour: sign in again in this browser, and it comes back.",
}

var spanishStepUp = stepUpWords{
	Title:      "Confirme que es usted",
	Text:       "Lo que va a hacer necesita un código, que enviamos a {email}. Después vale media hora en este navegador.",
	Send:       "Enviarme un código",
	Sent:       "Un código va camino de {email}. Llega en un par de minutos y funciona durante 10 minutos.",
	Hint:       "8 letras y cifras. Los espacios y las mayúsculas no importan.",
	Button:     "Continuar",
	Again:      "Enviarme un código nuevo",
	Dead:       "Este código ya no funciona. Pida que le enviemos uno nuevo.",
	Limited:    "Ya hemos enviado varios códigos. Use el más reciente o vuelva a pedirlo dentro de un cuarto de hora.",
	NotNow:     "Ahora no",
	Kept:       "Hemos guardado lo que escribió. Aún no ha cambiado nada: revíselo y vuelva a pulsar el botón.",
	KeptSignIn: "Su sesión ha terminado. No se ha pagado ni cambiado nada, y guardamos una hora lo que escribió: inicie sesión de nuevo en este navegador y volverá a aparecer.",
}

var frenchStepUp = stepUpWords{
	Title:      "Confirmez que c’est bien vous",
	Text:       "Ce que vous allez faire demande un code, que nous envoyons à {email}. Il vaut ensuite une demi-heure dans ce navigateur.",
	Send:       "M’envoyer un code",
	Sent:       "Un code est en route vers {email}. Il arrive d’ici une minute ou deux et fonctionne pendant 10 minutes.",
	Hint:       "8 lettres et chiffres. Les espaces et les majuscules n’ont pas d’importance.",
	Button:     "Continuer",
	Again:      "M’envoyer un nouveau code",
	Dead:       "Ce code ne fonctionne plus. Faites-vous en envoyer un nouveau.",
	Limited:    "Nous avons déjà envoyé plusieurs codes. Utilisez le dernier, ou redemandez-en un dans un quart d’heure.",
	NotNow:     "Pas maintenant",
	Kept:       "Nous avons gardé votre saisie. Rien n’est encore modifié : vérifiez-la et appuyez de nouveau sur le bouton.",
	KeptSignIn: "Votre session est terminée. Rien n’a été payé ni modifié, et nous gardons votre saisie pendant une heure : reconnectez-vous dans ce navigateur, et elle reviendra.",
}

var germanStepUp = stepUpWords{
	Title:      "Bestätigen Sie, dass Sie es sind",
	Text:       "Was Sie vorhaben, braucht einen Code, den wir an {email} senden. Er gilt danach eine halbe Stunde in diesem Browser.",
	Send:       "Code an mich senden",
	Sent:       "Ein Code ist unterwegs an {email}. Er kommt in ein bis zwei Minuten an und funktioniert 10 Minuten lang.",
	Hint:       "8 Buchstaben und Ziffern. Leerzeichen und Großschreibung sind gleichgültig.",
	Button:     "Weiter",
	Again:      "Neuen Code an mich senden",
	Dead:       "Dieser Code funktioniert nicht mehr. Lassen Sie sich einen neuen senden.",
	Limited:    "Wir haben schon mehrere Codes gesendet. Nehmen Sie den neuesten, oder fragen Sie in einer Viertelstunde wieder.",
	NotNow:     "Jetzt nicht",
	Kept:       "Wir haben Ihre Eingabe aufgehoben. Noch ist nichts geändert: Sehen Sie sie durch und drücken Sie den Knopf noch einmal.",
	KeptSignIn: "Ihre Sitzung ist beendet. Es wurde nichts bezahlt oder geändert, und wir heben Ihre Eingabe eine Stunde lang auf: Melden Sie sich in diesem Browser wieder an, dann ist sie wieder da.",
}

var portugueseStepUp = stepUpWords{
	Title:      "Confirme que é você",
	Text:       "O que você vai fazer precisa de um código, que enviamos para {email}. Depois ele vale por meia hora neste navegador.",
	Send:       "Enviar um código para mim",
	Sent:       "Um código está a caminho de {email}. Ele chega em um ou dois minutos e funciona por 10 minutos.",
	Hint:       "8 letras e números. Espaços e maiúsculas não importam.",
	Button:     "Continuar",
	Again:      "Enviar um novo código para mim",
	Dead:       "Este código não funciona mais. Peça um novo.",
	Limited:    "Já enviamos vários códigos. Use o mais recente ou peça outro em um quarto de hora.",
	NotNow:     "Agora não",
	Kept:       "Guardamos o que você digitou. Nada mudou ainda: confira e pressione o botão de novo.",
	KeptSignIn: "Sua sessão terminou. Nada foi pago nem alterado, e guardamos por uma hora o que você digitou: entre de novo neste navegador, e tudo volta.",
}

var japaneseStepUp = stepUpWords{
	Title:      "ご本人の確認",
	Text:       "この操作にはコードが必要です。{email} にお送りします。入力後は、このブラウザーで 30 分間有効です。",
	Send:       "コードをメールで受け取る",
	Sent:       "{email} にコードをお送りしています。1～2 分で届き、10 分間有効です。",
	Hint:       "英数字 8 文字です。空白や大文字・小文字の違いは問いません。",
	Button:     "続ける",
	Again:      "新しいコードを受け取る",
	Dead:       "このコードはもう使えません。新しいコードを受け取ってください。",
	Limited:    "すでに何通かのコードをお送りしました。最新のものをお使いになるか、15 分後にもう一度お試しください。",
	NotNow:     "今はしない",
	Kept:       "入力内容を保存しておきました。まだ何も変更されていません。内容を確認して、もう一度ボタンを押してください。",
	KeptSignIn: "セッションが終了しました。支払いや変更は行われていません。入力内容は 1 時間保存されます。このブラウザーでもう一度サインインすると、元に戻ります。",
}

var arabicStepUp = stepUpWords{
	Title:      "أكّدوا أنكم أنتم",
	Text:       "ما أنتم على وشك فعله يحتاج إلى رمز نرسله إلى {email}. ويبقى بعدها ساريًا نصف ساعة في هذا المتصفح.",
	Send:       "أرسلوا إليّ رمزًا",
	Sent:       "الرمز في طريقه إلى {email}. يصل خلال دقيقة أو دقيقتين ويعمل لمدة 10 دقائق.",
	Hint:       "8 أحرف وأرقام. لا تهم المسافات ولا حالة الأحرف.",
	Button:     "متابعة",
	Again:      "أرسلوا إليّ رمزًا جديدًا",
	Dead:       "لم يعد هذا الرمز يعمل. اطلبوا رمزًا جديدًا.",
	Limited:    "أرسلنا عدة رموز بالفعل. استخدموا أحدثها أو اطلبوا رمزًا بعد ربع ساعة.",
	NotNow:     "ليس الآن",
	Kept:       "احتفظنا بما كتبتموه. لم يتغير شيء بعد: راجعوه ثم اضغطوا الزر مرة أخرى.",
	KeptSignIn: "انتهت جلستكم. لم يُدفع شيء ولم يتغير شيء، ونحتفظ بما كتبتموه لمدة ساعة: سجّلوا الدخول مجددًا في هذا المتصفح فيعود.",
}
