package portal

import "tollhouse/portal/lang"

var spanishMethods = methodsWords{
	Title: "Formas de pago", Text: "Guardadas para {company}. Solo el proveedor de pagos de {tenant} conoce los números completos.",
	Card: "Tarjeta", Bank: "Cuenta bancaria", Ending: "{name} terminada en {digits}",
	Nothing: "Todavía no hay nada guardado.", NothingText: "Puede pagar igualmente sin guardar nada: la página de pago lo ofrece cada vez.",
	NoConnection: "El pago en línea no está disponible en este momento, así que ahora no se puede guardar nada. Las instrucciones de {tenant} en cada factura indican cómo pagar.",
	Default:      "Se usa primero", Pending: "Aún sin confirmar", AddedBy: "Añadida por {who} el {date}", AddedOn: "Añadida el {date}", Expires: "Caduca en {month}",
	Expired: "Esta tarjeta ha caducado. Guarde la nueva y elimine esta.", ExpiresToday: "Esta tarjeta caduca hoy. Guarde la nueva.",
	ExpiresEarly: "Esta tarjeta caduca dentro de dos meses.", Stranded: "Ya no se puede usar: {tenant} ha cambiado de proveedor de pagos. Guárdela de nuevo para seguir usándola.",
	ExpiresNow:  lang.Plural{One: "Esta tarjeta caduca mañana. Guarde la nueva.", Other: "Esta tarjeta caduca en {n} días. Guarde la nueva."},
	ExpiresSoon: lang.Plural{One: "Esta tarjeta caduca en {n} día.", Other: "Esta tarjeta caduca en {n} días."},
	Prefer:      "Usar primero", Remove: "Eliminar", Verify: "Confirmarla", AddCard: "Guardar una tarjeta", AddBank: "Guardar una cuenta bancaria",
	AddedHint: "También puede guardar una tarjeta o cuenta nueva mientras paga una factura.", OnlyPayers: "Solo quienes pagan por {company} pueden cambiarlas.",

	Added: "Se ha guardado.", Verified: "La cuenta está confirmada y se puede usar.", Preferred: "A partir de ahora se usa primero.", Removed: "Se ha eliminado. No se ha pagado ni cambiado nada más.",

	RemoveTitle: "¿Eliminar {method}?", RemoveForgets: "El proveedor de pagos la olvida. Para volver a usarla, habrá que guardarla de nuevo.",
	RemoveNext: "Desde entonces se usa primero {method}.", RemoveLast: "No hay nada más guardado. Puede pagar igualmente sin guardar nada.",
	RemoveRunning: "Los pagos hechos con ella no cambian, aunque aún estén en camino.", RemoveButton: "Eliminarla", Keep: "Conservarla",

	VerifyTitle: "Confirmar {method}", VerifyDeposits: "Se enviaron a la cuenta dos importes pequeños, o uno con un código. Lo que dice el extracto demuestra que es suya.",
	VerifyArrive: "Llegan hacia el {date}.", VerifyTries: "Hay tres intentos para los importes y diez para un código.",
	Amount1: "Primer importe", Amount2: "Segundo importe", AmountHint: "Menor que uno, como 0,32.", OrCode: "O el código junto al importe", Code: "Código", CodeHint: "Seis letras y cifras que empiezan por SM.",
	VerifyButton: "Confirmar la cuenta", AmountWanted: "Escriba el importe como en el extracto, por ejemplo, 0,32.", CodeWanted: "Escriba las seis letras y cifras del código; empiezan por SM.",
	DepositsWrong: "Estos no son los importes enviados. Compárelos con el extracto.", CodeWrong: "Este no es el código enviado. Compárelo con el extracto.",
	TriesOver:      "No quedan intentos para esta cuenta. Elimínela y guárdela de nuevo, o guarde otra. No se ha pagado nada.",
	AccountRefused: "El banco no acepta esta cuenta. Elimínela y guarde otra. No se ha pagado nada.",
	VerifyBank:     "El banco quiere confirmar al titular de la tarjeta antes de guardarla.", VerifyBankButton: "Continuar al banco",
	VerifyWait: "El proveedor de pagos sigue en ello. Vuelva dentro de unos minutos.",

	TroubleTitle: "No se ha podido hacer", TroubleText: "El proveedor de pagos no respondió. No se ha pagado nada. Inténtelo de nuevo en unos minutos.", Back: "Volver a las formas de pago",

	AddCardTitle: "Guardar una tarjeta", AddBankTitle: "Guardar una cuenta bancaria",
	AddText: "Lo que escriba llega solo al proveedor de pagos de {tenant}. No se paga nada.", AddHosted: "Una tarjeta o cuenta nueva se guarda al pagar: elija una factura, pulse Pagar y marque la casilla.",
	MandateTitle: "Lo que usted acepta", Mandate: "Autorizo a {tenant} a cargar en esta cuenta las facturas que alguien de {company} pague en este portal, cada vez por el importe confirmado entonces. Puedo retirarlo para el futuro eliminando la cuenta aquí.",
	Agree: "Acepto", AgreeWanted: "Marque antes la casilla para aceptar.", SaveCard: "Guardar la tarjeta", SaveBank: "Guardar la cuenta",
	NoScript: "Esta página necesita JavaScript, porque lo que escribe nunca pasa por nosotros. Sin él, guarde una tarjeta o cuenta mientras paga una factura.",
	Sending:  "Enviando a su banco…", SourceWanted: "Escriba los datos de la tarjeta o la cuenta. No se ha guardado nada.",
	RefusedDetails: "El banco no reconoce estos datos. Revíselos e inténtelo de nuevo. No se ha guardado nada.", RefusedOther: "El banco no la aceptó. Use otra. No se ha guardado nada.",
	RefusedLater: "El banco no respondió. No se ha guardado nada. Inténtelo de nuevo en unos minutos.", RefusedSetup: "En este momento no se puede guardar aquí. No se ha pagado nada.",
	AddLost: "Se perdió la respuesta del proveedor de pagos. Mire la lista dentro de un minuto: si no está, guárdela de nuevo. No se ha pagado nada.",
}

