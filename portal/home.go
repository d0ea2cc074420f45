package portal

import (
	"net/http"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
)

// homePage answers what a client comes for: what do I owe?
type homePage struct {
	view
	data HomeData
}

func (s *Server) showHome(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page := homePage{view: s.view(r)}
	data, err := s.pages.Home(r.Context(), session, page.today)
	if err != nil {
		return err
	}
	page.signedIn(atHome, data.Member)
	page.title, page.data = page.words.HomeTitle, data
	return s.write(w, r, http.StatusOK, homeView(page))
}

// owes are the currencies in which something is due.
func (p homePage) owes() []DueTotal {
	var due []DueTotal
	for _, t := range p.data.DueTotal {
		if t.Due.Amount > 0 {
			due = append(due, t)
		}
	}
	return due
}

// payable are the currencies in which all that is due can be paid at once, here and by this reader.
func (p homePage) payable() []DueTotal {
	var ways []DueTotal
	for _, t := range p.owes() {
		if mayPay(p.data.Member) && p.data.takes(t.Due.Currency) && t.Invoices <= mostChosen {
			ways = append(ways, t)
		}
	}
	return ways
}

// underway are the payments that wait for their payer, one line each.
func (p homePage) underway() []payments.Presence { return p.data.each() }

// dueInvoices counts what is due in all currencies; the list shows the first few.
func (p homePage) dueInvoices() int {
	n := 0
	for _, t := range p.data.DueTotal {
		n += t.Invoices
	}
	return n
}

// row is the invoice as a line of a table.
func (v view) row(inv ledger.Invoice) invoiceRow {
	row := invoiceRow{Invoice: inv, state: inv.State(v.today), locale: v.locale(), words: v.words}
	switch row.state {
	case ledger.StateOpen, ledger.StatePartiallyPaid, ledger.StateOverdue:
		row.figure = inv.Due()
	default:
		row.figure = ledger.Money{Amount: inv.Total, Currency: inv.Currency}
	}
	return row
}

// says is what the activity was.
func (a Activity) says(w *words) string {
	switch a.Kind {
	case "invoice_sent":
		return w.ActivitySent
	case "invoice_voided":
		return w.ActivityVoided
	case "payment_processing":
		return w.ActivityProcessing
	case "payment_failed":
		return w.ActivityFailed
	}
	if a.Who != "" {
		return w.ActivityPaidBy
	}
	return w.ActivityPaid
}

// isIncoming reports whether the amount is money that came in, not an invoice's.
func (a Activity) isIncoming() bool { return a.Kind == "payment_succeeded" }
