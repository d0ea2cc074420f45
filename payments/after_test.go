package payments_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
)

func TestRefund_GivesBackOnceAndNoMoreThanWasTaken(t *testing.T) {
	s := shop(t)
	a, b := s.Sent(t, 300), s.Sent(t, 700)
	p := pay(t, s, s.Request("ok", a, b), payments.Succeeded)
	in := payments.RefundInput{PaymentID: p.ID, Amount: 500, Reason: "half was not delivered", Key: "r-1", Reopen: true}
	r, err := s.Service.Refund(ctx, s.Tenant, in)
	if err != nil || r.Status != payments.Succeeded {
		t.Fatalf("%+v, %v", r, err)
	}
	again, err := s.Service.Refund(ctx, s.Tenant, in)
	if err != nil || again.ID != r.ID {
		t.Errorf("the same key again: %+v, %v", again, err)
	}
	in.Amount = 499
	if _, err := s.Service.Refund(ctx, s.Tenant, in); !errors.Is(err, payments.ErrKeyReused) {
		t.Errorf("another wish under the key: %v", err)
	}
	balance(t, s, a.ID, 150, 0) // in proportion
	balance(t, s, b.ID, 350, 0)
	_, err = s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 501})
	demand(t, "too much", err, "amount")
	if _, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID}); err != nil {
		t.Fatal(err)
	}
	// The second was a concession: nothing more is owed than before.
	balance(t, s, a.ID, 150, 0)
	balance(t, s, b.ID, 350, 0)
	_, err = s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID})
	demand(t, "a third", err, "amount")
	p = show(t, s, p.ID, payments.Succeeded)
	if p.Refunded != 1000 || p.Standing() != "refunded" || len(p.Refunds) != 2 || len(p.Timeline()) != 5 {
		t.Errorf("%+v\n%+v", p, p.Timeline())
	}
	manual := s.Pay(t, a.ID, 10)
	if _, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: manual.ID}); !errors.Is(err, payments.ErrNotRefundable) {
		t.Errorf("money that no processor took: %v", err)
	}
	sound(t, s)
}

func TestRefund_ALostAnswerBlocksOthersUntilItIsKnown(t *testing.T) {
	for _, fault := range []paymentstest.Fault{paymentstest.LostBefore, paymentstest.LostAfter} {
		s := shop(t)
		p := pay(t, s, s.Request("ok", s.Sent(t, 1000)), payments.Succeeded)
		once(s, "Refund", fault)
		r, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 600})
		if err != nil || r.Status != payments.Unknown {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 100}); !errors.Is(err, payments.ErrRefunding) {
			t.Errorf("another meanwhile: %v", err)
		}
		s.Advance(10 * time.Second)
		s.Work(t, s.Service)
		if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 600 || p.Refunding != 0 || p.Refunds[0].Status != payments.Succeeded {
			t.Errorf("%+v", p)
		}
		sound(t, s)
	}
}

func TestRefund_SurvivesItsProcess(t *testing.T) {
	for _, point := range []string{payments.CrashAfterReserve, payments.CrashAfterSubmit, payments.CrashAfterApply} {
		s := shop(t)
		p := pay(t, s, s.Request("ok", s.Sent(t, 1000)), payments.Succeeded)
		if !dies(func() {
			_, _ = s.Node(t, dyingAt(point)).Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 600})
		}) {
			t.Fatal("the process lives")
		}
		s.Advance(time.Minute)
		s.Work(t, s.Service)
		if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 600 {
			t.Errorf("%s: %d refunded", point, p.Refunded)
		}
		sound(t, s)
	}
}

func TestRefund_ManyAtOnceGiveBackNoMoreThanWasTaken(t *testing.T) {
	s := shop(t)
	p := pay(t, s, s.Request("ok", s.Sent(t, 1000)), payments.Succeeded)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 3 {
				_, _ = s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 300})
			}
		})
	}
	group.Wait()
	if p = show(t, s, p.ID, payments.Succeeded); p.Refunded > 900 || p.Refunded == 0 {
		t.Errorf("%d refunded", p.Refunded)
	}
	sound(t, s)
}

func TestRefund_PendingFailedAndMadeOutside(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("ok", inv), payments.Succeeded)
	r, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 177, Reopen: true})
	if err != nil || r.Status != payments.RefundPending {
		t.Fatalf("%+v, %v", r, err)
	}
	balance(t, s, inv.ID, 1000, 0)
	s.Fake.EndRefund(r.ObjectID, payments.Succeeded)
	s.Advance(time.Second)
	outside := s.Fake.RefundOutside(p.ObjectID, 200)
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	balance(t, s, inv.ID, 823, 0) // what was made elsewhere is a concession
	if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 377 || len(p.Refunds) != 2 || !p.Refunds[1].Outside || p.Refunds[1].ObjectID != outside {
		t.Errorf("%+v", p.Refunds)
	}
	s.Fake.EndRefund(r.ObjectID, payments.Failed)
	s.Fake.EndRefund(outside, payments.Failed)
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	balance(t, s, inv.ID, 1000, 0)
	if p = show(t, s, p.ID, payments.Succeeded); p.Refunded != 0 || p.Refundable() != 1000 {
		t.Errorf("%+v", p)
	}
	sound(t, s)
}

