package document

import "tollhouse/portal/lang"

var japanese = phrases{
	Lang: lang.Japanese,

	Page: "{page} / {pages} ページ", From: "請求元", TaxID: "税務番号 {number}", Registration: "法人番号 {number}", Continued: "{title}（続き）", CarriedForward: "次頁へ繰越",

	Due: "未払い", PartPaid: "一部支払い済み", Overdue: "期限超過", Processing: "処理中", Paid: "支払い済み", Void: "無効", Closed: "終了", Draft: "下書き", AsOf: "{date}現在",

	Invoice: "請求書 {number}", Title: "{tenant} 請求書 {number}", Issued: "発行日", DueDate: "支払期限", Order: "ご注文番号", BilledTo: "請求先",
	AmountDue: "お支払い額", BeingPaid: "お支払い処理中", PaidInFull: "全額お支払い済み", Voided: "無効", WrittenOff: "終了", DueOn: "支払期限 {date}",
	NothingToPay: "お支払いの必要はありません",
	Description:  "内容", Quantity: "数量", UnitPrice: "単価", Tax: "税", Amount: "金額", LineDiscount: "{amount} 値引き後", NoLines: "この請求書には明細がありません。",
	Subtotal: "小計", Discount: "値引き", TaxOn: "税 {rate}（対象 {base}）", Total: "合計", PaidOn: "{date}にお支払い済み", PaidWith: "{date}にお支払い済み（{method}）",
	OnWaySince: "{date}から処理中",
	HowToPay:   "お支払い方法", Scan: "コードを読み取ってログインし、お支払いください。または次のページを開いてください", Open: "次のページでログインし、お支払いください",
	NameTheNumber: "お支払いの際は、請求書番号 {number} を明記してください。", OtherWays: "その他のお支払い方法", Notes: "備考",

	Receipt: "領収書 {number}", ReceiptTitle: "{tenant} 領収書 {number}", ReceivedFrom: "お支払い元", ReceivedOn: "受領日", Method: "お支払い手段", Reference: "参照番号",
	AmountReceived: "受領額", AmountOnWay: "処理中の金額", NotFinal: "お支払いは処理中です。これは正式な領収書ではありません。",
	AppliedTo: "請求書", Applied: "充当額", Remaining: "残額", Credit: "残高として保管", RefundedOn: "{date}に返金",
}
