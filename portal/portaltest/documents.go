package portaltest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// sample is one invoice of a world: what tells it from the others.
type sample struct {
	due      int // days from today
	quantity int64
	unit     int64
	settled  int64 // per cent of the total
	inFlight int64 // per cent of the total
	status   ledger.InvoiceStatus
	title    string
}

// samples are in the order of their numbers; InvoiceID(1) is overdue, (2) part paid, (3) open, (4) processing, (5) void, (6) closed, the rest paid.
var samples = []sample{
	{due: -9, quantity: 125000, unit: 9500, title: "Website redesign, second phase"},
	{due: 4, quantity: 10000, unit: 240000, settled: 40, title: "Annual maintenance"},
	{due: 24, quantity: 35000, unit: 12000, inFlight: 25},
	{due: 2, quantity: 10000, unit: 48000, inFlight: 100, title: "Hosting, May 2026"},
	{due: -40, quantity: 20000, unit: 15000, status: ledger.Void, title: "Workshop that did not take place"},
	{due: -400, quantity: 10000, unit: 9900, status: ledger.Uncollectible},
}

// titles of the paid invoices, in turn.
var titles = []string{"Hosting", "Website redesign, first phase", "", "Photography and retouching", "Printing and delivery of 12,000 leaflets"}

// titled is a sample's title in the tenant's own language.
func titled(t *tenant.Tenant, title string) string {
	if title != "" && t.Locale == "he-IL" {
		return "שירותי פיתוח ותחזוקה לאתר האינטרנט, שלב ב׳"
	}
	return title
}

// invoicesOf are the invoices of one of the world's clients.
func (w *World) invoicesOf(m access.Member) []ledger.Invoice {
	switch strings.TrimPrefix(m.Session.ID, "ses_") {
	case Empty:
		return nil
	case PaidUp:
		return w.invoices()[6:]
	case Currencies:
		list := w.invoices()[:4]
		for i := range list[1:] {
			list[1+i].Currency = "JPY"
		}
		return list
	}
	return w.invoices()
}

func (w *World) invoices() []ledger.Invoice {
	var list []ledger.Invoice
	for n := range 40 {
		s := sample{due: -15 * (n - 4), quantity: 10000, unit: int64(4900 + 7350*(n%9)), settled: 100, title: titles[n%len(titles)]}
		if n < len(samples) {
			s = samples[n]
		}
		list = append(list, w.invoice(n+1, s))
	}
	return list
}

func (w *World) invoice(n int, s sample) ledger.Invoice {
	due := ledger.DateIn(Now, w.Tenant.TimeZone).AddDays(s.due)
	lines := []ledger.Line{
		{Description: cmp.Or(titled(w.Tenant, s.title), "Consulting"), Quantity: s.quantity, UnitAmount: s.unit, TaxBPS: 825},
		{Description: "Design review with the whole team on site,\nincluding travel", Quantity: 15000, UnitAmount: 18000, Discount: 2700, TaxBPS: 825},
		{Description: "Stock pictures", Quantity: 120000, UnitAmount: 375},
	}
	totals, err := ledger.Compute(lines, 1000)
	if err != nil {
		panic(err)
	}
	inv := ledger.Invoice{
		ID: InvoiceID(n), Number: fmt.Sprintf("INV-2026-%06d", 43-n), Status: cmp.Or(s.status, ledger.Sent), Currency: ledger.Currency(w.Tenant.Currency),
		IssueDate: due.AddDays(-30), DueDate: due, Title: titled(w.Tenant, s.title), PONumber: "PO 7731",
		Notes: "Thank you for the good work together.\nThe sources are handed over with the last invoice.",
		Lines: totals.Lines, Subtotal: totals.Subtotal, Discount: totals.Discount, DocumentDiscount: 1000, Tax: totals.Tax, Total: totals.Total,
		SentAt: Now.AddDate(0, 0, s.due-30),
	}
	inv.Settled, inv.InFlight = inv.Total*s.settled/100, inv.Total*s.inFlight/100
	if s.status == ledger.Void {
		inv.VoidedAt, inv.VoidReason = Now.AddDate(0, 0, -35), "The workshop was called off."
	}
	if w.Text != "" {
		inv.Number, inv.Title, inv.PONumber, inv.Notes, inv.VoidReason = w.Text, w.Text, w.Text, w.Text, w.Text
		inv.Lines[0].Description = w.Text
	}
	return inv
}

