package emulator

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed web
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"amount": plainAmount}).ParseFS(files, "web/*.tmpl"))

// Policies of our pages: forms may end anywhere, because the last answer sends the browser back to the merchant.
const (
	pagePolicy   = "default-src 'none'; img-src data:; style-src 'self'; base-uri 'none'; form-action http: https:; frame-ancestors 'none'"
	actionPolicy = "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; base-uri 'none'; form-action http: https:; " +
		"frame-ancestors http: https:"
	fieldsPolicy = "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors http: https:"
)

// pageRoutes are what browsers open: hosted pages, the script and its fields, the page for people.
func (e *Emulator) pageRoutes(mux *http.ServeMux) {
	page := func(pattern, policy string, do http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-store")
			do(w, r)
		})
	}
	page("GET /action/{token}", actionPolicy, e.showAction)
	page("POST /action/{token}", actionPolicy, e.endAction)
	page("GET /c/pay/{id}", pagePolicy, e.showCheckout)
	page("POST /c/pay/{id}", pagePolicy, e.payCheckout)
	page("GET /c/pay/{id}/return", pagePolicy, e.returnCheckout)
	page("GET /v3/fields", fieldsPolicy, file("fields.html", "text/html; charset=utf-8"))
	page("GET /v3/{$}", fieldsPolicy, file("stripe.js", "text/javascript; charset=utf-8"))
	page("GET /v3/fields.js", fieldsPolicy, file("fields.js", "text/javascript; charset=utf-8"))
	page("GET /v3/done.js", fieldsPolicy, file("done.js", "text/javascript; charset=utf-8"))
	page("GET /v3/fields.css", fieldsPolicy, file("fields.css", "text/css; charset=utf-8"))
	page("GET /page.css", pagePolicy, file("page.css", "text/css; charset=utf-8"))
	page("GET /{$}", pagePolicy, e.showHome)
	page("GET /payments/{account}/{id}", pagePolicy, e.showPayment)
	page("POST /do/{what}", pagePolicy, e.doForm)
}

// file serves one embedded file, to pages of any origin.
func file(name, kind string) http.HandlerFunc {
	body, err := files.ReadFile("web/" + name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body) // a browser that left does not matter
	}
}

// show renders a page and writes it at once.
func (e *Emulator) show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		e.log.Error("a page was not rendered", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that left does not matter
}

// base is where the server is, as browsers reach it.
func (e *Emulator) base(r *http.Request) string {
	if e.publicURL != "" {
		return strings.TrimSuffix(e.publicURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// form reads a posted form of a page; false when it was answered already.
func form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return false
	}
	return true
}

// actionPage is 3-D Secure, or the two small deposits.
type actionPage struct {
	Merchant, Amount, Token, Problem string
	Secure, Amounts, Embedded, Over  bool
	Back                             string
}

func (e *Emulator) actionPage(r *http.Request, i *intent) actionPage {
	p := actionPage{
		Merchant: i.acct.Name, Token: r.PathValue("token"), Secure: i.action == actSecure, Amounts: i.acct.AmountDeposits,
		Embedded: r.FormValue("embedded") != "", Over: i.status != needsAction || i.actionToken != r.PathValue("token"),
	}
	if !i.setup {
		p.Amount = plainAmount(i.amount, i.currency)
	}
	if p.Over {
		p.Back = backTo(i)
	}
	return p
}

func (e *Emulator) showAction(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	e.mu.Lock()
	i := e.actions[r.PathValue("token")]
	var p actionPage
	if i != nil {
		p = e.actionPage(r, i)
	}
	e.mu.Unlock()
	if i == nil {
		e.show(w, http.StatusNotFound, "gone", "This page is over or was never there.")
		return
	}
	e.show(w, http.StatusOK, "action", p)
}

func (e *Emulator) endAction(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	status := http.StatusOK
	e.mu.Lock()
	i := e.actions[r.PathValue("token")]
	var p actionPage
	if i != nil {
		p, status = e.act(r, i)
	}
	e.mu.Unlock()
	switch {
	case i == nil:
		e.show(w, http.StatusNotFound, "gone", "This page is over or was never there.")
	case p.Over && p.Back != "" && !p.Embedded:
		http.Redirect(w, r, p.Back, http.StatusSeeOther)
	default:
		e.show(w, status, "action", p)
	}
}

// act does what the person pressed.
func (e *Emulator) act(r *http.Request, i *intent) (actionPage, int) {
	p := e.actionPage(r, i)
	if p.Over {
		return p, http.StatusOK
	}
	if i.action == actSecure {
		e.finishSecure(i, r.PostFormValue("result") == "complete")
		p.Over, p.Back = true, backTo(i)
		return p, http.StatusOK
	}
	typed := deposits{code: strings.TrimSpace(r.PostFormValue("code"))}
	for _, name := range []string{"first", "second"} {
		if v := strings.TrimSpace(r.PostFormValue(name)); v != "" {
			typed.amounts = append(typed.amounts, strings.TrimPrefix(v, "0."))
		}
	}
	wrong := e.verifyDeposits(i, typed, nil)
	p.Over, p.Back = i.action != actDeposits, backTo(i)
	if wrong != nil && !p.Over {
		p.Problem = wrong.Message
		return p, http.StatusUnprocessableEntity
	}
	return p, http.StatusOK
}

// backTo is the merchant's page, told which intent it is about and how it ended; empty when the merchant named none.
func backTo(i *intent) string {
	u, err := url.Parse(i.returnURL)
	if err != nil || i.returnURL == "" {
		return ""
	}
	how := "failed"
	switch i.status {
	case succeeded:
		how = "succeeded"
	case processing, needsAction:
		how = "pending"
	}
	q := u.Query()
	q.Set(i.object(), i.id)
	q.Set(i.object()+"_client_secret", i.secret)
	q.Set("redirect_status", how)
	u.RawQuery = q.Encode()
	return u.String()
}
