package portaldb_test

import (
	"errors"
	"sync"
	"testing"

	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal/access"
	"tollhouse/portal/portaldb"
)

func TestInvoice_ShowsLinesAndPayments(t *testing.T) {
	f := setup(t)
	made, err := f.Invoices.CreateInvoice(ctx, f.Tenant, payments.NewInvoice{CompanyID: f.Company, Lines: []payments.NewLine{
		{Description: "Second", UnitAmount: 500, TaxBPS: 825}, {Description: "First", UnitAmount: 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoices.Send(ctx, f.Tenant, made.ID); err != nil {
		t.Fatal(err)
	}
	f.Pay(t, made.ID, 300)
	d, err := f.pages.Invoice(ctx, f.session, made.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Invoice.Lines) != 2 || d.Invoice.Lines[0].Description != "Second" || d.Invoice.Lines[0].Tax != 41 || d.Invoice.Total != 1541 {
		t.Errorf("lines %+v, total %d", d.Invoice.Lines, d.Invoice.Total)
	}
	if len(d.Payments) != 1 || d.Payments[0].Applied != 300 || d.Invoice.Balance() != usd(1241) {
		t.Errorf("payments %+v, balance %v", d.Payments, d.Invoice.Balance())
	}
}

func TestInvoice_HidesWhatWasNeverSent(t *testing.T) {
	f := setup(t)
	draft, dropped, voided := f.Draft(t, 100), f.Draft(t, 100), f.Sent(t, 100)
	for _, id := range []string{dropped.ID, voided.ID} {
		if _, err := f.Invoices.Void(ctx, f.Tenant, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{draft.ID, dropped.ID} {
		if _, err := f.pages.Invoice(ctx, f.session, id, visitor); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("a draft: %v, want %v", err, access.ErrNotFound)
		}
	}
	if _, err := f.pages.Invoice(ctx, f.session, voided.ID, visitor); err != nil {
		t.Errorf("an invoice that was sent and voided: %v", err)
	}
}

func TestInvoice_NotesTheFirstViewOnceHoweverManyLook(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 100)
	colleague := f.sessionOf(t, f.Company, f.AddContact(t, f.Company, "viewer"))
	if _, err := f.pages.Invoice(ctx, f.session, inv.ID, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Invoices.Invoice(ctx, f.Tenant, inv.ID); err != nil || !got.ViewedAt.IsZero() {
		t.Fatalf("a look without a viewer left a trace: %v, error %v", got.ViewedAt, err)
	}
	if _, err := f.pages.Invoice(ctx, f.session, inv.ID, visitor); err != nil {
		t.Fatal(err)
	}
	first, err := f.Invoices.Invoice(ctx, f.Tenant, inv.ID)
	if err != nil || first.ViewedAt.IsZero() {
		t.Fatalf("viewed at %v, error %v", first.ViewedAt, err)
	}
	var group sync.WaitGroup
	for range 10 {
		for _, s := range []access.Session{f.session, colleague} {
			group.Go(func() {
				if _, err := f.pages.Invoice(ctx, s, inv.ID, visitor); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if again, err := f.Invoices.Invoice(ctx, f.Tenant, inv.ID); err != nil || !again.ViewedAt.Equal(first.ViewedAt) {
		t.Errorf("the first view moved from %v to %v, error %v", first.ViewedAt, again.ViewedAt, err)
	}
	const views = `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'invoice.viewed' AND session_id = $2 AND document_id = $3
		AND actor_id = contact_id AND host(ip) = '203.0.113.7' AND user_agent = 'Browser/1'`
	if n := f.Int(t, views, f.Tenant.ID, f.session.ID, inv.ID); n != 11 {
		t.Errorf("the audit log has %d views of the first session, want 11", n)
	}
	if n := f.Int(t, views, f.Tenant.ID, colleague.ID, inv.ID); n != 10 {
		t.Errorf("the audit log has %d views of the second session, want 10", n)
	}
	if n := f.Int(t, views+` AND details->>'first' = 'true'`, f.Tenant.ID, f.session.ID, inv.ID); n != 1 {
		t.Errorf("the audit log tells of %d first views, want 1", n)
	}
}

// The page with its entry in the log, and the entry's link in the chain, takes as many round trips as the page alone.
func TestInvoice_NotesTheViewWithoutARoundTrip(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 100)
	pool := countingPool(t, f.DB.AppURL)
	counted := portaldb.New(pool.Pool)
	trips := map[bool]int{}
	for _, noted := range []bool{false, true, false, true} { // at first the connection learns the statements
		by := visitor
		if !noted {
			by = nil
		}
		pool.trips = 0
		if _, err := counted.Invoice(ctx, f.session, inv.ID, by); err != nil {
			t.Fatal(err)
		}
		trips[noted] = pool.trips
	}
	if trips[true] != 1 || trips[false] != 1 {
		t.Errorf("%d round trips with the entry, %d without, want 1", trips[true], trips[false])
	}
	const linked = `SELECT count(*) FROM audit_events e JOIN audit_chain c ON c.tenant_id = e.tenant_id AND c.event_id = e.id
		WHERE e.tenant_id = $1 AND e.kind = 'invoice.viewed'`
	if n := f.Int(t, linked, f.Tenant.ID); n != 2 {
		t.Errorf("%d entries in the chain, want 2", n)
	}
}

// Two who look at the same moment are not both the first.
func TestInvoice_HasOneFirstView(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 100)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := f.pages.Invoice(ctx, f.session, inv.ID, visitor); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := f.Int(t, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND details->>'first' = 'true'`, f.Tenant.ID); n != 1 {
		t.Errorf("%d first views, want 1", n)
	}
}

// A session that nobody has confirmed may be a mail scanner's.
func TestInvoice_IsNotViewedInAProvisionalSession(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 100)
	f.Exec(t, `UPDATE crm_client_portal_sessions SET level = 'provisional' WHERE tenant_id = $1`, f.Tenant.ID)
	if _, err := f.pages.Invoice(ctx, f.session, inv.ID, visitor); err != nil {
		t.Fatal(err)
	}
	if n := f.Int(t, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`, f.Tenant.ID); n != 0 {
		t.Error("it is marked as viewed")
	}
	if n := f.Int(t, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'invoice.seen'`, f.Tenant.ID); n != 1 {
		t.Errorf("%d entries say that it was seen, want 1", n)
	}
	f.Exec(t, `UPDATE crm_client_portal_sessions SET level = 'confirmed' WHERE tenant_id = $1`, f.Tenant.ID)
	if _, err := f.pages.Invoice(ctx, f.session, inv.ID, visitor); err != nil {
		t.Fatal(err)
	}
	if n := f.Int(t, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'invoice.viewed' AND details->>'first' = 'true'`, f.Tenant.ID); n != 1 {
		t.Errorf("%d first views once it is confirmed, want 1", n)
	}
}

func TestInvoice_OfAnotherPayerOfTheCompanyIsShown(t *testing.T) {
	f := setup(t)
	inv, err := f.Invoices.CreateInvoice(ctx, f.Tenant, payments.NewInvoice{CompanyID: f.Company, ContactID: f.Contact,
		Lines: []payments.NewLine{{Description: "Work", UnitAmount: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoices.Send(ctx, f.Tenant, inv.ID); err != nil {
		t.Fatal(err)
	}
	colleague := f.sessionOf(t, f.Company, f.AddContact(t, f.Company, "payer"))
	if _, err := f.pages.Invoice(ctx, colleague, inv.ID, nil); err != nil {
		t.Error(err)
	}
	in := paymentstest.Payment(inv.ID, 1)
	in.ContactID = f.Contact
	if _, err := f.Invoices.RecordPayment(ctx, f.Tenant, in); err != nil {
		t.Fatal(err)
	}
	if d, err := f.pages.Invoice(ctx, colleague, inv.ID, nil); err != nil || d.Payments[0].PaidBy != "Accounts payable" {
		t.Errorf("payments %+v, error %v", d.Payments, err)
	}
}

// What a document's link opened before anybody confirmed it: a session for that document, whichever page asks.
func TestProvisionalSession_ReadsItsDocumentAndNothingElse(t *testing.T) {
	f := setup(t)
	own, other := f.Sent(t, 100), f.Sent(t, 200)
	f.Exec(t, `UPDATE crm_client_portal_sessions SET level = 'provisional' WHERE tenant_id = $1`, f.Tenant.ID)
	s := f.session
	s.Level, s.DocumentID = access.Provisional, own.ID
	for _, p := range pagesOf(other.ID) {
		if data, err := p.open(ctx, f, f.pages, s); data || !errors.Is(err, access.ErrNoSession) && !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: with data %t, %v", p.name, data, err)
		}
	}
	const rendered = `SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND rendered_at IS NOT NULL`
	if _, err := f.pages.Invoice(ctx, s, own.ID, nil); err != nil || f.Int(t, rendered, f.Tenant.ID) != 0 {
		t.Errorf("its own document for nobody to see: %v, or it counts as shown", err)
	}
	if data, err := f.pages.Invoice(ctx, s, own.ID, visitor); err != nil || data.Invoice.ID != own.ID || f.Int(t, rendered, f.Tenant.ID) != 1 {
		t.Errorf("its own document: %v, or it does not count as shown", err)
	}
}
