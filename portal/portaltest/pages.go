package portaltest

import (
	"strconv"

	"tollhouse/portal/access"
)

// Page is one page in one state.
type Page struct {
	Name   string // of the file that its picture is kept in
	Path   string
	Cookie string // the session, "" for none
}

// payPages are those about paying.
func payPages() []Page {
	pages := []Page{{"home-paying", "/portal/", Paying}, {"home-looking", "/portal/", Looking}, {"invoice-paying", "/portal/invoices/" + InvoiceID(1), Paying},
		{"invoice-busy", "/portal/invoices/" + InvoiceID(3), Paying}, {"pay", "/portal/pay?invoice=" + InvoiceID(1), Paying}, {"pay-all", "/portal/pay?all=USD&all=EUR", Paying},
		{"pay-busy", "/portal/pay?invoice=" + InvoiceID(3), Paying}, {"pay-nothing", "/portal/pay?invoice=" + InvoiceID(5), Paying},
		{"pay-viewer", "/portal/pay?invoice=" + InvoiceID(1), Looking}, {"pay-off", "/portal/pay?invoice=" + InvoiceID(1), Full},
		{"pay-confirm", "/portal/payments/" + PaymentID("requires_action") + "/confirm", Paying}}
	for _, state := range PaymentStates() {
		pages = append(pages, Page{"payment-" + state, "/portal/payments/" + PaymentID(state), Paying})
	}
	return pages
}

