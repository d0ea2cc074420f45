package domains_test

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/tenantdb"
)

// The private cluster lives as long as the test binary, and so does the goroutine that waits for it.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("tollhouse/deploy/services.start.func1"))
}

var (
	edge = tenant.MustParseHostname("edge.pay.example")
	day  = 24 * time.Hour
)

// world is a service with all that it asks: a record, DNS, and a fleet with certificates.
type world struct {
	cfg     domains.Config
	db      pgtest.DB
	tenants []tenant.ID // two, when the record is Postgres
	clock   *clock
	dns     *zone
	fleet   *fleet
	log     *journal
	service *domains.Service
}

// newWorld has the real record.
func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.Clone(t)
	store := tenantdb.New(db.App, tenant.MustParseHostname("pay.example"), tenantdb.Hooks{})
	w := worldOf(t, store)
	w.db = db
	for _, slug := range []string{"acme", "globex"} {
		made, err := store.Create(context.Background(), tenant.Draft{Slug: slug, Name: slug})
		if err != nil {
			t.Fatal(err)
		}
		w.tenants = append(w.tenants, made.ID)
	}
	return w
}

func worldOf(t *testing.T, store domains.Store) *world {
	t.Helper()
	w := &world{clock: &clock{now: time.Now().Add(-10 * time.Minute).Truncate(time.Microsecond)}, dns: newZone(t), fleet: &fleet{live: 3}, log: newJournal()}
	w.dns.clock, w.fleet.clock = w.clock, w.clock
	w.cfg = domains.Config{Store: store, Doctor: w.dns, Certificates: w.fleet, Edge: edge, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")},
		Log: slog.New(w.log), Now: w.clock.Now, Limits: domains.Limits{ChecksPerHour: 1000}}
	w.service = w.node(t)
	return w
}

// node is one more service over the same record.
func (w *world) node(t *testing.T) *domains.Service {
	t.Helper()
	cfg := w.cfg
	cfg.Registerer = prometheus.NewRegistry()
	s, err := domains.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) claim(t *testing.T, tenant tenant.ID, host string) domains.View {
	t.Helper()
	v, _, err := w.service.Claim(context.Background(), tenant, host)
	if err != nil {
		t.Fatalf("claiming %s: %v", host, err)
	}
	return v
}

// check lets enough time pass to be allowed to.
func (w *world) check(t *testing.T, d domains.View) domains.View {
	t.Helper()
	w.clock.Advance(10 * time.Second)
	v, err := w.service.Check(context.Background(), d.Tenant, d.ID)
	if err != nil {
		t.Fatalf("checking %s: %v", d.Host, err)
	}
	return v
}

// active is a domain that is proven by CNAME and served.
func (w *world) active(t *testing.T, tenant tenant.ID, host string) domains.View {
	t.Helper()
	d := w.claim(t, tenant, host)
	w.dns.set(host, answers{cname: d.Label + ".edge.pay.example"})
	w.fleet.certify(d.Host)
	d = w.check(t, d)
	if d.Status == "issuing" {
		d = w.check(t, d)
	}
	return expectStatus(t, d, "active")
}

