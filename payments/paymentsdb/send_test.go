package paymentsdb_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

var ctx = context.Background()

func setup(t *testing.T) *paymentstest.World {
	t.Helper()
	return paymentstest.New(t, pgtest.Clone(t))
}

// atOnce calls fn n times in parallel and returns the errors.
func atOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

const entriesOf = `SELECT count(*) FROM ledger_entries WHERE tenant_id = $1 AND invoice_id = $2 AND kind = $3`

func TestSend_PostsAndMailsOnceHoweverManySend(t *testing.T) {
	w := setup(t)
	var mails atomic.Int32
	w.Hooks.OnSent = func(_ context.Context, _ pgx.Tx, id tenant.ID, inv ledger.Invoice, contacts []string) error {
		mails.Add(1)
		if id != w.Tenant.ID || inv.Status != ledger.Sent || len(inv.Lines) != 1 || !cmp.Equal(contacts, []string{w.Contact}) {
			t.Errorf("the hook was told %s %+v %v", id, inv, contacts)
		}
		return nil
	}
	draft := w.Draft(t, 12000)
	sent := make([]ledger.Invoice, 50)
	for _, err := range atOnce(50, func(i int) (err error) {
		sent[i], err = w.Invoices.Send(ctx, w.Tenant, draft.ID)
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, inv := range sent[1:] {
		if diff := cmp.Diff(sent[0], inv); diff != "" {
			t.Fatal("two answers differ: ", diff)
		}
	}
	if n := w.Int(t, entriesOf, w.Tenant.ID, draft.ID, "invoice"); n != 1 || mails.Load() != 1 {
		t.Errorf("%d entries, %d mails, want one of each", n, mails.Load())
	}
	if read, err := w.Invoices.Invoice(ctx, w.Tenant, draft.ID); err != nil || !cmp.Equal(read, sent[0]) {
		t.Error("what is read differs from what was answered: ", cmp.Diff(sent[0], read), err)
	}
	if sent[0].Version != draft.Version+1 || !sent[0].SentAt.Equal(paymentstest.Now) {
		t.Errorf("version %d, sent at %v", sent[0].Version, sent[0].SentAt)
	}
}

func TestSend_IsUndoneWhenItsMailCannotBeQueued(t *testing.T) {
	w := setup(t)
	broken := errors.New("queue is broken")
	w.Hooks.OnSent = func(context.Context, pgx.Tx, tenant.ID, ledger.Invoice, []string) error { return broken }
	draft := w.Draft(t, 12000)
	if _, err := w.Invoices.Send(ctx, w.Tenant, draft.ID); !errors.Is(err, broken) {
		t.Fatalf("%v, want %v", err, broken)
	}
	read, err := w.Invoices.Invoice(ctx, w.Tenant, draft.ID)
	if err != nil || read.Status != ledger.Draft || w.Int(t, entriesOf, w.Tenant.ID, draft.ID, "invoice") != 0 {
		t.Errorf("status %s, error %v, want an untouched draft", read.Status, err)
	}
	w.Hooks.OnSent = nil
	if _, err := w.Invoices.Send(ctx, w.Tenant, draft.ID); err != nil {
		t.Error(err)
	}
}

func TestSend_GoesToTheChosenContactOrEveryActivePayer(t *testing.T) {
	w := setup(t)
	second, viewer, signer := w.AddContact(t, w.Company, "payer"), w.AddContact(t, w.Company, "viewer"), w.AddContact(t, w.Company, "signer")
	disabled := w.AddContact(t, w.Company, "payer")
	w.Exec(t, `UPDATE contacts SET status = 'disabled' WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, disabled)
	var got []string
	w.Hooks.OnSent = func(_ context.Context, _ pgx.Tx, _ tenant.ID, _ ledger.Invoice, contacts []string) error {
		got = contacts
		return nil
	}
	for _, c := range []struct {
		name, contact string
		want          []string // nil: refused
	}{
		{"every payer", "", []string{w.Contact, second}},
		{"the chosen payer", second, []string{second}},
		{"the chosen viewer", viewer, []string{viewer}},
		{"a signer sees no invoices", signer, nil},
		{"a disabled contact", disabled, nil},
	} {
		inv, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, ContactID: c.contact,
			Lines: []payments.NewLine{{Description: "Work", UnitAmount: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		got = nil
		_, err = w.Invoices.Send(ctx, w.Tenant, inv.ID)
		slices.Sort(got)
		slices.Sort(c.want)
		var invalid *payments.ValidationError
		if (c.want == nil) != errors.As(err, &invalid) || c.want != nil && err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: went to %v, error %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestSend_OfNothingPostsNothing(t *testing.T) {
	w := setup(t)
	inv := w.Sent(t, 0)
	if inv.State(w.Today()) != ledger.StatePaid || w.Int(t, entriesOf, w.Tenant.ID, inv.ID, "invoice") != 0 {
		t.Errorf("it is %s", inv.State(w.Today()))
	}
}

func TestVoid_ReversesWhatWasPosted(t *testing.T) {
	w := setup(t)
	var events []paymentsdb.Event
	inv := w.Sent(t, 12000)
	w.Hooks.OnChange = func(_ context.Context, _ pgx.Tx, _ tenant.ID, e paymentsdb.Event) error {
		events = append(events, e)
		return nil
	}
	for range 2 { // the second does nothing
		voided, err := w.Invoices.Void(ctx, w.Tenant, inv.ID, " Wrong client ")
		if err != nil || voided.Status != ledger.Void || voided.VoidReason != "Wrong client" || voided.VoidedAt.IsZero() {
			t.Fatalf("%+v, %v", voided, err)
		}
	}
	if n := w.Int(t, `SELECT sum(amount) FROM ledger_entries WHERE tenant_id = $1 AND invoice_id = $2`, w.Tenant.ID, inv.ID); n != 0 {
		t.Errorf("the ledger still says %d", n)
	}
	if diff := cmp.Diff([]paymentsdb.Event{{What: "invoice.voided", CompanyID: w.Company, InvoiceID: inv.ID}}, events); diff != "" {
		t.Error(diff)
	}
	draft := w.Draft(t, 500)
	if voided, err := w.Invoices.Void(ctx, w.Tenant, draft.ID, ""); err != nil || voided.Status != ledger.Void {
		t.Errorf("a draft: %+v, %v", voided, err)
	}
	if n := w.Int(t, `SELECT count(*) FROM ledger_entries WHERE tenant_id = $1 AND invoice_id = $2`, w.Tenant.ID, draft.ID); n != 0 {
		t.Errorf("voiding a draft posted %d entries", n)
	}
	for _, id := range []string{inv.ID, draft.ID} {
		if _, err := w.Invoices.Send(ctx, w.Tenant, id); !errors.Is(err, payments.ErrNotDraft) {
			t.Errorf("sending a voided invoice: %v", err)
		}
	}
}

func TestVoid_RefusesWhatWasPaidOrIsUnderWay(t *testing.T) {
	w := setup(t)
	paid, flying := w.Sent(t, 100), w.Sent(t, 100)
	w.Pay(t, paid.ID, 1)
	p, err := w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(flying.ID, 100))
	if err != nil {
		t.Fatal(err)
	}
	var refused *payments.PaidError
	if _, err := w.Invoices.Void(ctx, w.Tenant, paid.ID, ""); !errors.As(err, &refused) || refused.Settled.Amount != 1 {
		t.Errorf("paid: %v", err)
	}
	if _, err := w.Invoices.Void(ctx, w.Tenant, flying.ID, ""); !errors.As(err, &refused) || refused.InFlight.Amount != 100 {
		t.Errorf("under way: %v", err)
	}
	if _, err := w.Invoices.Fail(ctx, w.Tenant, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Invoices.Void(ctx, w.Tenant, flying.ID, ""); err != nil {
		t.Errorf("after the payment failed: %v", err)
	}
}

func TestVoid_AgainstAPaymentLetsOneWin(t *testing.T) {
	w := setup(t)
	for range 25 {
		inv := w.Sent(t, 12000)
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				_, err := w.Invoices.Void(ctx, w.Tenant, inv.ID, "race")
				return err
			}
			_, err := w.Invoices.RecordPayment(ctx, w.Tenant, paymentstest.Payment(inv.ID, 12000))
			return err
		})
		after, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID)
		if err != nil {
			t.Fatal(err)
		}
		var paid *payments.PaidError
		voided := errs[0] == nil && errors.Is(errs[1], payments.ErrNotSent) && after.Status == ledger.Void && after.Settled == 0
		settled := errs[1] == nil && errors.As(errs[0], &paid) && after.State(w.Today()) == ledger.StatePaid
		if voided == settled {
			t.Fatalf("void: %v, payment: %v, invoice %s with %d settled", errs[0], errs[1], after.Status, after.Settled)
		}
	}
}
