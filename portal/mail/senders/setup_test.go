package senders_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/mail"
	"tollhouse/portal/mail/senders"
	"tollhouse/portal/mail/senders/sendersdb"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

const platformFrom = "billing@mail.portal.example"

// bench is a service on a real database and two scripted resolvers, with a clock that stands.
type bench struct {
	*senders.Service
	t       *testing.T
	db      pgtest.DB
	ring    *seal.Ring
	dns     []*dnstest.Server
	log     *bytes.Buffer
	metrics *prometheus.Registry

	mu  sync.Mutex
	now time.Time

	acme, bolt tenant.ID
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, db: pgtest.Clone(t), ring: seal.RandomRing(), dns: []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}, log: &bytes.Buffer{},
		now: time.Date(2026, 5, 3, 9, 0, 0, 0, time.UTC), acme: "ten_acme", bolt: "ten_bolt"}
	for _, id := range []tenant.ID{b.acme, b.bolt} {
		b.exec(id, `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'T')`, string(id), strings.TrimPrefix(string(id), "ten_"))
	}
	b.metrics = prometheus.NewRegistry()
	b.Service = b.service(b.ring, b.metrics)
	return b
}

// service is one node's.
func (b *bench) service(ring *seal.Ring, metrics prometheus.Registerer) *senders.Service {
	b.t.Helper()
	return b.on(sendersdb.New(b.db.App), ring, metrics)
}

// on is service over another store.
func (b *bench) on(store senders.Store, ring *seal.Ring, metrics prometheus.Registerer) *senders.Service {
	b.t.Helper()
	doctor, err := domaindoctor.New(domaindoctor.Config{Resolvers: []netip.AddrPort{b.dns[0].Addr, b.dns[1].Addr}, CAs: []string{"letsencrypt.org"},
		Targets: domaindoctor.Targets{Edge: tenant.MustParseHostname("edge.portal.example")}, QueryTime: time.Second})
	b.must(err)
	s, err := senders.New(senders.Config{Store: store, Resolver: doctor, Ring: ring, From: platformFrom, SPF: "include:_spf.portal.example",
		Own: []tenant.Hostname{tenant.MustParseHostname("portal.example")}, Log: slog.New(slog.NewTextHandler(b.log, nil)), Registerer: metrics, Now: b.clock})
	b.must(err)
	return s
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) exec(id tenant.ID, q string, args ...any) {
	b.t.Helper()
	b.must(rls.Tx(context.Background(), b.db.App, id, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), q, args...)
		return err
	}))
}

// set gives a tenant an address.
func (b *bench) set(id tenant.ID, address string) senders.View {
	b.t.Helper()
	v, err := b.Set(context.Background(), id, address, "")
	b.must(err)
	return v
}

// publish puts a record into all resolvers, or into the given ones; without a value it is gone.
func (b *bench) publish(name, value string, in ...*dnstest.Server) {
	if len(in) == 0 {
		in = b.dns
	}
	for _, s := range in {
		if value == "" {
			s.Set(name)
			continue
		}
		var split []string
		for some := range slices.Chunk([]byte(value), 255) {
			split = append(split, `"`+string(some)+`"`)
		}
		s.Set(name, "TXT "+strings.Join(split, " "))
	}
}

// check looks now, some time after the last look.
func (b *bench) check(id tenant.ID) senders.View {
	b.t.Helper()
	b.pass(time.Minute)
	v, err := b.Check(context.Background(), id)
	b.must(err)
	return v
}

// verified gives a tenant an address that may be used.
func (b *bench) verified(id tenant.ID, address string) senders.View {
	b.t.Helper()
	v := b.set(id, address)
	b.publish(v.Records[0].Name, v.Records[0].Value)
	if v = b.check(id); v.State != senders.Verified {
		b.t.Fatalf("state %s: %+v", v.State, v.Records)
	}
	return v
}

func (b *bench) identity(id tenant.ID) mail.Identity {
	b.t.Helper()
	found, err := b.Identity(context.Background(), id)
	b.must(err)
	return found
}

// events are the audit log's entries about senders.
func (b *bench) events(id tenant.ID) (kinds []string) {
	b.t.Helper()
	const q = `SELECT kind FROM audit_events WHERE tenant_id = $1 AND kind LIKE 'sender.%' ORDER BY id`
	b.must(rls.Tx(context.Background(), b.db.App, id, func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(context.Background(), q, string(id))
		kinds, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	return kinds
}

func (b *bench) wantEvents(id tenant.ID, want ...string) {
	b.t.Helper()
	if got := b.events(id); !slices.Equal(got, want) {
		b.t.Errorf("the audit log has %v, want %v", got, want)
	}
}
