package portaldb_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/portaldb"
	"tollhouse/tenant"
)

// preview lets the tenant's own people look as the fixture's contact.
func (f *fixture) preview(t *testing.T) access.Session {
	t.Helper()
	s := f.session
	s.ID, s.Level = tenant.NewID("prv", time.Now()), access.Previewing
	link, cookie := make([]byte, 32), make([]byte, 32)
	_, _ = rand.Read(link)
	_, _ = rand.Read(cookie)
	f.Exec(t, `INSERT INTO api_keys (tenant_id, id, name, secret_hash, scopes) VALUES ($1, 'key_1', 'K', sha256('k'), '{}') ON CONFLICT DO NOTHING`, s.Tenant)
	f.Exec(t, `INSERT INTO portal_previews (tenant_id, id, company_id, contact_id, key_id, link_hash, link_expires_at, token_hash, host, host_epoch, opened_at, expires_at)
		VALUES ($1, $2, $3, $4, 'key_1', $5, now(), $6, $7, 1, now(), now() + interval '30 minutes')`, s.Tenant, s.ID, s.CompanyID, s.ContactID, link, cookie, host)
	return s
}

func TestPreview_ReadsEveryPageAndLeavesNoTrace(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 12000)
	s := f.preview(t)
	f.Exec(t, `UPDATE crm_client_portal_sessions SET activated_at = activated_at - interval '1 hour' WHERE tenant_id = $1`, s.Tenant)
	entries := f.Int(t, `SELECT count(*) FROM audit_events WHERE tenant_id = $1`, s.Tenant)
	for _, p := range pagesOf(inv.ID) {
		if has, err := p.open(t.Context(), f, f.pages, s); err != nil || !has {
			t.Errorf("%s: data %v, error %v", p.name, has, err)
		}
	}
	for q, want := range map[string]int{
		`SELECT count(*) FROM audit_events WHERE tenant_id = $1`:                                            int(entries),
		`SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`:                      0,
		`SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND last_seen_at IS NOT NULL`: 0,
	} {
		if n := f.Int(t, q, s.Tenant); int(n) != want {
			t.Errorf("%s: %d, want %d", q, n, want)
		}
	}
}

func TestPreview_IsRefusedWithoutWhatItStandsOn(t *testing.T) {
	for name, q := range map[string]string{
		"ended":            `UPDATE portal_previews SET ended_at = now() WHERE tenant_id = $1`,
		"over":             `UPDATE portal_previews SET expires_at = now() WHERE tenant_id = $1`,
		"its key revoked":  `UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1`,
		"contact disabled": `UPDATE contacts SET status = 'disabled' WHERE tenant_id = $1`,
		"portal off":       `UPDATE companies SET portal_enabled = false WHERE tenant_id = $1`,
		"another host":     `UPDATE portal_previews SET host = 'other.acme.test' WHERE tenant_id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			inv := f.Sent(t, 12000)
			s := f.preview(t)
			f.Exec(t, q, s.Tenant)
			for _, p := range pagesOf(inv.ID) {
				if has, err := p.open(t.Context(), f, f.pages, s); !errors.Is(err, access.ErrNoSession) || has {
					t.Errorf("%s: data %v, error %v", p.name, has, err)
				}
			}
		})
	}
	f := setup(t)
	s := f.preview(t)
	s.Level = access.Confirmed // whoever says that it is a session
	if _, err := f.pages.Account(t.Context(), s); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("a preview as a session: %v", err)
	}
	own := f.session
	own.Level = access.Previewing
	if _, err := f.pages.Account(t.Context(), own); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("a session as a preview: %v", err)
	}
}

func TestPeople_AreTheCompanysAndForWhoPays(t *testing.T) {
	f := setup(t)
	other := f.AddCompany(t)
	f.AddContact(t, other, "payer")
	viewer, gone := f.AddContact(t, f.Company, "viewer"), f.AddContact(t, f.Company, "payer")
	f.Exec(t, `UPDATE contacts SET status = 'removed' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, gone)
	for company, email := range map[string]string{f.Company: "new@acme.test", other: "foreign@acme.test"} {
		f.Exec(t, `INSERT INTO access_requests (tenant_id, id, state, company_id, email) VALUES ($1, $2, 'pending', $3, $4)`, f.Tenant.ID, "arq_"+email, company, email)
	}
	d, err := f.pages.People(t.Context(), f.session)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range d.People {
		ids = append(ids, c.ID)
		if c.Self != (c.ID == f.Contact) || c.SeenAt.IsZero() != (c.ID == viewer) {
			t.Errorf("%+v", c)
		}
	}
	slices.Sort(ids)
	want := []string{f.Contact, viewer}
	slices.Sort(want)
	if !slices.Equal(ids, want) || !slices.Equal(d.Pending, []string{"new@acme.test"}) {
		t.Errorf("people %v, pending %v", ids, d.Pending)
	}
	if _, err := f.pages.People(t.Context(), f.sessionOf(t, f.Company, viewer)); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a viewer: %v, want ErrNotFound", err)
	}
	f.Exec(t, `UPDATE contacts SET role = 'signer' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, f.Contact)
	if _, err := f.pages.People(t.Context(), f.session); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a signer, a moment after the role changed: %v, want ErrNotFound", err)
	}
	pool := countingPool(t, f.DB.AppURL)
	f.Exec(t, `UPDATE contacts SET role = 'payer' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, f.Contact)
	pages := portaldb.New(pool.Pool)
	for range 2 {
		pool.trips = 0
		if _, err := pages.People(t.Context(), f.session); err != nil {
			t.Fatal(err)
		}
	}
	if pool.trips != 1 {
		t.Errorf("%d round trips, want 1", pool.trips)
	}
}
