package portal

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

const (
	payPath      = "/portal/pay"
	paymentsPath = "/portal/payments"
)

// payPage shows what is paid, how, and one button with the exact amount. Its form holds nothing that could move money: a nonce, which makes pressing
// twice harmless, the invoices with the versions that were shown, and our own id of a saved method.
type payPage struct {
	view
	data     PayData
	form     payForm
	chosen   []ledger.Invoice // that can be paid, of one currency
	leftOut  bool             // something was asked for that is not among them
	problem  *payProblem      // nil: none
	mistyped bool             // the part is no amount
	cards    cardFields
}

// payForm is what the payer chose.
type payForm struct {
	nonce   string
	items   []payments.PayItem // as they were shown; without amounts
	all     string             // of the address
	part    int64              // of the only invoice; 0: all that is due
	typed   string             // the part as it was typed
	method  string             // a saved method's id, "card", "bank" or "hosted"
	source  string             // the processor's single-use name of a new method
	save    bool
	without bool // without the client's credit
}

// payProblem is why a payment was not begun.
type payProblem struct {
	text string
	path string // of a payment that it is about, "" for none
}

// showPay is a GET form's page: nothing is begun by looking at it.
func (s *Server) showPay(w http.ResponseWriter, r *http.Request, session access.Session) error {
	form := readPayForm(r.URL.Query())
	form.nonce = randomValue()
	return s.writePay(w, r, session, form, http.StatusOK, nil)
}

// mostChosen bounds what is read of a form.
const mostChosen = 100

// readPayForm reads a form of the page, or its address. Ids that are none are left out: they can name nothing.
func readPayForm(v url.Values) payForm {
	f := payForm{nonce: v.Get("nonce"), typed: strings.TrimSpace(v.Get("part")), method: v.Get("method"), source: v.Get("source"), save: v.Get("save") != "", without: v.Get("without") != ""}
	if all, err := ledger.ParseCurrency(v.Get("all")); err == nil {
		f.all = string(all)
	}
	f.part, _ = strconv.ParseInt(v.Get("amount"), 10, 64)
	for _, value := range v["invoice"] {
		id, version, _ := strings.Cut(value, ".")
		n, _ := strconv.Atoi(version)
		known := slices.ContainsFunc(f.items, func(i payments.PayItem) bool { return i.InvoiceID == id })
		if tenant.ValidID("inv", id) && !known && len(f.items) < mostChosen {
			f.items = append(f.items, payments.PayItem{InvoiceID: id, Version: n})
		}
	}
	return f
}

// writePay writes the page as things stand now, with what was chosen before.
func (s *Server) writePay(w http.ResponseWriter, r *http.Request, session access.Session, form payForm, status int, why func(*payPage) *payProblem) error {
	q := PayQuery{All: form.all}
	for _, item := range form.items {
		q.Invoices = append(q.Invoices, item.InvoiceID)
	}
	data, err := s.pages.Pay(r.Context(), session, q)
	if err != nil {
		return err
	}
	page := payPage{view: s.memberView(r, atInvoices, data.Member), data: data, form: form}
	page.title = page.words.Pay.Title
	page.choose()
	page.readPart()
	page.cards = s.cardFields(page.view, data.Counter, page.currency())
	if why != nil {
		page.problem = why(&page)
		page.title = page.words.ErrorPrefix + page.title
	}
	page.scripts = page.cards.scripts(page.assets)
	s.allowCards(w, page.cards)
	return s.write(w, r, status, payView(page))
}

// choose keeps what can be paid together.
func (p *payPage) choose() {
	for _, inv := range p.data.Invoices {
		if inv.State(p.today).IsDue() && inv.Due().Amount > 0 && (len(p.chosen) == 0 || inv.Currency == p.chosen[0].Currency) {
			p.chosen = append(p.chosen, inv)
		}
	}
	p.leftOut = len(p.chosen) < max(len(p.data.Invoices), len(p.form.items))
}

// readPart reads what was typed as another amount, which only one invoice takes.
func (p *payPage) readPart() {
	if !p.mayPart() {
		p.form.part, p.form.typed = 0, ""
		return
	}
	if p.form.typed != "" {
		amount, ok := parseAmount(p.form.typed, p.currency())
		p.form.part, p.mistyped = amount, !ok
	}
	if p.form.part < 0 || p.form.part >= p.due() && p.problem == nil && !p.mistyped {
		p.form.part = 0
	}
}

func (p payPage) mayPart() bool { return p.tenant.Policy.PartialPayments && len(p.chosen) == 1 }

func (p payPage) currency() ledger.Currency {
	if len(p.chosen) == 0 {
		return ""
	}
	return p.chosen[0].Currency
}

func (p payPage) money(n int64) ledger.Money { return ledger.Money{Amount: n, Currency: p.currency()} }

// due is all that is due of what was chosen.
func (p payPage) due() (n int64) {
	for _, inv := range p.chosen {
		n += inv.Due().Amount
	}
	return n
}

// total is what this payment is to settle.
func (p payPage) total() int64 {
	if p.form.part > 0 {
		return p.form.part
	}
	return p.due()
}

func (p payPage) credit() int64 { return p.data.creditIn(p.currency()) }

