package portal

// previewWords are those of a tenant's own people who look at the portal as a contact.
type previewWords struct {
	Region, Banner, End, Title, Text, Open, DeadTitle, DeadText, EndedTitle, EndedText, OverTitle, OverText, RefusedTitle, RefusedText string
}

var englishPreview = previewWords{
	Region: "Preview", Banner: "Preview as {contact} of {company}. Nothing you do here changes anything.", End: "End preview",
	Title:     "Preview of the portal",
	Text:      "You are about to see the portal of {tenant} as one of its clients does, for 30 minutes. You can read everything and change nothing. The client can see that you looked.",
	Open:      "Open the preview",
	DeadTitle: "This preview link does not work any more", DeadText: "The link to a preview works once, within 10 minutes. Nothing was changed. Ask for a new one in the system that gave it to you.",
	EndedTitle: "The preview has ended", EndedText: "Nothing was changed. You can close this page.",
	OverTitle: "This preview is over", OverText: "A preview ends after 30 minutes, or when it is withdrawn. What you just asked for was not done, and nothing was changed. Ask for a new preview in the system that gave it to you.",
	RefusedTitle: "A preview changes nothing", RefusedText: "Only {contact} can do this. Nothing was paid, sent or changed.",
}

var spanishPreview = previewWords{
	Region: "Vista previa", Banner: "Vista previa como {contact}, de {company}. Nada de lo que haga aquí cambia nada.", End: "Terminar la vista previa",
	Title:     "Vista previa del portal",
	Text:      "Va a ver el portal de {tenant} tal como lo ve uno de sus clientes, durante 30 minutos. Puede leerlo todo y no cambiar nada. El cliente puede ver que usted miró.",
	Open:      "Abrir la vista previa",
	DeadTitle: "Este enlace de vista previa ya no funciona", DeadText: "El enlace de una vista previa funciona una vez, en un plazo de 10 minutos. No se ha cambiado nada. Pida otro en el sistema que se lo dio.",
	EndedTitle: "La vista previa ha terminado", EndedText: "No se ha cambiado nada. Puede cerrar esta página.",
	OverTitle: "Esta vista previa ya terminó", OverText: "Una vista previa termina a los 30 minutos, o cuando se retira. Lo que acaba de pedir no se hizo y no se ha cambiado nada. Pida una nueva en el sistema que se la dio.",
	RefusedTitle: "Una vista previa no cambia nada", RefusedText: "Solo {contact} puede hacer esto. No se ha pagado, enviado ni cambiado nada.",
}

var frenchPreview = previewWords{
	Region: "Prévisualisation", Banner: "Prévisualisation en tant que {contact}, de {company}. Rien de ce que vous faites ici n’a d’effet.", End: "Terminer la prévisualisation",
	Title:     "Prévisualisation du portail",
	Text:      "Vous allez voir le portail de {tenant} tel que le voit l’un de ses clients, pendant 30 minutes. Vous pouvez tout lire et ne rien modifier. Le client peut voir que vous avez regardé.",
	Open:      "Ouvrir la prévisualisation",
	DeadTitle: "Ce lien de prévisualisation ne fonctionne plus", DeadText: "Le lien d’une prévisualisation fonctionne une seule fois, dans les 10 minutes. Rien n’a été modifié. Demandez-en un nouveau dans le système qui vous l’a donné.",
	EndedTitle: "La prévisualisation est terminée", EndedText: "Rien n’a été modifié. Vous pouvez fermer cette page.",
	OverTitle: "Cette prévisualisation a pris fin", OverText: "Une prévisualisation prend fin au bout de 30 minutes, ou lorsqu’elle est retirée. Ce que vous venez de demander n’a pas été fait et rien n’a été modifié. Demandez une nouvelle prévisualisation dans le système qui vous l’a donnée.",
	RefusedTitle: "Une prévisualisation ne modifie rien", RefusedText: "Seul le contact {contact} peut faire cela. Rien n’a été payé, envoyé ni modifié.",
}

