package authorizenetemu

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"sync"

	"tollhouse/payments/emulator/core"
)

//go:embed pages.html
var pagesHTML string

//go:embed pages.css
var pagesCSS []byte

var parsedPages = sync.OnceValue(func() *template.Template { return template.Must(template.New("pages").Parse(pagesHTML)) })

// page is what a hosted page shows. It holds no number that was typed: a card that was declined is typed again.
type page struct {
	Title, Merchant, Amount, Invoice, Token, Error string
	Button, ReturnURL, ReturnText                  string
	CancelURL, CancelText                          string
	Framed, Bank, Keep                             bool
	Methods                                        []savedMethod
	Messages                                       []template.URL
	Transaction                                    string
}

type savedMethod struct{ ID, Text string }

func (e *Emulator) pages(mux *http.ServeMux) {
	mux.HandleFunc("POST /payment/payment", e.page("POST payment page", e.showPayment))
	mux.HandleFunc("POST /payment/pay", e.page("POST pay", e.pay))
	mux.HandleFunc("POST /payment/cancel", e.page("POST cancel", e.cancel))
	mux.HandleFunc("POST /customer/manage", e.page("POST methods page", e.showMethods))
	mux.HandleFunc("POST /customer/add", e.page("POST add method", e.addOnPage))
	mux.HandleFunc("POST /customer/remove", e.page("POST remove method", e.removeOnPage))
	e.deskPages(mux)
	mux.HandleFunc("GET /authorizenet.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(pagesCSS) // a client that left does not matter
	})
}

// page wraps a page's request: a token that is known and young, faults, counters.
func (e *Emulator) page(route string, do func(http.ResponseWriter, *http.Request, *form)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.Calls.Count(routePrefix + route)
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "the form cannot be read", http.StatusBadRequest)
			return
		}
		answer := func(w http.ResponseWriter) {
			e.mu.Lock()
			defer e.mu.Unlock()
			f := e.forms[r.PostForm.Get("token")]
			if f == nil || e.Clock.Now().Sub(f.made) > tokenLife && f.paid == nil {
				render(w, http.StatusOK, "gone", page{Title: "This page has expired"}, "")
				return
			}
			do(w, r, f)
		}
		if fault, struck := e.Faults.Take(core.Request{Route: routePrefix + route}); struck {
			fault.Around(w, r, answer, func(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) })
			return
		}
		answer(w)
	}
}

