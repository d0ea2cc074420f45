package emulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tollhouse/payments/emulator/core"
)

// homeRows bounds each list of the page.
const homeRows = 50

// homePage is the page for people.
type homePage struct {
	Now      time.Time
	Accounts []homeAccount
	Payments []homePayment
	Hooks    []core.Delivery
	Faults   []core.Fault
	Rules    []core.Rule
	Kinds    []core.Kind
	Routes   []string
	Calls    []homeCall
	Problem  string
}

// numberRow is one magic number.
type numberRow struct{ Number, Brand, Name string }

// CardRows are the cards that mean something.
func (homePage) CardRows() (out []numberRow) {
	for _, c := range cards {
		out = append(out, numberRow{c.number, c.brand, c.name})
	}
	return out
}

// BankRows are the bank accounts that mean something.
func (homePage) BankRows() (out []numberRow) {
	for _, b := range banks {
		out = append(out, numberRow{Number: b.number, Name: b.name})
	}
	return out
}

type homeAccount struct {
	ID, Name, Mode, PublishableKey string
	Totals                         []homeTotal
	Endpoints                      []string
}

type homeTotal struct {
	Payments                     int64
	Captured, Refunded, Disputed string
}

type homePayment struct {
	Account, ID, State, Amount, What string
	At                               time.Time
	Bank, Disputable, Open           bool
	Story                            []moment
	Metadata                         map[string]string
	Dispute                          string
}

type homeCall struct {
	Route string
	Count int
}

func (e *Emulator) showHome(w http.ResponseWriter, r *http.Request) {
	e.show(w, http.StatusOK, "home", e.home(r.URL.Query().Get("problem")))
}