var spanishHistory = historyWords{
	Title: "Pagos", Tabs: "Pagos y formas de pago", Date: "Fecha", With: "Pagado con", For: "Por", Receipt: "Recibo {number}",
	Any: "Todos", UnderWay: "En camino", Received: "Pagados", NotPaid: "No pagados", GivenBack: "Reembolsados o devueltos",
	Nothing: "Todavía no hay pagos. Cada uno aparecerá aquí con su recibo.", NothingSuch: "No hay ningún pago así.", ShowAll: "Mostrar todos los pagos", Credit: "Saldo a favor",
	Paid: "Pagado", Refunded: "Reembolsado", PartlyRefunded: "Reembolsado en parte", Disputed: "En disputa", Returned: "Devuelto por el banco", TakenBack: "Retirado por el banco",
	Failed: "No pagado", Canceled: "Abandonado", WaitsForYou: "Le espera a usted", Checking: "Consultando al banco", InReview: "En revisión",
}

var frenchMethods = methodsWords{
	Title: "Moyens de paiement", Text: "Enregistrés pour {company}. Seul le prestataire de paiement de {tenant} connaît les numéros complets.",
	Card: "Carte", Bank: "Compte bancaire", Ending: "{name} se terminant par {digits}",
	Nothing: "Rien n’est encore enregistré.", NothingText: "Vous pouvez tout de même payer sans rien enregistrer : la page de paiement le propose à chaque fois.",
	NoConnection: "Le paiement en ligne n’est pas disponible en ce moment, rien ne peut donc être enregistré. Les instructions de {tenant} sur chaque facture indiquent comment payer.",
	Default:      "Utilisé en premier", Pending: "Pas encore confirmé", AddedBy: "Ajouté par {who} le {date}", AddedOn: "Ajouté le {date}", Expires: "Expire en {month}",
	Expired: "Cette carte a expiré. Enregistrez la nouvelle et supprimez celle-ci.", ExpiresToday: "Cette carte expire aujourd’hui. Enregistrez la nouvelle.",
	ExpiresEarly: "Cette carte expire dans moins de deux mois.", Stranded: "Il ne peut plus servir : {tenant} a changé de prestataire de paiement. Enregistrez-le à nouveau pour continuer.",
	ExpiresNow:  lang.Plural{One: "Cette carte expire dans {n} jour. Enregistrez la nouvelle.", Other: "Cette carte expire dans {n} jours. Enregistrez la nouvelle."},
	ExpiresSoon: lang.Plural{One: "Cette carte expire dans {n} jour.", Other: "Cette carte expire dans {n} jours."},
	Prefer:      "Utiliser en premier", Remove: "Supprimer", Verify: "Confirmer", AddCard: "Enregistrer une carte", AddBank: "Enregistrer un compte bancaire",
	AddedHint: "Une nouvelle carte ou un nouveau compte peut aussi être enregistré pendant le paiement d’une facture.", OnlyPayers: "Seules les personnes qui paient pour {company} peuvent les modifier.",

	Added: "C’est enregistré.", Verified: "Le compte est confirmé et peut servir.", Preferred: "Il est désormais utilisé en premier.", Removed: "C’est supprimé. Rien d’autre n’a été payé ni modifié.",

	RemoveTitle: "Supprimer {method} ?", RemoveForgets: "Le prestataire de paiement l’oublie. Pour s’en servir à nouveau, il faudra l’enregistrer de nouveau.",
	RemoveNext: "{method} sera alors utilisé en premier.", RemoveLast: "Rien d’autre n’est enregistré. Vous pouvez tout de même payer sans rien enregistrer.",
	RemoveRunning: "Les paiements déjà faits ne changent pas, même s’ils sont encore en route.", RemoveButton: "Supprimer", Keep: "Garder",

	VerifyTitle: "Confirmer {method}", VerifyDeposits: "Deux petits montants, ou un seul avec un code, ont été envoyés sur le compte. Ce que dit le relevé montre qu’il est à vous.",
	VerifyArrive: "Ils arrivent vers le {date}.", VerifyTries: "Il y a trois essais pour les montants et dix pour un code.",
	Amount1: "Premier montant", Amount2: "Second montant", AmountHint: "Inférieur à un, comme 0,32.", OrCode: "Ou le code à côté du montant", Code: "Code du relevé", CodeHint: "Six lettres et chiffres qui commencent par SM.",
	VerifyButton: "Confirmer le compte", AmountWanted: "Saisissez le montant comme sur le relevé, par exemple 0,32.", CodeWanted: "Saisissez les six lettres et chiffres du code ; ils commencent par SM.",
	DepositsWrong: "Ce ne sont pas les montants envoyés. Comparez-les avec le relevé.", CodeWrong: "Ce n’est pas le code envoyé. Comparez-le avec le relevé.",
	TriesOver:      "Il ne reste aucun essai pour ce compte. Supprimez-le et enregistrez-le à nouveau, ou enregistrez-en un autre. Rien n’a été payé.",
	AccountRefused: "La banque n’accepte pas ce compte. Supprimez-le et enregistrez-en un autre. Rien n’a été payé.",
	VerifyBank:     "La banque veut entendre le titulaire de la carte avant l’enregistrement.", VerifyBankButton: "Continuer vers la banque",
	VerifyWait: "Le prestataire de paiement y travaille encore. Revenez dans quelques minutes.",

	TroubleTitle: "Cela n’a pas pu être fait", TroubleText: "Le prestataire de paiement n’a pas répondu. Rien n’a été payé. Réessayez dans quelques minutes.", Back: "Retour aux moyens de paiement",

	AddCardTitle: "Enregistrer une carte", AddBankTitle: "Enregistrer un compte bancaire",
	AddText: "Ce que vous saisissez va uniquement au prestataire de paiement de {tenant}. Rien n’est payé.", AddHosted: "Une nouvelle carte ou un nouveau compte s’enregistre pendant le paiement : choisissez une facture, appuyez sur Payer et cochez la case.",
	MandateTitle: "Ce que vous acceptez", Mandate: "J’autorise {tenant} à débiter ce compte pour les factures qu’une personne de {company} paie dans ce portail, chaque fois du montant alors confirmé. Je peux y mettre fin pour l’avenir en supprimant le compte ici.",
	Agree: "J’accepte", AgreeWanted: "Cochez d’abord la case pour accepter.", SaveCard: "Enregistrer la carte", SaveBank: "Enregistrer le compte",
	NoScript: "Cette page a besoin de JavaScript, car ce que vous saisissez ne passe jamais par nous. Sans lui, enregistrez une carte ou un compte pendant le paiement d’une facture.",
	Sending:  "Envoi à votre banque…", SourceWanted: "Saisissez la carte ou le compte. Rien n’a été enregistré.",
	RefusedDetails: "La banque ne reconnaît pas ces informations. Vérifiez-les et réessayez. Rien n’a été enregistré.", RefusedOther: "La banque ne l’a pas accepté. Utilisez-en un autre. Rien n’a été enregistré.",
	RefusedLater: "La banque n’a pas répondu. Rien n’a été enregistré. Réessayez dans quelques minutes.", RefusedSetup: "L’enregistrement n’est pas possible ici en ce moment. Rien n’a été payé.",
	AddLost: "La réponse du prestataire de paiement s’est perdue. Regardez la liste dans une minute : s’il n’y est pas, enregistrez-le à nouveau. Rien n’a été payé.",
}

