package worlds_test

import (
	"errors"
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
)

// quiet is a world in which nothing happens by itself.
func quiet(t *testing.T, build func(*world) side) *world {
	t.Helper()
	w := newWorld(t, pgtest.Clone(t), build, 7)
	w.calm.Store(true)
	w.nodes = []*payments.Service{w.node(0), w.node(0)}
	w.bill()
	return w
}

// once makes the next request of a route go wrong.
func (w *world) once(route string, kind core.Kind) {
	w.t.Helper()
	if _, err := w.core.Faults.Arm(core.Fault{Route: route, Kind: kind, Times: 1}); err != nil {
		w.t.Fatal(err)
	}
}

// asks is a wish to pay an invoice with a new method of a fate, or on the processor's page.
func (w *world) asks(inv ledger.Invoice, fate string) payments.PayRequest {
	in := w.form()
	in.Items, in.UseCredit, in.SaveMethod = []payments.PayItem{{InvoiceID: inv.ID}}, false, false
	in.MethodID, in.OffSession, in.ContactID, in.Session = "", false, w.Contact, payments.Session{ID: "ses", Confirmed: true}
	in.ReturnURL = func(id string) string { return "https://billing.example.com/portal/payments/" + id }
	if in.Source, in.Kind = "", payments.Hosted; fate != payments.Hosted {
		in.Source, in.Kind = w.side.source(fate)
	}
	return in
}

// pays pays 1000 and demands a status.
func (w *world) pays(fate, status string) (ledger.Invoice, payments.Payment) {
	w.t.Helper()
	w.bill()
	inv := w.Sent(w.t, 1000)
	p, err := w.nodes[0].Pay(ctx, w.Tenant, w.asks(inv, fate))
	if err != nil || p.Status != status {
		w.t.Fatalf("%s, %v; want %s", p.Status, err, status)
	}
	return inv, p
}

// lives lets time pass in small steps, with all that falls due.
func (w *world) lives(whole, step time.Duration) {
	for ; whole > 0; whole -= step {
		w.pass(step)
		w.work()
	}
}

