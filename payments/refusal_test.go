package payments_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

func TestPay_RefusesBeforeAnythingIsAsked(t *testing.T) {
	s := shop(t)
	open, small := s.Sent(t, 1000), s.Sent(t, 40)
	stranger := s.AddCompany(t)
	s.AddContact(t, stranger, "payer")
	foreign := s.DraftFor(t, stranger, 100)
	if _, err := s.Invoices.Send(ctx, s.Tenant, foreign.ID); err != nil {
		t.Fatal(err)
	}
	elsewhere := paymentstest.NewShop(t, s.DB)
	voided, draft, huge := s.Sent(t, 100), s.Draft(t, 100), s.Sent(t, 100_000_000)
	if _, err := s.Invoices.Void(ctx, s.Tenant, voided.ID, ""); err != nil {
		t.Fatal(err)
	}
	euros := s.Draft(t, 1000)
	s.Exec(t, `UPDATE invoices SET currency = 'EUR' WHERE tenant_id = $1 AND id = $2`, s.Tenant.ID, euros.ID)
	if euros, _ = s.Invoices.Send(ctx, s.Tenant, euros.ID); euros.Currency != "EUR" {
		t.Fatal("no euros")
	}
	viewer, signer := s.AddContact(t, s.Company, "viewer"), s.AddContact(t, s.Company, "signer")
	mine := method(t, s.World, s.Connection, s.Company, "gone")
	theirs := method(t, s.World, s.Connection, stranger, "active")
	saved := func(id string) func(*payments.PayRequest) {
		return func(in *payments.PayRequest) { in.MethodID, in.Source, in.Kind = id, "", "" }
	}
	for _, c := range []struct {
		name string
		in   payments.PayRequest
		edit func(in *payments.PayRequest)
		want any
	}{
		{"a viewer", s.Request("ok", open), func(in *payments.PayRequest) { in.ContactID = viewer }, payments.RefusedRole},
		{"a signer", s.Request("ok", open), func(in *payments.PayRequest) { in.ContactID = signer }, payments.RefusedRole},
		{"a session of a scanner", s.Request("ok", open), func(in *payments.PayRequest) { in.Session.Confirmed = false }, payments.RefusedSession},
		{"another company's contact", s.Request("ok", open), func(in *payments.PayRequest) { in.CompanyID = stranger }, payments.ErrNotFound},
		{"another company's invoice", s.Request("ok", foreign), nil, payments.ErrNotFound},
		{"another tenant's invoice", s.Request("ok", elsewhere.Sent(t, 100)), nil, payments.ErrNotFound},
		{"another company's method", s.Request("", open), saved(theirs), payments.ErrNotFound},
		{"a method that is gone", s.Request("", open), saved(mine), payments.RefusedMethod},
		{"a draft", s.Request("ok", draft), nil, payments.ErrNotFound},
		{"an invoice that was taken back", s.Request("ok", voided), nil, payments.RefusedVoid},
		{"another version", s.Request("ok", open), func(in *payments.PayRequest) { in.Items[0].Version++ }, payments.RefusedChanged},
		{"a part", s.Request("ok", open), func(in *payments.PayRequest) { in.Items[0].Amount = 999 }, payments.RefusedPartial},
		{"more than is due", s.Request("ok", open), func(in *payments.PayRequest) { in.Items[0].Amount = 1001 }, payments.RefusedAboveDue},
		{"less than the processor takes", s.Request("ok", small), nil, payments.RefusedMinimum},
		{"more than the processor takes", s.Request("ok", huge), nil, payments.RefusedMaximum},
		{"two currencies", s.Request("ok", open, euros), nil, payments.RefusedCurrency},
		{"no nonce", s.Request("ok", open), func(in *payments.PayRequest) { in.Nonce = "x" }, "nonce"},
		{"no invoices", s.Request("ok"), nil, "items"},
		{"one twice", s.Request("ok", open, open), nil, "items[1].invoice_id"},
		{"a negative amount", s.Request("ok", open), func(in *payments.PayRequest) { in.Items[0].Amount = -1 }, "items[0].amount"},
		{"no method", s.Request("", open), func(in *payments.PayRequest) { in.Kind = "" }, "method"},
		{"an id that is none", s.Request("ok", open), func(in *payments.PayRequest) { in.Items[0].InvoiceID = "inv_'--" }, payments.ErrNotFound},
	} {
		if c.edit != nil {
			c.edit(&c.in)
		}
		_, err := s.Service.Pay(ctx, s.Tenant, c.in)
		demand(t, c.name, err, c.want)
	}
	if n := s.Fake.Calls("Begin") + s.Fake.Calls("Submit"); n != 0 {
		t.Errorf("the processor was asked %d times", n)
	}
	if n := s.Int(t, `SELECT count(*) FROM payments WHERE tenant_id = $1`, s.Tenant.ID); n != 0 {
		t.Errorf("%d payments were written", n)
	}
}

