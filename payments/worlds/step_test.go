package worlds_test

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// play lets a world happen and come to rest.
func play(t testing.TB, db pgtest.DB, build func(*world) side, seed uint64) *world {
	w := newWorld(t, db, build, seed)
	for range 3 {
		w.bill()
	}
	w.stormy()
	for w.submits < perWorld {
		w.step()
	}
	w.rest()
	return w
}

func (w *world) bill() { w.invoices = append(w.invoices, w.Sent(w.t, int64(100+w.roll(9000)))) }

// someone is a payment that was begun, as it is now.
func (w *world) someone() (p payments.Payment, ok bool) {
	if len(w.paid) == 0 {
		return p, false
	}
	p, err := w.nodes[0].Payment(ctx, w.Tenant, "", w.paid[max(0, len(w.paid)-1-w.roll(8))])
	if err != nil {
		w.t.Fatal(err)
	}
	return p, true
}

// step lets one thing happen.
func (w *world) step() {
	at := w.roll(len(w.nodes))
	node := w.nodes[at]
	switch n := w.roll(100); {
	case n < 30:
		w.submit(node)
	case n < 34:
		w.bill()
	case n < 50:
		d := []time.Duration{0, time.Second, 15 * time.Second, time.Minute, 11 * time.Minute, 40 * time.Minute, 5 * time.Hour, 30 * time.Hour}[w.roll(8)]
		w.note("%s passes", d)
		w.pass(d)
	case n < 66:
		alone(func() { _, _ = node.Work(ctx) })
	case n < 68:
		w.nodes[at] = w.node(time.Duration(w.roll(180)-90) * time.Second)
	default:
		if p, ok := w.someone(); ok {
			w.touch(node, p)
		}
	}
}

// touch lets something happen to a payment.
func (w *world) touch(node *payments.Service, p payments.Payment) {
	switch n := w.roll(32); {
	case n < 8:
		w.note("%s: its payer presses", p.ID)
		w.side.walk(p, w.roll(4) != 0)
	case n < 12:
		alone(func() { _, _ = node.Look(ctx, w.Tenant, w.Company, p.ID) })
	case n < 14:
		alone(func() { _, _ = node.Cancel(ctx, w.Tenant, w.Company, p.ID) })
	case n < 20:
		w.refund(p)
	case n < 23:
		w.note("%s is taken back", p.ID)
		w.side.takeBack(p)
	case n < 25:
		w.side.decide(p, w.roll(2) == 0)
	case n < 27 && p.Refundable() > 0:
		amount := 1 + int64(w.roll(int(p.Refundable())))
		w.note("%s: %d of it is given back there", p.ID, amount)
		w.side.refundThere(p, amount)
	case n < 28 && len(p.Refunds) > 0:
		w.note("%s: a refund fails", p.ID)
		w.side.failRefund(p.Refunds[w.roll(len(p.Refunds))])
	case n < 30:
		w.side.review(p, w.roll(2) == 0)
	case n < 31:
		if id := w.side.chargeThere(int64(100 + w.roll(900))); id != "" {
			w.planted[id] = true
		}
	default:
		_, err := node.ApplyCredit(ctx, w.Tenant, payments.CreditInput{CompanyID: w.Company, InvoiceID: w.invoices[w.roll(len(w.invoices))].ID})
		w.note("credit: %v", err)
	}
}

// refund is asked for on both nodes at once, sometimes.
func (w *world) refund(p payments.Payment) {
	in := payments.RefundInput{PaymentID: p.ID, Amount: int64(w.roll(400)), Reopen: w.roll(2) == 0}
	if w.roll(3) == 0 {
		in.Amount = 0
	}
	if w.roll(2) == 0 {
		in.Key = rand.Text()
	}
	var both sync.WaitGroup
	for _, node := range w.nodes[:1+w.roll(2)] {
		both.Go(func() {
			r, err := node.Refund(ctx, w.Tenant, in)
			w.note("refund %d of %s: %s %v", in.Amount, in.PaymentID, r.Status, err)
		})
	}
	both.Wait()
}

// submit is a new form, one that was sent before, or one on two nodes at once.
func (w *world) submit(node *payments.Service) {
	w.submits++
	if len(w.forms) > 0 && w.roll(6) == 0 {
		w.send(node, w.forms[w.roll(len(w.forms))])
		return
	}
	in := w.form()
	w.forms = append(w.forms, in)
	if w.roll(8) != 0 {
		w.send(node, in)
		return
	}
	var both sync.WaitGroup
	for i, node := range w.nodes {
		tab := in
		if tab.ContactID = w.contacts[i]; w.roll(2) == 0 {
			tab.Nonce = rand.Text()
		}
		both.Go(func() { w.send(node, tab) })
	}
	both.Wait()
}

func (w *world) form() payments.PayRequest {
	in := payments.PayRequest{Nonce: rand.Text(), CompanyID: w.Company, ContactID: w.contacts[w.roll(2)],
		Session: payments.Session{ID: fmt.Sprint("ses", w.roll(40)), Confirmed: true}, UseCredit: w.roll(4) == 0, SaveMethod: w.roll(3) == 0,
		ReturnURL: func(id string) string { return "https://billing.example.com/portal/payments/" + id },
		Visitor:   payments.Visitor{IP: "192.0.2.7", UserAgent: "Test"}}
	if w.roll(3) != 0 {
		w.bill()
	}
	recent := w.invoices[max(0, len(w.invoices)-5):]
	chosen := map[string]bool{}
	for range 1 + w.roll(3) {
		if inv := recent[w.roll(len(recent))]; !chosen[inv.ID] {
			chosen[inv.ID] = true
			in.Items = append(in.Items, w.item(inv))
		}
	}
	w.choose(&in)
	return in
}

func (w *world) item(inv ledger.Invoice) payments.PayItem {
	item := payments.PayItem{InvoiceID: inv.ID}
	if w.roll(3) == 0 {
		item.Amount = int64(50 + w.roll(1000))
	}
	return item
}

// choose takes a saved method, with or without its owner, a new one, or the processor's own page.
func (w *world) choose(in *payments.PayRequest) {
	saved, err := w.methods.List(ctx, w.Tenant.ID, w.Company)
	if err != nil {
		w.t.Fatal(err)
	}
	switch n := w.roll(10); {
	case n < 3 && len(saved) > 0:
		in.MethodID, in.SaveMethod = saved[w.roll(len(saved))].ID, false
		if w.roll(2) == 0 {
			in.OffSession, in.ContactID, in.Session, in.ReturnURL = true, "", payments.Session{}, nil
		}
	case n < 5:
		in.Kind = payments.Hosted
	default:
		fates := w.side.fates()
		in.Source, in.Kind = w.side.source(fates[w.roll(len(fates))])
	}
}

func (w *world) send(node *payments.Service, in payments.PayRequest) {
	alone(func() {
		p, err := node.Pay(ctx, w.Tenant, in)
		w.note("pay %s%s of %d invoices: %s %s %v", in.Kind, in.MethodID, len(in.Items), p.ID, p.Status, err)
		if err == nil {
			w.mu.Lock()
			w.paid = append(w.paid, p.ID)
			w.mu.Unlock()
		}
	})
}
