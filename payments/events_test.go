package payments_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
)

func TestEvents_TwiceLateAndInAnyOrderBookOnce(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	s.Fake.Finish(p.ObjectID, false)
	s.Fake.RefundOutside(p.ObjectID, 100)
	all := s.Fake.Messages()
	slices.Reverse(all)
	for _, e := range append(all, all...) {
		s.DeliverOne(t, s.Service, e)
	}
	nodes := []*payments.Service{s.Service, s.Node(t, nil)}
	for _, node := range nodes {
		s.Work(t, node)
	}
	for _, e := range all {
		s.DeliverOne(t, s.Service, e)
	}
	s.Work(t, s.Service)
	if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 100 {
		t.Errorf("%+v", p)
	}
	balance(t, s, inv.ID, 1000, 0)
	sound(t, s)
}

func TestEvents_ForgedOrForeignChangeNothing(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("3ds", s.Sent(t, 1000)), payments.RequiresAction)
	c, err := s.Store().Connection(ctx, s.Tenant.ID, s.Connection)
	if err != nil {
		t.Fatal(err)
	}
	e := s.Fake.MessageAbout("payment", p.ObjectID)
	if err := s.Service.TakeEvent(ctx, s.Tenant.ID, c, nil, paymentstest.Body(e)); !errors.Is(err, payments.ErrForged) {
		t.Errorf("without a signature: %v", err)
	}
	foreign, live := e, e
	foreign.ID, foreign.Account = "evt_a", "acct_other"
	live.ID, live.Live = "evt_b", true
	s.DeliverOne(t, s.Service, foreign)
	s.DeliverOne(t, s.Service, live)
	if n := s.Int(t, `SELECT count(*) FROM processor_events WHERE tenant_id = $1`, s.Tenant.ID); n != 0 {
		t.Errorf("%d are kept", n)
	}
	if n := s.Int(t, `SELECT refused_events FROM payment_connections WHERE tenant_id = $1`, s.Tenant.ID); n != 1 {
		t.Errorf("%d are counted", n)
	}
	if st, err := s.Service.Stats(ctx); err != nil || st.Forged != 1 || st.Live[payments.RequiresAction] != 1 {
		t.Errorf("%+v, %v", st, err)
	}
}

// What an event claims is not believed: the processor is asked.
func TestEvents_AClaimIsNotBelieved(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("3ds", s.Sent(t, 1000)), payments.RequiresAction)
	e := s.Fake.MessageAbout("payment", p.ObjectID)
	e.Kind = "payment.succeeded"
	s.DeliverOne(t, s.Service, e)
	s.Work(t, s.Service)
	show(t, s, p.ID, payments.RequiresAction)
}

