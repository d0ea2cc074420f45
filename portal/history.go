package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
)

// HistoryPages is where the list of payments gets its data. Implemented by portaldb.
type HistoryPages interface {
	// History returns one page of the company's payments. access.ErrNotFound: who only signs is told of none.
	History(ctx context.Context, s access.Session, q HistoryQuery) (HistoryData, error)
}

// Outcome is what became of a payment, as far as a list is filtered by it.
type Outcome string

// The outcomes. AnyOutcome stands for all.
const (
	AnyOutcome Outcome = ""
	UnderWay   Outcome = "processing"
	Received   Outcome = "paid"
	NotPaid    Outcome = "failed"   // failed, or given up
	GivenBack  Outcome = "refunded" // received, and all or part of it given or taken back
)

// HistoryQuery asks for one page of payments. Empty filters match all.
type HistoryQuery struct {
	What     Outcome
	From, To time.Time // begun from this moment on, and before that one; zero for no bound
	After    string    // cursor: opaque, "" for the first page
	Limit    int
}

// HistoryData is one page of payments: what is under way first, then the newest.
type HistoryData struct {
	Member   access.Member
	Payments []payments.Payment // with the numbers of their invoices and the latest dispute; without attempts and refunds
	Next     string             // cursor of the next page, "" at the end
}

const historyPath = "/portal/payments"

// historyPage is one page of the payments.
type historyPage struct {
	view
	historyForm
	data HistoryData
}

// historyForm is the form above the list.
type historyForm struct {
	query HistoryQuery
	dayRange
}

func (s *Server) showHistory(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page := historyPage{view: s.view(r)}
	form := r.URL.Query()
	page.query = HistoryQuery{What: outcomeNamed(form.Get("what")), After: form.Get("after"), Limit: pageSize}
	page.dayRange, page.query.From, page.query.To = readDays(form, page.tenant.TimeZone)
	if len(page.query.After) > longestCursor {
		return access.ErrNotFound
	}
	data, err := s.pages.History(r.Context(), session, page.query)
	if err != nil {
		return err
	}
	page.signedIn(atPayments, data.Member)
	page.title, page.data = page.words.History.Title, data
	if page.wrong != "" {
		page.title, page.data.Payments, page.data.Next = page.words.ErrorPrefix+page.title, nil, ""
		return s.write(w, r, http.StatusUnprocessableEntity, historyView(page))
	}
	return s.write(w, r, http.StatusOK, historyView(page))
}

// outcomeNamed returns the outcome of a query; what is none is no filter.
func outcomeNamed(name string) Outcome {
	switch o := Outcome(name); o {
	case UnderWay, Received, NotPaid, GivenBack:
		return o
	}
	return AnyOutcome
}

// tellsPayments reports whether the menu leads to the payments: not for who only signs.
func (v view) tellsPayments() bool { return v.member != nil && v.member.Contact.Role != access.Signer }

func (p historyPage) filtered() bool {
	return p.query.What != AnyOutcome || p.first != "" || p.last != ""
}

func (p historyPage) outcomes() []choice {
	w := p.words.History
	choices := []choice{{value: "", text: w.Any}, {value: string(UnderWay), text: w.UnderWay}, {value: string(Received), text: w.Received},
		{value: string(NotPaid), text: w.NotPaid}, {value: string(GivenBack), text: w.GivenBack}}
	for i := range choices {
		choices[i].chosen = choices[i].value == string(p.query.What)
	}
	return choices
}

// address is where the list begins, or goes on.
func (p historyPage) address(after string) string {
	form := url.Values{}
	for name, value := range map[string]string{"what": string(p.query.What), "from": p.first, "to": p.last, "after": after} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if len(form) == 0 {
		return historyPath
	}
	return historyPath + "?" + form.Encode()
}

// paidRow is one line of the list.
type paidRow struct {
	payments.Payment
	page *historyPage
}

func (r paidRow) day() ledger.Date {
	if r.Status == payments.Succeeded && !r.ReceivedOn.IsZero() {
		return r.ReceivedOn
	}
	return ledger.DateIn(r.CreatedAt, r.page.tenant.TimeZone)
}

func (r paidRow) sum() ledger.Money { return ledger.Money{Amount: r.Amount, Currency: r.Currency} }

// invoices are the numbers of the invoices, "" for a payment that is for none.
func (r paidRow) invoices() string { return strings.Join(r.InvoiceNumbers, ", ") }

// method is what it was paid with, in words; what the tenant wrote down stands as it is.
func (r paidRow) method() string {
	switch r.Kind {
	case payments.Credit:
		return r.page.words.History.Credit
	case payments.Manual:
		return r.Method
	}
	if name := methodName(r.page.words, r.Kind, r.Brand, r.Last4); name != "" {
		return name
	}
	return r.Method
}

// stands is what became of it: a class, a mark and a word.
func (r paidRow) stands() (class string, mark drawn, word string) {
	w := r.page.words.History
	switch r.Standing() {
	case payments.Succeeded:
		return "paid", iconPaid, w.Paid
	case "refunded":
		return "void", iconVoid, w.Refunded
	case "partially_refunded":
		return "paid", iconPaid, w.PartlyRefunded
	case "disputed":
		return "overdue", iconOverdue, w.Disputed
	case "returned":
		return "overdue", iconOverdue, w.Returned
	case "lost":
		return "overdue", iconOverdue, w.TakenBack
	case payments.Failed:
		return "overdue", iconOverdue, w.Failed
	case payments.Canceled:
		return "void", iconVoid, w.Canceled
	case payments.RequiresAction, payments.RequiresVerification:
		return "due", iconDue, w.WaitsForYou
	case payments.Unknown:
		return "processing", iconProcessing, w.Checking
	case payments.HeldReview:
		return "processing", iconProcessing, w.InReview
	}
	return "processing", iconProcessing, r.page.words.Processing
}