var frenchHistory = historyWords{
	Title: "Paiements", Tabs: "Paiements et moyens de paiement", Date: "Le", With: "Payé avec", For: "Pour", Receipt: "Reçu {number}",
	Any: "Tous", UnderWay: "En route", Received: "Payés", NotPaid: "Non payés", GivenBack: "Remboursés ou repris",
	Nothing: "Il n’y a encore aucun paiement. Chacun apparaîtra ici avec son reçu.", NothingSuch: "Il n’y a aucun paiement de ce genre.", ShowAll: "Afficher tous les paiements", Credit: "Avoir",
	Paid: "Payé", Refunded: "Remboursé", PartlyRefunded: "Remboursé en partie", Disputed: "Contesté", Returned: "Rejeté par la banque", TakenBack: "Repris par la banque",
	Failed: "Non payé", Canceled: "Abandonné", WaitsForYou: "Vous attend", Checking: "Vérification auprès de la banque", InReview: "En cours d’examen",
}

var germanMethods = methodsWords{
	Title: "Zahlungsmittel", Text: "Für {company} gespeichert. Nur der Zahlungsdienstleister von {tenant} kennt die vollständigen Nummern.",
	Card: "Karte", Bank: "Bankkonto", Ending: "{name} mit Endziffern {digits}",
	Nothing: "Noch ist nichts gespeichert.", NothingText: "Sie können auch bezahlen, ohne etwas zu speichern: Die Zahlungsseite bietet es jedes Mal an.",
	NoConnection: "Online-Zahlung ist im Moment nicht möglich, deshalb kann jetzt nichts gespeichert werden. Wie Sie bezahlen, steht in den Hinweisen von {tenant} auf jeder Rechnung.",
	Default:      "Wird zuerst verwendet", Pending: "Noch nicht bestätigt", AddedBy: "Hinzugefügt von {who} am {date}", AddedOn: "Hinzugefügt am {date}", Expires: "Läuft ab: {month}",
	Expired: "Diese Karte ist abgelaufen. Speichern Sie die neue und entfernen Sie diese.", ExpiresToday: "Diese Karte läuft heute ab. Speichern Sie die neue.",
	ExpiresEarly: "Diese Karte läuft in weniger als zwei Monaten ab.", Stranded: "Es kann nicht mehr verwendet werden: {tenant} hat den Zahlungsdienstleister gewechselt. Speichern Sie es neu, um es weiter zu verwenden.",
	ExpiresNow:  lang.Plural{One: "Diese Karte läuft morgen ab. Speichern Sie die neue.", Other: "Diese Karte läuft in {n} Tagen ab. Speichern Sie die neue."},
	ExpiresSoon: lang.Plural{One: "Diese Karte läuft in {n} Tag ab.", Other: "Diese Karte läuft in {n} Tagen ab."},
	Prefer:      "Zuerst verwenden", Remove: "Entfernen", Verify: "Bestätigen", AddCard: "Karte speichern", AddBank: "Bankkonto speichern",
	AddedHint: "Eine neue Karte oder ein neues Konto lässt sich auch beim Bezahlen einer Rechnung speichern.", OnlyPayers: "Nur wer für {company} bezahlt, kann sie ändern.",

	Added: "Es ist gespeichert.", Verified: "Das Konto ist bestätigt und kann verwendet werden.", Preferred: "Es wird ab jetzt zuerst verwendet.", Removed: "Es ist entfernt. Sonst wurde nichts bezahlt oder geändert.",

	RemoveTitle: "{method} entfernen?", RemoveForgets: "Der Zahlungsdienstleister vergisst es. Um es wieder zu verwenden, muss es neu gespeichert werden.",
	RemoveNext: "Dann wird {method} zuerst verwendet.", RemoveLast: "Sonst ist nichts gespeichert. Sie können auch bezahlen, ohne etwas zu speichern.",
	RemoveRunning: "Zahlungen, die damit gemacht wurden, bleiben, auch wenn sie noch unterwegs sind.", RemoveButton: "Jetzt entfernen", Keep: "Behalten",

	VerifyTitle: "{method} bestätigen", VerifyDeposits: "Zwei kleine Beträge, oder einer mit einem Code, gingen an das Konto. Was auf dem Auszug steht, zeigt, dass es Ihres ist.",
	VerifyArrive: "Sie kommen um den {date} an.", VerifyTries: "Es gibt drei Versuche für Beträge und zehn für einen Code.",
	Amount1: "Erster Betrag", Amount2: "Zweiter Betrag", AmountHint: "Kleiner als eins, etwa 0,32.", OrCode: "Oder der Code neben dem Betrag", Code: "Code vom Auszug", CodeHint: "Sechs Buchstaben und Ziffern, die mit SM beginnen.",
	VerifyButton: "Konto bestätigen", AmountWanted: "Geben Sie den Betrag wie auf dem Auszug ein, etwa 0,32.", CodeWanted: "Geben Sie die sechs Buchstaben und Ziffern des Codes ein; sie beginnen mit SM.",
	DepositsWrong: "Das sind nicht die Beträge, die gesendet wurden. Vergleichen Sie sie mit dem Auszug.", CodeWrong: "Das ist nicht der Code, der gesendet wurde. Vergleichen Sie ihn mit dem Auszug.",
	TriesOver:      "Für dieses Konto ist kein Versuch übrig. Entfernen und speichern Sie es neu, oder speichern Sie ein anderes. Es wurde nichts bezahlt.",
	AccountRefused: "Die Bank nimmt dieses Konto nicht an. Entfernen Sie es und speichern Sie ein anderes. Es wurde nichts bezahlt.",
	VerifyBank:     "Die Bank möchte von der Inhaberin oder dem Inhaber der Karte hören, bevor sie gespeichert wird.", VerifyBankButton: "Weiter zur Bank",
	VerifyWait: "Der Zahlungsdienstleister ist noch dabei. Kommen Sie in ein paar Minuten wieder.",

	TroubleTitle: "Das ging nicht", TroubleText: "Der Zahlungsdienstleister hat nicht geantwortet. Es wurde nichts bezahlt. Versuchen Sie es in ein paar Minuten noch einmal.", Back: "Zurück zu den Zahlungsmitteln",

	AddCardTitle: "Karte speichern", AddBankTitle: "Bankkonto speichern",
	AddText: "Was Sie eingeben, geht nur an den Zahlungsdienstleister von {tenant}. Es wird nichts bezahlt.", AddHosted: "Eine neue Karte oder ein neues Konto wird beim Bezahlen gespeichert: Wählen Sie eine Rechnung, drücken Sie auf Bezahlen und setzen Sie das Häkchen.",
	MandateTitle: "Wozu Sie sich bereit erklären", Mandate: "Ich ermächtige {tenant}, dieses Konto für Rechnungen zu belasten, die jemand von {company} in diesem Portal bezahlt, jeweils mit dem dann bestätigten Betrag. Ich kann das für die Zukunft widerrufen, indem ich das Konto hier entferne.",
	Agree: "Ich bin einverstanden", AgreeWanted: "Setzen Sie zuerst das Häkchen.", SaveCard: "Diese Karte speichern", SaveBank: "Dieses Konto speichern",
	NoScript: "Diese Seite braucht JavaScript, weil das, was Sie eingeben, nie durch unsere Hände geht. Ohne es speichern Sie eine Karte oder ein Konto beim Bezahlen einer Rechnung.",
	Sending:  "Wird an Ihre Bank gesendet …", SourceWanted: "Geben Sie die Karte oder das Konto ein. Es wurde nichts gespeichert.",
	RefusedDetails: "Die Bank erkennt diese Angaben nicht. Prüfen Sie sie und versuchen Sie es noch einmal. Es wurde nichts gespeichert.", RefusedOther: "Die Bank hat es nicht angenommen. Verwenden Sie ein anderes. Es wurde nichts gespeichert.",
	RefusedLater: "Die Bank hat nicht geantwortet. Es wurde nichts gespeichert. Versuchen Sie es in ein paar Minuten noch einmal.", RefusedSetup: "Das Speichern ist hier im Moment nicht möglich. Es wurde nichts bezahlt.",
	AddLost: "Die Antwort des Zahlungsdienstleisters ging verloren. Sehen Sie in einer Minute in der Liste nach: Steht es nicht dort, speichern Sie es neu. Es wurde nichts bezahlt.",
}

