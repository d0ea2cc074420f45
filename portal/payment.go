package portal

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

func paymentPath(id string) string { return paymentsPath + "/" + id }

// payRoutes are those about paying.
func (s *Server) payRoutes(get, post func(string, http.Handler)) {
	get(payPath, s.member(s.showPay))
	post(payPath, s.member(s.pay))
	get(paymentsPath+"/:id", s.member(s.showPayment))
	get(paymentsPath+"/:id/state", s.member(s.tellState))
	get(paymentsPath+"/:id/confirm", s.member(s.showPaymentStep))
	post(paymentsPath+"/:id/cancel", s.member(s.cancelPayment))
}

// paymentPage is one payment in whatever state it is.
type paymentPage struct {
	view
	payment payments.Payment
	next    []ledger.Invoice
	mine    bool // the reader may pay
}

// readPayment reads a payment of the session's company. While it is open its processor is asked, at most every few seconds whoever looks.
func (s *Server) readPayment(r *http.Request, session access.Session) (PaymentData, error) {
	id := route.Param(r, "id")
	if !tenant.ValidID("pay", id) {
		return PaymentData{}, access.ErrNotFound
	}
	data, err := s.pages.Payment(r.Context(), session, id)
	if err != nil || !payments.Live(data.Payment.Status) || previewOf(r) != nil || viewer(r) == nil {
		return data, err
	}
	looked, err := s.payments.Look(r.Context(), request.From(r.Context()).Site.Tenant, session.CompanyID, id)
	data.Payment = &looked
	return data, err
}

// Seconds after which a browser without scripts looks again.
const lookAgain = 5

func (s *Server) showPayment(w http.ResponseWriter, r *http.Request, session access.Session) error {
	data, err := s.readPayment(r, session)
	if err != nil {
		return err
	}
	page := s.paymentPage(r, data)
	if page.waits() {
		page.scripts, page.refresh = []string{page.assets.pay}, lookAgain
		w.Header().Set("Content-Security-Policy", contentPolicy+ownPolicy)
	}
	return s.write(w, r, http.StatusOK, paymentView(page))
}

func (s *Server) paymentPage(r *http.Request, data PaymentData) paymentPage {
	page := paymentPage{view: s.memberView(r, atInvoices, data.Member), payment: *data.Payment, next: data.Next, mine: mayPay(data.Member)}
	page.title = page.words.Payment.Title
	return page
}

// tellState tells the page's script how the payment stands, so that it loads the page again when that has changed.
func (s *Server) tellState(w http.ResponseWriter, r *http.Request, session access.Session) error {
	data, err := s.readPayment(r, session)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"state": data.Payment.Standing()})
}

// showPaymentStep is where a payer goes on at the bank, or at the processor's own page, and comes back to. Coming back proves nothing: the processor is asked,
// and the payment's own page tells what it said. What the processor wrote into the address does not stay there.
func (s *Server) showPaymentStep(w http.ResponseWriter, r *http.Request, session access.Session) error {
	data, err := s.readPayment(r, session)
	if err != nil {
		return err
	}
	back := r.URL.Query().Has("back")
	if back && previewOf(r) == nil && viewer(r) != nil {
		if _, err := s.payments.Resume(r.Context(), request.From(r.Context()).Site.Tenant, session.CompanyID, data.Payment.ID); err != nil {
			return err
		}
	}
	page := s.paymentPage(r, data)
	if back || data.Payment.Action == (payments.Action{}) || !page.mine {
		seeOther(w, paymentPath(data.Payment.ID))
		return nil
	}
	s.allowStep(w, &page)
	return s.write(w, r, http.StatusOK, paymentStepView(page))
}

// allowStep lets the form of the page lead to the processor, which some want.
func (s *Server) allowStep(w http.ResponseWriter, page *paymentPage) {
	if page.payment.Action.Form == "" {
		return
	}
	if at, ok := originOf(page.payment.Action.URL); ok {
		w.Header().Set("Content-Security-Policy", strings.Replace(contentPolicy, "form-action 'self'", "form-action 'self' "+at, 1))
	}
}

// cancelPayment gives up a payment that waits for its payer.
func (s *Server) cancelPayment(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	data, err := s.readPayment(r, session)
	if err != nil {
		return err
	}
	if mayPay(data.Member) {
		if _, err := s.payments.Cancel(r.Context(), request.From(r.Context()).Site.Tenant, session.CompanyID, data.Payment.ID); err != nil {
			return err
		}
	}
	seeOther(w, paymentPath(data.Payment.ID))
	return nil
}

