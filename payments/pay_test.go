package payments_test

import (
	"context"
	"errors"
	"testing"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
)

var ctx = context.Background()

func shop(t testing.TB) *paymentstest.Shop {
	t.Helper()
	return paymentstest.NewShop(t, pgtest.Clone(t))
}

// pay pays and demands that it comes to a status.
func pay(t testing.TB, s *paymentstest.Shop, in payments.PayRequest, status string) payments.Payment {
	t.Helper()
	p, err := s.Service.Pay(ctx, s.Tenant, in)
	if err != nil || p.Status != status {
		t.Fatalf("paying: %s (%+v), %v, want %s", p.Status, p.Failure, err, status)
	}
	return p
}

// show reads a payment and demands its status.
func show(t testing.TB, s *paymentstest.Shop, id, status string) payments.Payment {
	t.Helper()
	p, err := s.Service.Payment(ctx, s.Tenant, s.Company, id)
	if err != nil || p.Status != status {
		t.Fatalf("payment: %s %+v quarantine %q, %v, want %s", p.Status, p.Failure, p.Quarantine, err, status)
	}
	return p
}

// balance demands what an invoice has settled and in flight.
func balance(t testing.TB, s *paymentstest.Shop, invoiceID string, settled, inFlight int64) {
	t.Helper()
	if a, b := s.Balance(t, invoiceID); a != settled || b != inFlight {
		t.Errorf("invoice: %d settled, %d in flight, want %d and %d", a, b, settled, inFlight)
	}
}

// refusal demands a PayRefusal of a kind.
func refusal(t testing.TB, err error, why payments.Refusal) payments.PayRefusal {
	t.Helper()
	var no *payments.PayRefusal
	if !errors.As(err, &no) || no.Why != why {
		t.Fatalf("got %v, want the refusal %s", err, why)
	}
	return *no
}

// credit demands the client's credit in USD.
func credit(t testing.TB, s *paymentstest.Shop, want int64) {
	t.Helper()
	all, err := s.Service.Credit(ctx, s.Tenant, s.Company)
	got := int64(0)
	for _, m := range all {
		got += m.Amount
	}
	if err != nil || got != want {
		t.Errorf("credit %v, %v, want %d", all, err, want)
	}
}

func TestPay_TakesTheMoneyAndSettlesTheInvoices(t *testing.T) {
	s := shop(t)
	a, b := s.Sent(t, 12000), s.Sent(t, 500)
	p := pay(t, s, s.Request("ok", b, a), payments.Succeeded)
	balance(t, s, a.ID, 12000, 0)
	balance(t, s, b.ID, 500, 0)
	if p.Amount != 12500 || p.Receipt != "REC-2026-000001" || p.Last4 != "4242" || p.PaidBy != "Accounts payable" || len(p.InvoiceNumbers) != 2 || p.ChargeID == "" {
		t.Errorf("payment %+v", p)
	}
	if got, n := s.Fake.Captured(); got != 12500 || n != 1 {
		t.Errorf("captured %d in %d", got, n)
	}
	if n := <-s.Notices; n.Kind != payments.NoticeReceipt || n.PaymentID != p.ID || n.ContactID != s.Contact {
		t.Errorf("notice %+v", n)
	}
	if broken := s.Fake.Broken(); broken != nil {
		t.Error(broken)
	}
}

func TestPay_TheSameFormAgainIsTheSamePayment(t *testing.T) {
	s := shop(t)
	inv, other := s.Sent(t, 100), s.Sent(t, 100)
	in := s.Request("ok", inv)
	first := pay(t, s, in, payments.Succeeded)
	if again := pay(t, s, in, payments.Succeeded); again.ID != first.ID {
		t.Error("another payment was made")
	}
	in.Items = s.Request("ok", other).Items
	if _, err := s.Service.Pay(ctx, s.Tenant, in); !errors.Is(err, payments.ErrKeyReused) {
		t.Errorf("another wish under the same nonce: %v", err)
	}
	if _, n := s.Fake.Captured(); n != 1 {
		t.Errorf("%d charges", n)
	}
}

func TestPay_DeclinedTakesNothingAndFreesTheInvoice(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	p := pay(t, s, s.Request("declined", inv), payments.Failed)
	if p.Failure.Kind != payments.FailedDeclined || p.Receipt != "" {
		t.Errorf("%+v", p)
	}
	balance(t, s, inv.ID, 0, 0)
	pay(t, s, s.Request("ok", inv), payments.Succeeded)
	balance(t, s, inv.ID, 100, 0)
}
