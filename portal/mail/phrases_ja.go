package mail

import "tollhouse/portal/lang"

var japanese = phrases{
	Lang: lang.Japanese,

	ForMinutes: lang.Plural{Other: "{n}分間"}, ForHours: lang.Plural{Other: "{n}時間"},
	Until: "{date}まで", WorksOnce: "リンクは{validity}、一度だけ使えます。", MailsNewOne: "その後は、リンク先のページから新しいリンクをお送りできます。",

	CodeHint:      "リンクは、請求されたブラウザーでのみ開けます。それ以外の場合は、請求したページに戻って次のコードを入力してください：",
	CodeWorksOnce: "リンクとコードは{validity}、一度だけ使えます。コードは誰にも教えないでください。当方からお尋ねすることはありません。",

	OpenAddress: "または、次のアドレスを開いてください：", Recipient: "このメールは {company} の {contact} 様宛てです。", Questions: "ご質問は、このメールに返信するか {email} までお寄せください。",
	ViewInvoice: "請求書 {number} を見る", OpenPortal: "請求ポータルを開く",

	InvoiceSubject: "{tenant} からの請求書 {number}：{state}", DueSubject: "{amount}、支払期限 {date}", OnItsWaySubject: "お支払い処理中", PaidSubject: "お支払い済み",
	InvoiceLead: "{tenant} から {company} 宛ての請求書 {number} をお届けします。",
	InvoiceWhy:  "{tenant} が {company} の請求書をこのアドレスに送信しているため、お送りしています。", Preview: "{label}：{amount}。{note}。",
	AmountDue: "お支払い額", Due: "支払期限 {date}", WasDue: "支払期限は{date}でした", PartPaid: "{note}（{total} のうち {paid} はお支払い済み）",
	BeingPaid: "お支払い処理中", BeingPaidNote: "お支払いは処理中です。必要な操作はありません", Paid: "お支払い済み", PaidNote: "お支払いはすべて完了しています",

	LoginSubject: "{tenant} のログイン用リンク", LoginLead: "{tenant} の請求ポータルへのリンクをご請求いただきました。",
	LoginWhy:       "{tenant} の請求ポータルでこのアドレスが入力されたため、お送りしています。",
	NewLinkSubject: "{tenant} の請求書 {number} への新しいリンク", NewLinkLead: "{tenant} の請求書 {number} への新しいリンクをご請求いただきました。",
	NewLinkWhy: "{tenant} の請求ポータルで新しいリンクが請求されたため、お送りしています。",
	NotYou:     "お心当たりがない場合は、このメールを無視してください。リンクがなければ誰も入れません。",

	PortalSubject:   "{tenant} の請求ポータル",
	PortalLead:      "{tenant} から請求ポータルへのリンクをお届けします。請求書とお支払いをまとめてご覧いただけます。",
	DocumentSubject: "{tenant} からの請求書 {number}", DocumentLead: "{tenant} から請求書 {number} へのリンクをお届けします。",
	PortalWhy: "{tenant} が {company} 宛ての連絡をこのアドレスに送信しているため、お送りしています。",

	Moved: japaneseMoved, Codes: japaneseCodes, Asked: japaneseAsked, Paper: japanesePaper, Device: japaneseDevice,
}