func (p paymentPage) amount() ledger.Money {
	return ledger.Money{Amount: p.payment.Amount, Currency: p.payment.Currency}
}

// sum is the amount that the page's first sentence is about.
func (p paymentPage) sum() ledger.Money {
	switch p.payment.Standing() {
	case "partially_refunded":
		return ledger.Money{Amount: p.payment.Refunded, Currency: p.payment.Currency}
	case "disputed", "returned", "lost":
		return ledger.Money{Amount: max(p.payment.Reversed, 0), Currency: p.payment.Currency}
	}
	return p.amount()
}

// waits reports whether the page should soon say something else.
func (p paymentPage) waits() bool {
	switch p.payment.Status {
	case payments.Reserved, payments.Submitting, payments.RequiresAction, payments.Unknown:
		return true
	}
	return p.payment.Status == payments.Processing && p.payment.Kind != payments.Bank && p.payment.Kind != "manual"
}

// says is the page's heading and sentence: what happened to the money.
func (p paymentPage) says() said {
	w := p.words.Payment
	switch p.payment.Standing() {
	case payments.Reserved, payments.Submitting:
		return w.Asking
	case payments.RequiresAction:
		return w.Action
	case payments.RequiresVerification:
		return w.Verify
	case payments.Processing:
		return w.Processing
	case payments.HeldReview:
		return w.Held
	case payments.Succeeded:
		return w.Succeeded
	case payments.Failed, payments.Rejected:
		return w.Failed
	case payments.Canceled:
		return w.Canceled
	case "refunded":
		return w.Refunded
	case "partially_refunded":
		return w.PartRefunded
	case "disputed":
		return w.Disputed
	case "returned":
		return w.Returned
	case "lost":
		return w.Lost
	}
	return w.Unknown
}

// values are what the sentences take.
func (p paymentPage) values() []value {
	return []value{moneyValue("amount", p.sum(), p.locale()), textValue("tenant", p.brandName())}
}

// over reports whether nothing was taken and a new payment may begin.
func (p paymentPage) over() bool {
	return p.payment.Status == payments.Failed || p.payment.Status == payments.Canceled || p.payment.Status == payments.Rejected
}

// reason says why nothing was taken, "" when there is no more to say.
func (p paymentPage) reason() string {
	if p.payment.Status != payments.Failed && p.payment.Status != payments.Canceled || p.payment.Failure.Kind == "" {
		return ""
	}
	return p.words.Pay.Failed.of(p.payment.Failure.Kind)
}

// again is the address to pay the same invoices another way.
func (p paymentPage) again() string {
	var b strings.Builder
	b.WriteString(payPath + "?")
	for i, part := range p.payment.Allocations {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString("invoice=" + part.InvoiceID)
	}
	return b.String()
}

// paidWith is the method as people know it, "" when it is not known.
func (p paymentPage) paidWith() string {
	switch {
	case p.payment.Kind == payments.Credit:
		return p.words.Payment.Settled
	case p.payment.Last4 != "":
		return methodName(p.words, p.payment.Kind, p.payment.Brand, p.payment.Last4)
	}
	return p.payment.Method
}

// tells is one line of the payment's history.
func (p paymentPage) tells(m payments.Moment) templ.Component {
	w := p.words.Payment.Moments
	text, known := map[string]string{"started": w.Started, payments.Processing: w.Processing, payments.Succeeded: w.Succeeded, payments.Failed: w.Failed,
		payments.Rejected: w.Failed, payments.Canceled: w.Canceled, "receipt": w.Receipt, "refund.succeeded": w.Refund, "refund.pending": w.RefundUnderway,
		"refund.submitting": w.RefundUnderway, "refund.unknown": w.RefundUnderway, "refund.failed": w.RefundFailed, "dispute.open": w.Dispute,
		"dispute.won": w.DisputeWon, "dispute.lost": w.DisputeLost, "return.open": w.Return, "return.won": w.DisputeWon, "return.lost": w.Return}[m.What]
	if !known {
		text = w.Other
	}
	return say(text, moneyValue("amount", ledger.Money{Amount: m.Amount, Currency: p.payment.Currency}, p.locale()), textValue("tenant", p.brandName()))
}

// history is what happened, without what the same moment says twice.
func (p paymentPage) history() []payments.Moment { return p.payment.Timeline() }