func TestDispute_TakesBackAndGivesAgain(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("ok", inv), payments.Succeeded)
	dispute := s.Fake.TakeBack(p.ObjectID, "dispute", 1000)
	deliver := func() { s.Deliver(t, s.Service); s.Work(t, s.Service) }
	deliver()
	balance(t, s, inv.ID, 0, 0)
	if p = show(t, s, p.ID, payments.Succeeded); p.Standing() != "disputed" || p.Reversed != 1000 || p.Refundable() != 0 {
		t.Errorf("%+v", p)
	}
	if _, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID}); err == nil {
		t.Error("money that the bank took back was given back once more")
	}
	pay(t, s, s.Request("ok", inv), payments.Succeeded) // it is open again
	s.Fake.Decide(dispute, "won")
	deliver()
	deliver()
	balance(t, s, inv.ID, 1000, 0)
	credit(t, s, 1000) // it came again, and fits nowhere
	if p = show(t, s, p.ID, payments.Succeeded); p.Standing() != payments.Succeeded || p.Credited != 1000 {
		t.Errorf("%+v", p)
	}
	s.Fake.Decide(dispute, "open") // a late tale
	deliver()
	credit(t, s, 1000)
	s.Fake.Decide(dispute, "won")
	sound(t, s)
}

func TestBankDebit_IsLookedAfterForNinetyDaysAndMayBeReturned(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	in := s.Request("processing", inv)
	in.Kind = payments.Bank
	p := pay(t, s, in, payments.Processing)
	balance(t, s, inv.ID, 0, 1000)
	s.Fake.Finish(p.ObjectID, false)
	s.Advance(6 * time.Hour) // without a message
	s.Work(t, s.Service)
	show(t, s, p.ID, payments.Succeeded)
	balance(t, s, inv.ID, 1000, 0)
	s.Advance(20 * 24 * time.Hour)
	s.Fake.TakeBack(p.ObjectID, "return", 1000)
	s.Work(t, s.Service)
	if p = show(t, s, p.ID, payments.Succeeded); p.Standing() != "returned" {
		t.Errorf("%+v", p)
	}
	balance(t, s, inv.ID, 0, 0)
	const today = `SELECT count(*) FROM ledger_entries WHERE tenant_id = $1 AND kind = 'reversal' AND effective_on = $2::date`
	if n := s.Int(t, today, s.Tenant.ID, s.Today().String()); n != 1 {
		t.Error("the reversal is not of the day on which it happened: a past statement would change")
	}
	if p.NextLook.IsZero() {
		t.Error("nobody looks any more after twenty days")
	}
	s.Advance(80 * 24 * time.Hour)
	s.Work(t, s.Service)
	if p = show(t, s, p.ID, payments.Succeeded); !p.NextLook.IsZero() {
		t.Errorf("looked at after a hundred days: %s", p.NextLook)
	}
	sound(t, s)
}

func TestCredit_GoesFirstAndIsNeverSpentTwice(t *testing.T) {
	s := shop(t)
	give := func(amount int64) {
		inv := s.Sent(t, amount)
		p := pay(t, s, s.Request("ok", inv), payments.Succeeded)
		d := s.Fake.TakeBack(p.ObjectID, "dispute", amount)
		s.Deliver(t, s.Service)
		s.Work(t, s.Service)
		pay(t, s, s.Request("ok", inv), payments.Succeeded)
		s.Fake.Decide(d, "won")
		s.Deliver(t, s.Service)
		s.Work(t, s.Service)
	}
	give(1000)
	credit(t, s, 1000)
	submits := s.Fake.Calls("Submit")
	small := s.Sent(t, 300)
	in := s.Request("", small)
	in.UseCredit, in.Kind = true, ""
	p := pay(t, s, in, payments.Succeeded)
	if p.Kind != payments.Credit || s.Fake.Calls("Submit") != submits {
		t.Errorf("%+v: the processor was asked for what credit covers", p)
	}
	if again := pay(t, s, in, payments.Succeeded); again.ID != p.ID {
		t.Error("credit was used twice")
	}
	credit(t, s, 700)
	large := s.Sent(t, 2000)
	in = s.Request("ok", large)
	in.UseCredit = true
	if p := pay(t, s, in, payments.Succeeded); p.Amount != 1300 {
		t.Errorf("charged %d, want what credit does not cover", p.Amount)
	}
	balance(t, s, large.ID, 2000, 0)
	credit(t, s, 0)
	give(500)
	a, b := s.Sent(t, 400), s.Sent(t, 400)
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			_, _ = s.Service.ApplyCredit(ctx, s.Tenant, payments.CreditInput{CompanyID: s.Company, InvoiceID: []string{a.ID, b.ID}[i%2]})
		})
	}
	group.Wait()
	credit(t, s, 0)
	sound(t, s)
	_, err := s.Service.ApplyCredit(ctx, s.Tenant, payments.CreditInput{CompanyID: s.Company, InvoiceID: s.Sent(t, 100).ID})
	demand(t, "no credit", err, "amount")
	_, err = s.Service.ApplyCredit(ctx, s.Tenant, payments.CreditInput{CompanyID: s.AddCompany(t), InvoiceID: s.Sent(t, 100).ID})
	demand(t, "another company's invoice", err, payments.ErrNotFound)
}

func TestSaveMethod_IsKeptOnlyOnceTheProcessorTookMoneyWithIt(t *testing.T) {
	s := shop(t)
	const kept = `SELECT count(*) FROM payment_methods WHERE tenant_id = $1 AND status = 'active'`
	in := s.Request("declined", s.Sent(t, 100))
	in.SaveMethod = true
	pay(t, s, in, payments.Failed)
	if n := s.Int(t, kept, s.Tenant.ID); n != 0 {
		t.Error("a declined card is kept")
	}
	in = s.Request("ok", s.Sent(t, 100))
	in.SaveMethod, in.MandateText = true, "I agree"
	pay(t, s, in, payments.Succeeded)
	if n := s.Int(t, kept+` AND mandate = 'I agree' AND last4 = '4242'`, s.Tenant.ID); n != 1 {
		t.Errorf("%d methods are kept", n)
	}
}
