package accessdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/tenantdb"
)

// clientsBench is two tenants with a company and a contact each.
type clientsBench struct {
	t       *testing.T
	db      pgtest.DB
	clients *accessdb.Clients
	own     side
	foreign side
	mails   []accessdb.Mail // asked for, also by what was rolled back
}

type side struct {
	tenant  tenant.ID
	company access.Company
	contact access.Contact
}

var key = access.Actor{Kind: "api", ID: "key_1"}

func setupClients(t *testing.T) *clientsBench {
	t.Helper()
	db := pgtest.Clone(t)
	b := &clientsBench{t: t, db: db}
	b.clients = accessdb.NewClients(db.App, func(_ context.Context, _ pgx.Tx, _ tenant.ID, m accessdb.Mail) error {
		b.mails = append(b.mails, m)
		return nil
	})
	b.own, b.foreign = b.side("acme"), b.side("bolt")
	return b
}

func (b *clientsBench) side(slug string) side {
	b.t.Helper()
	ctx := b.t.Context()
	made, err := tenantdb.New(b.db.App, tenant.MustParseHostname("portal.example"), tenantdb.Hooks{}).Create(ctx, tenant.Draft{Slug: slug, Name: slug})
	if err != nil {
		b.t.Fatal(err)
	}
	s := side{tenant: made.ID}
	if s.company, err = b.clients.CreateCompany(ctx, s.tenant, key, access.Company{Name: slug, Currency: "USD", PortalEnabled: true}); err != nil {
		b.t.Fatal(err)
	}
	contact := access.Contact{CompanyID: s.company.ID, Name: "Accounts payable", Email: "m@example.com", Role: access.Payer, Status: "active"}
	if s.contact, err = b.clients.CreateContact(ctx, s.tenant, key, contact); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// query reads one value as the tenant.
func (b *clientsBench) query(s side, to any, q string, args ...any) {
	b.t.Helper()
	err := rls.Tx(b.t.Context(), b.db.App, s.tenant, func(tx pgx.Tx) error { return tx.QueryRow(b.t.Context(), q, args...).Scan(to) })
	if err != nil {
		b.t.Fatal(err)
	}
}

// session writes a session of the side's contact: live, or pending with its link.
func (b *clientsBench) session(s side, id string, live bool) {
	b.t.Helper()
	const link = `
		INSERT INTO portal_links (tenant_id, id, company_id, contact_id, purpose, key_id, token_hash, expires_at)
		VALUES ($1, $2, $3, $4, 'api', 'k', sha256($2::text::bytea), now() + interval '1 day')`
	const q = `
		INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, expires_at, activated_at, token_hash)
		VALUES ($1, $2, $3, $4, $5, now() + interval '1 day', CASE WHEN $6 THEN now() END, CASE WHEN $6 THEN sha256($2::text::bytea) END)`
	err := rls.Tx(b.t.Context(), b.db.App, s.tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.t.Context(), link, string(s.tenant), "lnk_"+id, s.company.ID, s.contact.ID); err != nil {
			return err
		}
		_, err := tx.Exec(b.t.Context(), q, string(s.tenant), id, s.company.ID, s.contact.ID, "lnk_"+id, live)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *clientsBench) revoked(s side, table, id string) bool {
	b.t.Helper()
	var revoked bool
	b.query(s, &revoked, `SELECT revoked_at IS NOT NULL FROM `+table+` WHERE id = $1`, id)
	return revoked
}

// told lists the sessions that the audit log says the key ended, and why.
func (b *clientsBench) told(s side, why string) (sessions string) {
	b.t.Helper()
	b.query(s, &sessions, `SELECT COALESCE(string_agg(session_id, ' ' ORDER BY session_id), '') FROM audit_events WHERE kind = 'session.revoked' AND actor = 'api'
		AND actor_id = 'key_1' AND company_id = $1 AND contact_id = $2 AND details->>'why' = $3`, s.company.ID, s.contact.ID, why)
	return sessions
}

func TestClients_KnowOnlyTheirTenant(t *testing.T) {
	b := setupClients(t)
	ctx := t.Context()
	rename := func(c *access.Company) error { c.Name = "Taken over"; return nil }
	remove := func(c *access.Contact) error { c.Status = "removed"; return nil }
	tries := map[string]func(of side) error{
		"Company": func(of side) error { _, err := b.clients.Company(ctx, b.own.tenant, of.company.ID); return err },
		"UpdateCompany": func(of side) error {
			_, err := b.clients.UpdateCompany(ctx, b.own.tenant, key, of.company.ID, rename)
			return err
		},
		"Contact": func(of side) error { _, err := b.clients.Contact(ctx, b.own.tenant, of.contact.ID); return err },
		"CreateContact": func(of side) error {
			_, err := b.clients.CreateContact(ctx, b.own.tenant, key, access.Contact{CompanyID: of.company.ID, Name: "x", Email: "x@example.com", Role: access.Payer, Status: "active"})
			return err
		},
		"UpdateContact": func(of side) error {
			_, err := b.clients.UpdateContact(ctx, b.own.tenant, key, of.contact.ID, remove)
			return err
		},
	}
	for name, try := range tries {
		if err := try(b.foreign); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s of another tenant: %v, want ErrNotFound", name, err)
		}
		if err := try(b.own); err != nil {
			t.Errorf("%s of its own tenant: %v", name, err)
		}
	}
	companies, _ := b.clients.Companies(ctx, b.foreign.tenant, access.CompanyQuery{Limit: 10})
	contacts, _ := b.clients.Contacts(ctx, b.foreign.tenant, access.ContactQuery{Limit: 10})
	if diff := cmp.Diff([]access.Company{b.foreign.company}, companies); diff != "" {
		t.Errorf("the other tenant's companies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]access.Contact{b.foreign.contact}, contacts); diff != "" {
		t.Errorf("the other tenant's contacts (-want +got):\n%s", diff)
	}
}

func TestUpdateCompany_LosesNoChangeOfManyAtOnce(t *testing.T) {
	b := setupClients(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := b.clients.UpdateCompany(t.Context(), b.own.tenant, key, b.own.company.ID, func(c *access.Company) error {
				c.Reference += "x"
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, _ := b.clients.Company(t.Context(), b.own.tenant, b.own.company.ID)
	if len(got.Reference) != 20 {
		t.Errorf("%d of 20 changes are left", len(got.Reference))
	}
	var entries int
	b.query(b.own, &entries, `SELECT count(*) FROM audit_events WHERE kind = 'company.updated' AND actor = 'api' AND actor_id = 'key_1'`)
	if entries != 20 {
		t.Errorf("%d audit entries for 20 changes", entries)
	}
}

func TestUpdateCompany_WritesNothingWhenTheChangeRefuses(t *testing.T) {
	b := setupClients(t)
	refusal := errors.New("no")
	_, err := b.clients.UpdateCompany(t.Context(), b.own.tenant, key, b.own.company.ID, func(c *access.Company) error {
		c.Name = "half done"
		return refusal
	})
	got, _ := b.clients.Company(t.Context(), b.own.tenant, b.own.company.ID)
	if !errors.Is(err, refusal) || got != b.own.company {
		t.Errorf("%v left %v", err, got)
	}
}

func TestUpdateCompany_PortalOffEndsLiveSessionsOnly(t *testing.T) {
	b := setupClients(t)
	b.session(b.own, "ses_live", true)
	b.session(b.own, "ses_pending", false)
	b.session(b.foreign, "ses_foreign", true)
	_, err := b.clients.UpdateCompany(t.Context(), b.own.tenant, key, b.own.company.ID, func(c *access.Company) error { c.PortalEnabled = false; return nil })
	if err != nil {
		t.Fatal(err)
	}
	const sessions = "crm_client_portal_sessions"
	if !b.revoked(b.own, sessions, "ses_live") {
		t.Error("a live session goes on")
	}
	// Links wait for the portal to be switched on again, and so must the sessions that they would begin.
	if b.revoked(b.own, sessions, "ses_pending") || b.revoked(b.own, "portal_links", "lnk_ses_pending") {
		t.Error("an unused link is gone for good")
	}
	if told := b.told(b.own, "portal switched off"); told != "ses_live" {
		t.Errorf("the audit log tells of the end of %q", told)
	}
	if b.revoked(b.foreign, sessions, "ses_foreign") {
		t.Error("another tenant's session ended")
	}
}

func TestUpdateContact_EndsWhatTheOldMailboxHeld(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*access.Contact) error
		ends   bool
		kind   string
	}{
		"name":     {func(c *access.Contact) error { c.Name = "Mary"; return nil }, false, "contact.updated"},
		"case":     {func(c *access.Contact) error { c.Email = "M@example.com"; return nil }, false, "contact.updated"},
		"address":  {func(c *access.Contact) error { c.Email = "new@example.com"; return nil }, true, "contact.updated"},
		"disabled": {func(c *access.Contact) error { c.Status = "disabled"; return nil }, true, "contact.disabled"},
		"removed":  {func(c *access.Contact) error { c.Status = "removed"; return nil }, true, "contact.removed"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setupClients(t)
			b.session(b.own, "ses_live", true)
			b.session(b.own, "ses_pending", false)
			if _, err := b.clients.UpdateContact(t.Context(), b.own.tenant, key, b.own.contact.ID, tt.change); err != nil {
				t.Fatal(err)
			}
			for _, row := range [][2]string{{"crm_client_portal_sessions", "ses_live"}, {"crm_client_portal_sessions", "ses_pending"},
				{"portal_links", "lnk_ses_live"}, {"portal_links", "lnk_ses_pending"}} {
				if got := b.revoked(b.own, row[0], row[1]); got != tt.ends {
					t.Errorf("%s revoked: %v, want %v", row[1], got, tt.ends)
				}
			}
			var entries int
			b.query(b.own, &entries, `SELECT count(*) FROM audit_events WHERE kind = $1 AND contact_id = $2`, tt.kind, b.own.contact.ID)
			if entries != 1 {
				t.Errorf("%d audit entries %s", entries, tt.kind)
			}
			want := ""
			if tt.ends {
				want = "ses_live ses_pending"
			}
			if told := b.told(b.own, "contact changed"); told != want {
				t.Errorf("the audit log tells of the end of %q, want %q", told, want)
			}
		})
	}
}

func TestContacts_OneOfManyGetsAnAddress(t *testing.T) {
	b := setupClients(t)
	var mu sync.Mutex
	made, taken := 0, 0
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := b.clients.CreateContact(t.Context(), b.own.tenant, key, access.Contact{CompanyID: b.own.company.ID, Name: fmt.Sprint(i),
				Email: "same@example.com", Role: access.Payer, Status: "active"})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case errors.Is(err, access.ErrConflict):
				taken++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != 1 || taken != 19 {
		t.Errorf("%d made, %d refused", made, taken)
	}
}

// Two who each take one of the last two payers away do not both hear that another is left.
func TestUpdateContact_TellsWhoTookTheLastPayerAlsoWhenTwoGoAtOnce(t *testing.T) {
	b := setupClients(t)
	for round := range 10 {
		ids := []string{b.own.contact.ID}
		made, err := b.clients.CreateContact(t.Context(), b.own.tenant, key, access.Contact{CompanyID: b.own.company.ID, Name: "Bo",
			Email: fmt.Sprintf("bo%d@example.com", round), Role: access.Payer, Status: "active"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.ID)
		told := make([]bool, len(ids))
		var group sync.WaitGroup
		for i, id := range ids {
			group.Go(func() {
				c, err := b.clients.UpdateContact(t.Context(), b.own.tenant, key, id, func(c *access.Contact) error { c.Role = access.Viewer; return nil })
				if err != nil {
					t.Error(err)
				}
				told[i] = c.NoPayer
			})
		}
		group.Wait()
		if told[0] == told[1] {
			t.Fatalf("round %d: told %v, want one of them", round, told)
		}
		if _, err := b.clients.UpdateContact(t.Context(), b.own.tenant, key, b.own.contact.ID, func(c *access.Contact) error { c.Role = access.Payer; return nil }); err != nil {
			t.Fatal(err)
		}
	}
}