// fromCredit is the part of the total that the client's credit settles.
func (p payPage) fromCredit() int64 {
	if p.form.without {
		return 0
	}
	return min(p.credit(), p.total())
}

// toPay is what the processor is asked for.
func (p payPage) toPay() int64 { return p.total() - p.fromCredit() }

// open reports whether there is a way to pay here at all.
func (p payPage) open() bool {
	return len(p.chosen) > 0 && mayPay(p.data.Member) && (p.toPay() == 0 || p.data.takes(p.currency()))
}

// busy is who is paying any of it.
func (p payPage) busy() payments.Presence {
	var ids []string
	for _, inv := range p.chosen {
		ids = append(ids, inv.ID)
	}
	return p.data.busy(ids...)
}

// usable reports whether a saved method can pay this.
func (p payPage) usable(m payments.Method) bool {
	return p.data.Connection != nil && m.Usable(p.data.Connection.ID, p.today)
}

// checked reports whether a way to pay is the chosen one: the one that was, or the first saved one that works, or the processor's page.
func (p payPage) checked(method string) bool {
	chosen := p.form.method
	at := slices.IndexFunc(p.data.Methods, func(m payments.Method) bool { return m.ID == chosen && p.usable(m) })
	if at < 0 && chosen != payments.Hosted {
		chosen = payments.Hosted
		if first := slices.IndexFunc(p.data.Methods, p.usable); first >= 0 {
			chosen = p.data.Methods[first].ID
		}
	}
	return method == chosen
}

// primary is the tenant's colour, corrected for light pages, for fields that the processor draws.
func (p payPage) primary() string { return p.tenant.Brand.Primary.String() }

// again is the address of this page with other choices.
func (p payPage) again(change func(url.Values)) string {
	v := url.Values{}
	for _, inv := range p.chosen {
		v.Add("invoice", inv.ID)
	}
	if p.form.part > 0 {
		v.Set("amount", strconv.FormatInt(p.form.part, 10))
	}
	if p.form.without {
		v.Set("without", "1")
	}
	change(v)
	return payPath + "?" + v.Encode()
}

// pay begins a payment. Pressed twice it is the same payment: the nonce decides, not the browser.
func (s *Server) pay(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	form := readPayForm(r.PostForm)
	site := request.From(r.Context()).Site
	made, err := s.payments.Pay(r.Context(), site.Tenant, s.payRequest(r, session, form))
	var refused *payments.PayRefusal
	var wrong *payments.ValidationError
	switch {
	case err == nil && made.Action != (payments.Action{}):
		seeOther(w, paymentPath(made.ID)+"/confirm")
		return nil
	case err == nil:
		seeOther(w, paymentPath(made.ID))
		return nil
	case errors.As(err, &refused):
		return s.writePay(w, r, session, form, http.StatusUnprocessableEntity, func(p *payPage) *payProblem { return p.refusal(refused) })
	case errors.As(err, &wrong):
		return s.writePay(w, r, session, renewed(form), http.StatusUnprocessableEntity, func(p *payPage) *payProblem { return &payProblem{text: p.words.Pay.ChooseMethod} })
	case errors.Is(err, payments.ErrKeyReused):
		return s.writePay(w, r, session, renewed(form), http.StatusUnprocessableEntity, func(p *payPage) *payProblem {
			return &payProblem{text: p.words.Pay.Sent, path: paymentsPath}
		})
	case errors.Is(err, payments.ErrNotFound):
		return access.ErrNotFound
	}
	s.logFailure(r, err)
	return s.writeUnsure(w, r)
}

// renewed is a form whose nonce stands for nothing yet.
func renewed(f payForm) payForm {
	f.nonce, f.source = randomValue(), ""
	return f
}

// payRequest is what the form asks for. Who pays is the session's to say, never the form's.
func (s *Server) payRequest(r *http.Request, session access.Session, form payForm) payments.PayRequest {
	v := s.view(r)
	from := visitor(r)
	in := payments.PayRequest{Nonce: form.nonce, CompanyID: session.CompanyID, ContactID: session.ContactID, Items: form.items, UseCredit: !form.without,
		Session:   payments.Session{ID: session.ID, Confirmed: session.Level == access.Confirmed},
		ReturnURL: func(id string) string { return s.origin(r) + paymentPath(id) + "/confirm?back" }}
	if len(in.Items) == 1 {
		in.Items[0].Amount = form.part
	}
	if v.tenant.Policy.LogVisitors && from.IP.IsValid() {
		in.Visitor = payments.Visitor{IP: from.IP.String(), UserAgent: from.UserAgent}
	}
	switch form.method {
	case payments.Card, payments.Bank:
		in.Kind, in.Source, in.SaveMethod = form.method, form.source, form.save
	case payments.Hosted:
		in.Kind, in.SaveMethod = payments.Hosted, form.save
	default:
		in.MethodID = form.method
	}
	if in.Kind == payments.Bank {
		in.MandateText = fill(v.words.Pay.Mandate, "{tenant}", v.tenant.Name)
	}
	return in
}

// writeUnsure is for a payment of which nobody knows whether it was begun, as when storage goes away in the middle. It asks storage nothing.
func (s *Server) writeUnsure(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.Pay.UnsureTitle
	return s.write(w, r, http.StatusServiceUnavailable, unsureView(v))
}
