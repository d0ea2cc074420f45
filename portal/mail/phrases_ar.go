package mail

import "tollhouse/portal/lang"

var arabic = phrases{
	Lang: lang.Arabic,

	ForMinutes: lang.Plural{Zero: "لأقل من دقيقة", One: "لمدة دقيقة واحدة", Two: "لمدة دقيقتين", Few: "لمدة {n} دقائق", Many: "لمدة {n} دقيقة", Other: "لمدة {n} دقيقة"},
	ForHours:   lang.Plural{Zero: "لأقل من ساعة", One: "لمدة ساعة واحدة", Two: "لمدة ساعتين", Few: "لمدة {n} ساعات", Many: "لمدة {n} ساعة", Other: "لمدة {n} ساعة"},
	Until:      "حتى {date}", WorksOnce: "يعمل الرابط مرة واحدة، {validity}.", MailsNewOne: "وبعد ذلك يمكن للصفحة التي يؤدي إليها أن ترسل إليكم رابطًا جديدًا.",

	CodeHint:      "لا يُفتح الرابط إلا في المتصفح الذي طلبتموه منه. وفي أي مكان آخر، ارجعوا إلى تلك الصفحة واكتبوا هذا الرمز:",
	CodeWorksOnce: "يعمل الرابط والرمز مرة واحدة، {validity}. لا تعطوا الرمز لأحد: فنحن لا نطلبه أبدًا.",

	OpenAddress: "أو افتحوا هذا العنوان:", Recipient: "هذه الرسالة موجهة إلى {contact} لدى {company}.", Questions: "هل لديكم أسئلة؟ ردّوا على هذه الرسالة أو راسلوا {email}.",
	ViewInvoice: "عرض الفاتورة {number}", OpenPortal: "فتح بوابة الفوترة",

	InvoiceSubject: "الفاتورة {number} من {tenant}: {state}", DueSubject: "{amount} مستحق في {date}", OnItsWaySubject: "الدفعة في الطريق", PaidSubject: "مدفوعة",
	InvoiceLead: "إليكم الفاتورة {number} من {tenant} إلى {company}.",
	InvoiceWhy:  "تصلكم لأن {tenant} ترسل فواتير {company} إلى هذا العنوان.", Preview: "{label}: {amount}. {note}.",
	AmountDue: "المبلغ المستحق", Due: "تُستحق في {date}", WasDue: "كانت مستحقة في {date}", PartPaid: "{note}، دُفع منها {paid} من أصل {total}",
	BeingPaid: "قيد الدفع", BeingPaidNote: "دفعتكم في الطريق ولا يلزمكم فعل شيء", Paid: "مدفوعة", PaidNote: "لم يبقَ أي مبلغ للدفع",

	LoginSubject: "رابط الدخول الخاص بكم إلى {tenant}", LoginLead: "لقد طلبتم رابطًا إلى بوابة الفوترة الخاصة بكم لدى {tenant}.",
	LoginWhy:       "تصلكم لأن شخصًا ما أدخل هذا العنوان في بوابة الفوترة الخاصة بـ {tenant}.",
	NewLinkSubject: "رابطكم الجديد إلى الفاتورة {number} من {tenant}", NewLinkLead: "لقد طلبتم رابطًا جديدًا إلى الفاتورة {number} من {tenant}.",
	NewLinkWhy: "تصلكم لأن شخصًا ما طلب رابطًا جديدًا في بوابة الفوترة الخاصة بـ {tenant}.",
	NotYou:     "إن لم تكونوا أنتم من طلب ذلك فتجاهلوا هذه الرسالة: لا يدخل أحد من دون الرابط.",

	PortalSubject:   "بوابة الفوترة الخاصة بكم لدى {tenant}",
	PortalLead:      "ترسل إليكم {tenant} رابطًا إلى بوابة الفوترة الخاصة بكم، وفيها فواتيركم ودفعاتكم في مكان واحد.",
	DocumentSubject: "الفاتورة {number} من {tenant}", DocumentLead: "ترسل إليكم {tenant} رابطًا إلى الفاتورة {number}.",
	PortalWhy: "تصلكم لأن {tenant} تراسل {company} على هذا العنوان.",

	Moved: arabicMoved, Codes: arabicCodes, Asked: arabicAsked, Paper: arabicPaper, Device: arabicDevice,
}