var germanHistory = historyWords{
	Title: "Zahlungen", Tabs: "Zahlungen und Zahlungsmittel", Date: "Datum", With: "Bezahlt mit", For: "Für", Receipt: "Beleg {number}",
	Any: "Alle", UnderWay: "Unterwegs", Received: "Bezahlt", NotPaid: "Nicht bezahlt", GivenBack: "Erstattet oder zurückgeholt",
	Nothing: "Es gibt noch keine Zahlungen. Jede wird hier mit ihrem Beleg stehen.", NothingSuch: "So eine Zahlung gibt es nicht.", ShowAll: "Alle Zahlungen zeigen", Credit: "Guthaben",
	Paid: "Bezahlt", Refunded: "Erstattet", PartlyRefunded: "Teilweise erstattet", Disputed: "Angefochten", Returned: "Von der Bank zurückgegeben", TakenBack: "Von der Bank zurückgeholt",
	Failed: "Nicht bezahlt", Canceled: "Aufgegeben", WaitsForYou: "Wartet auf Sie", Checking: "Wird bei der Bank geprüft", InReview: "Wird geprüft",
}

var portugueseMethods = methodsWords{
	Title: "Formas de pagamento", Text: "Salvas para {company}. Só o provedor de pagamentos de {tenant} conhece os números completos.",
	Card: "Cartão", Bank: "Conta bancária", Ending: "{name} com final {digits}",
	Nothing: "Ainda não há nada salvo.", NothingText: "Você pode pagar mesmo sem salvar nada: a página de pagamento oferece isso a cada vez.",
	NoConnection: "O pagamento on-line não está disponível no momento, então nada pode ser salvo agora. As instruções de {tenant} em cada fatura dizem como pagar.",
	Default:      "Usada primeiro", Pending: "Ainda não confirmada", AddedBy: "Adicionada por {who} em {date}", AddedOn: "Adicionada em {date}", Expires: "Vence em {month}",
	Expired: "Este cartão venceu. Salve o novo e remova este.", ExpiresToday: "Este cartão vence hoje. Salve o novo.",
	ExpiresEarly: "Este cartão vence em menos de dois meses.", Stranded: "Não pode mais ser usada: {tenant} mudou de provedor de pagamentos. Salve de novo para continuar usando.",
	ExpiresNow:  lang.Plural{One: "Este cartão vence em {n} dia. Salve o novo.", Other: "Este cartão vence em {n} dias. Salve o novo."},
	ExpiresSoon: lang.Plural{One: "Este cartão vence em {n} dia.", Other: "Este cartão vence em {n} dias."},
	Prefer:      "Usar primeiro", Remove: "Remover", Verify: "Confirmar", AddCard: "Salvar um cartão", AddBank: "Salvar uma conta bancária",
	AddedHint: "Um cartão ou uma conta também pode ser salvo enquanto você paga uma fatura.", OnlyPayers: "Só quem paga por {company} pode mudar isto.",

	Added: "Está salvo.", Verified: "A conta está confirmada e pode ser usada.", Preferred: "A partir de agora é usada primeiro.", Removed: "Foi removida. Nada mais foi pago nem alterado.",

	RemoveTitle: "Remover {method}?", RemoveForgets: "O provedor de pagamentos a esquece. Para usar de novo, será preciso salvar de novo.",
	RemoveNext: "Depois disso, {method} é usada primeiro.", RemoveLast: "Não há mais nada salvo. Você pode pagar mesmo sem salvar nada.",
	RemoveRunning: "Os pagamentos feitos com ela não mudam, mesmo os que ainda estão a caminho.", RemoveButton: "Remover agora", Keep: "Manter",

	VerifyTitle: "Confirmar {method}", VerifyDeposits: "Dois valores pequenos, ou um com um código, foram enviados à conta. O que está no extrato mostra que ela é sua.",
	VerifyArrive: "Eles chegam por volta de {date}.", VerifyTries: "Há três tentativas para os valores e dez para um código.",
	Amount1: "Primeiro valor", Amount2: "Segundo valor", AmountHint: "Menor que um, como 0,32.", OrCode: "Ou o código ao lado do valor", Code: "Código", CodeHint: "Seis letras e números que começam com SM.",
	VerifyButton: "Confirmar a conta", AmountWanted: "Digite o valor como no extrato, por exemplo 0,32.", CodeWanted: "Digite as seis letras e números do código; eles começam com SM.",
	DepositsWrong: "Estes não são os valores enviados. Compare com o extrato.", CodeWrong: "Este não é o código enviado. Compare com o extrato.",
	TriesOver:      "Não há mais tentativas para esta conta. Remova e salve de novo, ou salve outra. Nada foi pago.",
	AccountRefused: "O banco não aceita esta conta. Remova e salve outra. Nada foi pago.",
	VerifyBank:     "O banco quer falar com o titular do cartão antes que ele seja salvo.", VerifyBankButton: "Continuar para o banco",
	VerifyWait: "O provedor de pagamentos ainda está trabalhando nisso. Volte em alguns minutos.",

	TroubleTitle: "Não foi possível fazer isso", TroubleText: "O provedor de pagamentos não respondeu. Nada foi pago. Tente de novo em alguns minutos.", Back: "Voltar às formas de pagamento",

	AddCardTitle: "Salvar um cartão", AddBankTitle: "Salvar uma conta bancária",
	AddText: "O que você digita vai só para o provedor de pagamentos de {tenant}. Nada é pago.", AddHosted: "Um cartão ou conta é salvo durante o pagamento: escolha uma fatura, clique em Pagar e marque a caixa.",
	MandateTitle: "O que você aceita", Mandate: "Autorizo {tenant} a debitar esta conta por faturas que alguém de {company} pague neste portal, a cada vez pelo valor então confirmado. Posso retirar isto para o futuro removendo a conta aqui.",
	Agree: "Aceito", AgreeWanted: "Marque a caixa para aceitar primeiro.", SaveCard: "Salvar o cartão", SaveBank: "Salvar a conta",
	NoScript: "Esta página precisa de JavaScript, porque o que você digita nunca passa por nós. Sem ele, salve um cartão ou uma conta enquanto paga uma fatura.",
	Sending:  "Enviando ao seu banco…", SourceWanted: "Digite o cartão ou a conta. Nada foi salvo.",
	RefusedDetails: "O banco não reconhece estes dados. Confira e tente de novo. Nada foi salvo.", RefusedOther: "O banco não aceitou. Use outro. Nada foi salvo.",
	RefusedLater: "O banco não respondeu. Nada foi salvo. Tente de novo em alguns minutos.", RefusedSetup: "Não pode ser salvo aqui no momento. Nada foi pago.",
	AddLost: "A resposta do provedor de pagamentos se perdeu. Olhe a lista em um minuto: se não estiver lá, salve de novo. Nada foi pago.",
}

var portugueseHistory = historyWords{
	Title: "Pagamentos", Tabs: "Pagamentos e formas de pagamento", Date: "Data", With: "Pago com", For: "Por", Receipt: "Recibo {number}",
	Any: "Todos", UnderWay: "A caminho", Received: "Pagos", NotPaid: "Não pagos", GivenBack: "Reembolsados ou retomados",
	Nothing: "Ainda não há pagamentos. Cada um aparecerá aqui com o seu recibo.", NothingSuch: "Não há nenhum pagamento assim.", ShowAll: "Mostrar todos os pagamentos", Credit: "Crédito",
	Paid: "Pago", Refunded: "Reembolsado", PartlyRefunded: "Reembolsado em parte", Disputed: "Contestado", Returned: "Devolvido pelo banco", TakenBack: "Retomado pelo banco",
	Failed: "Não pago", Canceled: "Abandonado", WaitsForYou: "Aguarda você", Checking: "Consultando o banco", InReview: "Em análise",
}
