package payments_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
)

// once makes the first call of a method go wrong.
func once(s *paymentstest.Shop, method string, fault paymentstest.Fault) {
	var done atomic.Bool
	s.Fake.OnCall = func(m string) paymentstest.Fault {
		if m == method && done.CompareAndSwap(false, true) {
			return fault
		}
		return paymentstest.NoFault
	}
}

func TestLostAnswer_IsUnknownAndBlocksUntilItIsKnown(t *testing.T) {
	for _, c := range []struct {
		method string
		fault  paymentstest.Fault
	}{
		{"Begin", paymentstest.LostBefore}, {"Begin", paymentstest.LostAfter}, {"Submit", paymentstest.LostBefore}, {"Submit", paymentstest.LostAfter},
		{"Submit", paymentstest.NotAsked},
	} {
		s := shop(t)
		inv := s.Sent(t, 100)
		once(s, c.method, c.fault)
		p := pay(t, s, s.Request("ok", inv), payments.Unknown)
		balance(t, s, inv.ID, 0, 100)
		refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))), payments.RefusedBusy)
		if p.NextLook.Sub(s.Time()) != 10*time.Second || p.UnknownSince.IsZero() {
			t.Errorf("%v: next look %s, unknown since %s", c, p.NextLook, p.UnknownSince)
		}
		s.Advance(10 * time.Second)
		s.Work(t, s.Node(t, nil))
		show(t, s, p.ID, payments.Succeeded)
		balance(t, s, inv.ID, 100, 0)
		if got, n := s.Fake.Captured(); got != 100 || n != 1 || s.Fake.Broken() != nil {
			t.Errorf("%v: captured %d in %d charges, %v", c, got, n, s.Fake.Broken())
		}
	}
}

func TestNothingWasAsked_IsFailedAtOnce(t *testing.T) {
	for _, c := range []struct {
		method string
		fault  paymentstest.Fault
	}{{"Begin", paymentstest.NotAsked}, {"Begin", paymentstest.Refuses}, {"Submit", paymentstest.Refuses}} {
		s := shop(t)
		inv := s.Sent(t, 100)
		once(s, c.method, c.fault)
		status := payments.Failed
		if c.method == "Submit" { // its object is there already, and is ended first
			status = payments.Canceled
		}
		if p := pay(t, s, s.Request("ok", inv), status); p.Failure.Kind != payments.FailedUnavailable {
			t.Errorf("%+v", p.Failure)
		}
		balance(t, s, inv.ID, 0, 0)
	}
}

func TestUnknown_WithoutAnObjectIsGivenUpOnlyAfterADayOfLooking(t *testing.T) {
	s := shop(t)
	s.Fake.Objectless = true
	inv := s.Sent(t, 100)
	s.Fake.OnCall = func(m string) paymentstest.Fault {
		if m == "Submit" {
			return paymentstest.LostBefore
		}
		return paymentstest.NoFault
	}
	p := pay(t, s, s.Request("ok", inv), payments.Unknown)
	started := s.Time()
	for p.Status == payments.Unknown && s.Time().Sub(started) < 72*time.Hour {
		s.Advance(5 * time.Minute)
		s.Work(t, s.Service)
		p, _ = s.Service.Payment(ctx, s.Tenant, s.Company, p.ID)
		if p.Status != payments.Unknown && s.Time().Sub(started) < 24*time.Hour {
			t.Fatalf("given up after %s", s.Time().Sub(started))
		}
	}
	if p.Status != payments.Canceled || s.Fake.Calls("Look") < 5 {
		t.Fatalf("%s after %s and %d looks", p.Status, s.Time().Sub(started), s.Fake.Calls("Look"))
	}
	balance(t, s, inv.ID, 0, 0)
	if n := s.Fake.Calls("Submit"); n > 4 {
		t.Errorf("submitted %d times", n)
	}
}

func TestUnknown_IsNotSubmittedWhenItsPayerIsGone(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	once(s, "Submit", paymentstest.LostBefore)
	p := pay(t, s, s.Request("ok", inv), payments.Unknown)
	s.Advance(11 * time.Minute)
	s.Work(t, s.Service)
	show(t, s, p.ID, payments.Canceled)
	balance(t, s, inv.ID, 0, 0)
	if _, n := s.Fake.Captured(); n != 0 {
		t.Error("money was taken from somebody who left long ago")
	}
}

