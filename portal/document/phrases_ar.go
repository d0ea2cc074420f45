package document

import "tollhouse/portal/lang"

var arabic = phrases{
	Lang: lang.Arabic,

	Page: "صفحة {page} من {pages}", From: "من", TaxID: "الرقم الضريبي {number}", Registration: "رقم السجل التجاري {number}", Continued: "{title}، تتمة", CarriedForward: "منقول إلى الصفحة التالية",

	Due: "مستحقة", PartPaid: "مدفوعة جزئيًا", Overdue: "متأخرة", Processing: "قيد المعالجة", Paid: "مدفوعة", Void: "ملغاة", Closed: "مغلقة", Draft: "مسودة", AsOf: "حتى {date}",

	Invoice: "الفاتورة {number}", Title: "الفاتورة {number} من {tenant}", Issued: "تاريخ الإصدار", DueDate: "تاريخ الاستحقاق", Order: "رقم طلبكم", BilledTo: "الفاتورة إلى",
	AmountDue: "المبلغ المستحق", BeingPaid: "الدفعة في الطريق", PaidInFull: "مدفوعة بالكامل", Voided: "ملغاة", WrittenOff: "مغلقة", DueOn: "تُستحق في {date}",
	NothingToPay: "لا يوجد ما يُدفع",
	Description:  "الوصف", Quantity: "الكمية", UnitPrice: "سعر الوحدة", Tax: "الضريبة", Amount: "المبلغ", LineDiscount: "بعد خصم {amount}", NoLines: "لا تحتوي هذه الفاتورة على بنود.",
	Subtotal: "المجموع الفرعي", Discount: "الخصم", TaxOn: "الضريبة {rate} على {base}", Total: "الإجمالي", PaidOn: "دُفع في {date}", PaidWith: "دُفع في {date}، {method}",
	OnWaySince: "في الطريق منذ {date}",
	HowToPay:   "طريقة الدفع", Scan: "امسحوا الرمز لتسجيل الدخول والدفع، أو افتحوا", Open: "سجّلوا الدخول وادفعوا عبر", NameTheNumber: "يُرجى ذكر رقم الفاتورة {number} عند الدفع.",
	OtherWays: "طرق دفع أخرى", Notes: "ملاحظة",

	Receipt: "الإيصال {number}", ReceiptTitle: "الإيصال {number} من {tenant}", ReceivedFrom: "استُلم من", ReceivedOn: "تاريخ الاستلام", Method: "طريقة الدفع", Reference: "المرجع",
	AmountReceived: "المبلغ المستلم", AmountOnWay: "مبلغ في الطريق", NotFinal: "لا تزال الدفعة قيد المعالجة: هذا ليس إيصالًا نهائيًا.",
	AppliedTo: "الفاتورة", Applied: "المبلغ المسدد منها", Remaining: "المتبقي للدفع", Credit: "محفوظ كرصيد", RefundedOn: "استُرد في {date}",
}
