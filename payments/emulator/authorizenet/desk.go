package authorizenetemu

import (
	"cmp"
	"net/http"
	"slices"
)

// desk is the page for people at /authorizenet/: what the processor has, and what its people and the banks do with it. It shows no credentials.
type desk struct {
	Now       string
	Trouble   string
	Merchants []deskMerchant
}

type deskMerchant struct {
	Name, Login  string
	Transactions []deskRow
}

type deskRow struct {
	Login, ID, Invoice, What, Amount, Status, At string
	Held, Returnable, Disputable, Disputed       bool
}

// deskRows is how many transactions of a merchant the page shows, the newest.
const deskRows = 50

func (e *Emulator) deskPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /authorizenet/{$}", func(w http.ResponseWriter, _ *http.Request) { e.showDesk(w, "") })
	mux.Handle("POST /authorizenet/act", http.NewCrossOriginProtection().Handler(http.HandlerFunc(e.act)))
}

func (e *Emulator) showDesk(w http.ResponseWriter, trouble string) {
	e.mu.Lock()
	d := desk{Now: e.Clock.Now().Format("2006-01-02 15:04 UTC"), Trouble: trouble}
	for _, m := range e.merchants {
		shown := deskMerchant{Name: m.Name, Login: m.Login}
		for i := len(m.transactions) - 1; i >= max(0, len(m.transactions)-deskRows); i-- {
			shown.Transactions = append(shown.Transactions, m.transactions[i].row(m))
		}
		d.Merchants = append(d.Merchants, shown)
	}
	e.mu.Unlock()
	slices.SortFunc(d.Merchants, func(a, b deskMerchant) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Login, b.Login)) })
	render(w, http.StatusOK, "desk", d, "")
}

func (tx *transaction) row(m *merchant) deskRow {
	return deskRow{
		Login: m.Login, ID: tx.id, Invoice: tx.invoice, What: tx.what.brand + " ···" + tx.what.last4, Amount: tx.amount.String(), Status: tx.status,
		At: tx.submitted.Format("2006-01-02 15:04"), Held: tx.held(),
		Returnable: tx.what.bank && tx.batch != nil && tx.original == nil && tx.status != returnedStatus,
		Disputable: !tx.what.bank && tx.status == settled, Disputed: tx.status == chargeback,
	}
}

// act does what a button of the page says.
func (e *Emulator) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	login, id := r.PostFormValue("login"), r.PostFormValue("id")
	var err error
	switch r.PostFormValue("do") {
	case "approve", "decline":
		err = e.Review(login, id, r.PostFormValue("do") == "approve")
	case "return":
		err = e.Return(login, id, "R01")
	case "dispute", "won":
		err = e.Dispute(login, id, r.PostFormValue("do") == "won")
	default:
		http.Error(w, "no such button", http.StatusBadRequest)
		return
	}
	if err != nil {
		e.showDesk(w, err.Error())
		return
	}
	http.Redirect(w, r, "/authorizenet/", http.StatusSeeOther)
}
