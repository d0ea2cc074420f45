package portaldb_test

import (
	"context"
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal/access"
	"tollhouse/portal/portaldb"
	"tollhouse/tenant"
)

const host = "billing.acme.test"

// fixture is a tenant with a client whose payer has a live session.
type fixture struct {
	*paymentstest.World
	pages   *portaldb.Pages
	session access.Session
}

func setup(t *testing.T) *fixture {
	t.Helper()
	return setupOn(t, pgtest.Clone(t))
}

func setupOn(t *testing.T, db pgtest.DB) *fixture {
	t.Helper()
	w := paymentstest.New(t, db)
	f := &fixture{World: w, pages: portaldb.New(db.App)}
	f.session = f.sessionOf(t, w.Company, w.Contact)
	return f
}

// sessionOf signs a contact in.
func (f *fixture) sessionOf(t testing.TB, company, contact string) access.Session {
	t.Helper()
	s := access.Session{ID: tenant.NewID("ses", time.Now()), Tenant: f.Tenant.ID, Host: tenant.MustParseHostname(host), HostEpoch: 1,
		CompanyID: company, ContactID: contact, Level: "confirmed", ExpiresAt: time.Now().Add(time.Hour)}
	hash := make([]byte, 32)
	_, _ = rand.Read(hash)
	f.Exec(t, `INSERT INTO crm_client_portal_sessions
		(tenant_id, id, company_id, contact_id, host, host_epoch, token_hash, activated_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, 1, $6, now(), now() + interval '1 hour')`, s.Tenant, s.ID, company, contact, host, hash)
	return s
}

// counting is a pool whose trips are counted, on one connection that knows the statements after their first use.
type counting struct {
	*pgxpool.Pool
	trips int
}

func countingPool(t *testing.T, url string) *counting {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{}
	config.MaxConns = 1
	config.ConnConfig.Tracer = c
	if c.Pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// The tracer counts whatever waits for the server.
func (c *counting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.trips++
	return ctx
}
func (c *counting) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (c *counting) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.trips++
	return ctx
}
func (c *counting) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (c *counting) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}
func (c *counting) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	c.trips++
	return ctx
}
func (c *counting) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}

var visitor = &access.Visitor{IP: netip.MustParseAddr("203.0.113.7"), UserAgent: "Browser/1"}
