package portaltest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Ids of the methods that each client of a world has, but Empty.
const (
	DefaultMethod  = "pmt_00000000000000000000000001" // a card that is used first
	EndingMethod   = "pmt_00000000000000000000000002" // a card that ends within the month
	DepositsMethod = "pmt_00000000000000000000000003" // a bank account that waits for small deposits
	ExpiredMethod  = "pmt_00000000000000000000000004" // a card that has expired
	StrandedMethod = "pmt_00000000000000000000000005" // of an account that the tenant does not use any more
	BankStepMethod = "pmt_00000000000000000000000006" // a card whose bank wants to hear from its owner
	RemovedMethod  = "pmt_00000000000000000000000007"
	OddMethod      = "pmt_00000000000000000000000008" // that its processor refuses to hear of
)

// NoProcessor is the session of a client whose tenant's connection does not work; NoCards of one whose processor's fields do not stand in our pages.
const (
	NoProcessor = "session-no-processor"
	NoCards     = "session-no-cards"
	ViewerOnly  = "session-viewer"
	SignerOnly  = "session-signer"
)

// methodsWorld is what a world keeps of saved methods.
type methodsWorld struct {
	Changed []string // what was done to methods, each as "<what> <id>"
	Offered []payments.AddMethodInput
	gone    map[string]bool
	chosen  string
}

func (w *World) addPaying() {
	for _, cookie := range []string{NoProcessor, NoCards, ViewerOnly, SignerOnly} {
		m := w.member(cookie, 0)
		switch cookie {
		case ViewerOnly:
			m.Contact.Role = access.Viewer
		case SignerOnly:
			m.Contact.Role = access.Signer
		}
		w.Sessions[cookie] = m
	}
	w.gone, w.chosen = map[string]bool{}, DefaultMethod
}

// SavedMethods are the world's.
func (w *World) SavedMethods(_ context.Context, s access.Session) (portal.MethodsData, error) {
	m, err := w.memberOf(s)
	if err != nil {
		return portal.MethodsData{}, err
	}
	if m.Contact.Role == access.Signer {
		return portal.MethodsData{}, access.ErrNotFound
	}
	data := portal.MethodsData{Member: m, Connection: payments.Connection{ID: "pcn_now", Processor: payments.Stripe, Status: payments.ConnectionActive, PublicKey: "pk_test_1", BankDebits: true}}
	switch s.ID {
	case "ses_" + NoProcessor:
		data.Connection = payments.Connection{}
	case "ses_" + NoCards:
		data.Connection.Processor = payments.AuthorizeNet
	}
	if s.ID != "ses_"+Empty {
		data.Methods = w.methods(m.Contact.Name)
	}
	return data, nil
}

func (w *World) methods(who string) []payments.Method {
	day := ledger.DateIn(Now, w.Tenant.TimeZone)
	card := func(id, brand, last4 string, month, year int) payments.Method {
		return payments.Method{ID: id, ConnectionID: "pcn_now", Kind: payments.Card, Brand: brand, Last4: last4, ExpMonth: month, ExpYear: year,
			Status: payments.MethodActive, AddedByName: cmp.Or(w.Text, who), CreatedAt: Now.Add(-400 * time.Hour)}
	}
	all := []payments.Method{card(DefaultMethod, "visa", "4242", 12, day.Year+2), card(EndingMethod, "mastercard", "4444", int(day.Month), day.Year),
		{ID: DepositsMethod, ConnectionID: "pcn_now", Kind: payments.Bank, Brand: cmp.Or(w.Text, "Harbor Savings and Loan Association of New England"), Last4: "6789",
			Status: payments.MethodPending, ArrivesAt: Now.Add(48 * time.Hour), CreatedAt: Now.Add(-20 * time.Hour)},
		card(ExpiredMethod, "amex", "0005", 1, day.Year-1), card(StrandedMethod, "visa", "1881", 3, day.Year+1), card(BankStepMethod, "visa", "3220", 3, day.Year+1),
		card(RemovedMethod, "visa", "0077", 3, day.Year+1), card(OddMethod, "unheard-of", "0341", 3, day.Year+1)}
	all[4].ConnectionID, all[5].Status, all[6].Status, all[7].AddedByName = "pcn_before", payments.MethodPending, payments.MethodRemoved, ""
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range all {
		all[i].Default = all[i].ID == w.chosen
		if w.gone[all[i].ID] {
			all[i].Status, all[i].Default = payments.MethodRemoved, false
		}
	}
	return all
}

func (w *World) changeMethod(what, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Fail != nil {
		return w.Fail
	}
	if id == OddMethod {
		return fmt.Errorf("asking: %w", payments.ErrLost)
	}
	w.Changed = append(w.Changed, what+" "+id)
	return nil
}

// Add knows the sources "ctoken_good", "ctoken_bank_step", "ctoken_declined", "ctoken_number" and "ctoken_lost".
func (w *World) Add(_ context.Context, _ *tenant.Tenant, in payments.AddMethodInput) (m payments.Method, a payments.Action, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Offered = append(w.Offered, in)
	m = payments.Method{ID: DefaultMethod, Kind: in.Kind, Status: payments.MethodActive}
	switch in.Source {
	case "ctoken_bank_step":
		m.ID, m.Status, a.URL = BankStepMethod, payments.MethodPending, "https://bank.example/step"
	case "ctoken_declined":
		err = &payments.DeclinedError{Failure: payments.Failure{Kind: payments.FailedDeclined}}
	case "ctoken_number":
		err = &payments.DeclinedError{Failure: payments.Failure{Kind: payments.FailedNumber}}
	case "ctoken_lost":
		err = payments.ErrLost
	}
	return m, a, err
}

