package payments_test

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

// meanwhile is a node on which something happens, once, at a point.
func meanwhile(t *testing.T, s *paymentstest.Shop, point string, happens func()) *payments.Service {
	var done atomic.Bool
	return s.Node(t, func(p string) {
		if p == point && done.CompareAndSwap(false, true) {
			happens()
		}
	})
}

// Between what was read and what is locked the world may change: only what is locked counts.
func TestPay_WhatChangesBeforeTheLocksCounts(t *testing.T) {
	for name, c := range map[string]struct {
		change string
		want   payments.Refusal
	}{
		"disconnected":      {`UPDATE payment_connections SET status = 'disconnected', disconnected_at = now() WHERE tenant_id = $1`, payments.RefusedDisconnected},
		"broken":            {`UPDATE payment_connections SET status = 'broken', trouble_code = 'x', trouble_since = now() WHERE tenant_id = $1`, payments.RefusedDisconnected},
		"no payer any more": {`UPDATE contacts SET role = 'viewer' WHERE tenant_id = $1`, payments.RefusedRole},
		"put out":           {`UPDATE contacts SET status = 'removed' WHERE tenant_id = $1`, payments.RefusedRole},
	} {
		s := shop(t)
		inv := s.Sent(t, 1000)
		node := meanwhile(t, s, payments.CrashBeforeReserve, func() { s.Exec(t, c.change, s.Tenant.ID) })
		_, err := node.Pay(ctx, s.Tenant, s.Request("ok", inv))
		demand(t, name, err, c.want)
		if n := s.Fake.Calls("Begin") + s.Fake.Calls("Submit"); n != 0 {
			t.Errorf("%s: the processor was asked", name)
		}
		balance(t, s, inv.ID, 0, 0)
	}
}

// Another account in the place of the one that was read: the client's name there is none here.
func TestPay_AnAccountThatWasReplacedBeforeTheLocksTakesNothing(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	node := meanwhile(t, s, payments.CrashBeforeReserve, func() {
		s.Exec(t, `UPDATE payment_connections SET status = 'disconnected', disconnected_at = now() WHERE tenant_id = $1`, s.Tenant.ID)
		s.Exec(t, `INSERT INTO payment_connections (tenant_id, id, processor, live, account_id, credentials, webhook_hash)
			VALUES ($1, $2, 'stripe', false, 'acct_second', 'x', sha256(convert_to($2, 'UTF8')))`, s.Tenant.ID, tenant.NewID("pcn", time.Now()))
	})
	_, err := node.Pay(ctx, s.Tenant, s.Request("ok", inv))
	demand(t, "replaced", err, payments.RefusedDisconnected)
	balance(t, s, inv.ID, 0, 0)
}

func TestPay_VoidIsBeforeTheReservationOrNotAtAll(t *testing.T) {
	s := shop(t)
	inv, other := s.Sent(t, 1000), s.Sent(t, 500)
	node := meanwhile(t, s, payments.CrashBeforeReserve, func() {
		if _, err := s.Invoices.Void(ctx, s.Tenant, inv.ID, ""); err != nil {
			t.Error(err)
		}
	})
	_, err := node.Pay(ctx, s.Tenant, s.Request("ok", inv))
	demand(t, "voided before", err, payments.RefusedVoid)
	var paid *payments.PaidError
	for _, point := range []string{payments.CrashAfterReserve, payments.CrashAfterBegin, payments.CrashAfterObject, payments.CrashAfterSubmit} {
		node = meanwhile(t, s, point, func() {
			if _, err := s.Invoices.Void(ctx, s.Tenant, other.ID, ""); !errors.As(err, &paid) {
				t.Errorf("voided at %s: %v", point, err)
			}
		})
		if p, err := node.Pay(ctx, s.Tenant, s.Request("declined", other)); err != nil || p.Status != payments.Failed {
			t.Errorf("%s: %s, %v", point, p.Status, err)
		}
	}
	if _, err := s.Invoices.Void(ctx, s.Tenant, other.ID, ""); err != nil {
		t.Errorf("voided after a decline: %v", err)
	}
	sound(t, s)
}