// demand checks an error against a sentinel, a refusal or the field of a fault.
func demand(t *testing.T, name string, err error, want any) {
	t.Helper()
	var no *payments.PayRefusal
	var invalid *payments.ValidationError
	switch want := want.(type) {
	case error:
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	case payments.Refusal:
		if !errors.As(err, &no) || no.Why != want {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	case string:
		if !errors.As(err, &invalid) || invalid.Fields[0].Field != want {
			t.Errorf("%s: %v, want a fault of %v", name, err, want)
		}
	}
}

// method adds a saved method and returns its id.
func method(t testing.TB, w *paymentstest.World, connection, company, status string) string {
	t.Helper()
	id := tenant.NewID("pmt", time.Now())
	w.Exec(t, `INSERT INTO payment_methods (tenant_id, id, connection_id, company_id, processor_ref, kind, brand, last4, status)
		VALUES ($1, $2, $3, $4, $2, 'card', 'visa', '1881', $5)`, w.Tenant.ID, id, connection, company, status)
	return id
}

func TestPay_TellsWhoPaidAndWhoIsPaying(t *testing.T) {
	s := shop(t)
	paid, busy, processing := s.Sent(t, 100), s.Sent(t, 200), s.Sent(t, 300)
	first := pay(t, s, s.Request("ok", paid), payments.Succeeded)
	no := refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", paid))), payments.RefusedPaid)
	if no.By != "Accounts payable" || no.PaymentID != first.ID || no.Number != paid.Number || !no.At.Equal(s.Time()) {
		t.Errorf("%+v", no)
	}
	at := pay(t, s, s.Request("3ds", busy), payments.RequiresAction)
	s.Advance(time.Minute)
	no = refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", busy))), payments.RefusedBusy)
	if no.By != "Accounts payable" || no.PaymentID != at.ID || !no.At.Equal(s.Time().Add(-time.Minute)) {
		t.Errorf("%+v", no)
	}
	there, err := s.Service.Presence(ctx, s.Tenant, s.Company)
	if err != nil || len(there) != 1 || there[0].InvoiceID != busy.ID || there[0].Name != "Accounts payable" || there[0].Amount != 200 {
		t.Errorf("presence %+v, %v", there, err)
	}
	if strangers, _ := s.Service.Presence(ctx, s.Tenant, s.AddCompany(t)); len(strangers) != 0 {
		t.Errorf("another company sees %+v", strangers)
	}
	s.Tenant.Policy.PartialPayments = true // what is left could be paid, but not while somebody is at the invoice
	shared := s.Sent(t, 400)
	in := s.Request("3ds", shared)
	in.Items[0].Amount = 100
	at = pay(t, s, in, payments.RequiresAction)
	in = s.Request("ok", shared)
	in.Items[0].Amount = 300
	if no = refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, in)), payments.RefusedBusy); no.PaymentID != at.ID {
		t.Errorf("%+v", no)
	}
	s.Tenant.Policy.PartialPayments = false
	pay(t, s, s.Request("processing", processing), payments.Processing)
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", processing))), payments.RefusedBusy)
}

func errorOf(_ payments.Payment, err error) error { return err }

func TestPay_PartsAsTheTenantAllows(t *testing.T) {
	s := shop(t)
	s.Tenant.Policy.PartialPayments, s.Tenant.Policy.PartialMinimum = true, 500
	inv := s.Sent(t, 1200)
	part := func(amount int64) payments.PayRequest {
		in := s.Request("ok", inv)
		in.Items[0].Amount = amount
		return in
	}
	if no := refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, part(499))), payments.RefusedMinimum); no.Limit.Amount != 500 {
		t.Errorf("%+v", no)
	}
	pay(t, s, part(800), payments.Succeeded)
	balance(t, s, inv.ID, 800, 0)
	// What is left is less than the least part: it is all there is to pay.
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, part(300))), payments.RefusedMinimum)
	pay(t, s, part(400), payments.Succeeded)
	balance(t, s, inv.ID, 1200, 0)
}

func TestPay_WithoutAWorkingConnection(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	fault := paymentstest.NotAsked
	s.Fake.OnCall = func(string) paymentstest.Fault { return fault }
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))), payments.RefusedUnavailable)
	fault = paymentstest.BadKeys
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))), payments.RefusedDisconnected)
	if n := s.Int(t, `SELECT count(*) FROM payment_connections WHERE tenant_id = $1 AND status = 'broken' AND trouble_code = 'api_key_expired'`, s.Tenant.ID); n != 1 {
		t.Error("the connection is not noted as broken")
	}
	fault = paymentstest.NoFault
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))), payments.RefusedDisconnected)
	s.Exec(t, `UPDATE payment_connections SET status = 'disconnected', disconnected_at = now() WHERE tenant_id = $1`, s.Tenant.ID)
	refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))), payments.RefusedDisconnected)
	balance(t, s, inv.ID, 0, 0)
}

func TestPay_RestsAfterTooManyDeclines(t *testing.T) {
	s := shop(t)
	inv := s.Sent(t, 100)
	for range payments.SessionDeclines {
		pay(t, s, s.Request("declined", inv), payments.Failed)
		s.Advance(time.Minute)
	}
	no := refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))), payments.RefusedCoolDown)
	if want := s.Time().Add(55 * time.Minute); !no.Until.Equal(want) {
		t.Errorf("until %s, want %s", no.Until, want)
	}
	for i := range payments.InvoiceDeclines - payments.SessionDeclines {
		in := s.Request("declined", inv)
		in.Session.ID = fmt.Sprint("another", i)
		pay(t, s, in, payments.Failed)
	}
	in := s.Request("ok", inv)
	in.Session.ID = "a fresh one"
	if no := refusal(t, errorOf(s.Service.Pay(ctx, s.Tenant, in)), payments.RefusedCoolDown); no.InvoiceID != inv.ID {
		t.Errorf("%+v", no)
	}
	other := s.Request("ok", s.Sent(t, 100))
	other.Session.ID = "a fresh one"
	pay(t, s, other, payments.Succeeded)
	s.Advance(25 * time.Hour)
	pay(t, s, s.Request("ok", inv), payments.Succeeded)
}