func (w *world) show(t *testing.T, d domains.View) domains.View {
	t.Helper()
	v, err := w.service.Show(context.Background(), d.Tenant, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func expectStatus(t *testing.T, d domains.View, want tenant.DomainStatus) domains.View {
	t.Helper()
	if d.Status != want {
		t.Fatalf("%s is %s (%s), want %s; %+v", d.Host, d.Status, d.Reason, want, d.Problems)
	}
	return d
}

func codes(d domains.View) string {
	var list []string
	for _, f := range d.Problems {
		list = append(list, string(f.Code))
	}
	return strings.Join(list, " ")
}

// clock stands still until it is told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// answers is what DNS says of one name.
type answers struct {
	cname     string
	txt       []string
	servfail  bool
	elsewhere bool // addresses of somebody else's
	caa       bool // forbids our CA
}

// zone is a doctor that judges by records that a test sets, and counts its examinations. Names are parsed by the real one.
type zone struct {
	*domaindoctor.Doctor
	clock interface{ Now() time.Time }

	mu    sync.Mutex
	names map[string]answers
	lies  bool // every resolver says that no name exists
	asked int
	gate  *gate  // while set, an examination waits there
	gated string // how the names begin whose do; "" for all
}

func newZone(t *testing.T) *zone {
	t.Helper()
	nowhere := netip.MustParseAddrPort("127.0.0.1:9")
	doctor, err := domaindoctor.New(domaindoctor.Config{Resolvers: []netip.AddrPort{nowhere, nowhere}, CAs: []string{"ca.example"},
		Targets: domaindoctor.Targets{Edge: edge}, Own: []tenant.Hostname{tenant.MustParseHostname("pay.example")}})
	if err != nil {
		t.Fatal(err)
	}
	return &zone{Doctor: doctor, names: map[string]answers{}}
}

func (z *zone) set(host string, a answers) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.names[host] = a
}

func (z *zone) lie(on bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.lies = on
}

// gate holds examinations until it is opened, or their context ends.
type gate struct {
	entered chan struct{}
	open    chan struct{}
}

func (z *zone) shut() *gate {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.gate = &gate{entered: make(chan struct{}, 100), open: make(chan struct{})}
	return z.gate
}

func (g *gate) pass(ctx context.Context) {
	if g == nil {
		return
	}
	g.entered <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

// only lets examinations of other names pass the gate.
func (z *zone) only(prefix string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.gated = prefix
}

func (z *zone) count() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked
}

func (z *zone) Examine(ctx context.Context, host tenant.Hostname, want domaindoctor.Proof) domaindoctor.Report {
	z.mu.Lock()
	z.asked++
	a, gate := z.names[host.String()], z.gate
	if z.lies {
		a = answers{}
	}
	if !strings.HasPrefix(host.String(), z.gated) {
		gate = nil
	}
	z.mu.Unlock()
	gate.pass(ctx)
	return a.report(host, want, z.clock.Now())
}

func (a answers) report(host tenant.Hostname, want domaindoctor.Proof, now time.Time) domaindoctor.Report {
	r := domaindoctor.Report{Host: host, CheckedAt: now, Verdict: domaindoctor.Ready}
	certain := func(code domaindoctor.Code) domaindoctor.Finding {
		return domaindoctor.Finding{Code: code, Who: domaindoctor.Tenant, Certain: true, Expected: "this", Seen: "that", Fix: "Mend it."}
	}
	switch {
	case a.servfail:
		r.Verdict = domaindoctor.Unknown
		r.Findings = []domaindoctor.Finding{{Code: domaindoctor.DNSServfail, Who: domaindoctor.Nobody, Expected: "an answer", Seen: "none", Fix: "Wait."}}
		return r
	case a.cname == "" && len(a.txt) == 0:
		r.Findings = append(r.Findings, certain(domaindoctor.DNSNotFound))
	case a.elsewhere:
		r.Findings = append(r.Findings, certain(domaindoctor.DNSWrongTarget))
	}
	switch {
	case want == domaindoctor.Proof{}:
	case a.cname == want.CNAMETarget.String():
		r.Proven, r.By = true, domaindoctor.ByCNAME
	case want.TXTToken != "" && slices.Contains(a.txt, want.TXTToken):
		r.Proven, r.By = true, domaindoctor.ByTXT
	default:
		r.Findings = append(r.Findings, certain(domaindoctor.OwnershipMissing))
	}
	if a.caa {
		r.Findings = append(r.Findings, certain(domaindoctor.CAAForbids))
	}
	if len(r.Findings) > 0 {
		r.Verdict = domaindoctor.Blocked
	}
	r.Checks = []domaindoctor.Check{{Name: "route", Result: domaindoctor.Passed}}
	return r
}

// fleet is what nodes serve.
type fleet struct {
	clock interface{ Now() time.Time }

	mu    sync.Mutex
	live  int
	certs map[tenant.Hostname]domains.Certificate
	fails error
}

func (f *fleet) certify(host tenant.Hostname) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.certs == nil {
		f.certs = map[tenant.Hostname]domains.Certificate{}
	}
	now := f.clock.Now()
	f.certs[host] = domains.Certificate{Issuer: "ca.example", Serial: "4f", NotBefore: now, NotAfter: now.Add(90 * day), RenewAt: now.Add(60 * day), Live: f.live, Serving: f.live}
}

func (f *fleet) set(host tenant.Hostname, c domains.Certificate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.certs[host] = c
}

func (f *fleet) Certificates(_ context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]domains.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[tenant.Hostname]domains.Certificate{}
	for _, host := range hosts {
		if c, ok := f.certs[host]; ok {
			found[host] = c
		}
	}
	return found, f.fails
}

// journal is a log that a test can wait for.
type journal struct {
	mu      sync.Mutex
	lines   []string
	written chan string
}

func newJournal() *journal { return &journal{written: make(chan string, 1000)} }

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, r.Level.String()+" "+r.Message)
	select {
	case j.written <- r.Message:
	default: // nobody waits
	}
	return nil
}

func (j *journal) count(part string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range j.lines {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// waitFor blocks until a line is written that has part in it.
func (j *journal) waitFor(t *testing.T, part string) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case line := <-j.written:
			if strings.Contains(line, part) {
				return
			}
		case <-timeout:
			t.Fatalf("nobody wrote %q", part)
		}
	}
}