// A nonce of somebody else's is no key to their payment, and not to one's own either.
func TestPay_NonceOfAnotherClientTellsNothing(t *testing.T) {
	s := shop(t)
	in := s.Request("ok", s.Sent(t, 1000))
	pay(t, s, in, payments.Succeeded)
	stranger := s.AddCompany(t)
	theirs := s.DraftFor(t, stranger, 1000)
	contact := s.AddContact(t, stranger, "payer")
	theirs, err := s.Invoices.Send(ctx, s.Tenant, theirs.ID)
	if err != nil {
		t.Fatal(err)
	}
	stolen := in
	stolen.CompanyID, stolen.ContactID = stranger, contact
	p, err := s.Service.Pay(ctx, s.Tenant, stolen)
	if demand(t, "another client's nonce", err, payments.ErrKeyReused); p.ID != "" {
		t.Errorf("it is told %+v", p)
	}
	stolen.Items = []payments.PayItem{{InvoiceID: theirs.ID}}
	p, err = s.Service.Pay(ctx, s.Tenant, stolen)
	if demand(t, "with an invoice of its own", err, payments.ErrKeyReused); p.ID != "" {
		t.Errorf("it is told %+v", p)
	}
	other := paymentstest.NewShop(t, s.DB)
	own := other.Request("ok", other.Sent(t, 300))
	own.Nonce = in.Nonce
	if p, err := other.Service.Pay(ctx, other.Tenant, own); err != nil || p.Amount != 300 || p.Status != payments.Succeeded {
		t.Errorf("another tenant's same nonce: %s, %v", p.Status, err)
	}
}

func TestPay_AmountsThatWouldOverflowAreRefused(t *testing.T) {
	s := shop(t)
	s.Tenant.Policy.PartialPayments = true
	a, b := s.Sent(t, 1000), s.Sent(t, 1000)
	in := s.Request("ok", a, b)
	in.Items[0].Amount, in.Items[1].Amount = math.MaxInt64, math.MaxInt64
	_, err := s.Service.Pay(ctx, s.Tenant, in)
	demand(t, "two that wrap round", err, payments.RefusedAboveDue)
	in = s.Request("ok", a)
	in.Items[0].Amount = math.MinInt64
	_, err = s.Service.Pay(ctx, s.Tenant, in)
	demand(t, "the least of all", err, "items[0].amount")
	_, err = s.Service.ApplyCredit(ctx, s.Tenant, payments.CreditInput{CompanyID: s.Company, InvoiceID: a.ID, Amount: math.MaxInt64})
	demand(t, "credit that nobody has", err, "amount")
}

// The client's credit is spent once, however many forms and nodes reach for it.
func TestCredit_ByManyAtOnceIsSpentOnce(t *testing.T) {
	s := shop(t)
	if _, err := s.Invoices.RecordPayment(ctx, s.Tenant, payments.NewPayment{CompanyID: s.Company, Currency: "USD", Over: 1000}); err != nil {
		t.Fatal(err)
	}
	nodes := []*payments.Service{s.Service, s.Node(t, nil)}
	var group sync.WaitGroup
	for i := range 16 {
		inv := s.Sent(t, 300)
		in := s.Request("", inv)
		in.Kind, in.UseCredit, in.Session.ID = "", true, inv.ID
		group.Go(func() {
			if i%2 == 0 {
				_, _ = nodes[i/2%2].Pay(ctx, s.Tenant, in)
				return
			}
			_, _ = nodes[i/2%2].ApplyCredit(ctx, s.Tenant, payments.CreditInput{CompanyID: s.Company, InvoiceID: inv.ID})
		})
	}
	group.Wait()
	left, err := s.Service.Credit(ctx, s.Tenant, s.Company)
	spent := s.Int(t, `SELECT sum(settled)::bigint FROM invoices WHERE tenant_id = $1`, s.Tenant.ID)
	if err != nil || spent > 1000 || spent < 900 || len(left) == 1 && left[0].Amount != 1000-spent || len(left) == 0 && spent != 1000 {
		t.Errorf("%d spent, %+v left, %v", spent, left, err)
	}
	sound(t, s)
}

// The bank takes money back while it is being given back: both happened, and the ledger says both.
func TestRefund_AndDisputeAtOnce(t *testing.T) {
	for _, point := range []string{payments.CrashAfterReserve, payments.CrashAfterSubmit, payments.CrashAfterApply} {
		s := shop(t)
		inv := s.Sent(t, 1000)
		p := pay(t, s, s.Request("ok", inv), payments.Succeeded)
		node := meanwhile(t, s, point, func() {
			s.Fake.TakeBack(p.ObjectID, "dispute", 1000)
			s.Deliver(t, s.Service)
			s.Work(t, s.Service)
		})
		r, err := node.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 400, Reopen: true})
		if err != nil || r.Status != payments.Succeeded {
			t.Errorf("%s: %+v, %v", point, r, err)
		}
		calm(t, s)
		if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 400 || p.Reversed != 1000 || p.Refundable() != 0 {
			t.Errorf("%s: %d refunded, %d reversed", point, p.Refunded, p.Reversed)
		}
		sound(t, s)
	}
}