var germanPreview = previewWords{
	Region: "Vorschau", Banner: "Vorschau als {contact} von {company}. Nichts, was Sie hier tun, ändert etwas.", End: "Vorschau beenden",
	Title:     "Vorschau des Portals",
	Text:      "Sie sehen gleich das Portal von {tenant} so, wie es ein Kunde sieht, 30 Minuten lang. Sie können alles lesen und nichts ändern. Der Kunde kann sehen, dass Sie hineingeschaut haben.",
	Open:      "Vorschau öffnen",
	DeadTitle: "Dieser Vorschau-Link funktioniert nicht mehr", DeadText: "Der Link zu einer Vorschau funktioniert einmal, innerhalb von 10 Minuten. Es wurde nichts geändert. Fordern Sie in dem System, das ihn ausgegeben hat, einen neuen an.",
	EndedTitle: "Die Vorschau ist beendet", EndedText: "Es wurde nichts geändert. Sie können diese Seite schließen.",
	OverTitle: "Diese Vorschau ist vorbei", OverText: "Eine Vorschau endet nach 30 Minuten oder wenn sie zurückgezogen wird. Was Sie gerade wollten, wurde nicht getan, und nichts wurde geändert. Fordern Sie in dem System, das sie ausgegeben hat, eine neue an.",
	RefusedTitle: "Eine Vorschau ändert nichts", RefusedText: "Das kann nur {contact} tun. Nichts wurde bezahlt, gesendet oder geändert.",
}

var portuguesePreview = previewWords{
	Region: "Pré-visualização", Banner: "Pré-visualização como {contact}, de {company}. Nada do que você fizer aqui muda coisa alguma.", End: "Encerrar a pré-visualização",
	Title:     "Pré-visualização do portal",
	Text:      "Você verá o portal de {tenant} como um de seus clientes o vê, durante 30 minutos. Você pode ler tudo e não pode mudar nada. O cliente pode ver que você olhou.",
	Open:      "Abrir a pré-visualização",
	DeadTitle: "Este link de pré-visualização não funciona mais", DeadText: "O link de uma pré-visualização funciona uma vez, em até 10 minutos. Nada foi alterado. Peça um novo no sistema que o forneceu.",
	EndedTitle: "A pré-visualização foi encerrada", EndedText: "Nada foi alterado. Você pode fechar esta página.",
	OverTitle: "Esta pré-visualização acabou", OverText: "Uma pré-visualização acaba depois de 30 minutos ou quando é retirada. O que você acabou de pedir não foi feito, e nada foi alterado. Peça uma nova no sistema que a forneceu.",
	RefusedTitle: "Uma pré-visualização não muda nada", RefusedText: "Só {contact} pode fazer isto. Nada foi pago, enviado nem alterado.",
}

var japanesePreview = previewWords{
	Region: "プレビュー", Banner: "{company} の {contact} 様としてのプレビューです。ここでの操作では何も変更されません。", End: "プレビューを終了",
	Title:     "ポータルのプレビュー",
	Text:      "{tenant} のポータルを、お客様に見えるとおりに 30 分間表示します。すべて閲覧できますが、何も変更できません。閲覧したことはお客様にも表示されます。",
	Open:      "プレビューを開く",
	DeadTitle: "このプレビュー用リンクは使えなくなりました", DeadText: "プレビュー用リンクは 10 分以内に一度だけ使えます。何も変更されていません。リンクを発行したシステムで、新しいリンクを取得してください。",
	EndedTitle: "プレビューを終了しました", EndedText: "何も変更されていません。このページを閉じてかまいません。",
	OverTitle: "このプレビューは終了しています", OverText: "プレビューは 30 分後、または取り消されたときに終了します。今の操作は行われず、何も変更されていません。発行したシステムで、新しいプレビューを取得してください。",
	RefusedTitle: "プレビューでは変更できません", RefusedText: "この操作ができるのは {contact} 様だけです。支払い、送信、変更は行われていません。",
}

var arabicPreview = previewWords{
	Region: "معاينة", Banner: "معاينة بصفة {contact} من {company}. لا شيء مما تفعله هنا يغيّر أي شيء.", End: "إنهاء المعاينة",
	Title:     "معاينة البوابة",
	Text:      "سترى بوابة {tenant} كما يراها أحد عملائها، لمدة 30 دقيقة. يمكنك قراءة كل شيء ولا يمكنك تغيير أي شيء. ويمكن للعميل أن يرى أنك اطّلعت.",
	Open:      "فتح المعاينة",
	DeadTitle: "رابط المعاينة هذا لم يعد يعمل", DeadText: "يعمل رابط المعاينة مرة واحدة خلال 10 دقائق. لم يتغير شيء. اطلب رابطًا جديدًا من النظام الذي أعطاك إياه.",
	EndedTitle: "انتهت المعاينة", EndedText: "لم يتغير شيء. يمكنك إغلاق هذه الصفحة.",
	OverTitle: "هذه المعاينة منتهية", OverText: "تنتهي المعاينة بعد 30 دقيقة أو عند سحبها. ما طلبته الآن لم يُنفَّذ ولم يتغير شيء. اطلب معاينة جديدة من النظام الذي أعطاك إياها.",
	RefusedTitle: "المعاينة لا تغيّر شيئًا", RefusedText: "{contact} وحده يمكنه فعل هذا. لم يُدفع ولم يُرسل ولم يتغير شيء.",
}