func (e *Emulator) home(problem string) homePage {
	p := homePage{
		Now: e.now(), Hooks: newest(e.Deliveries.Log()), Faults: e.Faults.Armed(), Rules: e.Deliveries.Rules(), Kinds: core.Kinds, Problem: problem,
	}
	for route, n := range e.Calls.All() {
		p.Calls = append(p.Calls, homeCall{route, n})
	}
	slices.SortFunc(p.Calls, func(a, b homeCall) int { return b.Count - a.Count })
	for _, route := range apiRoutes {
		p.Routes = append(p.Routes, route.pattern)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.order {
		p.Accounts = append(p.Accounts, a.forPeople())
		list := slices.Concat(last(a.intents.list), last(a.setups.list))
		for _, i := range list {
			p.Payments = append(p.Payments, i.forPeople())
		}
	}
	slices.SortStableFunc(p.Payments, func(a, b homePayment) int { return b.At.Compare(a.At) })
	p.Payments = p.Payments[:min(len(p.Payments), homeRows)]
	return p
}

func last[T any](list []T) []T { return list[max(0, len(list)-homeRows):] }

func newest[T any](list []T) []T {
	list = last(list)
	slices.Reverse(list)
	return list
}

func (a *account) forPeople() homeAccount {
	h := homeAccount{ID: a.ID, Name: a.Name, Mode: "test", PublishableKey: a.PublishableKey}
	if a.Live {
		h.Mode = "live"
	}
	currencies := make([]string, 0, len(a.totals))
	for currency := range a.totals {
		currencies = append(currencies, currency)
	}
	slices.Sort(currencies)
	for _, currency := range currencies {
		t := a.totals[currency]
		h.Totals = append(h.Totals, homeTotal{t.Payments, plainAmount(t.Captured, currency), plainAmount(t.Refunded, currency), plainAmount(t.Disputed, currency)})
	}
	for _, w := range a.endpoints.list {
		h.Endpoints = append(h.Endpoints, w.url)
	}
	return h
}

func (i *intent) forPeople() homePayment {
	h := homePayment{
		Account: i.acct.ID, ID: i.id, State: i.status, At: i.created, What: i.description, Story: slices.Clone(i.story), Metadata: i.metadata,
		Bank: i.status == processing, Disputable: i.status == succeeded && !i.setup,
	}
	if !i.setup {
		h.Amount = plainAmount(i.amount, i.currency)
	}
	if ch := i.acct.charges.get(i.charge); ch != nil && ch.dispute != nil {
		h.Dispute, h.Open, h.Disputable = ch.dispute.id, ch.dispute.open(), false
	}
	return h
}

func (e *Emulator) showPayment(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	var p homePayment
	found := false
	if a := e.accounts[r.PathValue("account")]; a != nil {
		if i := a.intentOf(r.PathValue("id")); i != nil {
			p, found = i.forPeople(), true
		}
	}
	e.mu.Unlock()
	if !found {
		e.show(w, http.StatusNotFound, "gone", "There is no such payment.")
		return
	}
	e.show(w, http.StatusOK, "payment", p)
}

// doForm does what a form of the page asks for, then shows the page again. Forms of other sites are refused.
func (e *Emulator) doForm(w http.ResponseWriter, r *http.Request) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "This form was sent from another site.", http.StatusForbidden)
		return
	}
	if !form(w, r) {
		return
	}
	to := "/"
	if err := e.do(r.PathValue("what"), r.PostForm); err != nil {
		to = "/?problem=" + url.QueryEscape(err.Error())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (e *Emulator) do(what string, f url.Values) (err error) {
	id, a, payment := f.Get("id"), f.Get("account"), f.Get("payment")
	e.mu.Lock()
	known := e.accounts[a] != nil
	e.mu.Unlock()
	switch {
	case what == "advance":
		hours, _ := strconv.ParseInt(f.Get("hours"), 10, 32) // a number that is none moves nothing
		e.Advance(time.Duration(min(max(hours, 0), 24*366)) * time.Hour)
	case what == "resend":
		if err = e.Deliveries.Resend(id); err == nil {
			e.Advance(0)
		}
	case what == "drop":
		err = e.Deliveries.Drop(id)
	case what == "fault":
		times, _ := strconv.Atoi(f.Get("times")) // 0 is until disarmed
		_, err = e.Faults.Arm(core.Fault{Kind: core.Kind(f.Get("kind")), Route: f.Get("route"), Object: f.Get("object"), Times: times, Delay: 3 * time.Second})
	case what == "disarm":
		e.Faults.Disarm(id)
	case what == "rule":
		err = e.scriptByHand(f)
	case what == "unrule":
		e.Deliveries.Unscript(id)
	case !known:
	case what == "settle":
		e.SettleBank(a, payment, f.Get("code"))
	case what == "dispute":
		e.Dispute(a, payment, f.Get("reason"))
	case what == "close":
		e.CloseDispute(a, id, f.Get("result") == "won")
	}
	return err
}

func (e *Emulator) scriptByHand(f url.Values) error {
	r := core.Rule{Kind: f.Get("kind"), Times: 1}
	switch f.Get("what") {
	case "lose":
		r.Lose = true
	case "double":
		r.Copies = 1
	case "delay":
		r.Delay = time.Hour
	case "swap":
		r.Swap = true
	default:
		r.Spoil = core.Spoil(f.Get("what"))
	}
	_, err := e.Deliveries.Script(r)
	return err
}

// control is the core's surface for programs, with what only this processor has:
//
//	GET  /_emulator/stripe/captured?account=    {"captured", "totals"}
//	POST /_emulator/stripe/{settle|dispute|close|fail_refund|update_card|expire_key|deauthorize|restore_key}    {"account", "id", "reason", "won", …}
func (e *Emulator) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_emulator/", e.Control())
	mux.HandleFunc("GET /_emulator/stripe/captured", e.showCaptured)
	mux.HandleFunc("POST /_emulator/stripe/{what}", e.byProgram)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (e *Emulator) showCaptured(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("account")
	if !e.knows(id) {
		core.WriteProblem(w, http.StatusNotFound, "there is no account "+strconv.Quote(id))
		return
	}
	captured := e.Captured(id)
	if captured == nil {
		captured = []Capture{}
	}
	core.WriteJSON(w, http.StatusOK, map[string]any{"captured": captured, "totals": e.Totals(id)})
}

func (e *Emulator) knows(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.accounts[id] != nil
}

// order is what a program asks for.
type order struct {
	Account string `json:"account"`
	ID      string `json:"id"`     // of the payment, dispute, refund or method
	Reason  string `json:"reason"` // of a failure or a dispute
	Won     bool   `json:"won"`
	Month   int64  `json:"exp_month"`
	Year    int64  `json:"exp_year"`
	Last4   string `json:"last4"`
}

func (e *Emulator) byProgram(w http.ResponseWriter, r *http.Request) {
	var o order
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil {
		core.WriteProblem(w, http.StatusBadRequest, "the body is not the JSON that is expected here: "+err.Error())
		return
	}
	if !e.knows(o.Account) {
		core.WriteProblem(w, http.StatusNotFound, "there is no account "+strconv.Quote(o.Account))
		return
	}
	done, known := e.obey(r.PathValue("what"), o)
	switch {
	case !known:
		core.WriteProblem(w, http.StatusNotFound, "there is no such act")
	case !done:
		core.WriteProblem(w, http.StatusConflict, "this object is not known, or not in a state for that")
	default:
		core.WriteJSON(w, http.StatusOK, map[string]bool{"done": true})
	}
}

func (e *Emulator) obey(what string, o order) (done, known bool) {
	switch what {
	case "settle":
		return e.SettleBank(o.Account, o.ID, o.Reason), true
	case "dispute":
		return e.Dispute(o.Account, o.ID, o.Reason) != "", true
	case "close":
		return e.CloseDispute(o.Account, o.ID, o.Won), true
	case "fail_refund":
		return e.FailRefund(o.Account, o.ID, o.Reason), true
	case "update_card":
		return e.UpdateCard(o.Account, o.ID, o.Month, o.Year, o.Last4), true
	case "expire_key":
		e.ExpireKey(o.Account)
	case "deauthorize":
		e.Deauthorize(o.Account)
	case "restore_key":
		e.RestoreKey(o.Account)
	default:
		return false, false
	}
	return true, true
}
