package domains_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/tenantdb"
)

// run starts nodes that tick fast, in real time, and ends them with the test.
func (w *world) run(t *testing.T, nodes int) {
	t.Helper()
	w.cfg.Tick, w.cfg.Now, w.dns.clock, w.fleet.clock = 10*time.Millisecond, time.Now, bubbleTime{}, bubbleTime{}
	w.cfg.Timing.Poll = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range nodes {
		node := w.node(t)
		running.Go(func() {
			if err := node.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(running.Wait)
	t.Cleanup(cancel)
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick, timeout := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not in 30 s: %s", what)
		}
	}
}

func (w *world) statuses(t *testing.T, of []domains.View) map[tenant.DomainStatus]int {
	t.Helper()
	counts := map[tenant.DomainStatus]int{}
	for _, d := range of {
		now, err := w.cfg.Store.Domain(context.Background(), d.Tenant, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		counts[now.Status]++
	}
	return counts
}

func TestRun_OnThreeNodesExaminesEachNameOnce(t *testing.T) {
	w := newWorld(t)
	var all []domains.View
	for i := range 30 {
		d := w.claim(t, w.tenants[i%2], fmt.Sprintf("n%d.acme.com", i))
		w.dns.set(d.Host.String(), answers{cname: d.Label + ".edge.pay.example"})
		all = append(all, d)
	}
	w.run(t, 3)
	until(t, "all issuing", func() bool { return w.statuses(t, all)["issuing"] == 30 })
	for _, d := range all {
		w.fleet.certify(d.Host)
	}
	until(t, "all active", func() bool { return w.statuses(t, all)["active"] == 30 })
	if n := w.dns.count(); n != 30 {
		t.Errorf("%d examinations of 30 names", n)
	}
}

// Names whose DNS answers late, or never, hold up their own tenant's and nobody else's.
func TestRun_OneTenantsSlowNamesHoldUpNoOthers(t *testing.T) {
	w := newWorld(t)
	slow := w.dns.shut()
	t.Cleanup(func() { close(slow.open) })
	for i := range 20 {
		w.claim(t, w.tenants[0], fmt.Sprintf("slow%d.acme.com", i))
	}
	w.run(t, 1)
	for range 4 { // half of the eight
		<-slow.entered
	}
	w.dns.only("slow")
	d := w.claim(t, w.tenants[1], "billing.globex.com")
	w.dns.set(d.Host.String(), answers{cname: d.Label + ".edge.pay.example"})
	until(t, "issuing", func() bool { return w.show(t, d).Status == "issuing" })
	if n := w.dns.count(); n != 5 {
		t.Errorf("%d examinations were begun, want the 4 slow ones and 1", n)
	}
}

func TestRun_GoesOnAfterPostgresWasAway(t *testing.T) {
	w := newWorld(t)
	line := newLine(t, w.db.AppURL)
	pool, err := pgxpool.New(context.Background(), line.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	direct := w.cfg.Store
	w.cfg.Store = tenantdb.New(pool, tenant.MustParseHostname("pay.example"), tenantdb.Hooks{})
	w.cfg.Timing.Hold, w.cfg.Timing.PassTime = time.Second, 500*time.Millisecond
	w.run(t, 1)
	gate := w.dns.shut()
	d, _, err := direct.Claim(context.Background(), w.tenants[0], domains.NewClaim{Host: tenant.MustParseHostname("billing.acme.com"), Label: "0123456789abcdef", Token: "t", Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	w.dns.set("billing.acme.com", answers{cname: "0123456789abcdef.edge.pay.example"})
	<-gate.entered // in the middle of a check
	line.cut()
	close(gate.open)
	w.log.waitFor(t, "cannot be reached")
	if n := w.log.count("cannot be reached"); n != 1 {
		t.Errorf("told %d times", n)
	}
	line.mend()
	until(t, "issuing", func() bool {
		now, err := direct.Domain(context.Background(), d.Tenant, d.ID)
		return err == nil && now.Status == "issuing"
	})
}

// line is a wire to Postgres that can be cut.
type line struct {
	url  string
	mu   sync.Mutex
	down bool
	open map[net.Conn]bool
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, far := &line{open: map[net.Conn]bool{}}, target.Host
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { l.carry(conn, far) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); l.cut(); carrying.Wait() })
	target.Host = listener.Addr().String()
	l.url = target.String()
	return l
}

func (l *line) carry(near net.Conn, to string) {
	defer near.Close()
	far, err := net.Dial("tcp", to)
	if err != nil || !l.connect(near, far) {
		return
	}
	defer far.Close()
	var ways sync.WaitGroup
	ways.Go(func() { _, _ = io.Copy(far, near); far.Close() })
	ways.Go(func() { _, _ = io.Copy(near, far); near.Close() })
	ways.Wait()
}

func (l *line) connect(near, far net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		_ = far.Close()
		return false
	}
	l.open[near], l.open[far] = true, true
	return true
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.open {
		_ = conn.Close()
	}
	clear(l.open)
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// A day that only one node's clock has seen is no day.
func TestCheck_JudgesNothingByAWrongClock(t *testing.T) {
	w := newWorld(t)
	holder, claimant := w.conflict(t, true)
	right := true
	w.cfg.ClockRight = func() bool { return right }
	w.service = w.node(t)
	w.wait(t, claimant, 18*time.Hour)
	right = false
	w.clock.Advance(24 * time.Hour)
	for range 2 {
		if _, err := w.service.Check(context.Background(), claimant.Tenant, claimant.ID); !errors.Is(err, tenant.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		w.clock.Advance(time.Hour)
	}
	if held, err := w.cfg.Store.Holder(context.Background(), holder.Host); err != nil || held.ID != holder.ID {
		t.Errorf("held by %+v, %v", held, err)
	}
	right = true
	expectStatus(t, w.check(t, claimant), "issuing")
}

// Somebody who does not want to give a name up lets other names of its own turn bad.
func TestBrake_IsNotInOneTenantsHand(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.active(t, w.tenants[1], fmt.Sprintf("n%d.globe.com", i))
	}
	for i := range 10 {
		d := w.active(t, w.tenants[0], fmt.Sprintf("n%d.acme.com", i))
		w.dns.set(d.Host.String(), answers{})
		w.check(t, d)
	}
	if b, err := w.cfg.Store.Brake(context.Background()); err != nil || !b.TrippedAt.IsZero() {
		t.Errorf("%+v, %v", b, err)
	}
}

// The brake over the real record: it trips with the third of ten names, holds what is due to be lost, and goes off by itself.
func TestBrake_IsOneForAllNodes(t *testing.T) {
	w := newWorld(t)
	var all []domains.View
	for i := range 10 {
		all = append(all, w.active(t, w.tenants[i%2], fmt.Sprintf("n%d.acme.com", i)))
	}
	brake := func() domains.Brake {
		b, err := w.cfg.Store.Brake(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	w.dns.lie(true)
	for i, d := range all[:3] {
		w.check(t, d)
		if b := brake(); b.TrippedAt.IsZero() != (i < 2) {
			t.Fatalf("after %d bad names: %+v", i+1, b)
		}
	}
	w.service = w.node(t) // another node, which has seen nothing
	for range 6 {         // two days
		w.clock.Advance(8 * time.Hour)
		expectStatus(t, w.check(t, all[0]), "active")
	}
	if err := w.cfg.Store.Release(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, w.check(t, all[0]), "moving")

	for _, d := range all[3:6] {
		w.clock.Advance(time.Minute)
		w.check(t, d)
	}
	if b := brake(); b.TrippedAt.IsZero() || b.Turned != 3 || b.Of != 10 {
		t.Fatalf("three more: %+v", b)
	}
	w.dns.lie(false)
	for _, d := range all[3:6] {
		w.check(t, d)
	}
	w.run(t, 1)
	w.log.waitFor(t, "are well again")
	if b := brake(); !b.TrippedAt.IsZero() {
		t.Errorf("%+v", b)
	}
}

// With the real doctor and real DNS: the claim's own target proves it, another claim's does not, and the token does beside a proxy.
func TestCheck_WithRealDNS(t *testing.T) {
	w := newWorld(t)
	resolvers := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	set := func(name string, records ...string) {
		for _, r := range resolvers {
			r.Set(name, records...)
		}
	}
	set("edge.pay.example", "A 127.0.0.1")
	set("*.edge.pay.example", "A 127.0.0.1")
	doctor, err := domaindoctor.New(domaindoctor.Config{Resolvers: []netip.AddrPort{resolvers[0].Addr, resolvers[1].Addr}, CAs: []string{"ca.example"},
		Targets: domaindoctor.Targets{Edge: edge}, QueryTime: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	w.cfg.Doctor = doctor
	w.service = w.node(t)
	first, second := w.claim(t, w.tenants[0], "billing.acme.com"), w.claim(t, w.tenants[1], "billing.acme.com")
	if v := expectStatus(t, w.check(t, first), "pending_ownership"); v.Reason != "ownership.missing" {
		t.Errorf("%s: %s", v.Reason, codes(v))
	}
	set("billing.acme.com", "CNAME "+first.Label+".edge.pay.example.")
	if v := expectStatus(t, w.check(t, second), "pending_ownership"); v.Reason != "ownership.mismatch" {
		t.Errorf("%s: %s", v.Reason, codes(v))
	}
	if v := expectStatus(t, w.check(t, first), "issuing"); v.ProvenBy != "cname" || v.Reason != "" {
		t.Errorf("%s %s", v.ProvenBy, v.Reason)
	}
	proxied := w.claim(t, w.tenants[0], "pay.acme.com")
	set("pay.acme.com", "A 198.51.100.7")
	set("_tollhouse.pay.acme.com", `TXT "`+proxied.Token+`"`)
	if v := expectStatus(t, w.check(t, proxied), "issuing"); v.ProvenBy != "txt" || codes(v) != "dns.cdn_in_front" || v.Reason != "" {
		t.Errorf("%s %s %s", v.ProvenBy, v.Reason, codes(v))
	}
	resolvers[1].Set("_tollhouse.pay.acme.com")
	if v := expectStatus(t, w.check(t, proxied), "issuing"); !v.BadSince.IsZero() {
		t.Errorf("resolvers that disagree are evidence: %+v", v.Domain)
	}
}

func TestMetrics_CountByResultAndStatus(t *testing.T) {
	w := newWorld(t)
	registry := prometheus.NewRegistry()
	w.cfg.Registerer = registry
	service, err := domains.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.service = service
	if _, err := domains.New(w.cfg); err == nil {
		t.Error("the same metrics twice")
	}
	w.active(t, w.tenants[0], "billing.acme.com")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			name := family.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			values[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	if values["tollhouse_domain_checks_total ready"] < 1 || values["tollhouse_domain_steps_total active"] != 1 {
		t.Errorf("%v", values)
	}
}
