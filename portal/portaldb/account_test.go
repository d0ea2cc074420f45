package portaldb_test

import (
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
)

func TestAccount_ListsOnlyTheContactsOwnLiveSessions(t *testing.T) {
	db := pgtest.Clone(t)
	f, theirs := setupOn(t, db), setupOn(t, db)
	second := f.sessionOf(t, f.Company, f.Contact)
	f.sessionOf(t, f.Company, f.AddContact(t, f.Company, "payer"))
	for _, end := range []string{"revoked_at = now()", "expires_at = now()", "activated_at = NULL, token_hash = NULL"} {
		gone := f.sessionOf(t, f.Company, f.Contact)
		f.Exec(t, `UPDATE crm_client_portal_sessions SET `+end+` WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, gone.ID)
	}
	f.Exec(t, `UPDATE crm_client_portal_sessions SET ip = '203.0.113.9', user_agent = 'Browser/2' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, second.ID)
	d, err := f.pages.Account(t.Context(), f.session)
	if err != nil || len(d.Sessions) != 2 {
		t.Fatalf("%d sessions, error %v, want 2", len(d.Sessions), err)
	}
	if d.Sessions[0].ID != f.session.ID || !d.Sessions[0].This || d.Sessions[1].ID != second.ID || d.Sessions[1].This {
		t.Errorf("the sessions are %+v", d.Sessions)
	}
	if o := d.Sessions[1]; o.IP.String() != "203.0.113.9" || o.UserAgent != "Browser/2" || o.SignedInAt.IsZero() || o.LastSeenAt.Before(o.SignedInAt) {
		t.Errorf("the other one is %+v", o)
	}
	if d, err := theirs.pages.Account(t.Context(), theirs.session); err != nil || len(d.Sessions) != 1 {
		t.Errorf("another tenant's contact: %d sessions, error %v", len(d.Sessions), err)
	}
}

func TestPages_NoteTheLastUseOncePerMinute(t *testing.T) {
	f := setup(t)
	idle := f.sessionOf(t, f.Company, f.Contact)
	const at = `SELECT COALESCE(EXTRACT(epoch FROM last_seen_at)::bigint, 0) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND id = $2`
	back := func(by time.Duration) {
		f.Exec(t, `UPDATE crm_client_portal_sessions SET activated_at = now() - interval '1 hour', last_seen_at = now() - $3::bigint * interval '1 second'
			WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, f.session.ID, int64(by/time.Second))
	}
	open := func() {
		if _, err := f.pages.Home(t.Context(), f.session, f.Today()); err != nil {
			t.Fatal(err)
		}
	}
	if open(); f.Int(t, at, f.Tenant.ID, f.session.ID) != 0 {
		t.Error("a session that was opened this minute is written again")
	}
	back(50 * time.Second)
	before := f.Int(t, at, f.Tenant.ID, f.session.ID)
	if open(); f.Int(t, at, f.Tenant.ID, f.session.ID) != before {
		t.Error("it is written twice within a minute")
	}
	back(2 * time.Minute)
	if open(); time.Since(time.Unix(int64(f.Int(t, at, f.Tenant.ID, f.session.ID)), 0)) > 30*time.Second {
		t.Error("after two minutes it is not written")
	}
	if f.Int(t, at, f.Tenant.ID, idle.ID) != 0 {
		t.Error("another session of the contact is taken for used")
	}
	back(2 * time.Minute)
	f.Exec(t, `UPDATE crm_client_portal_sessions SET revoked_at = now() WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, f.session.ID)
	before = f.Int(t, at, f.Tenant.ID, f.session.ID)
	_, _ = f.pages.Home(t.Context(), f.session, f.Today())
	if f.Int(t, at, f.Tenant.ID, f.session.ID) != before {
		t.Error("a session that has ended is taken for used")
	}
}