// A key that the processor has forgotten would make a second charge.
func TestUnknown_NoKeyIsSentAgainAfterTwentyHours(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	s.Fake.OnCall = func(m string) paymentstest.Fault {
		if m == "Begin" {
			return paymentstest.LostBefore
		}
		return paymentstest.NoFault
	}
	pay(t, s, s.Request("ok", inv), payments.Unknown)
	s.Advance(21 * time.Hour)
	before := s.Fake.Calls("Begin")
	s.Work(t, s.Service)
	if n := s.Fake.Calls("Begin") - before; n != 0 {
		t.Errorf("sent %d times again", n)
	}
	balance(t, s, inv.ID, 0, 100)
}

func TestWaiting_IsCancelledAfterHalfAnHour(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	if p.Action.ClientSecret == "" {
		t.Error("the payer does not know where to go")
	}
	if n := s.Int(t, `SELECT count(*) FROM payment_attempts WHERE tenant_id = $1 AND position('secret'::bytea IN action) > 0`, s.Tenant.ID); n != 0 {
		t.Error("the secret is kept in clear")
	}
	for range 29 {
		s.Advance(time.Minute)
		s.Work(t, s.Service)
		if _, err := s.Service.Look(ctx, s.Tenant, s.Company, p.ID); err != nil { // an open tab does not put the end off
			t.Fatal(err)
		}
	}
	show(t, s, p.ID, payments.RequiresAction)
	balance(t, s, inv.ID, 0, 100)
	s.Advance(time.Minute)
	if _, err := s.Service.Look(ctx, s.Tenant, s.Company, p.ID); err != nil {
		t.Fatal(err)
	}
	s.Work(t, s.Service)
	if p = show(t, s, p.ID, payments.Canceled); p.Failure.Kind != payments.FailedAbandoned || p.Action != (payments.Action{}) {
		t.Errorf("%+v", p)
	}
	balance(t, s, inv.ID, 0, 0)
	if n := <-s.Notices; n.Kind != payments.NoticeFailed || n.PaymentID != p.ID {
		t.Errorf("the payer, who went away, hears %+v", n)
	}
}

// The clock ends nothing by itself: when the processor does not answer, the money stays reserved.
func TestWaiting_IsNotReleasedWithoutTheProcessorsWord(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	s.Fake.OnCall = func(string) paymentstest.Fault { return paymentstest.LostBefore }
	s.Advance(40 * time.Minute)
	s.Work(t, s.Service)
	if _, err := s.Service.Cancel(ctx, s.Tenant, s.Company, p.ID); err != nil {
		t.Fatal(err)
	}
	balance(t, s, inv.ID, 0, 100)
	s.Fake.OnCall = nil
	s.Fake.Finish(p.ObjectID, false) // the bank said yes in the last moment
	if p, err := s.Service.Cancel(ctx, s.Tenant, s.Company, p.ID); err != nil || p.Status != payments.Succeeded {
		t.Errorf("%s, %v: what was taken must be booked", p.Status, err)
	}
	balance(t, s, inv.ID, 100, 0)
}

func TestResume_BooksWhatTheBankAllowed(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	s.Fake.Finish(p.ObjectID, false)
	p, err := s.Service.Resume(ctx, s.Tenant, s.Company, p.ID)
	if err != nil || p.Status != payments.Succeeded || p.Receipt == "" {
		t.Errorf("%s, %v", p.Status, err)
	}
	if _, err := s.Service.Resume(ctx, s.Tenant, s.AddCompany(t), p.ID); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("another company: %v", err)
	}
	other := paymentstest.NewShop(t, s.DB)
	for name, err := range map[string]error{
		"look":    errorOf(other.Service.Look(ctx, other.Tenant, "", p.ID)),
		"cancel":  errorOf(other.Service.Cancel(ctx, other.Tenant, "", p.ID)),
		"payment": errorOf(other.Service.Payment(ctx, other.Tenant, "", p.ID)),
		"refund": func() error {
			_, err := other.Service.Refund(ctx, other.Tenant, payments.RefundInput{PaymentID: p.ID})
			return err
		}(),
	} {
		if !errors.Is(err, payments.ErrNotFound) {
			t.Errorf("another tenant, %s: %v", name, err)
		}
	}
}

