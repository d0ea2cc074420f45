package portaldb_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/portaldb"
	"tollhouse/tenant"
)

// page is one of them, with its answer as "is there data".
type page struct {
	name string
	open func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (hasData bool, err error)
}

func pagesOf(id string) []page {
	return []page{
		{"home", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Home(ctx, s, f.Today())
			return d.Member.Contact.ID != "" || len(d.Due)+len(d.DueTotal)+len(d.Activity) > 0, err
		}},
		{"invoices", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Invoices(ctx, s, portal.InvoiceQuery{Tab: portal.TabAll, Today: f.Today()})
			return d.Member.Contact.ID != "" || len(d.Invoices) > 0, err
		}},
		{"activity", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Trail(ctx, s, portal.TrailQuery{})
			return d.Member.Contact.ID != "" || len(d.Entries)+len(d.People) > 0, err
		}},
		{"activity's file", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.TrailFile(ctx, s, portal.TrailQuery{Limit: 10}, visitor)
			return d.Member.Contact.ID != "" || len(d.Entries)+len(d.People) > 0, err
		}},
		{"invoice", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Invoice(ctx, s, id, visitor)
			return d.Member.Contact.ID != "" || d.Invoice.ID != "", err
		}},
		{"account", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Account(ctx, s)
			return d.Member.Contact.ID != "" || len(d.Sessions) > 0, err
		}},
		{"people", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.People(ctx, s)
			return d.Member.Contact.ID != "" || len(d.People)+len(d.Pending) > 0, err
		}},
		{"codes", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Codes(ctx, s)
			return d.Member.Contact.ID != "" || d.SteppedUp || d.Target != "" || d.NewEmail != "", err
		}},
		{"companies", func(ctx context.Context, f *fixture, p *portaldb.Pages, s access.Session) (bool, error) {
			d, err := p.Companies(ctx, s)
			return d.Member.Contact.ID != "" || len(d.Others) > 0, err
		}},
	}
}