// render writes a page. It may be framed by anybody, as the real ones, and frames only the page that passes messages on.
func render(w http.ResponseWriter, status int, name string, p any, communicator string) {
	var b bytes.Buffer
	if err := parsedPages().ExecuteTemplate(&b, name, p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	frames := "'none'"
	if u, err := url.Parse(communicator); err == nil && u.Host != "" {
		frames = u.Scheme + "://" + u.Host
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src "+frames+"; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that left does not matter
}

// view is what every page of the form shows.
func (f *form) view(title string) page {
	p := page{
		Title: title, Merchant: f.merchantName, Invoice: f.invoice, Token: f.token, Button: f.button, ReturnURL: f.returnURL, ReturnText: f.returnText,
		CancelURL: f.cancelURL, CancelText: f.cancelText, Framed: f.communicator != "", Bank: f.bank && !f.m.NoBank, Keep: f.keep && f.profile != "",
	}
	if f.pay {
		p.Amount = f.amount.String()
	}
	if owner := f.m.profiles[f.profile]; owner != nil {
		for _, m := range owner.methods {
			p.Methods = append(p.Methods, savedMethod{m.id, m.what.brand + " ending in " + m.what.last4})
		}
	}
	return p
}

// tell adds a message for the embedding page. The communicator's address was held to be http or https when the form was made.
func (p *page) tell(f *form, query string) {
	if f.communicator != "" {
		p.Messages = append(p.Messages, template.URL(f.message(query))) //nolint:gosec // see above
	}
}

func (e *Emulator) showPayment(w http.ResponseWriter, _ *http.Request, f *form) {
	if !f.pay {
		render(w, http.StatusOK, "gone", page{Title: "This page has expired"}, "")
		return
	}
	if f.paid != nil {
		e.showPaid(w, f)
		return
	}
	p := f.view("Payment")
	p.tell(f, "action=resizeWindow&width=560&height=900")
	render(w, http.StatusOK, "payment", p, f.communicator)
}

// pay charges what was typed or chosen. A page that has paid shows its receipt again: it never pays twice.
func (e *Emulator) pay(w http.ResponseWriter, r *http.Request, f *form) {
	if f.paid != nil || !f.pay {
		e.showPayment(w, r, f)
		return
	}
	tx := &transaction{kind: "authCaptureTransaction", amount: f.amount, invoice: f.invoice, description: f.description, ref: f.ref,
		customer: f.customer, email: f.email}
	what, method, reason := e.typed(f, r.PostForm)
	if reason == 0 {
		tx.what = what
		if method != "" {
			tx.profile, tx.method = f.profile, method
		}
		if _, fault := e.submit(f.m, tx, f.window); fault != nil {
			reason = tx.reason
			if reason == 0 || reason == 1 {
				reason = 11
			}
		}
	}
	if reason != 0 {
		p := f.view("Payment")
		p.Error = reasonText(reason)
		p.tell(f, "action=resizeWindow&width=560&height=960")
		render(w, http.StatusOK, "payment", p, f.communicator)
		return
	}
	f.paid = tx
	if owner := f.m.profiles[f.profile]; owner != nil && method == "" && f.keep && r.PostForm.Get("keep") != "" && tx.code == 1 {
		if id, fault := e.addMethod(owner, what); fault == nil {
			tx.profile, tx.method = owner.id, id
		}
	}
	e.showPaid(w, f)
}

// typed finds what pays on a page: a saved method, an account or a card.
func (e *Emulator) typed(f *form, v url.Values) (what instrument, methodID string, reason int) {
	if id := v.Get("method"); id != "" && id != "new" && id != "bank" {
		owner := f.m.profiles[f.profile]
		if owner == nil || owner.method(id) == nil {
			return instrument{}, "", 6
		}
		return owner.method(id).what, id, 0
	}
	if v.Get("method") == "bank" || v.Get("account_number") != "" {
		what, reason = e.bankAccount(BankAccount{v.Get("account_type"), v.Get("routing_number"), v.Get("account_number"), v.Get("owner"), v.Get("zip")})
		return what, "", reason
	}
	what, reason = e.card(Card{Number: v.Get("card_number"), Expiry: pageExpiry(v.Get("expiry")), Code: v.Get("card_code"),
		First: v.Get("first_name"), Last: v.Get("last_name"), Zip: v.Get("zip")}, e.Clock.Now())
	return what, "", reason
}

// pageExpiry reads MM/YY.
func pageExpiry(s string) string {
	if len(s) == 5 && s[2] == '/' {
		return "20" + s[3:] + "-" + s[:2]
	}
	return s
}

func (e *Emulator) showPaid(w http.ResponseWriter, f *form) {
	if f.communicator == "" && !f.showReceipt && f.returnURL != "" {
		w.Header().Set("Location", f.returnURL)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	p := f.view("Thank you")
	p.Transaction = f.paid.id
	if f.paid.code == 4 {
		p.Title = "Your payment is being reviewed"
	}
	p.tell(f, "action=transactResponse&response="+url.QueryEscape(f.result()))
	render(w, http.StatusOK, "paid", p, f.communicator)
}

func (e *Emulator) cancel(w http.ResponseWriter, _ *http.Request, f *form) {
	p := f.view("Cancelled")
	p.tell(f, "action=cancel")
	render(w, http.StatusOK, "cancelled", p, f.communicator)
}

func (e *Emulator) showMethods(w http.ResponseWriter, _ *http.Request, f *form) {
	e.methodsPage(w, f, "", "")
}

func (e *Emulator) methodsPage(w http.ResponseWriter, f *form, trouble, action string) {
	if f.m.profiles[f.profile] == nil || f.pay {
		render(w, http.StatusOK, "gone", page{Title: "This page has expired"}, "")
		return
	}
	p := f.view("Payment methods")
	p.Error = trouble
	p.tell(f, "action=resizeWindow&width=560&height=700")
	if action != "" {
		p.tell(f, "action="+action)
	}
	render(w, http.StatusOK, "methods", p, f.communicator)
}

func (e *Emulator) addOnPage(w http.ResponseWriter, r *http.Request, f *form) {
	owner := f.m.profiles[f.profile]
	if owner == nil || f.pay {
		e.methodsPage(w, f, "", "")
		return
	}
	what, _, reason := e.typed(f, r.PostForm)
	if reason == 0 {
		if code, why := (&transaction{what: what}).verdict(f.m); code != 1 && code != 4 {
			reason = why
		}
	}
	if reason != 0 {
		e.methodsPage(w, f, reasonText(reason), "")
		return
	}
	if _, fault := e.addMethod(owner, what); fault != nil {
		e.methodsPage(w, f, fault.text, "")
		return
	}
	e.methodsPage(w, f, "", "successfulSave")
}

func (e *Emulator) removeOnPage(w http.ResponseWriter, r *http.Request, f *form) {
	if owner := f.m.profiles[f.profile]; owner != nil && !f.pay {
		id := r.PostForm.Get("method")
		for i, m := range owner.methods {
			if m.id == id {
				owner.methods = append(owner.methods[:i:i], owner.methods[i+1:]...)
				break
			}
		}
	}
	e.methodsPage(w, f, "", "successfulSave")
}