func (w *world) read(id string) payments.Payment {
	w.t.Helper()
	p, err := w.nodes[0].Payment(ctx, w.Tenant, "", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// calmNights demands that books and ledger agree, and that the nights have nothing to tell.
func (w *world) calmNights() {
	w.t.Helper()
	w.agree()
	w.sound()
	w.parked()
	w.compare(w.Today())
}

// All of a payment that is not settled yet goes back by a void: the processor then says that the payment never was.
func TestVoid_IsOneRefundAndNoGhost(t *testing.T) {
	for name, c := range map[string]struct {
		lost, outside bool
	}{"here": {}, "here, with the answer lost": {lost: true}, "by other hands": {outside: true}} {
		t.Run(name, func(t *testing.T) {
			w := quiet(t, newAuthorize)
			_, p := w.pays("", payments.Succeeded)
			if c.lost {
				w.once("authorizenet/createTransactionRequest", core.CutAfter)
			}
			if c.outside {
				w.side.refundThere(p, 1000)
			} else if _, err := w.nodes[0].Refund(ctx, w.Tenant, payments.RefundInput{PaymentID: p.ID}); err != nil {
				t.Fatal(err)
			}
			w.pass(0) // the message of the void is there before the refund is looked for
			w.work()
			w.lives(60*time.Hour, 5*time.Hour)
			if p = w.read(p.ID); p.Refunded != 1000 || p.Refunding != 0 || len(p.Refunds) != 1 || p.Refunds[0].Outside != c.outside || p.Status != payments.Succeeded {
				t.Errorf("%s, %d refunded, %+v", p.Status, p.Refunded, p.Refunds)
			}
			w.calmNights()
		})
	}
}

// A page that was opened may be paid on for two hours: the invoice is not free before, and is free then.
func TestHosted_TheInvoiceIsFreeWhenThePageCanTakeNothing(t *testing.T) {
	for name, lost := range map[string]bool{"opened": false, "its page was lost": true} {
		t.Run(name, func(t *testing.T) {
			w := quiet(t, newAuthorize)
			status := payments.RequiresAction
			if lost {
				w.once("authorizenet/getHostedPaymentPageRequest", core.CutAfter)
				status = payments.Unknown
			}
			inv, p := w.pays(payments.Hosted, status)
			if lost {
				w.pass(11 * time.Minute) // nobody waits for the page any more
			}
			w.lives(100*time.Minute, 5*time.Minute)
			if p = w.read(p.ID); !payments.Live(p.Status) {
				t.Fatalf("%s, while somebody may still pay on the page", p.Status)
			}
			var no *payments.PayRefusal
			if _, err := w.nodes[1].Pay(ctx, w.Tenant, w.asks(inv, "")); !errors.As(err, &no) || no.Why != payments.RefusedBusy {
				t.Errorf("a second payment meanwhile: %v", err)
			}
			for range 100 {
				if w.lives(5*time.Minute, 5*time.Minute); !payments.Live(w.read(p.ID).Status) {
					break
				}
			}
			if p = w.read(p.ID); p.Status != payments.Canceled || w.core.Clock.Now().Sub(p.CreatedAt) > 9*time.Hour {
				t.Errorf("%s after %s", p.Status, w.core.Clock.Now().Sub(p.CreatedAt))
			}
			if again, err := w.nodes[1].Pay(ctx, w.Tenant, w.asks(inv, "")); err != nil || again.Status != payments.Succeeded {
				t.Errorf("%s, %v", again.Status, err)
			}
		})
	}
}

// What is held may be approved tomorrow. That it cannot be read back is no proof that there is nothing.
func TestHeld_ThatCannotBeReadBackIsNotFailed(t *testing.T) {
	w := quiet(t, newAuthorize)
	s := w.side.(*authorizeSide)
	s.emu.SwitchDetails(s.merchant.Login, false)
	_, p := w.pays("46252", payments.Unknown)
	s.emu.SwitchDetails(s.merchant.Login, true)
	w.lives(time.Minute, 10*time.Second)
	if p = w.read(p.ID); p.Status != payments.HeldReview {
		t.Fatalf("%s", p.Status)
	}
	w.side.review(p, true)
	w.lives(2*time.Hour, time.Hour)
	if p = w.read(p.ID); p.Status != payments.Succeeded {
		t.Errorf("%s", p.Status)
	}
	w.calmNights()
}

// A token that was used before proves for the first try that nothing was taken by it.
func TestTokenSpent_FailsTheFirstTry(t *testing.T) {
	w := quiet(t, newAuthorize)
	inv, other := w.Sent(t, 1000), w.Sent(t, 500)
	in := w.asks(inv, "")
	if p, err := w.nodes[0].Pay(ctx, w.Tenant, in); err != nil || p.Status != payments.Succeeded {
		t.Fatalf("%s, %v", p.Status, err)
	}
	stolen := w.asks(other, "")
	stolen.Source = in.Source
	if p, err := w.nodes[1].Pay(ctx, w.Tenant, stolen); err != nil || p.Status != payments.Failed || p.Failure.Code != "token_spent" {
		t.Errorf("%s %+v, %v", p.Status, p.Failure, err)
	}
	w.once("authorizenet/createTransactionRequest", core.CutAfter)
	p, err := w.nodes[0].Pay(ctx, w.Tenant, w.asks(other, ""))
	if err != nil || p.Status != payments.Unknown {
		t.Fatalf("%s, %v", p.Status, err)
	}
	w.lives(3*time.Minute, 10*time.Second)
	if p = w.read(p.ID); p.Status != payments.Succeeded {
		t.Errorf("%s %+v", p.Status, p.Failure)
	}
	w.calmNights()
}

// Two charges under one attempt's code are not one.
func TestSecondCharge_UnderOneCodeIsNoticed(t *testing.T) {
	w := quiet(t, newAuthorize)
	s := w.side.(*authorizeSide)
	_, p := w.pays("", payments.Succeeded)
	f, err := w.store.File(ctx, w.Tenant.ID, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	source, _ := s.source("10001") // another address, so that it is no duplicate to the processor
	id := s.chargeAs(f.Attempt.Code, source, 1000)
	w.pass(0)
	w.work()
	const orphans = `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1 AND object_id = $2 AND amount = 1000`
	if n := w.Int(t, orphans, w.Tenant.ID, id); n != 1 {
		t.Errorf("the message of the second charge left %d orphans", n)
	}
	r, err := w.nodes[0].Compare(ctx, w.Tenant, w.Today())
	if err != nil || len(r.Differences) != 1 || r.Differences[0].ObjectID != id {
		t.Errorf("%+v, %v", r, err)
	}
	if p = w.read(p.ID); p.Quarantine != "" || p.ChargeID == id {
		t.Errorf("%+v", p)
	}
}

// Without any message: what was refunded and what a bank refused weeks later is heard of all the same.
func TestRefunds_AreHeardOfWithoutMessages(t *testing.T) {
	w := quiet(t, newStripe)
	if _, err := w.core.Deliveries.Script(core.Rule{Lose: true}); err != nil {
		t.Fatal(err)
	}
	_, refused := w.pays("pm_card_refundFail", payments.Succeeded)
	if _, err := w.nodes[0].Refund(ctx, w.Tenant, payments.RefundInput{PaymentID: refused.ID}); err != nil {
		t.Fatal(err)
	}
	_, hosted := w.pays(payments.Hosted, payments.RequiresAction)
	w.side.walk(hosted, true)
	hosted, err := w.nodes[1].Resume(ctx, w.Tenant, w.Company, hosted.ID)
	if err != nil || hosted.Status != payments.Succeeded {
		t.Fatalf("%s, %v", hosted.Status, err)
	}
	w.side.refundThere(hosted, 400)
	w.lives(20*24*time.Hour, 24*time.Hour)
	if p := w.read(refused.ID); p.Refunded != 0 || p.Refunds[0].Status != payments.Failed {
		t.Errorf("the bank refused the refund: %d, %+v", p.Refunded, p.Refunds)
	}
	if p := w.read(hosted.ID); p.Refunded != 400 || !p.Refunds[0].Outside {
		t.Errorf("refunded by other hands: %d, %+v", p.Refunded, p.Refunds)
	}
	w.calmNights()
}

// The nights that nobody could compare are made up for.
func TestNights_ThatWereMissedAreComparedLater(t *testing.T) {
	w := quiet(t, newAuthorize)
	_, p := w.pays("", payments.Succeeded)
	w.lives(30*time.Hour, 5*time.Hour)
	w.side.refundThere(p, 300)
	w.pass(6 * 24 * time.Hour) // all nodes are down
	w.lives(30*time.Hour, 10*time.Hour)
	if p = w.read(p.ID); p.Refunded != 300 {
		t.Errorf("%d refunded", p.Refunded)
	}
	w.calmNights()
}

// An attempt is asked for where it was made, whatever took the place of its account since; what was saved there is not charged here.
func TestReplacedConnection_ItsAttemptsAreAskedForThere(t *testing.T) {
	w := quiet(t, newStripe)
	s := w.side.(*stripeSide)
	in := w.asks(w.Sent(t, 500), "pm_card_visa")
	in.SaveMethod = true
	if p, err := w.nodes[0].Pay(ctx, w.Tenant, in); err != nil || p.Status != payments.Succeeded {
		t.Fatalf("%s, %v", p.Status, err)
	}
	saved, err := w.methods.List(ctx, w.Tenant.ID, w.Company)
	if err != nil || len(saved) != 1 {
		t.Fatalf("%+v, %v", saved, err)
	}
	inv, p := w.pays("pm_card_threeDSecure2Required", payments.RequiresAction)
	if _, err := w.connections.Disconnect(ctx, w.Tenant.ID, p.ConnectionID); err != nil {
		t.Fatal(err)
	}
	old := s.acct
	s.acct = s.emu.AddAccount(emptyAccount)
	if _, err := w.connections.Connect(ctx, w.Tenant, s.credentials()); err != nil {
		t.Fatal(err)
	}
	var no *payments.PayRefusal
	withSaved := w.asks(w.Sent(t, 700), "pm_card_visa")
	withSaved.Source, withSaved.Kind, withSaved.MethodID = "", "", saved[0].ID
	if _, err := w.nodes[0].Pay(ctx, w.Tenant, withSaved); !errors.As(err, &no) || no.Why != payments.RefusedMethod {
		t.Errorf("a method of the old account: %v", err)
	}
	if _, there := w.pays("pm_card_visa", payments.Succeeded); there.ConnectionID == p.ConnectionID {
		t.Error("a new payment went to the old account")
	}
	s.walk(p, true)
	w.pass(0)
	w.work()
	if p = w.read(p.ID); p.Status != payments.Succeeded {
		t.Errorf("%s", p.Status)
	}
	if n := len(s.emu.Captured(old.ID)); n != 2 {
		t.Errorf("%d charges at the old account", n)
	}
	if due := w.Int(t, `SELECT total - settled FROM invoices WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, inv.ID); due != 0 {
		t.Errorf("%d is still due", due)
	}
	if r, err := w.nodes[0].Refund(ctx, w.Tenant, payments.RefundInput{PaymentID: p.ID}); err != nil || r.Status != payments.Succeeded {
		t.Errorf("refunded where it was taken: %+v, %v", r, err)
	}
	w.compare(w.Today())
}

// Messages that are forged, or of another account, change nothing; nor do they hold anything up.
func TestForged_MessagesChangeNothing(t *testing.T) {
	for _, build := range []func(*world) side{newStripe, newAuthorize} {
		w := quiet(t, build)
		if _, err := w.core.Deliveries.Script(core.Rule{Spoil: core.WrongSignature}); err != nil {
			t.Fatal(err)
		}
		w.pays(map[bool]string{true: "pm_card_visa", false: ""}[w.isStripe()], payments.Succeeded)
		w.pass(0)
		if n := w.Int(t, `SELECT count(*) FROM processor_events WHERE tenant_id = $1`, w.Tenant.ID); n != 0 {
			t.Errorf("%d forged messages were kept", n)
		}
		if n := w.Int(t, `SELECT sum(refused_events)::bigint FROM payment_connections WHERE tenant_id = $1`, w.Tenant.ID); n == 0 {
			t.Error("nobody counts forged messages")
		}
		w.calmNights()
	}
}

func (w *world) isStripe() bool { _, is := w.side.(*stripeSide); return is }

// Of a charge whose only refund failed the sums say that nothing was ever given back: the refund itself must be read.
func TestRefund_ThatFailedIsHeardOfByItsMessage(t *testing.T) {
	w := quiet(t, newStripe)
	_, p := w.pays("pm_card_refundFail", payments.Succeeded)
	if _, err := w.nodes[0].Refund(ctx, w.Tenant, payments.RefundInput{PaymentID: p.ID}); err != nil {
		t.Fatal(err)
	}
	w.lives(8*24*time.Hour, 24*time.Hour) // before it is looked for a second time
	if p = w.read(p.ID); p.Refunded != 0 || p.Refunds[0].Status != payments.Failed {
		t.Errorf("%d refunded, %+v", p.Refunded, p.Refunds)
	}
	w.calmNights()
}