func TestEvents_WhatWasMadeElsewhereIsForTheTenantToMatch(t *testing.T) {
	s := shop(t)
	object := s.Fake.ChargeOutside(4200)
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	const q = `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1 AND object_id = $2 AND kind = 'charge' AND amount = 4200 AND closed_at IS NULL`
	if n := s.Int(t, q, s.Tenant.ID, object); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestEvents_APoisonedOneIsParkedAndHoldsUpNoOther(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	s.DeliverOne(t, s.Service, s.Fake.MessageAbout("payment", "pi_nowhere"))
	s.Fake.Finish(p.ObjectID, false)
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	balance(t, s, inv.ID, 1000, 0)
	st, err := s.Service.Stats(ctx)
	if err != nil || st.Parked != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	for range 10 {
		s.Advance(13 * time.Hour)
		s.Work(t, s.Service)
	}
	if st, err = s.Service.Stats(ctx); err != nil || st.Parked != 1 || st.EventLag != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	if n := s.Int(t, `SELECT count(*) FROM processor_events WHERE tenant_id = $1 AND parked_why <> ''`, s.Tenant.ID); n != 1 {
		t.Errorf("%d say why", n)
	}
}

func TestEvents_AMethodIsRefreshedOrGone(t *testing.T) {
	s := shop(t)
	id := method(t, s.World, s.Connection, s.Company, "active")
	s.Exec(t, `INSERT INTO processor_customers (tenant_id, connection_id, company_id, customer_id) VALUES ($1, $2, $3, 'cus_1')`, s.Tenant.ID, s.Connection, s.Company)
	s.Fake.SetMethod(id, &payments.MethodFacts{Ref: id, Brand: "visa", Last4: "9999", ExpMonth: 3, ExpYear: 2031})
	s.DeliverOne(t, s.Service, s.Fake.MessageAbout("method", id))
	s.Work(t, s.Service)
	const q = `SELECT count(*) FROM payment_methods WHERE tenant_id = $1 AND id = $2 AND `
	if n := s.Int(t, q+`last4 = '9999' AND exp_year = 2031 AND status = 'active'`, s.Tenant.ID, id); n != 1 {
		t.Error("not refreshed")
	}
	s.Fake.SetMethod(id, nil)
	s.DeliverOne(t, s.Service, s.Fake.MessageAbout("method", id))
	s.Work(t, s.Service)
	if n := s.Int(t, q+`status = 'gone'`, s.Tenant.ID, id); n != 1 {
		t.Error("not gone")
	}
}

// The process died between the object's making and its writing down, and a message is the first that tells of it.
func TestEvents_FindTheirPaymentByItsCode(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	s.Fake.Objectless = true
	once(s, "Submit", paymentstest.LostAfter)
	p := pay(t, s, s.Request("ok", inv), payments.Unknown)
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	show(t, s, p.ID, payments.Succeeded)
	balance(t, s, inv.ID, 100, 0)
	sound(t, s)
}

func TestStats_TellOfTheOldestUnknown(t *testing.T) {
	s := shop(t)
	s.Fake.OnCall = func(m string) paymentstest.Fault {
		if m == "Customer" {
			return paymentstest.NoFault
		}
		return paymentstest.LostBefore
	}
	pay(t, s, s.Request("ok", s.Sent(t, 100)), payments.Unknown)
	s.Advance(time.Hour)
	st, err := s.Service.Stats(ctx)
	if err != nil || st.OldestUnknown != time.Hour || st.Live[payments.Unknown] != 1 || st.Late != time.Hour-10*time.Second {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestCompare_MendsWhatItCanAndListsTheRest(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	lost := pay(t, s, s.Request("ok", s.Sent(t, 200)), payments.Succeeded)
	day := s.Today()
	report := func(differences int) payments.Report {
		t.Helper()
		r, err := s.Service.Compare(ctx, s.Tenant, day)
		if err != nil || len(r.Differences) != differences {
			t.Fatalf("%+v, %v, want %d differences", r, err, differences)
		}
		return r
	}
	report(0)
	s.Fake.Finish(p.ObjectID, false) // whose message never comes
	s.Fake.RefundOutside(p.ObjectID, 100)
	s.Fake.TakeBack(p.ObjectID, "dispute", 300)
	r := report(0)
	if got := r.Sums[0]; got != (payments.Sums{Currency: "USD", Captured: 1200, Posted: 1200, Refunded: 100, Reversed: 300}) {
		t.Errorf("%+v", got)
	}
	show(t, s, p.ID, payments.Succeeded)
	sound(t, s)
	s.Fake.ChargeOutside(50)
	s.Fake.Forget(lost.ObjectID)
	r = report(2)
	if r.Differences[0].Kind != "charge" || r.Differences[1].Kind != "ghost" || r.Differences[1].PaymentID != lost.ID {
		t.Errorf("%+v", r.Differences)
	}
	report(2)
	if n := s.Int(t, `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1`, s.Tenant.ID); n != 1 {
		t.Errorf("%d orphans are kept", n)
	}
}

func TestCompare_RunsEveryNightByItself(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("3ds", s.Sent(t, 1000)), payments.RequiresAction)
	s.Fake.OnCall = func(m string) paymentstest.Fault { // the object itself cannot be looked at for now
		if m == "Look" || m == "Cancel" {
			return paymentstest.LostBefore
		}
		return paymentstest.NoFault
	}
	s.Fake.Finish(p.ObjectID, false)
	s.Work(t, s.Service)
	s.Fake.OnCall = nil
	before := s.Fake.Calls("Movements")
	s.Advance(17 * time.Hour)
	s.Work(t, s.Service)
	if s.Fake.Calls("Movements") == before {
		t.Error("nobody compares")
	}
	show(t, s, p.ID, payments.Succeeded)
}
