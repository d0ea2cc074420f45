package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

func TestAuthenticate_OnlyOnItsOwnHostAndTenant(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	grant := n.signIn(t, h.site)
	moved := *h.site
	moved.Host = tenant.MustParseHostname("billing.acme.example")
	aged := *h.site
	aged.Epoch++
	for name, site := range map[string]*tenant.Site{"another tenant": h.addTenant(t, "other"), "another host": &moved, "another epoch": &aged} {
		if _, err := n.Authenticate(context.Background(), site, grant.Token); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s: %v, want ErrNoSession", name, err)
		}
	}
	if s, err := n.Authenticate(context.Background(), h.site, grant.Token); err != nil || s.ContactID != "con_1" {
		t.Errorf("at home: %+v, %v", s, err)
	}
}

func TestAuthenticate_SurvivesAFlushedAndAnAbsentRedis(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	grant := n.signIn(t, h.site)
	if err := n.client.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Authenticate(context.Background(), h.site, grant.Token); err != nil {
		t.Errorf("after FLUSHALL: %v", err)
	}
	if n.client.DBSize(context.Background()).Val() == 0 {
		t.Error("the copy was not put back")
	}
	if err := n.client.Shutdown(context.Background()).Err(); err != nil && !errors.Is(err, redis.Nil) {
		t.Logf("shutting Redis down: %v", err)
	}
	for range 3 {
		if _, err := n.Authenticate(context.Background(), h.site, grant.Token); err != nil {
			t.Errorf("without Redis: %v", err)
		}
	}
	if _, err := n.Authenticate(context.Background(), h.site, strings.Repeat("A", 43)); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("an unknown cookie without Redis: %v", err)
	}
}

func TestAuthenticate_IgnoresGarbageAndForeignCopies(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	other := h.addTenant(t, "other")
	mine, theirs := n.signIn(t, h.site), n.signIn(t, other)
	keys := n.client.Keys(context.Background(), "session:*").Val()
	for _, k := range keys {
		// What lies under my key is their session.
		if strings.Contains(k, string(h.tenant.ID)) {
			for _, from := range keys {
				if strings.Contains(from, string(other.Tenant.ID)) {
					n.client.Copy(context.Background(), from, k, 0, true)
				}
			}
		}
	}
	if _, err := n.Authenticate(context.Background(), h.site, mine.Token); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("a swapped copy opens a door: %v", err)
	}
	for _, k := range n.client.Keys(context.Background(), "session:*").Val() {
		n.client.Set(context.Background(), k, "\x00garbage", 0)
	}
	if _, err := n.Authenticate(context.Background(), other, theirs.Token); err != nil {
		t.Errorf("garbage in Redis ends a session: %v", err)
	}
}

func TestSignOut_EndsTheSessionOnEveryNode(t *testing.T) {
	h := newHouse(t)
	a, b := h.node(t), h.node(t)
	grant := a.signIn(t, h.site)
	if _, err := b.Authenticate(context.Background(), h.site, grant.Token); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time changes nothing
		if err := a.SignOut(context.Background(), grant.Session, visitor); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Authenticate(context.Background(), h.site, grant.Token); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("the other node still knows the session: %v", err)
	}
	if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'session.revoked'`); n != 1 {
		t.Errorf("%d audit entries, want 1", n)
	}
}

func TestRevokeSession_KillsAPendingSessionsLink(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, pending := n.mint(t, h.site)
	by := access.Actor{Kind: "api", ID: "key_1"}
	if err := n.RevokeSession(context.Background(), "ten_other", pending.Session.ID, by); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("another tenant's call: %v, want ErrNotFound", err)
	}
	if err := n.RevokeSession(context.Background(), h.tenant.ID, pending.Session.ID, by); err != nil {
		t.Fatal(err)
	}
	var dead *access.DeadLinkError
	if _, err := n.Redeem(context.Background(), h.site, token, "", visitor); !errors.As(err, &dead) || dead.Landing.State != access.LinkRevoked {
		t.Errorf("Redeem = %v, want a revoked link", err)
	}
	d, err := n.SessionDetails(context.Background(), h.tenant.ID, pending.Session.ID)
	if err != nil || d.Status != "revoked" {
		t.Errorf("SessionDetails = %+v, %v", d, err)
	}
}

func TestRecheck_RefusesASessionWhoseCopyIsStillRead(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	grant := n.signIn(t, h.site)
	if err := n.Recheck(context.Background(), grant.Session); err != nil {
		t.Fatal(err)
	}
	// Ended in the record alone, as when a contact's address changes or a copy is written late.
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET revoked_at = now() WHERE id = $1`, grant.Session.ID)
	if _, err := n.Authenticate(context.Background(), h.site, grant.Token); err != nil {
		t.Fatalf("the copy should still be there: %v", err)
	}
	if err := n.Recheck(context.Background(), grant.Session); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("recheck: %v, want ErrNoSession", err)
	}
	other := grant.Session
	other.Tenant = "ten_other"
	if err := n.Recheck(context.Background(), other); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("as another tenant's: %v, want ErrNoSession", err)
	}
}

func TestStoredNowhere_TokensOfLinksAndSessions(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	grant := n.signIn(t, h.site)
	rows, err := h.db.Owner.Query(context.Background(), `SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
		WHERE c.relkind = 'r' AND s.nspname IN ('public', 'jobs')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	admin, err := pgx.Connect(context.Background(), h.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	if _, err := admin.Exec(context.Background(), `SET search_path TO public, jobs`); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var hits int
		q := `SELECT count(*) FROM ` + pgx.Identifier{table}.Sanitize() + ` r WHERE strpos(r::text, $1) > 0 OR strpos(r::text, $2) > 0`
		if err := admin.QueryRow(context.Background(), q, token, grant.Token).Scan(&hits); err != nil {
			t.Fatal(err)
		}
		if hits != 0 {
			t.Errorf("the table %s holds a token", table)
		}
	}
	for _, k := range n.client.Keys(context.Background(), "*").Val() {
		if strings.Contains(k+n.client.Get(context.Background(), k).Val(), grant.Token) {
			t.Errorf("Redis holds a token under %s", k)
		}
	}
}

func TestVisitor_IsNotKeptWhenTheTenantDoesNotLog(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	quiet := *h.site
	quietTenant := *h.tenant
	quietTenant.Policy.LogVisitors = false
	quiet.Tenant = &quietTenant
	grant := n.signIn(t, &quiet)
	if d, _ := n.SessionDetails(context.Background(), h.tenant.ID, grant.Session.ID); d.Visitor != (access.Visitor{}) {
		t.Errorf("kept %+v", d.Visitor)
	}
	loud := n.signIn(t, h.site)
	if d, _ := n.SessionDetails(context.Background(), h.tenant.ID, loud.Session.ID); d.Visitor != visitor {
		t.Errorf("logging tenant kept %+v, want %+v", d.Visitor, visitor)
	}
}
