package access_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/deploy/services/redistest"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/access/accessredis"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
	"tollhouse/tenant/request/pgtrips"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// house is one tenant with a company and a contact, and what several nodes share.
type house struct {
	db     pgtest.DB
	redis  string
	ring   *seal.Ring
	site   *tenant.Site
	tenant *tenant.Tenant
	mails  sync.Map // link id → accessdb.Mail
}

// node is one process of the fleet: its own service, store and cache.
type node struct {
	*access.Service
	store  *accessdb.Store
	client *redis.Client
}

var visitor = access.Visitor{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Firefox"}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{db: pgtest.Clone(t), redis: redistest.Start(t), ring: seal.RandomRing()}
	h.site = h.addTenant(t, "acme")
	h.tenant = h.site.Tenant
	return h
}

// addTenant makes a tenant with the company co_1 and the contact con_1, whose address is payables@<slug>.example.
func (h *house) addTenant(t *testing.T, slug string) *tenant.Site {
	t.Helper()
	id := tenant.ID("ten_" + slug)
	h.exec(t, id, `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'Acme')`, string(id), slug)
	h.exec(t, id, `INSERT INTO companies (tenant_id, id, name, currency) VALUES ($1, 'co_1', 'Globex', 'USD')`, string(id))
	h.exec(t, id, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_1', 'co_1', 'Accounts payable', $2)`, string(id), "payables@"+slug+".example")
	return &tenant.Site{Host: tenant.MustParseHostname(slug + ".portal.example"), Kind: tenant.Portal, Epoch: 1,
		Tenant: &tenant.Tenant{ID: id, Slug: slug, Policy: tenant.Policy{SessionLifetime: 7 * 24 * time.Hour, LogVisitors: true}}}
}

func (h *house) exec(t *testing.T, id tenant.ID, q string, args ...any) {
	t.Helper()
	err := rls.Tx(context.Background(), h.db.App, id, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) count(t *testing.T, id tenant.ID, q string, args ...any) (n int) {
	t.Helper()
	b := &pgx.Batch{}
	b.Queue(q, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	if err := rls.Read(context.Background(), h.db.App, id, b); err != nil {
		t.Fatal(err)
	}
	return n
}

func (h *house) node(t *testing.T) *node {
	t.Helper()
	config, err := pgxpool.ParseConfig(h.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	if config.ConnConfig.Tracer, err = pgtrips.New(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	options, err := redis.ParseURL(h.redis)
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries = -1
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	store, err := accessdb.New(pool, h.ring, tenant.MustParseHostname("portal.example"), func(_ context.Context, _ pgx.Tx, _ tenant.ID, m accessdb.Mail) error {
		h.mails.Store(m.LinkID, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	cache := accessredis.New(client, slog.New(slog.DiscardHandler), time.Now)
	s, err := access.New(access.Config{Store: store, Cache: cache, Ring: h.ring, Now: time.Now,
		Limits: access.Limits{Redeem: access.Rate{Burst: 10_000, Per: time.Minute}}})
	if err != nil {
		t.Fatal(err)
	}
	return &node{Service: s, store: store, client: client}
}

// mint returns the token of a fresh link for the tenant's contact.
func (n *node) mint(t *testing.T, site *tenant.Site) (token string, p access.PendingSession) {
	t.Helper()
	p, err := n.Mint(context.Background(), site.Tenant, access.MintRequest{ContactID: "con_1", By: access.Actor{Kind: "api", ID: "key_1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ = strings.Cut(p.URL, "/portal/l/")
	return token, p
}

func (n *node) signIn(t *testing.T, site *tenant.Site) access.Grant {
	t.Helper()
	token, _ := n.mint(t, site)
	grant, err := n.Redeem(context.Background(), site, token, visitor)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

func TestRedeem_OnceAmong200OnTwoNodes(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	for round := range 5 {
		token, pending := nodes[0].mint(t, h.site)
		var won, used atomic.Int32
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				grant, err := nodes[i%2].Redeem(context.Background(), h.site, token, visitor)
				var dead *access.DeadLinkError
				switch {
				case err == nil && grant.Session.ID == pending.Session.ID:
					won.Add(1)
				case errors.As(err, &dead) && dead.Landing.State == access.LinkUsed:
					used.Add(1)
				default:
					t.Errorf("Redeem = %v, %v", grant.Session, err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || used.Load() != 199 {
			t.Fatalf("round %d: %d sessions and %d used, want 1 and 199", round, won.Load(), used.Load())
		}
	}
	if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'link.used'`); n != 5 {
		t.Errorf("%d audit entries for 5 redeemed links", n)
	}
}

func TestLanding_ChangesNothingHoweverOften(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	for range 100 {
		landing, err := n.Landing(context.Background(), h.site, token)
		if err != nil || landing.State != access.LinkReady || landing.MaskedEmail != "p•••@acme.example" {
			t.Fatalf("Landing = %+v, %v", landing, err)
		}
	}
	if _, err := n.Redeem(context.Background(), h.site, token, visitor); err != nil {
		t.Errorf("after 100 looks the link is refused: %v", err)
	}
}

func TestLink_EachDeadStateIsTold(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	other := h.addTenant(t, "other")
	foreign, _ := n.mint(t, other)
	for _, tc := range []struct {
		name, change string
		want         access.LinkState
	}{
		{"expired", `UPDATE portal_links SET expires_at = now() - interval '1 second'`, access.LinkExpired},
		{"revoked", `UPDATE portal_links SET revoked_at = now()`, access.LinkRevoked},
		{"superseded", `UPDATE portal_links SET superseded_at = now()`, access.LinkSuperseded},
		{"used", `UPDATE portal_links SET used_at = now()`, access.LinkUsed},
		{"contact disabled", `UPDATE contacts SET status = 'disabled'`, access.LinkPortalOff},
		{"portal off", `UPDATE companies SET portal_enabled = false`, access.LinkPortalOff},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'active'`)
			token, _ := n.mint(t, h.site)
			h.exec(t, h.tenant.ID, tc.change)
			landing, err := n.Landing(context.Background(), h.site, token)
			if err != nil || landing.State != tc.want {
				t.Errorf("Landing = %v, %v, want %v", landing.State, err, tc.want)
			}
			var dead *access.DeadLinkError
			if _, err := n.Redeem(context.Background(), h.site, token, visitor); !errors.As(err, &dead) || dead.Landing.State != tc.want {
				t.Errorf("Redeem = %v, want a dead link in state %v", err, tc.want)
			}
		})
	}
	for _, token := range []string{"", "x", foreign, foreign + "A", foreign[:42], strings.Repeat("A", 43), strings.Repeat("é", 43), foreign[:42] + "="} {
		landing, err := n.Landing(context.Background(), h.site, token)
		if err != nil || landing != (access.Landing{State: access.LinkUnknown}) {
			t.Errorf("Landing(%q) = %+v, %v, want unknown and nothing else", token, landing, err)
		}
	}
	if _, err := n.Redeem(context.Background(), other, foreign, visitor); err != nil {
		t.Errorf("the other tenant's own link is refused at home: %v", err)
	}
}

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
	if _, err := n.Redeem(context.Background(), h.site, token, visitor); !errors.As(err, &dead) || dead.Landing.State != access.LinkRevoked {
		t.Errorf("Redeem = %v, want a revoked link", err)
	}
	d, err := n.SessionDetails(context.Background(), h.tenant.ID, pending.Session.ID)
	if err != nil || d.Status != "revoked" {
		t.Errorf("SessionDetails = %+v, %v", d, err)
	}
}

func TestMint_RefusesForeignAndClosedContacts(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.addTenant(t, "other")
	h.exec(t, "ten_other", `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ('ten_other', 'con_2', 'co_1', 'X', 'x@x.example')`)
	mint := func(m access.MintRequest) error { _, err := n.Mint(context.Background(), h.tenant, m); return err }
	if err := mint(access.MintRequest{ContactID: "con_2"}); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("another tenant's contact: %v", err)
	}
	if err := mint(access.MintRequest{ContactID: "con_1", DocumentID: "inv_nowhere"}); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("an unknown document: %v", err)
	}
	if err := mint(access.MintRequest{ContactID: "con_1", SendEmail: true}); err != nil {
		t.Errorf("its own contact: %v", err)
	}
	h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'disabled'`)
	if err := mint(access.MintRequest{ContactID: "con_1"}); !errors.Is(err, access.ErrConflict) {
		t.Errorf("a disabled contact: %v", err)
	}
}

func TestRequestLink_MailsOnlyKnownAddressesAndLeavesNoTrace(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	for _, email := range []string{" PAYABLES@acme.example ", "nobody@acme.example"} {
		if err := n.RequestLink(ctx, h.site, email, visitor); err != nil {
			t.Fatal(err)
		}
	}
	if waiting := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); waiting != 2 {
		t.Fatalf("%d requests noted, want one for each address, known or not", waiting)
	}
	for range 2 { // a job that is worked twice mails once
		workRequests(t, h, n)
	}
	mails := 0
	h.mails.Range(func(_, m any) bool {
		mails++
		mail := m.(accessdb.Mail)
		url, err := n.URL(ctx, h.tenant.ID, mail.LinkID)
		_, token, _ := strings.Cut(url, "https://acme.portal.example/portal/l/")
		if _, rerr := n.Redeem(ctx, h.site, token, visitor); err != nil || rerr != nil {
			t.Errorf("the mailed link does not work: %v, %v", err, rerr)
		}
		return true
	})
	if left := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); mails != 1 || left != 0 {
		t.Errorf("%d mails and %d requests left, want 1 and 0", mails, left)
	}
}

// workRequests does what the job queue would for each job that was inserted.
func workRequests(t *testing.T, h *house, n *node) {
	t.Helper()
	rows, err := h.db.Owner.Query(context.Background(), `SELECT args->>'tenant_id', args->>'request_id' FROM jobs.river_job WHERE kind = 'link_request'`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[accessdb.RequestJob])
	if err != nil || len(jobs) == 0 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	for _, args := range jobs {
		if err := accessdb.NewRequestWorker(n.store).Work(context.Background(), &river.Job[accessdb.RequestJob]{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRequestLink_IsLimitedByAddressAndNetworkWithTheSameAnswer(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	for range 10 {
		if err := n.RequestLink(context.Background(), h.site, "payables@acme.example", visitor); err != nil {
			t.Fatal(err)
		}
	}
	if noted := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); noted != 3 {
		t.Errorf("%d requests for one address noted, want 3", noted)
	}
	if err := n.RequestLink(context.Background(), h.site, "somebody@else.example", visitor); err != nil {
		t.Fatal(err)
	}
	if noted := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); noted != 3 {
		t.Errorf("the network asked ten times and is still heard: %d", noted)
	}
	elsewhere := access.Visitor{IP: netip.MustParseAddr("2001:db8::1")}
	if err := n.RequestLink(context.Background(), h.site, "somebody@else.example", elsewhere); err != nil {
		t.Fatal(err)
	}
	if noted := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); noted != 4 {
		t.Errorf("another network is not heard: %d", noted)
	}
}

func TestRequestLink_AsksAsMuchOfTheDatabaseForAnAddressThatIsNotHeard(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ask := func(i int, email string) (trips int32) {
		t.Helper()
		info := &request.Info{}
		from := access.Visitor{IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
		if err := n.RequestLink(request.With(context.Background(), info), h.site, email, from); err != nil {
			t.Fatal(err)
		}
		return info.Trips.Postgres.Load()
	}
	ask(0, "somebody@else.example") // its statements are prepared
	heard := ask(1, "payables@acme.example")
	for i := range 2 {
		ask(i+2, "payables@acme.example")
	}
	ask(4, "payables@acme.example") // its statement, too
	if got := ask(5, "payables@acme.example"); got != heard || heard == 0 {
		t.Errorf("the sixth request took %d round trips, the first %d: the difference tells that somebody asked before", got, heard)
	}
	if noted := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests WHERE email = 'payables@acme.example'`); noted != 3 {
		t.Errorf("%d requests left behind, want 3", noted)
	}
}

func TestGuesses_OfOneNetworkAreRefusedBeforeTheRecordIsAsked(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := func(ip string) context.Context {
		return request.With(context.Background(), &request.Info{Client: netip.MustParseAddr(ip)})
	}
	attacker, other := ctx("198.51.100.9"), ctx("198.51.100.10")
	good, _ := n.mint(t, h.site)
	member := n.signIn(t, h.site)
	made := func(i int) string { return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%032d", i)) }
	landings, sessions := map[bool]int{}, map[bool]int{}
	for i := range 200 {
		_, err := n.Landing(attacker, h.site, made(i))
		landings[errors.Is(err, access.ErrLimited)]++
		_, err = n.Authenticate(attacker, h.site, made(i))
		sessions[errors.Is(err, access.ErrLimited)]++
	}
	if n := landings[false] + sessions[false]; n < 100 || n > 140 {
		t.Errorf("%d guesses were looked up, want about 120", n)
	}
	if _, err := n.Landing(attacker, h.site, good); !errors.Is(err, access.ErrLimited) {
		t.Errorf("after its guesses the network reads a good link: %v", err)
	}
	if _, err := n.Authenticate(attacker, h.site, member.Token); err != nil {
		t.Errorf("a live session of the same network is refused: %v", err)
	}
	for range 200 {
		if got, err := n.Landing(other, h.site, good); err != nil || got.State != access.LinkReady {
			t.Fatalf("another network, with a good link: %v %v", got.State, err)
		}
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
