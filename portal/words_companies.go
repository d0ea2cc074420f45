package portal

// companiesWords are those of a mailbox that serves several companies.
type companiesWords struct {
	Title, Text, Open, Switch string
}

var englishCompanies = companiesWords{
	Title:  "Which company?",
	Text:   "Your email address belongs to several companies. Choose the one whose documents you want to see; you can switch at any time.",
	Open:   "Open",
	Switch: "Switch company",
}

var spanishCompanies = companiesWords{
	Title:  "¿Qué empresa?",
	Text:   "Su dirección de correo pertenece a varias empresas. Elija aquella cuyos documentos quiere ver; puede cambiar en cualquier momento.",
	Open:   "Abrir",
	Switch: "Cambiar de empresa",
}

var frenchCompanies = companiesWords{
	Title:  "Quelle entreprise ?",
	Text:   "Votre adresse e-mail est associée à plusieurs entreprises. Choisissez celle dont vous voulez voir les documents ; vous pouvez en changer à tout moment.",
	Open:   "Ouvrir",
	Switch: "Changer d’entreprise",
}

var germanCompanies = companiesWords{
	Title:  "Welches Unternehmen?",
	Text:   "Ihre E-Mail-Adresse gehört zu mehreren Unternehmen. Wählen Sie das, dessen Dokumente Sie sehen möchten; Sie können jederzeit wechseln.",
	Open:   "Öffnen",
	Switch: "Unternehmen wechseln",
}

var portugueseCompanies = companiesWords{
	Title:  "Qual empresa?",
	Text:   "Seu endereço de e-mail pertence a várias empresas. Escolha aquela cujos documentos você quer ver; você pode trocar a qualquer momento.",
	Open:   "Abrir",
	Switch: "Trocar de empresa",
}

var japaneseCompanies = companiesWords{
	Title:  "会社の選択",
	Text:   "お使いのメールアドレスは複数の会社に登録されています。書類をご覧になる会社をお選びください。いつでも切り替えられます。",
	Open:   "開く",
	Switch: "会社を切り替える",
}

var arabicCompanies = companiesWords{
	Title:  "أي شركة؟",
	Text:   "عنوان بريدك الإلكتروني مسجّل لدى عدة شركات. اختر الشركة التي تريد الاطلاع على مستنداتها؛ يمكنك التبديل في أي وقت.",
	Open:   "فتح",
	Switch: "تبديل الشركة",
}
