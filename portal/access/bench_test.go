package access_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
	"tollhouse/tenant/request/redistrips"
	"tollhouse/tenant/rls"
)

// noWire is a Cache without a network: one session, kept as it is kept in Redis and read anew each time.
type noWire struct{ kept []byte }

func (c noWire) Session(context.Context, tenant.ID, [32]byte, access.Check) (s access.Session, ok, allowed bool) {
	return s, json.Unmarshal(c.kept, &s) == nil, true
}

func (noWire) PutSession(context.Context, [32]byte, access.Session)   {}
func (noWire) DropSession(context.Context, tenant.ID, [32]byte)       {}
func (noWire) Allow(ctx context.Context, checks ...access.Check) bool { return true }

// BenchmarkSessionOwn is our own part of looking at a cookie, the wire left out, beside the two hashes and the decoding that it cannot do without.
func BenchmarkSessionOwn(b *testing.B) {
	h := newHouse(b)
	n := h.node(b)
	grant := n.signIn(b, h.site)
	kept, err := json.Marshal(grant.Session)
	if err != nil {
		b.Fatal(err)
	}
	s, err := access.New(access.Config{Store: n.store, Cache: noWire{kept}, Ring: h.ring, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	ctx, key, token := b.Context(), []byte(strings.Repeat("k", 32)), []byte(grant.Token)
	var ours, floor time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if _, err := s.Authenticate(ctx, h.site, grant.Token); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		hash := sha256.Sum256(token)
		mac := hmac.New(sha256.New, key)
		mac.Write(hash[:])
		var again access.Session
		if err := json.Unmarshal(kept, &again); err != nil || len(mac.Sum(nil)) != 32 {
			b.Fatal(err)
		}
		ours, floor = ours+between.Sub(start), floor+time.Since(between)
	}
	b.ReportMetric(0, "ns/op") // the sum of both, which says nothing
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "own-ns")
	b.ReportMetric(float64(floor.Nanoseconds())/float64(b.N), "floor-ns")
	b.ReportMetric(float64(ours)/float64(floor), "times-floor")
}

// BenchmarkSession is the same over a real Redis, with its round trips counted, beside a bare GET of as many bytes on the same connections.
func BenchmarkSession(b *testing.B) {
	h := newHouse(b)
	n := h.node(b)
	hook, err := redistrips.New(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	n.client.AddHook(hook)
	grant := n.signIn(b, h.site)
	kept, err := json.Marshal(grant.Session)
	if err != nil {
		b.Fatal(err)
	}
	if err := n.client.Set(b.Context(), "bare", kept, 0).Err(); err != nil {
		b.Fatal(err)
	}
	info := &request.Info{ID: "req_1"}
	ctx := request.With(b.Context(), info)
	site := *h.site
	var ours, floor time.Duration
	checked := 0
	for b.Loop() {
		if checked++; checked%500 == 0 { // before the session's own limit is reached
			b.StopTimer()
			n.client.FlushAll(b.Context())
			n.client.Set(b.Context(), "bare", kept, 0)
			if _, err := n.Authenticate(b.Context(), &site, grant.Token); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		start := time.Now()
		if _, err := n.Authenticate(ctx, &site, grant.Token); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := n.client.Get(b.Context(), "bare").Err(); err != nil {
			b.Fatal(err)
		}
		ours, floor = ours+between.Sub(start), floor+time.Since(between)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(info.Trips.Redis.Load())/float64(checked), "redis-trips")
	b.ReportMetric(float64(info.Trips.Postgres.Load())/float64(checked), "postgres-trips")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "check-ns")
	b.ReportMetric(float64(floor.Nanoseconds())/float64(b.N), "bare-GET-ns")
	b.ReportMetric(float64(ours)/float64(floor), "times-bare-GET")
}

// together is how many links are exchanged at once.
const together = 100

// BenchmarkRedeem100 exchanges a hundred links of one tenant at once, beside a hundred bare transactions of as many statements, each of which
// writes a row, over a pool of as many connections. What the bare ones need not do is wait for each other: the entries of a tenant's audit log are
// linked one after the other.
func BenchmarkRedeem100(b *testing.B) {
	h := newHouse(b)
	n := h.node(b)
	const scratch = `CREATE TABLE bench_rows (tenant_id text NOT NULL, n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); GRANT INSERT ON bench_rows TO tollhouse_app`
	if _, err := h.db.Owner.Exec(b.Context(), scratch); err != nil {
		b.Fatal(err)
	}
	statements := n.statements(b, h.site)
	var ours, floor []time.Duration
	for b.Loop() {
		b.StopTimer()
		tokens := make([]string, together)
		for i := range tokens {
			tokens[i], _ = n.mint(b, h.site)
		}
		b.StartTimer()
		ours = append(ours, atOnce(b, func(i int) error {
			_, err := n.Redeem(context.Background(), h.site, tokens[i], "", visitor)
			return err
		})...)
		floor = append(floor, atOnce(b, func(int) error { return bare(h.db.App, h.tenant.ID, statements) })...)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(statements), "trips")
	for _, m := range []struct {
		name  string
		times []time.Duration
	}{{"", ours}, {"bare-", floor}} {
		slices.Sort(m.times)
		b.ReportMetric(float64(m.times[len(m.times)/2].Microseconds())/1000, m.name+"ms-p50")
		b.ReportMetric(float64(m.times[len(m.times)*99/100].Microseconds())/1000, m.name+"ms-p99")
	}
	b.ReportMetric(float64(ours[len(ours)/2])/float64(floor[len(floor)/2]), "times-bare-p50")
}

// statements is how many round trips to Postgres one exchange takes, its beginning and end included.
func (n *node) statements(b *testing.B, site *tenant.Site) int {
	b.Helper()
	trips := 0
	for range 2 { // the first also prepares
		token, _ := n.mint(b, site)
		info := &request.Info{ID: "req_" + strconv.Itoa(trips)}
		if _, err := n.Redeem(request.With(b.Context(), info), site, token, "", visitor); err != nil {
			b.Fatal(err)
		}
		trips = int(info.Trips.Postgres.Load())
	}
	return trips
}

// atOnce does something a hundred times at once and returns how long each took.
func atOnce(b *testing.B, do func(i int) error) []time.Duration {
	b.Helper()
	took := make([]time.Duration, together)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range together {
		group.Go(func() {
			<-start
			begun := time.Now()
			if err := do(i); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(begun)
		})
	}
	close(start)
	group.Wait()
	return took
}

// bare is a transaction of a tenant that takes as many round trips and writes a row with each statement.
func bare(pool *pgxpool.Pool, t tenant.ID, trips int) error {
	return rls.Tx(context.Background(), pool, t, func(tx pgx.Tx) error {
		for range trips - 3 { // the beginning, whose it is, and the commit are three
			if _, err := tx.Exec(context.Background(), `INSERT INTO bench_rows (tenant_id) VALUES ($1)`, string(t)); err != nil {
				return err
			}
		}
		return nil
	})
}