func TestPages_RefuseASessionThatDoesNotStand(t *testing.T) {
	change := func(q string) func(*testing.T, *fixture) {
		return func(t *testing.T, f *fixture) { f.Exec(t, q, f.Tenant.ID) }
	}
	for _, c := range []struct {
		name    string
		prepare func(*testing.T, *fixture)
		alter   func(access.Session) access.Session
	}{
		{"revoked", change(`UPDATE crm_client_portal_sessions SET revoked_at = now() WHERE tenant_id = $1`), nil},
		{"expired by the database's clock", change(`UPDATE crm_client_portal_sessions SET expires_at = now() WHERE tenant_id = $1`), nil},
		{"not activated", change(`UPDATE crm_client_portal_sessions SET activated_at = NULL, token_hash = NULL WHERE tenant_id = $1`), nil},
		{"contact disabled", change(`UPDATE contacts SET status = 'disabled' WHERE tenant_id = $1`), nil},
		{"contact removed", change(`UPDATE contacts SET status = 'removed' WHERE tenant_id = $1`), nil},
		{"portal off", change(`UPDATE companies SET portal_enabled = false WHERE tenant_id = $1`), nil},
		{"another host", nil, func(s access.Session) access.Session { s.Host = tenant.MustParseHostname("other.acme.test"); return s }},
		{"unknown session", nil, func(s access.Session) access.Session { s.ID = tenant.NewID("ses", paymentstest.Now); return s }},
		{"another contact", nil, func(s access.Session) access.Session { s.ContactID = tenant.NewID("con", paymentstest.Now); return s }},
		{"another company", nil, func(s access.Session) access.Session { s.CompanyID = tenant.NewID("com", paymentstest.Now); return s }},
		{"another tenant", nil, func(s access.Session) access.Session { s.Tenant = "ten_other"; return s }},
		{"no session", nil, func(access.Session) access.Session { return access.Session{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			inv := f.Sent(t, 12000)
			for _, p := range pagesOf(inv.ID) {
				if has, err := p.open(t.Context(), f, f.pages, f.session); err != nil || !has {
					t.Fatalf("%s before: data %v, error %v", p.name, has, err)
				}
			}
			f.Exec(t, `UPDATE invoices SET viewed_at = NULL WHERE tenant_id = $1`, f.Tenant.ID)
			views := f.Int(t, `SELECT count(*) FROM audit_events WHERE tenant_id = $1`, f.Tenant.ID)
			s := f.session
			if c.prepare != nil {
				c.prepare(t, f)
			}
			if c.alter != nil {
				s = c.alter(s)
			}
			for _, p := range pagesOf(inv.ID) {
				if has, err := p.open(t.Context(), f, f.pages, s); !errors.Is(err, access.ErrNoSession) || has {
					t.Errorf("%s: data %v, error %v, want none and %v", p.name, has, err, access.ErrNoSession)
				}
			}
			if n := f.Int(t, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`, f.Tenant.ID); n != 0 {
				t.Error("the refused page marked the invoice as seen")
			}
			if n := f.Int(t, `SELECT count(*) FROM audit_events WHERE tenant_id = $1`, f.Tenant.ID); n != views {
				t.Error("the refused page wrote to the audit log")
			}
		})
	}
}

func TestPages_TakeOneRoundTrip(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 12000)
	pool := countingPool(t, f.DB.AppURL)
	counted := portaldb.New(pool.Pool)
	for _, p := range pagesOf(inv.ID) {
		for range 2 { // the first time the connection learns the statements
			pool.trips = 0
			if has, err := p.open(t.Context(), f, counted, f.session); err != nil || !has {
				t.Fatalf("%s: data %v, error %v", p.name, has, err)
			}
		}
		if pool.trips != 1 {
			t.Errorf("%s took %d round trips, want 1", p.name, pool.trips)
		}
	}
}

func TestPages_TellWhoIsSignedIn(t *testing.T) {
	f := setup(t)
	d, err := f.pages.Home(t.Context(), f.session, f.Today())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.session, d.Member.Session, cmp.Comparer(func(a, b tenant.Hostname) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if d.Member.Contact.Name != "Accounts payable" || d.Member.Contact.Role != access.Payer || d.Member.Company.Name != "Borealis" {
		t.Errorf("member is %+v", d.Member)
	}
}

func TestPages_ShowAnotherTenantOrCompanyNothing(t *testing.T) {
	db := pgtest.Clone(t)
	mine, theirs := setupOn(t, db), setupOn(t, db)
	inv := theirs.Sent(t, 12000)
	neighbour := mine.AddCompany(t)
	mine.AddContact(t, neighbour, "payer")
	beside := mine.DraftFor(t, neighbour, 7000)
	if _, err := mine.Invoices.Send(t.Context(), mine.Tenant, beside.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{inv.ID, beside.ID, "inv_0", "", "' OR 1=1", "inv_\x00"} {
		if d, err := mine.pages.Invoice(t.Context(), mine.session, id, visitor); !errors.Is(err, access.ErrNotFound) || d.Invoice.ID != "" || len(d.Payments) > 0 {
			t.Errorf("invoice %q: %v, error %v", id, d.Invoice.ID, err)
		}
	}
	if d, err := theirs.pages.Invoice(t.Context(), theirs.session, inv.ID, visitor); err != nil || d.Invoice.ID != inv.ID {
		t.Errorf("its own client sees %v, error %v", d.Invoice.ID, err)
	}
	if d, err := mine.pages.Invoices(t.Context(), mine.session, portal.InvoiceQuery{Tab: portal.TabAll}); err != nil || len(d.Invoices) != 0 || d.Counts[portal.TabAll] != 0 {
		t.Errorf("the list shows %d, counts %v, error %v", len(d.Invoices), d.Counts, err)
	}
	if d, err := mine.pages.Home(t.Context(), mine.session, mine.Today()); err != nil || len(d.Due)+len(d.DueTotal)+len(d.Activity) != 0 {
		t.Errorf("home shows %+v, error %v", d, err)
	}
}

func TestPages_ShowASignerNoInvoice(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 12000)
	signer := f.sessionOf(t, f.Company, f.AddContact(t, f.Company, "signer"))
	viewer := f.sessionOf(t, f.Company, f.AddContact(t, f.Company, "viewer"))
	if _, err := f.pages.Invoice(t.Context(), signer, inv.ID, visitor); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("the signer's invoice: %v", err)
	}
	if n := f.Int(t, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`, f.Tenant.ID); n != 0 {
		t.Error("the signer's try marked the invoice as seen")
	}
	if d, err := f.pages.Invoice(t.Context(), viewer, inv.ID, visitor); err != nil || d.Invoice.ID != inv.ID {
		t.Errorf("the viewer's invoice: %v", err)
	}
	list, err := f.pages.Invoices(t.Context(), signer, portal.InvoiceQuery{Tab: portal.TabAll})
	if err != nil || len(list.Invoices) != 0 || list.Counts[portal.TabAll] != 0 || list.Member.Contact.Role != access.Signer {
		t.Errorf("the signer's list: %+v, error %v", list, err)
	}
	home, err := f.pages.Home(t.Context(), signer, f.Today())
	if err != nil || len(home.Due)+len(home.DueTotal)+len(home.Activity) != 0 || home.Member.Contact.Role != access.Signer {
		t.Errorf("the signer's home: %+v, error %v", home, err)
	}
}
