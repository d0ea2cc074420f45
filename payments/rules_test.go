package payments_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

// Nothing is locked, and the attempt is committed, whenever a call that can move money is made.
func TestCalls_AreWrittenDownBeforeAndHoldNoLock(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	s.Fake.OnCall = func(method string) paymentstest.Fault {
		open := s.Int(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`)
		written := s.Int(t, `SELECT count(*) FROM payment_attempts a JOIN payments p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id
			WHERE a.tenant_id = $1 AND p.amount = 1000 AND a.params <> '{}' AND p.status IN ('submitting', 'succeeded')`, s.Tenant.ID)
		if open != 0 || method != "Customer" && written != 1 {
			t.Errorf("%s: %d transactions wait, %d attempts are written", method, open, written)
		}
		if refunds := s.Int(t, `SELECT count(*) FROM refunds WHERE tenant_id = $1 AND status = 'submitting'`, s.Tenant.ID); method == "Refund" && refunds != 1 {
			t.Error("a refund is asked for that is not written down")
		}
		return paymentstest.NoFault
	}
	p := pay(t, s, s.Request("ok", inv), payments.Succeeded)
	if _, err := s.Service.Refund(ctx, s.Tenant, payments.RefundInput{PaymentID: p.ID, Amount: 10}); err != nil {
		t.Fatal(err)
	}
}

// What is sent again is what was written down, to the byte; a row that was changed since is not sent at all.
func TestAttempt_WithOtherParametersIsNotSent(t *testing.T) {
	s := shop(t)
	once(s, "Begin", paymentstest.LostBefore)
	p := pay(t, s, s.Request("ok", s.Sent(t, 1000)), payments.Unknown)
	s.Exec(t, `UPDATE payment_attempts SET params = replace(params, '1000', '9000') WHERE tenant_id = $1`, s.Tenant.ID)
	before := s.Fake.Calls("Begin")
	s.Advance(time.Minute)
	s.Work(t, s.Service)
	if s.Fake.Calls("Begin") != before {
		t.Error("another wish was sent under the same key")
	}
	if _, err := s.Service.Payment(ctx, s.Tenant, "", p.ID); err == nil {
		t.Error("nobody notices")
	}
}

// Autopay is one more contact: it waits for a person, and a person for it.
func TestAutopay_ReservesLikeAPerson(t *testing.T) {
	s := shop(t)
	inv, other := s.Sent(t, 1000), s.Sent(t, 500)
	card := method(t, s.World, s.Connection, s.Company, "active")
	auto := func(invoices ...ledger.Invoice) payments.PayRequest {
		in := s.Request("", invoices...)
		in.Kind, in.MethodID, in.ContactID, in.Session, in.OffSession, in.ReturnURL = "", card, "", payments.Session{}, true, nil
		return in
	}
	person := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, auto(inv))), payments.RefusedBusy)
	if p := pay(t, s, auto(other), payments.Succeeded); p.MethodID != card || p.Last4 != "4242" || p.ContactID != "" {
		t.Errorf("%+v", p)
	}
	if _, err := s.Service.Cancel(ctx, s.Tenant, s.Company, person.ID); err != nil {
		t.Fatal(err)
	}
	pay(t, s, auto(inv), payments.Succeeded)
}

// A payer who leaves the bank's page by the back button and pays once more pays once.
func TestCancel_FreesTheInvoiceAtOnce(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	p := pay(t, s, s.Request("3ds", inv), payments.RequiresAction)
	p, err := s.Service.Cancel(ctx, s.Tenant, s.Company, p.ID)
	if err != nil || p.Status != payments.Canceled || p.Failure.Kind != payments.FailedAbandoned {
		t.Fatalf("%s %+v, %v", p.Status, p.Failure, err)
	}
	pay(t, s, s.Request("ok", inv), payments.Succeeded)
	if s.Fake.Finish(p.ObjectID, false) {
		t.Error("what was given up could still be charged")
	}
	sound(t, s)
}

func TestReservation_WithoutAnAttemptIsReaped(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	s.Exec(t, `INSERT INTO payments (tenant_id, id, company_id, status, kind, amount, currency, received_on, created_at, changed_at)
		VALUES ($1, 'pay_00000000000000000000000000', $2, 'reserved', 'card', 1000, 'USD', '2026-05-03', $3, $3)`, s.Tenant.ID, s.Company, s.Time())
	s.Exec(t, `INSERT INTO payment_allocations (tenant_id, company_id, payment_id, invoice_id, amount) VALUES ($1, $2, 'pay_00000000000000000000000000', $3, 1000)`,
		s.Tenant.ID, s.Company, inv.ID)
	s.Exec(t, `INSERT INTO payment_looks (tenant_id, kind, ref, due_at) VALUES ($1, 'payment', 'pay_00000000000000000000000000', $2)`, s.Tenant.ID, s.Time().Add(time.Minute))
	balance(t, s, inv.ID, 0, 1000)
	s.Advance(time.Minute)
	s.Work(t, s.Service)
	show(t, s, "pay_00000000000000000000000000", payments.Rejected)
	balance(t, s, inv.ID, 0, 0)
}

// Captured after it was given up on the processor's own word: a person must look.
func TestLateSuccess_OfWhatWasGivenUpIsForAPerson(t *testing.T) {
	s := shop(t)
	s.Fake.Objectless = true
	inv := s.Sent(t, 1000)
	s.Fake.Tamper = func(o *payments.Outcome) {
		if o.Status == payments.Succeeded {
			o.Status, o.Received, o.ChargeID = payments.Failed, 0, ""
		}
	}
	p := pay(t, s, s.Request("ok", inv), payments.Failed)
	s.Fake.Tamper = nil
	s.Deliver(t, s.Service)
	s.Work(t, s.Service)
	if p = show(t, s, p.ID, payments.Failed); p.Quarantine == "" {
		t.Error("nobody is told")
	}
	balance(t, s, inv.ID, 0, 0)
}

func TestOverpayment_ByHandBecomesCreditOnce(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 1000)
	in := paymentstest.Payment(inv.ID, 1000)
	in.Over, in.Key = 250, "cheque-1"
	p, err := s.Invoices.RecordPayment(ctx, s.Tenant, in)
	if err != nil || p.Amount != 1250 {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := s.Invoices.RecordPayment(ctx, s.Tenant, in); err != nil {
		t.Fatal(err)
	}
	credit(t, s, 250)
	in.Over = 251
	if _, err := s.Invoices.RecordPayment(ctx, s.Tenant, in); !errors.Is(err, payments.ErrKeyReused) {
		t.Errorf("another amount under the key: %v", err)
	}
	if _, err := s.Invoices.RecordPayment(ctx, s.Tenant, payments.NewPayment{CompanyID: s.Company, Currency: "USD", Over: 50}); err != nil {
		t.Errorf("money for no invoice at all: %v", err)
	}
	if _, err := s.Invoices.RecordPayment(ctx, s.Tenant, payments.NewPayment{CompanyID: "com_00000000000000000000000000", Currency: "USD", Over: 50}); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	credit(t, s, 300)
	owed, err := s.Service.Balance(ctx, s.Tenant, s.Company)
	if err != nil || len(owed) != 1 || owed[0].Amount != -300 {
		t.Errorf("balance %v, %v", owed, err)
	}
	next := s.Sent(t, 300)
	if p, err := s.Service.ApplyCredit(ctx, s.Tenant, payments.CreditInput{CompanyID: s.Company, InvoiceID: next.ID, Key: "use-1"}); err != nil || p.Amount != 300 {
		t.Errorf("%+v, %v", p, err)
	}
	credit(t, s, 0)
	sound(t, s)
}

func TestPayments_ArePagedAndScopedToTheCompany(t *testing.T) {
	s := shop(t)
	var ids []string
	for range 5 {
		ids = append(ids, pay(t, s, s.Request("ok", s.Sent(t, 100)), payments.Succeeded).ID)
		s.Advance(time.Second)
	}
	f, got := payments.PaymentFilter{CompanyID: s.Company, Limit: 2, Statuses: []string{payments.Succeeded}}, 0
	for {
		page, err := s.Service.Payments(ctx, s.Tenant, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Payments {
			if got++; p.ID != ids[5-got] || len(p.Allocations) != 1 || p.Receipt == "" {
				t.Errorf("%+v", p)
			}
		}
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	if got != 5 {
		t.Errorf("%d payments", got)
	}
	for _, f := range []payments.PaymentFilter{{CompanyID: s.AddCompany(t)}, {CompanyID: s.Company, Statuses: []string{payments.Failed}}, {InvoiceID: "inv_x"}} {
		if page, err := s.Service.Payments(ctx, s.Tenant, f); err != nil || len(page.Payments) != 0 {
			t.Errorf("%+v: %d payments, %v", f, len(page.Payments), err)
		}
	}
	if _, err := s.Service.Payments(ctx, s.Tenant, payments.PaymentFilter{After: "x"}); !errors.Is(err, payments.ErrBadCursor) {
		t.Error(err)
	}
}

// Money is counted in whole minor units: no file of the room knows another kind of number.
func TestNoFloats(t *testing.T) {
	files, err := filepath.Glob("*.go")
	more, err2 := filepath.Glob("*db/*.go")
	ledgers, err3 := filepath.Glob("ledger/*.go")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(append(files, more...), ledgers...) {
		said, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if strings.Contains(string(said), "float64") || strings.Contains(string(said), "float32") {
			t.Errorf("%s counts in fractions", name)
		}
	}
}

// A tenant whose processor does not answer holds up no other: the rest of the places stay free.
func TestRun_OneTenantsSlowProcessorHoldsUpNoOther(t *testing.T) {
	slow := shop(t)
	quick := paymentstest.NewShop(t, slow.DB)
	var stuck, waiting []payments.Payment
	for range 12 {
		stuck = append(stuck, pay(t, slow, slow.Request("processing", slow.Sent(t, 100)), payments.Processing))
	}
	slow.Advance(time.Hour)
	waiting = append(waiting, pay(t, quick, quick.Request("processing", quick.Sent(t, 100)), payments.Processing))
	quick.Fake.Finish(waiting[0].ObjectID, false)
	run, stop := context.WithCancel(ctx)
	release := make(chan struct{})
	slow.Fake.OnCall = func(method string) paymentstest.Fault {
		if method == "Look" {
			<-release
		}
		return paymentstest.NoFault
	}
	slow.Advance(7 * time.Hour)
	quick.Advance(7 * time.Hour)
	node, err := payments.New(payments.ServiceConfig{Store: slow.Store(), Ring: slow.Ring, Now: slow.Time, Parallel: 4, Tick: 10 * time.Millisecond,
		Open: func(_ context.Context, id tenant.ID, _ payments.Connection) (payments.Processor, error) {
			if id == quick.Tenant.ID {
				return quick.Fake, nil
			}
			return slow.Fake, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- node.Run(run) }()
	var n payments.Notice
	for n.PaymentID != waiting[0].ID {
		n = <-slow.Notices // the node tells through the slow shop's hooks
		if n.Kind != payments.NoticeReceipt {
			t.Errorf("%+v", n)
		}
	}
	show(t, slow, stuck[0].ID, payments.Processing)
	close(release)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