func TestLook_AsksTheProcessorAtMostEveryThreeSeconds(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("processing", s.Sent(t, 100)), payments.Processing)
	nodes := []*payments.Service{s.Service, s.Node(t, nil)}
	look := func() {
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				if _, err := nodes[i%2].Look(ctx, s.Tenant, s.Company, p.ID); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	look()
	s.Advance(2999 * time.Millisecond)
	look()
	if n := s.Fake.Calls("Look"); n != 1 {
		t.Errorf("asked %d times within three seconds", n)
	}
	s.Advance(time.Millisecond)
	look()
	if n := s.Fake.Calls("Look"); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestQuarantine_WhatIsNotWhatWasAskedForIsNeverBooked(t *testing.T) {
	for name, spoil := range map[string]func(o *payments.Outcome){
		"amount":   func(o *payments.Outcome) { o.Received-- },
		"more":     func(o *payments.Outcome) { o.Received++ },
		"currency": func(o *payments.Outcome) { o.Currency = "EUR" },
		"account":  func(o *payments.Outcome) { o.Account = "acct_other" },
		"customer": func(o *payments.Outcome) { o.Customer = "cus_other" },
		"mode":     func(o *payments.Outcome) { o.Live = true },
		"code":     func(o *payments.Outcome) { o.Code = "AAAAAAAAAAAAAAAAA" },
		"object":   func(o *payments.Outcome) { o.ObjectID = "pi_other" },
		"refunds": func(o *payments.Outcome) {
			o.Refunds = []payments.RefundOutcome{{ObjectID: "re_1", Amount: 101, Status: payments.Succeeded}}
		},
	} {
		s := shop(t)
		inv := s.Sent(t, 100)
		s.Fake.Tamper = spoil
		p := pay(t, s, s.Request("ok", inv), payments.Submitting)
		if p.Quarantine == "" {
			t.Errorf("%s: not noticed", name)
		}
		s.Deliver(t, s.Service)
		s.Work(t, s.Service)
		balance(t, s, inv.ID, 0, 100)
		if n := s.Int(t, `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1 AND kind = 'mismatch' AND payment_id = $2`, s.Tenant.ID, p.ID); n != 1 {
			t.Errorf("%s: %d rows for a person to look at", name, n)
		}
		s.Fake.Tamper = nil
		s.Advance(24 * time.Hour)
		s.Work(t, s.Service)
		if n := s.Int(t, `SELECT count(*) FROM ledger_entries WHERE tenant_id = $1 AND kind = 'payment'`, s.Tenant.ID); n != 0 {
			t.Errorf("%s: booked by itself", name)
		}
	}
}

func TestReview_LetsGoOnlyWhatWasPutRight(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	s.Fake.Tamper = func(o *payments.Outcome) { o.Currency = "EUR" }
	p := pay(t, s, s.Request("ok", inv), payments.Submitting)
	p, err := s.Service.Review(ctx, s.Tenant, p.ID)
	if err != nil || p.Quarantine == "" {
		t.Errorf("%+v, %v", p, err)
	}
	s.Fake.Tamper = nil
	if p, err = s.Service.Review(ctx, s.Tenant, p.ID); err != nil || p.Quarantine != "" || p.Status != payments.Succeeded {
		t.Errorf("%+v, %v", p, err)
	}
	balance(t, s, inv.ID, 100, 0)
	sound(t, s)
	open, err := s.Service.Orphans(ctx, s.Tenant)
	if err != nil || len(open) != 1 || open[0].PaymentID != p.ID {
		t.Fatalf("%+v, %v", open, err)
	}
	if err := s.Service.CloseOrphan(ctx, s.Tenant, open[0], "key_1"); err != nil {
		t.Error(err)
	}
	if err := s.Service.CloseOrphan(ctx, s.Tenant, open[0], "key_1"); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("closed twice: %v", err)
	}
}