// AllPages is every page in every state that it can be in.
func AllPages() []Page {
	pages := []Page{
		{"home", "/portal/", Full}, {"home-paid-up", "/portal/", PaidUp}, {"home-new", "/portal/", Empty}, {"home-two-currencies", "/portal/", Currencies},
		{"invoices-due", "/portal/invoices", Full}, {"invoices-processing", "/portal/invoices?tab=processing", Full},
		{"invoices-paid", "/portal/invoices?tab=paid", Full}, {"invoices-all", "/portal/invoices?tab=all", Full},
		{"invoices-all-2", "/portal/invoices?tab=all&after=25&from=26", Full}, {"invoices-none", "/portal/invoices", Empty},
		{"account", "/portal/account", Full}, {"account-ending", "/portal/account", Ending}, {"home-soon-ending", "/portal/", SoonEnding}, {"companies", "/portal/companies", Several},
	}
	pages = append(pages, Page{"activity", "/portal/activity", Full}, Page{"activity-2", "/portal/activity?after=25", Full},
		Page{"activity-nobody", "/portal/activity?what=paid&who=" + PersonID(2), Full}, Page{"activity-none", "/portal/activity", Empty},
		Page{"activity-days", "/portal/activity?from=2026-05-18&to=2026-05-20", Full}, Page{"activity-wrong-day", "/portal/activity?from=21.5.2026", Full})
	pages = append(pages, Page{"step-up", "/portal/confirm", Full}, Page{"step-up-sent", "/portal/confirm", CodeSent},
		Page{"step-up-wrong", "/_post/portal/confirm?code=WRNG-C7DE", CodeSent}, Page{"account-saved", "/portal/account?done=details", Full},
		Page{"account-wrong", "/_post/portal/account/details?name=&language=de", Full}, Page{"email", "/portal/account/email", SteppedUp},
		Page{"email-taken", "/_post/portal/account/email?email=" + TakenEmail, SteppedUp}, Page{"email-sent", "/portal/account/email", EmailSent})
	for i, state := range []string{"overdue", "part-paid", "open", "processing", "void", "closed", "paid"} {
		pages = append(pages, Page{"invoice-" + state, "/portal/invoices/" + InvoiceID(i+1), Full})
	}
	pages = append(pages, Page{"link", "/portal/l/" + Token(access.LinkReady), ""}, Page{"link-switch", "/portal/l/" + Token(access.LinkReady), Full})
	for _, state := range []access.LinkState{access.LinkUsed, access.LinkExpired, access.LinkRevoked, access.LinkVoided, access.LinkSuperseded,
		access.LinkElsewhere, access.LinkPortalOff, access.LinkUnknown} {
		pages = append(pages, Page{"link-" + string(state), "/portal/l/" + Token(state), ""})
	}
	pages = append(pages, Page{"link-again", "/_post/portal/l/" + Token(access.LinkReady), ""},
		Page{"once-more", "/portal/", Scanned}, Page{"code-wanted", "/portal/", CodeWanted}, Page{"code-wanted-document", "/portal/invoices/" + InvoiceID(1), CodeWanted},
		Page{"sign-in", "/portal/sign-in", ""}, Page{"sign-in-error", "/_post/portal/sign-in?email=payables.example", ""}, Page{"sent", "/portal/sign-in/sent", ""},
		Page{"code-form", "/_post/portal/sign-in/code?code=x", ""}, Page{"code-wrong", "/_post/portal/sign-in/code?code=WRNG-C7DE", ""},
		Page{"code-dead", "/_post/portal/sign-in/code?code=" + DeadCode, ""},
		Page{"no-session", "/portal/invoices", ""}, Page{"signed-out", "/portal/signed-out", ""}, Page{"test", "/portal/test", ""})
	pages = append(pages, payingPages()...)
	pages = append(pages, Page{"people", "/portal/people", Full}, Page{"people-asked", "/portal/people?asked", Full},
		Page{"people-error", "/_post/portal/people?email=bo.example&name=Bo", Full}, Page{"people-known", "/_post/portal/people?email=" + KnownColleague, Full},
		Page{"own-access", "/portal/l/" + Token(access.LinkUsed) + "/ask", ""}, Page{"own-access-error", "/_post/portal/l/" + Token(access.LinkUsed) + "/ask?email=bo.example", ""},
		Page{"access-asked", "/portal/access-asked", ""},
		Page{"preview-link", "/portal/preview/" + PreviewToken, ""}, Page{"preview-link-again", "/_post/portal/preview/" + PreviewToken, ""},
		Page{"preview-link-dead", "/portal/preview/x", ""}, Page{"preview-home", "/_preview/portal/", ""},
		Page{"preview-invoice", "/_preview/portal/invoices/" + InvoiceID(1), ""}, Page{"preview-refused", "/_preview/_post/portal/sign-out", ""},
		Page{"preview-portal-off", "/_preview-off/portal/", ""}, Page{"preview-ended", "/portal/preview-ended", ""})
	pages = append(pages, payPages()...)
	for _, status := range []int{400, 403, 404, 405, 409, 410, 413, 421, 422, 429, 500, 503} {
		n := strconv.Itoa(status)
		pages = append(pages, Page{"error-" + n, "/_status/" + n, ""})
	}
	return pages
}

// payingPages are those of saved methods and payments.
func payingPages() []Page {
	return []Page{{"payments", "/portal/payments", Full}, {"payments-2", "/portal/payments?after=11", Full}, {"payments-none", "/portal/payments", Empty},
		{"payments-filtered-away", "/portal/payments?what=failed", Full}, {"payments-wrong-day", "/portal/payments?from=2026-05-21&to=2026-05-20", Full},
		{"methods", "/portal/methods", Full}, {"methods-none", "/portal/methods", Empty}, {"methods-done", "/portal/methods?done=preferred", Full},
		{"methods-off", "/portal/methods", NoProcessor}, {"methods-hosted", "/portal/methods", NoCards}, {"methods-viewer", "/portal/methods", ViewerOnly},
		{"method-remove", "/portal/methods/" + DefaultMethod + "/remove", Full}, {"method-verify", "/portal/methods/" + DepositsMethod, Full},
		{"method-bank", "/portal/methods/" + BankStepMethod, Full},
		{"method-verify-wrong", "/_post/portal/methods/" + DepositsMethod + "?amount1=0.11&amount2=0.12", SteppedUp},
		{"method-verify-over", "/_post/portal/methods/" + DepositsMethod + "?code=SM99ZZ", SteppedUp},
		{"method-trouble", "/_post/portal/methods/" + OddMethod + "/remove", SteppedUp}}
}