func (w *World) payments(inv ledger.Invoice, who string) []ledger.Payment {
	var list []ledger.Payment
	if inv.Settled > 0 {
		list = append(list, ledger.Payment{ID: "pay_1", Status: "succeeded", Kind: "card", Method: "Visa ending 4242", PaidBy: who,
			Currency: inv.Currency, Amount: inv.Settled, Applied: inv.Settled, ReceivedOn: inv.IssueDate.AddDays(6)})
	}
	if inv.InFlight > 0 {
		list = append(list, ledger.Payment{ID: "pay_2", Status: "processing", Kind: "bank", Method: "Bank transfer",
			Currency: inv.Currency, Amount: inv.InFlight, Applied: inv.InFlight, ReceivedOn: inv.IssueDate.AddDays(9)})
	}
	for i := range list {
		list[i].Method, list[i].PaidBy = cmp.Or(w.Text, list[i].Method), cmp.Or(w.Text, list[i].PaidBy)
	}
	return list
}

// Home sums up what the client owes.
func (w *World) Home(_ context.Context, s access.Session, today ledger.Date) (portal.HomeData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.HomeData{}, err
	}
	data := portal.HomeData{Member: member, Counter: w.counter(member)}
	invoices := w.invoicesOf(member)
	for _, inv := range invoices {
		if inv.State(today).IsDue() {
			data.Due = append(data.Due, inv)
		}
		data.DueTotal = addDue(data.DueTotal, inv, today)
	}
	for i, inv := range invoices[:min(7, len(invoices))] {
		a := activity(inv, i, member.Contact.Name)
		a.Who, a.Method = cmp.Or(w.Text, a.Who), cmp.Or(w.Text, a.Method)
		data.Activity = append(data.Activity, a)
	}
	return data, nil
}

func addDue(totals []portal.DueTotal, inv ledger.Invoice, today ledger.Date) []portal.DueTotal {
	i := slices.IndexFunc(totals, func(t portal.DueTotal) bool { return t.Due.Currency == inv.Currency })
	if i < 0 {
		none := ledger.Money{Currency: inv.Currency}
		totals, i = append(totals, portal.DueTotal{Due: none, Overdue: none, InFlight: none}), len(totals)
	}
	t := &totals[i]
	t.InFlight.Amount += inv.InFlight
	state := inv.State(today)
	if state.IsDue() {
		t.Due.Amount += inv.Due().Amount
		t.Invoices++
	}
	if state == ledger.StateOverdue {
		t.Overdue.Amount += inv.Due().Amount
	}
	return totals
}

func activity(inv ledger.Invoice, i int, who string) portal.Activity {
	a := portal.Activity{At: Now.Add(-time.Duration(i*31) * time.Hour), Kind: "invoice_sent", Number: inv.Number, ID: inv.ID,
		Amount: ledger.Money{Amount: inv.Total, Currency: inv.Currency}}
	switch {
	case inv.Status == ledger.Void:
		a.Kind = "invoice_voided"
	case inv.InFlight > 0:
		a.Kind, a.Method, a.Amount.Amount = "payment_processing", "Bank transfer", inv.InFlight
	case inv.Settled > 0:
		a.Kind, a.Who, a.Method, a.Amount.Amount = "payment_succeeded", who, "Visa ending 4242", inv.Settled
	}
	return a
}

// Invoices pages through the client's invoices; its cursor is the number of rows before the page.
func (w *World) Invoices(_ context.Context, s access.Session, q portal.InvoiceQuery) (portal.InvoicesData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.InvoicesData{}, err
	}
	data := portal.InvoicesData{Member: member, Counts: map[portal.InvoiceTab]int{}}
	var rows []ledger.Invoice
	for _, inv := range w.invoicesOf(member) {
		tab := tabOf(inv.State(q.Today))
		data.Counts[portal.TabAll]++
		if tab != portal.TabAll {
			data.Counts[tab]++
		}
		if q.Tab == portal.TabAll || q.Tab == tab {
			rows = append(rows, inv)
		}
	}
	skip, _ := strconv.Atoi(q.After)
	rows = rows[min(skip, len(rows)):]
	if len(rows) > q.Limit {
		rows, data.Next = rows[:q.Limit], strconv.Itoa(skip+q.Limit)
	}
	data.Invoices = rows
	return data, nil
}

func tabOf(state ledger.State) portal.InvoiceTab {
	switch {
	case state.IsDue():
		return portal.TabDue
	case state == ledger.StateProcessing:
		return portal.TabProcessing
	case state == ledger.StatePaid:
		return portal.TabPaid
	}
	return portal.TabAll
}
