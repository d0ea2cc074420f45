package emulator

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// checkoutPage is the hosted page of a session.
type checkoutPage struct {
	Merchant, Amount, ID, Cancel, Problem string
	Items                                 []checkoutItem
	Card, Bank, Setup, Test               bool
	Name                                  string // what the person typed; numbers are not shown again
}

type checkoutItem struct {
	Name, Amount string
	Quantity     int64
}

func (e *Emulator) session(id string) *session {
	for _, a := range e.order {
		if s := a.sessions.get(id); s != nil {
			return s
		}
	}
	return nil
}

func (s *session) page() checkoutPage {
	p := checkoutPage{
		Merchant: s.acct.Name, ID: s.id, Cancel: s.cancel, Setup: s.mode == "setup", Test: !s.acct.Live,
		Card: slices.Contains(s.types, "card"), Bank: slices.Contains(s.types, "us_bank_account"),
	}
	if s.mode == "payment" {
		p.Amount = plainAmount(s.amount, s.currency)
	}
	for _, i := range s.items {
		p.Items = append(p.Items, checkoutItem{i.name, plainAmount(i.unit*i.quantity, s.currency), i.quantity})
	}
	if s.intent != nil && s.intent.lastError != nil {
		p.Problem = s.intent.lastError.Message
	}
	return p
}

func (e *Emulator) showCheckout(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	s := e.session(r.PathValue("id"))
	var p checkoutPage
	state, done := "", ""
	if s != nil {
		p, state, done = s.page(), s.status, s.successURL()
	}
	e.mu.Unlock()
	switch state {
	case "open":
		e.show(w, http.StatusOK, "checkout", p)
	case "complete":
		http.Redirect(w, r, done, http.StatusSeeOther)
	default:
		e.show(w, http.StatusNotFound, "gone", "This payment page has expired. Nothing was taken. Go back to where you came from and start again.")
	}
}

func (e *Emulator) payCheckout(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	e.mu.Lock()
	s := e.session(r.PathValue("id"))
	if s == nil || s.status == "expired" {
		e.mu.Unlock()
		e.show(w, http.StatusNotFound, "gone", "This payment page has expired. Nothing was taken. Go back to where you came from and start again.")
		return
	}
	to, problem := e.paySession(s, r)
	p := s.page()
	e.mu.Unlock()
	if problem != "" {
		p.Problem, p.Name = problem, r.PostFormValue("name")
		e.show(w, http.StatusUnprocessableEntity, "checkout", p)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// paySession tries what was typed, and says where the browser goes next, or what is wrong.
func (e *Emulator) paySession(s *session, r *http.Request) (to, problem string) {
	if s.status == "complete" {
		return s.successURL(), ""
	}
	s.acct.pages = e.base(r)
	c := &call{e: e, r: r, key: s.acct, acct: s.acct, public: true, id: e.Source.ID("req_", 14), now: e.now(), p: typed(r)}
	if s.intent == nil {
		s.intent = c.sessionIntent(s)
	}
	i := s.intent
	c.p["return_url"] = []string{s.acct.pages + "/c/pay/" + s.id + "/return"}
	if _, err := c.confirm(i); err != nil {
		var known *apiError
		if errors.As(err, &known) {
			return "", known.Message
		}
		return "", "Something went wrong here. Try again."
	}
	if i.status == needsAction {
		return s.acct.pages + "/action/" + i.actionToken, ""
	}
	e.sessionFollows(i)
	return s.successURL(), ""
}

// typed turns the page's form into the parameters of a confirmation.
func typed(r *http.Request) params {
	get := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	month, year, _ := strings.Cut(get("expiry"), "/")
	const at = "payment_method_data"
	p := params{
		at + "[type]": {"card"}, at + "[card][number]": {get("number")}, at + "[card][exp_month]": {strings.TrimSpace(month)},
		at + "[card][exp_year]": {strings.TrimSpace(year)}, at + "[card][cvc]": {get("cvc")}, at + "[billing_details][name]": {get("name")},
	}
	if get("method") == "bank" {
		p = params{
			at + "[type]": {"us_bank_account"}, at + "[us_bank_account][routing_number]": {get("routing")},
			at + "[us_bank_account][account_number]": {get("account")}, at + "[billing_details][name]": {get("name")},
			at + "[us_bank_account][emulator_instant]": {"true"}, "mandate_data[customer_acceptance][type]": {"online"},
			verificationMethod: {"instant"},
		}
	}
	return p
}

// sessionIntent is the intent that a session makes when a person first presses.
func (c *call) sessionIntent(s *session) *intent {
	i := c.newIntent(s.mode == "setup")
	i.amount, i.currency, i.customer, i.types, i.usage, i.description = s.amount, s.currency, s.customer, s.types, s.usage, s.detail
	i.session, i.metadata = s.id, s.inside
	c.table(i.setup).add(i)
	c.e.tell(i, c, "created", "Created by checkout")
	return i
}

// returnCheckout is where 3-D Secure ends for a session.
func (e *Emulator) returnCheckout(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	s := e.session(r.PathValue("id"))
	to := "/"
	switch {
	case s == nil:
	case s.status == "complete":
		to = s.successURL()
	default:
		to = "/c/pay/" + s.id
	}
	e.mu.Unlock()
	http.Redirect(w, r, to, http.StatusSeeOther)
}
