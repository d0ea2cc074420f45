package portal

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"tollhouse/payments"
	"tollhouse/portal/access"
)

// verifyForm is what somebody read on the bank statement.
type verifyForm struct {
	amounts [2]string
	code    string
	field   string // that is wrong
	message string // what is wrong with it; "" when nothing is
	over    bool   // no try is left
}

// showVerifyMethod asks what is on the statement, or leads to the bank. What the processor says of the method now is asked for somebody who looks only.
func (s *Server) showVerifyMethod(w http.ResponseWriter, r *http.Request, session access.Session, m savedMethod) error {
	if m.Status != payments.MethodPending {
		seeOther(w, methodsPath)
		return nil
	}
	bank := ""
	if viewer(r) != nil {
		now, action, err := s.methods.Look(s.acting(r, session), session.Tenant, session.CompanyID, m.ID)
		switch {
		case unavailable(err):
			s.logFailure(r, err) // what is known is shown
		case err != nil && !errors.Is(err, payments.ErrNotFound):
			return err
		case now.Status != payments.MethodPending:
			seeOther(w, methodsPath+verifiedSuffix(now))
			return nil
		}
		bank = action.URL
	}
	return s.writeVerifyMethod(w, r, http.StatusOK, m, verifyForm{}, bank)
}

// verifiedSuffix tells the list what became of a method that was looked at.
func verifiedSuffix(m payments.Method) string {
	if m.Status == payments.MethodActive {
		return "?done=verified"
	}
	return "?done=refused"
}

func (s *Server) writeVerifyMethod(w http.ResponseWriter, r *http.Request, status int, m savedMethod, form verifyForm, bank string) error {
	page := methodPage{view: m.page.view, m: m, form: form}
	if strings.HasPrefix(bank, "https://") || strings.HasPrefix(bank, "http://127.0.0.1") {
		page.bank = bank
	}
	page.title = page.words.Methods.Title
	if form.message != "" {
		page.title = page.words.ErrorPrefix + page.title
	}
	return s.write(w, r, status, verifyMethodView(page))
}

// verifyMethod tries what was typed. How many tries there are is the processor's rule; it counts them.
func (s *Server) verifyMethod(w http.ResponseWriter, r *http.Request, session access.Session, m savedMethod) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	if m.Status != payments.MethodPending {
		seeOther(w, methodsPath)
		return nil
	}
	form := verifyForm{amounts: [2]string{strings.TrimSpace(r.PostFormValue("amount1")), strings.TrimSpace(r.PostFormValue("amount2"))},
		code: strings.ToUpper(strings.TrimSpace(r.PostFormValue("code")))}
	v := form.check(m.page.words)
	if form.message == "" {
		_, err := s.methods.Verify(s.acting(r, session), session.Tenant, session.CompanyID, m.ID, v)
		var declined *payments.DeclinedError
		switch {
		case errors.As(err, &declined):
			form.refused(m.page.words, declined.Failure.Kind)
		case errors.Is(err, payments.ErrNotPending): // another node, or another tab, was faster
			seeOther(w, methodsPath)
			return nil
		case err != nil:
			return s.methodTrouble(w, r, m, err)
		default:
			seeOther(w, methodsPath+"?done=verified")
			return nil
		}
	}
	return s.writeVerifyMethod(w, r, http.StatusUnprocessableEntity, m, form, "")
}

// descriptorCode is a code on a bank statement: its six letters and digits begin with SM.
var descriptorCode = regexp.MustCompile(`^SM[0-9A-Z]{4}$`)

// check reads the form; a code counts before amounts.
func (f *verifyForm) check(w *words) (v payments.Verification) {
	if f.code != "" {
		if v.Code = f.code; !descriptorCode.MatchString(f.code) {
			f.field, f.message = "code", w.Methods.CodeWanted
		}
		return v
	}
	for i, text := range f.amounts {
		n, ok := smallAmount(text)
		if !ok {
			f.field, f.message = [2]string{"amount1", "amount2"}[i], w.Methods.AmountWanted
			return v
		}
		v.Amounts[i] = n
	}
	return v
}

// smallAmount reads an amount below one unit of the currency, in hundredths: "0.32", "0,32", ".32" or "32".
func smallAmount(text string) (cents int64, ok bool) {
	digits := strings.TrimPrefix(text, "$")
	if whole, part, found := strings.Cut(strings.ReplaceAll(digits, ",", "."), "."); found {
		if strings.Trim(whole, "0") != "" || len(part) != 2 {
			return 0, false
		}
		digits = part
	}
	if len(digits) < 1 || len(digits) > 2 {
		return 0, false
	}
	for _, d := range []byte(digits) {
		if d < '0' || d > '9' {
			return 0, false
		}
		cents = cents*10 + int64(d-'0')
	}
	return cents, cents > 0
}

// refused says why the bank's words were not taken.
func (f *verifyForm) refused(w *words, kind payments.FailureKind) {
	f.field, f.message = "amount1", w.Methods.DepositsWrong
	if f.code != "" {
		f.field, f.message = "code", w.Methods.CodeWrong
	}
	switch kind {
	case payments.FailedDeposits:
	case payments.FailedTries:
		f.field, f.message, f.over = "main", w.Methods.TriesOver, true
	default:
		f.field, f.message, f.over = "main", w.Methods.AccountRefused, true
	}
}
