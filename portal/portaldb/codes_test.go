package portaldb_test

import (
	"errors"
	"testing"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/access"
)

// mailCode writes a code of the fixture's session.
func (f *fixture) mailCode(t *testing.T, id, purpose, email string) {
	t.Helper()
	f.Exec(t, `INSERT INTO step_ups (tenant_id, id, company_id, contact_id, session_id, purpose, email, key_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, NULLIF($7, ''), 'k', now(), now() + interval '10 minutes')`, f.Tenant.ID, id, f.Company, f.Contact, f.session.ID, purpose, email)
}

func TestCodes_TellHowItStandsWithTheSession(t *testing.T) {
	db := pgtest.Clone(t)
	f, theirs := setupOn(t, db), setupOn(t, db)
	twin := f.sessionOf(t, f.Company, f.Contact)
	if d, err := f.pages.Codes(ctx, f.session); err != nil || d.SteppedUp || d.Waiting || d.NewEmail != "" || d.Member.Contact.ID != f.Contact {
		t.Errorf("at first: %+v, %v", d, err)
	}
	f.mailCode(t, "stp_1", "session", "")
	f.mailCode(t, "stp_2", "email", "new@x.example")
	f.Exec(t, `UPDATE crm_client_portal_sessions SET step_up_target = '/portal/x', step_up_until = now() + interval '1 minute' WHERE tenant_id = $1 AND id = $2`,
		f.Tenant.ID, f.session.ID)
	if d, err := f.pages.Codes(ctx, f.session); err != nil || !d.SteppedUp || !d.Waiting || d.NewEmail != "new@x.example" || d.Target != "/portal/x" {
		t.Errorf("with both: %+v, %v", d, err)
	}
	for name, s := range map[string]access.Session{"another session of the contact": twin} {
		if d, err := f.pages.Codes(ctx, s); err != nil || d.SteppedUp || d.Waiting || d.NewEmail != "" {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	moved := f.session
	moved.Tenant = theirs.Tenant.ID
	if _, err := f.pages.Codes(ctx, moved); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("another tenant: %v", err)
	}
	for _, gone := range []string{"passed_at = now()", "passed_at = NULL, superseded_at = now()", "superseded_at = NULL, expires_at = now()", "expires_at = now() + interval '1 minute', tries = 5"} {
		f.Exec(t, `UPDATE step_ups SET `+gone+` WHERE tenant_id = $1`, f.Tenant.ID)
		if d, err := f.pages.Codes(ctx, f.session); err != nil || d.Waiting || d.NewEmail != "" {
			t.Errorf("%s: %+v, %v", gone, d, err)
		}
	}
	f.Exec(t, `UPDATE crm_client_portal_sessions SET step_up_until = now() WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, f.session.ID)
	if d, err := f.pages.Codes(ctx, f.session); err != nil || d.SteppedUp {
		t.Errorf("after its time: %+v, %v", d, err)
	}
}