// A refund that carries no name of ours may be ours all the same, while our answer is on its way.
func TestRefund_WhoseAnswerIsLateIsNotOneMadeElsewhere(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("ok", s.Sent(t, 1000)), payments.Succeeded)
	once(s, "Refund", paymentstest.LostAfter)
	if r, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 400}); err != nil || r.Status != payments.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	s.Fake.Tamper = func(o *payments.Outcome) {
		for i := range o.Refunds {
			o.Refunds[i].Ref = ""
		}
	}
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	s.Fake.Tamper = nil
	s.Advance(time.Minute)
	s.Work(t, s.Service)
	if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 400 || len(p.Refunds) != 1 || p.Refunds[0].Outside {
		t.Errorf("%d refunded, %+v", p.Refunded, p.Refunds)
	}
	sound(t, s)
}

// The same key on two nodes at once is one refund.
func TestRefund_SameKeyOnTwoNodesIsOne(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("ok", s.Sent(t, 1000)), payments.Succeeded)
	nodes := []*payments.Service{s.Service, s.Node(t, nil)}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			_, err := nodes[i%2].Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 100, Key: "once"})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 100 || len(p.Refunds) != 1 {
		t.Errorf("%d refunded by %d refunds", p.Refunded, len(p.Refunds))
	}
	sound(t, s)
}

// A message may name an object that says the code of another tenant's payment: it is nobody's here, and nothing there.
func TestEvent_WithAnotherTenantsCodeIsNobodys(t *testing.T) {
	s := shop(t)
	other := paymentstest.NewShop(t, s.DB)
	inv := other.Sent(t, 500)
	theirs := pay(t, other, other.Request("processing", inv), payments.Processing)
	f, err := other.Store().File(ctx, other.Tenant.ID, theirs.ID)
	if err != nil {
		t.Fatal(err)
	}
	id := s.Fake.ChargeOutside(500)
	s.Fake.Tamper = func(o *payments.Outcome) { o.Code = f.Attempt.Code }
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	show(t, other, theirs.ID, payments.Processing)
	balance(t, other, inv.ID, 0, 500)
	if n := s.Int(t, `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1 AND object_id = $2 AND payment_id IS NULL`, s.Tenant.ID, id); n != 1 {
		t.Errorf("%d orphans", n)
	}
	if n := other.Int(t, `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1`, other.Tenant.ID); n != 0 {
		t.Errorf("the other tenant has %d orphans", n)
	}
}

// That a second try is refused, because a token was spent for instance, says nothing of the first.
func TestRefused_AfterALostAnswerIsNotFailed(t *testing.T) {
	s := shop(t)
	s.Fake.Objectless = true
	var tries atomic.Int64
	s.Fake.OnCall = func(method string) paymentstest.Fault {
		switch {
		case method != "Submit":
			return paymentstest.NoFault
		case tries.Add(1) == 1:
			return paymentstest.LostBefore
		}
		return paymentstest.Refuses
	}
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("ok", inv), payments.Unknown)
	s.Advance(10 * time.Second)
	s.Work(t, s.Service)
	if show(t, s, p.ID, payments.Unknown); tries.Load() != 2 {
		t.Errorf("%d tries", tries.Load())
	}
	balance(t, s, inv.ID, 0, 1000)
}

// Of a settlement that failed the processor says both: the payment failed, and the money went back. What was booked is undone once; what was not is not booked.
func TestSettlementThatFailed_IsUndoneOnce(t *testing.T) {
	for _, booked := range []bool{true, false} {
		s := shop(t)
		inv := s.Sent(t, 1000)
		in, status := s.Request("ok", inv), payments.Succeeded
		if !booked {
			in, status = s.Request("processing", inv), payments.Processing
		}
		p := pay(t, s, in, status)
		s.Fake.Tamper = func(o *payments.Outcome) {
			o.Status, o.Received, o.ChargeID = payments.Failed, 0, ""
			o.Disputes = []payments.DisputeFacts{{ObjectID: "7-settlement", Kind: "return", Amount: 1000, Currency: "USD", Status: "lost"}}
		}
		for range 3 {
			s.Fake.MessageAbout("payment", p.ObjectID)
			s.Deliver(t, s.Service)
			s.Work(t, s.Service)
			s.Advance(time.Hour)
		}
		balance(t, s, inv.ID, 0, 0)
		credit(t, s, 0)
		want := map[bool]string{true: payments.Succeeded, false: payments.Failed}[booked]
		if p = show(t, s, p.ID, want); booked != (p.Standing() == "returned") || p.Quarantine != "" {
			t.Errorf("%s %s", p.Standing(), p.Quarantine)
		}
		again := s.Request("ok", inv)
		s.Fake.Tamper = nil
		pay(t, s, again, payments.Succeeded)
	}
}