// Verify takes 0.32 and 0.45, or SM11AA.
func (w *World) Verify(_ context.Context, _ tenant.ID, _, id string, v payments.Verification) (payments.Method, error) {
	kind := payments.FailedDeposits
	switch {
	case v.Amounts == [2]int64{32, 45} || v.Code == "SM11AA":
		return payments.Method{ID: id, Status: payments.MethodActive}, w.changeMethod("verify", id)
	case v.Code == "SM99ZZ":
		kind = payments.FailedTries
	}
	return payments.Method{}, &payments.DeclinedError{Failure: payments.Failure{Kind: kind}}
}

// Look leads BankStepMethod to its bank; what else is pending stays so.
func (w *World) Look(_ context.Context, _ tenant.ID, _, id string) (payments.Method, payments.Action, error) {
	m := payments.Method{ID: id, Status: payments.MethodPending}
	if id == BankStepMethod {
		return m, payments.Action{URL: "https://bank.example/step"}, w.Fail
	}
	return m, payments.Action{}, w.Fail
}

// SetDefault remembers the choice.
func (w *World) SetDefault(_ context.Context, _ tenant.ID, _, id string) error {
	if err := w.changeMethod("prefer", id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chosen = id
	return nil
}

// Remove remembers that it is gone.
func (w *World) Remove(_ context.Context, _ tenant.ID, _, id string) error {
	if err := w.changeMethod("remove", id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone[id] = true
	return nil
}

// paidStates are the payments of a world, one in each state, what is under way first.
var paidStates = []payments.Payment{
	{Payment: ledger.Payment{Status: payments.RequiresAction, Kind: payments.Card}, Brand: "visa", Last4: "3220"},
	{Payment: ledger.Payment{Status: payments.Processing, Kind: payments.Bank}, Brand: "Harbor Savings", Last4: "6789"},
	{Payment: ledger.Payment{Status: payments.Unknown, Kind: payments.Card}, Brand: "mastercard", Last4: "4444"},
	{Payment: ledger.Payment{Status: payments.HeldReview, Kind: payments.Card}, Brand: "amex", Last4: "0005"},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Card}, Brand: "visa", Last4: "4242", Receipt: "R-2026-000007"},
	{Payment: ledger.Payment{Status: payments.Failed, Kind: payments.Card}, Brand: "visa", Last4: "0002"},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Manual, Method: "Cheque 1042"}, Receipt: "R-2026-000006"},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Credit}, Receipt: "R-2026-000005"},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Card}, Brand: "visa", Last4: "4242", Receipt: "R-2026-000004", Refunded: 48000},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Card}, Brand: "visa", Last4: "4242", Receipt: "R-2026-000003", Refunded: 100},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Bank}, Last4: "6789", Receipt: "R-2026-000002", Reversed: 48000, Disputes: []payments.Dispute{{Kind: "return", Status: "lost"}}},
	{Payment: ledger.Payment{Status: payments.Succeeded, Kind: payments.Card}, Brand: "visa", Last4: "1881", Receipt: "R-2026-000001", Reversed: 48000, Disputes: []payments.Dispute{{Kind: "dispute", Status: "open"}}},
	{Payment: ledger.Payment{Status: payments.Canceled, Kind: payments.Card}, Brand: "visa", Last4: "4242"},
}

// History filters by what became of payments only; the first page ends before the last two.
func (w *World) History(_ context.Context, s access.Session, q portal.HistoryQuery) (portal.HistoryData, error) {
	m, err := w.memberOf(s)
	if err != nil {
		return portal.HistoryData{}, err
	}
	if m.Contact.Role == access.Signer {
		return portal.HistoryData{}, access.ErrNotFound
	}
	data := portal.HistoryData{Member: m}
	if s.ID == "ses_"+Empty {
		return data, nil
	}
	for i, p := range slices.Clone(paidStates) {
		p.ID, p.Amount, p.Currency = fmt.Sprintf("pay_%026d", 100-i), 48000, ledger.Currency(w.Tenant.Currency)
		p.CreatedAt, p.PaidBy = Now.Add(-time.Duration(i)*30*time.Hour), cmp.Or(w.Text, m.Contact.Name)
		p.InvoiceNumbers = []string{cmp.Or(w.Text, "INV-2026-000042"), "INV-2026-000041"}[:1+i%2]
		if p.Method != "" {
			p.Method = cmp.Or(w.Text, p.Method)
		}
		if q.What == portal.AnyOutcome || q.What == portal.UnderWay && payments.Live(p.Status) || q.What == portal.Received && p.Status == payments.Succeeded {
			data.Payments = append(data.Payments, p)
		}
	}
	switch all := data.Payments; {
	case q.After != "":
		data.Payments = all[min(11, len(all)):]
	case len(all) > 11:
		data.Payments, data.Next = all[:11], "11"
	}
	return data, nil
}
