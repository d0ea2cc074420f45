package portaltest

import (
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

// Cookies of sessions whose tenant has a processor. Their clients have Full's invoices.
const (
	Paying  = "session-paying"
	Looking = "session-looking" // the same, of a contact who may not pay
)

// payCounts is what a world was asked of payments.
type payCounts struct {
	Paid     []payments.PayRequest
	Refuse   error // what Pay answers; nil: a payment that succeeds
	Canceled []string
}

func (w *World) addTill() {
	for i, cookie := range []string{Paying, Looking} {
		m := w.member(cookie, 20+i)
		if cookie == Looking {
			m.Contact.Role = access.Viewer
		}
		w.Sessions[cookie] = m
	}
}

// PaymentID is the id of the payment of a world that is in a state.
func PaymentID(state string) string {
	at := slices.Index(PaymentStates(), state)
	return fmt.Sprintf("pay_%026d", at+1)
}

// PaymentStates are all that a payment's page can be in.
func PaymentStates() []string {
	return append(payments.Statuses(), "refunded", "partially_refunded", "disputed", "returned", "lost")
}

// counter is what a session's tenant takes.
func (w *World) counter(m access.Member) portal.Counter {
	if m.Session.ID != "ses_"+Paying && m.Session.ID != "ses_"+Looking {
		return portal.Counter{}
	}
	return portal.Counter{Connection: &payments.Connection{ID: "pcn_1", Processor: payments.AuthorizeNet, Status: payments.ConnectionActive},
		Credit: []ledger.Money{{Amount: 1250, Currency: ledger.Currency(w.Tenant.Currency)}},
		Presence: []payments.Presence{{InvoiceID: InvoiceID(3), PaymentID: PaymentID(payments.RequiresAction), ContactID: "ctc_other",
			Name: "Maria Lopez", Status: payments.RequiresAction, Since: Now.Add(-time.Minute)}}}
}

// Pay lists the invoices that are asked for, and one saved card that works beside one that has expired.
func (w *World) Pay(_ context.Context, s access.Session, q portal.PayQuery) (portal.PayData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.PayData{}, err
	}
	data := portal.PayData{Member: member, Counter: w.counter(member), Methods: []payments.Method{
		{ID: fmt.Sprintf("pmt_%026d", 1), ConnectionID: "pcn_1", Kind: payments.Card, Brand: "visa", Last4: "4242", ExpMonth: 8, ExpYear: 2031, Status: payments.MethodActive, Default: true},
		{ID: fmt.Sprintf("pmt_%026d", 2), ConnectionID: "pcn_1", Kind: payments.Card, Brand: "mastercard", Last4: "4444", ExpMonth: 1, ExpYear: 2020, Status: payments.MethodActive}}}
	for _, inv := range w.invoicesOf(member) {
		due := inv.State(ledger.DateIn(Now, w.Tenant.TimeZone)).IsDue()
		if slices.Contains(q.Invoices, inv.ID) || due && string(inv.Currency) == q.All {
			inv.Lines = nil
			data.Invoices = append(data.Invoices, inv)
		}
	}
	return data, nil
}

// Payment knows one payment in each state.
func (w *World) Payment(_ context.Context, s access.Session, id string) (portal.PaymentData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.PaymentData{}, err
	}
	for _, state := range PaymentStates() {
		if PaymentID(state) == id {
			p := w.payment(state)
			return portal.PaymentData{Member: member, Payment: &p, Next: w.invoicesOf(member)[:min(1, len(w.invoicesOf(member)))]}, nil
		}
	}
	return portal.PaymentData{}, access.ErrNotFound
}

func (w *World) payment(state string) payments.Payment {
	currency := ledger.Currency(w.Tenant.Currency)
	p := payments.Payment{Payment: ledger.Payment{ID: PaymentID(state), Status: state, Kind: payments.Card, Amount: 158272, Currency: currency, PaidBy: "Maria Lopez",
		Allocations: []ledger.Allocation{{InvoiceID: InvoiceID(1), Amount: 158272}}, CreatedAt: Now.Add(-time.Hour), ChangedAt: Now},
		InvoiceNumbers: []string{"INV-2026-000042"}, Brand: "visa", Last4: "4242"}
	switch state {
	case payments.Processing:
		p.Kind, p.Brand, p.SettlesOn = payments.Bank, "Harbour Bank", ledger.DateIn(Now.AddDate(0, 0, 4), w.Tenant.TimeZone)
	case payments.RequiresAction:
		p.Action = payments.Action{URL: "https://bank.test/challenge"}
	case payments.Failed:
		p.Failure = payments.Failure{Kind: payments.FailedFunds}
	case payments.Succeeded:
		p.Receipt, p.ReceiptAt = "R-2026-000007", Now
	case "refunded", "partially_refunded", "disputed", "returned", "lost":
		w.takeBack(&p, state)
	}
	return p
}

func (w *World) takeBack(p *payments.Payment, state string) {
	p.Status, p.Receipt, p.ReceiptAt = payments.Succeeded, "R-2026-000007", Now
	dispute := payments.Dispute{Kind: "dispute", Amount: p.Amount, Currency: p.Currency, Status: "open", OpenedAt: Now, ChangedAt: Now}
	switch state {
	case "refunded", "partially_refunded":
		p.Refunded = p.Amount
		if state != "refunded" {
			p.Refunded = p.Amount / 4
		}
		p.Refunds = []payments.Refund{{Amount: p.Refunded, Currency: p.Currency, Status: payments.Succeeded, CreatedAt: Now, ChangedAt: Now}}
		return
	case "returned":
		dispute.Kind = "return"
	case "lost":
		dispute.Status = "lost"
	}
	p.Reversed, p.Disputes = p.Amount, []payments.Dispute{dispute}
}

// payer is the world as a portal.Payments.
type payer struct{ *World }

// Pay notes what was asked for.
func (p payer) Pay(_ context.Context, _ *tenant.Tenant, in payments.PayRequest) (payments.Payment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Paid = append(p.Paid, in)
	if p.Refuse != nil {
		return payments.Payment{}, p.Refuse
	}
	return p.payment(payments.Succeeded), nil
}

// Look finds a payment as it is.
func (p payer) Look(_ context.Context, _ *tenant.Tenant, _, id string) (payments.Payment, error) {
	for _, state := range PaymentStates() {
		if PaymentID(state) == id {
			return p.payment(state), nil
		}
	}
	return payments.Payment{}, payments.ErrNotFound
}

// Resume is Look.
func (p payer) Resume(ctx context.Context, t *tenant.Tenant, company, id string) (payments.Payment, error) {
	return p.Look(ctx, t, company, id)
}

// Cancel notes which.
func (p payer) Cancel(ctx context.Context, t *tenant.Tenant, company, id string) (payments.Payment, error) {
	p.mu.Lock()
	p.Canceled = append(p.Canceled, id)
	p.mu.Unlock()
	return p.Look(ctx, t, company, id)
}

// Payer is the world where payments are made.
func (w *World) Payer() portal.Payments { return payer{w} }
