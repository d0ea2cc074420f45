package access_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/deploy/services/redistest"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/access/accessredis"
	"tollhouse/tenant"
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

// asking is the cookie of a browser that asks for links.
var asking = strings.Repeat("a", 42) + "A"

var visitor = access.Visitor{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Firefox"}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{db: pgtest.Clone(t), redis: redistest.Start(t), ring: seal.RandomRing()}
	h.site = h.addTenant(t, "acme")
	h.tenant = h.site.Tenant
	return h
}

// addTenant makes a tenant with the company co_1 and the contact con_1, whose address is payables@<slug>.example.
func (h *house) addTenant(t testing.TB, slug string) *tenant.Site {
	t.Helper()
	id := tenant.ID("ten_" + slug)
	h.exec(t, id, `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'Acme')`, string(id), slug)
	h.exec(t, id, `INSERT INTO companies (tenant_id, id, name, currency) VALUES ($1, 'co_1', 'Globex', 'USD')`, string(id))
	h.exec(t, id, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_1', 'co_1', 'Accounts payable', $2)`, string(id), "payables@"+slug+".example")
	return &tenant.Site{Host: tenant.MustParseHostname(slug + ".portal.example"), Kind: tenant.Portal, Epoch: 1,
		Tenant: &tenant.Tenant{ID: id, Slug: slug, Policy: tenant.Policy{SessionLifetime: 7 * 24 * time.Hour, LogVisitors: true}}}
}

func (h *house) exec(t testing.TB, id tenant.ID, q string, args ...any) {
	t.Helper()
	err := rls.Tx(context.Background(), h.db.App, id, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) count(t testing.TB, id tenant.ID, q string, args ...any) (n int) {
	t.Helper()
	b := &pgx.Batch{}
	b.Queue(q, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	if err := rls.Read(context.Background(), h.db.App, id, b); err != nil {
		t.Fatal(err)
	}
	return n
}

func (h *house) node(t testing.TB) *node {
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
func (n *node) mint(t testing.TB, site *tenant.Site) (token string, p access.PendingSession) {
	t.Helper()
	p, err := n.Mint(context.Background(), site.Tenant, access.MintRequest{ContactID: "con_1", By: access.Actor{Kind: "api", ID: "key_1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ = strings.Cut(p.URL, "/portal/l/")
	return token, p
}

func (n *node) signIn(t testing.TB, site *tenant.Site) access.Grant {
	t.Helper()
	token, _ := n.mint(t, site)
	grant, err := n.Redeem(context.Background(), site, token, "", visitor)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}
