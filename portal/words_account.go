package portal

// accountWords are those of the page of one's own account, and the warning before the end of a session.
type accountWords struct {
	Title, Name, Sessions, SessionsText, This, LastUsed, SignedIn, From, DeviceOn, DeviceUnknown, Everywhere, EverywhereText, Ending string
}

var englishAccount = accountWords{
	Title:          "Your account",
	Name:           "Name",
	Sessions:       "Where you are signed in",
	SessionsText:   "If there is a browser here that you do not know, sign it out.",
	This:           "The browser that you are using now",
	LastUsed:       "Last used {date}, {time}.",
	SignedIn:       "Signed in {date}.",
	From:           "From {address}.",
	DeviceOn:       "{browser} on {system}",
	DeviceUnknown:  "Unknown browser",
	Everywhere:     "Sign out everywhere",
	EverywhereText: "This ends every session in the list, the one that you are using now too.",
	Ending:         "You will be signed out in a few minutes.",
}

var spanishAccount = accountWords{
	Title:          "Su cuenta",
	Name:           "Nombre",
	Sessions:       "Dónde tiene la sesión abierta",
	SessionsText:   "Si hay un navegador que no reconoce, cierre su sesión.",
	This:           "El navegador que está usando ahora",
	LastUsed:       "Último uso: {date}, {time}.",
	SignedIn:       "Sesión iniciada: {date}.",
	From:           "Desde {address}.",
	DeviceOn:       "{browser} en {system}",
	DeviceUnknown:  "Navegador desconocido",
	Everywhere:     "Cerrar sesión en todas partes",
	EverywhereText: "Se cierran todas las sesiones de la lista, también la que está usando ahora.",
	Ending:         "Su sesión se cerrará dentro de unos minutos.",
}

var frenchAccount = accountWords{
	Title:          "Votre compte",
	Name:           "Nom",
	Sessions:       "Vos sessions ouvertes",
	SessionsText:   "Si vous ne reconnaissez pas un navigateur, fermez sa session.",
	This:           "Le navigateur que vous utilisez actuellement",
	LastUsed:       "Dernière utilisation : {date}, {time}.",
	SignedIn:       "Session ouverte : {date}.",
	From:           "Depuis {address}.",
	DeviceOn:       "{browser} sur {system}",
	DeviceUnknown:  "Navigateur inconnu",
	Everywhere:     "Se déconnecter partout",
	EverywhereText: "Toutes les sessions de la liste seront fermées, y compris celle que vous utilisez actuellement.",
	Ending:         "Vous serez déconnecté dans quelques minutes.",
}

var germanAccount = accountWords{
	Title:          "Ihr Konto",
	Name:           "Name",
	Sessions:       "Wo Sie angemeldet sind",
	SessionsText:   "Wenn Sie einen Browser nicht kennen, melden Sie ihn ab.",
	This:           "Der Browser, den Sie gerade verwenden",
	LastUsed:       "Zuletzt verwendet: {date}, {time}.",
	SignedIn:       "Angemeldet: {date}.",
	From:           "Von {address}.",
	DeviceOn:       "{browser} auf {system}",
	DeviceUnknown:  "Unbekannter Browser",
	Everywhere:     "Überall abmelden",
	EverywhereText: "Damit enden alle Sitzungen in der Liste, auch die, die Sie gerade verwenden.",
	Ending:         "Sie werden in wenigen Minuten abgemeldet.",
}

var portugueseAccount = accountWords{
	Title:          "Sua conta",
	Name:           "Nome",
	Sessions:       "Onde você está conectado",
	SessionsText:   "Se houver um navegador que você não reconhece, encerre a sessão dele.",
	This:           "O navegador que você está usando agora",
	LastUsed:       "Último uso: {date}, {time}.",
	SignedIn:       "Sessão iniciada: {date}.",
	From:           "De {address}.",
	DeviceOn:       "{browser} em {system}",
	DeviceUnknown:  "Navegador desconhecido",
	Everywhere:     "Sair de todos os lugares",
	EverywhereText: "Isso encerra todas as sessões da lista, inclusive a que você está usando agora.",
	Ending:         "Sua sessão será encerrada em alguns minutos.",
}

var japaneseAccount = accountWords{
	Title:          "アカウント",
	Name:           "お名前",
	Sessions:       "サインイン中の場所",
	SessionsText:   "見覚えのないブラウザーがある場合は、サインアウトしてください。",
	This:           "現在お使いのブラウザー",
	LastUsed:       "最終使用: {date} {time}",
	SignedIn:       "サインイン: {date}",
	From:           "接続元: {address}",
	DeviceOn:       "{system} の {browser}",
	DeviceUnknown:  "不明なブラウザー",
	Everywhere:     "すべての場所でサインアウト",
	EverywhereText: "現在お使いのものも含め、一覧のすべてのセッションが終了します。",
	Ending:         "まもなくサインアウトされます。",
}

var arabicAccount = accountWords{
	Title:          "حسابكم",
	Name:           "الاسم",
	Sessions:       "المتصفحات التي سجّلتم الدخول منها",
	SessionsText:   "إذا وجدتم هنا متصفحًا لا تعرفونه، فسجّلوا خروجه.",
	This:           "المتصفح الذي تستخدمونه الآن",
	LastUsed:       "آخر استخدام: {date}، {time}.",
	SignedIn:       "تسجيل الدخول: {date}.",
	From:           "من {address}.",
	DeviceOn:       "{browser} على {system}",
	DeviceUnknown:  "متصفح غير معروف",
	Everywhere:     "تسجيل الخروج من كل مكان",
	EverywhereText: "ينهي هذا كل الجلسات المدرجة، بما فيها الجلسة التي تستخدمونها الآن.",
	Ending:         "سيُسجَّل خروجكم خلال بضع دقائق.",
}
