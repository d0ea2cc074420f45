package portaldb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// addSeat gives the mailbox of the fixture's contact a place at another company.
func (f *fixture) addSeat(t *testing.T, name string) access.Seat {
	t.Helper()
	company := f.AddCompany(t)
	contact := f.AddContact(t, company, "payer")
	f.Exec(t, `UPDATE companies SET name = $3 WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, company, name)
	f.Exec(t, `UPDATE contacts SET email = (SELECT upper(email) FROM contacts WHERE tenant_id = $1 AND id = $3) WHERE tenant_id = $1 AND id = $2`,
		f.Tenant.ID, contact, f.Contact)
	return access.Seat{ContactID: contact, Company: name}
}

// openedBy says what kind of link opened the fixture's session.
func (f *fixture) openedBy(t *testing.T, purpose string) {
	t.Helper()
	link := tenant.NewID("lnk", f.session.ExpiresAt)
	f.Exec(t, `INSERT INTO portal_links (tenant_id, id, company_id, contact_id, purpose, key_id, token_hash, expires_at)
		VALUES ($1, $2, $3, $4, $5, 'k1', sha256($2::text::bytea), now())`, f.Tenant.ID, link, f.Company, f.Contact, purpose)
	f.Exec(t, `UPDATE crm_client_portal_sessions SET link_id = $3 WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, f.session.ID, link)
}

func TestCompanies_AreTheMailboxesOwnOfThisTenant(t *testing.T) {
	db := pgtest.Clone(t)
	f, theirs := setupOn(t, db), setupOn(t, db)
	f.openedBy(t, "login")
	want := []access.Seat{f.addSeat(t, "Alder"), f.addSeat(t, "birch")}
	off := f.addSeat(t, "Off")
	f.Exec(t, `UPDATE companies SET portal_enabled = false WHERE tenant_id = $1 AND name = $2`, f.Tenant.ID, off.Company)
	disabled := f.addSeat(t, "Disabled")
	f.Exec(t, `UPDATE contacts SET status = 'disabled' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, disabled.ContactID)
	f.AddContact(t, f.Company, "payer")
	theirs.Exec(t, `UPDATE contacts SET email = (SELECT email FROM contacts WHERE id = $2) WHERE tenant_id = $1`, theirs.Tenant.ID, theirs.Contact)
	d, err := f.pages.Companies(t.Context(), f.session)
	if diff := cmp.Diff(want, d.Others); diff != "" || err != nil || !d.Member.Several {
		t.Errorf("error %v, several %t\n%s", err, d.Member.Several, diff)
	}
	if d, err := theirs.pages.Companies(t.Context(), theirs.session); err != nil || len(d.Others) != 0 || d.Member.Several {
		t.Errorf("another tenant's contact: %+v, error %v", d.Others, err)
	}
}

func TestCompanies_AreNotForASessionOfADocumentsLink(t *testing.T) {
	f := setup(t)
	f.addSeat(t, "Alder")
	for _, purpose := range []string{"document", "api"} {
		f.openedBy(t, purpose)
		if d, err := f.pages.Companies(t.Context(), f.session); err != nil || len(d.Others) != 0 || d.Member.Several {
			t.Errorf("%s: %+v, error %v", purpose, d.Others, err)
		}
	}
}
