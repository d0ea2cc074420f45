package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/certs/localca"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// fleet is what the nodes of one test share.
type fleet struct {
	t         testing.TB
	db        pgtest.DB
	keys      string // the key ring as text, for processes
	ring      *seal.Ring
	directory *tenant.Directory
	feed      *feed
	ca        *localca.CA
	second    *localca.CA // nil: there is no fallback
	roots     *x509.CertPool
	front     *front // where the CA connects to
	log       *slog.Logger
}

// newFleet starts a CA that validates against whichever node stands in front, and a Directory with the given hosts.
func newFleet(t testing.TB, o localca.Options, hosts ...string) *fleet {
	t.Helper()
	level := slog.LevelError
	if os.Getenv("CERTS_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	f := &fleet{t: t, db: pgtest.Clone(t), front: newFront(t), keys: "test:" + strings.Repeat("5a", 32),
		log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))}
	f.ring = must(seal.ParseRing(f.keys))
	o.HTTPPort, o.TLSPort = port(f.front.http), port(f.front.tls)
	ca, err := localca.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ca.Close() })
	f.ca, f.roots = ca, ca.Roots()
	f.directory, f.feed = newDirectory(t, f.log, hosts...)
	return f
}

// node is one Manager with its store and a TLS listener.
type node struct {
	fleet   *fleet
	manager *certs.Manager
	store   *watchedStore
	config  *tls.Config
	addr    string
	stop    func()
	hangUp  func()
}

// close ends the node as the end of its process would, but for memory.
func (n *node) close() {
	n.fleet.front.leave(n)
	n.hangUp()
	n.stop()
}

// entry is the fleet's slot for a host.
func (f *fleet) entry(host string) *tenant.Entry {
	f.t.Helper()
	var entry *tenant.Entry
	eventually(f.t, host+" is served", func() (ok bool) {
		entry, ok = f.directory.Lookup(tenant.MustParseHostname(host))
		return ok
	})
	return entry
}

// version is the generation of a host's certificate in the table.
func (f *fleet) version(host string) (v int64) {
	f.t.Helper()
	const q = `SELECT version FROM certificates WHERE host = $1`
	if err := f.db.Owner.QueryRow(context.Background(), q, host).Scan(&v); err != nil {
		f.t.Fatal(err)
	}
	return v
}

// start starts a node, which stands in front if none does.
func (f *fleet) start(change func(*certs.Config)) *node {
	f.t.Helper()
	held := certsdb.Config{Pool: f.db.App, Ring: f.ring, CA: f.ca.DirectoryURL, Roots: f.roots, Log: f.log}
	var fallback certs.Authority
	if f.second != nil {
		held.Fallback = f.second.DirectoryURL
		fallback = certs.Authority{Directory: held.Fallback, Email: "ops@example.com", EndpointRoots: f.second.EndpointRoots()}
	}
	store, err := certsdb.New(held)
	if err != nil {
		f.t.Fatal(err)
	}
	n := &node{fleet: f, store: &watchedStore{backing: store}}
	cfg := certs.Config{
		CA:        certs.Authority{Directory: f.ca.DirectoryURL, Email: "ops@example.com", EndpointRoots: f.ca.EndpointRoots()},
		Fallback:  fallback,
		Directory: f.directory, Store: n.store, Ring: f.ring, Log: f.log, Check: time.Hour,
	}
	if change != nil {
		change(&cfg)
	}
	if n.manager, err = certs.New(cfg); err != nil {
		f.t.Fatal(err)
	}
	n.config = n.manager.TLSConfig()
	listener := listen(f.t)
	n.addr = listener.Addr().String()
	n.hangUp = serve(f.t, &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello") }),
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
	}, tls.NewListener(listener, n.config))
	n.stop = run(f.t, n.manager.Run)
	if f.front.behind() == nil {
		f.front.put(n)
	}
	return n
}

// onDemandOnly keeps the schedule away, so that only handshakes obtain.
type onDemandOnly struct{ certs.Directory }

func (onDemandOnly) Subscribe(func(appeared, gone []*tenant.Entry)) func() { return func() {} }

func quiet(c *certs.Config) { c.Directory = onDemandOnly{c.Directory} }

// shake makes one handshake and returns its state.
func (n *node) shake(name string) (tls.ConnectionState, error) {
	return n.shakeWith(&tls.Config{ServerName: name, RootCAs: n.fleet.roots})
}

func (n *node) shakeWith(config *tls.Config) (tls.ConnectionState, error) {
	dialer := &net.Dialer{Timeout: time.Minute}
	conn, err := tls.DialWithDialer(dialer, "tcp", n.addr, config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), nil
}

// run runs f until the test or the returned stop ends it.
func run(t testing.TB, f func(ctx context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("Run ended early: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func serve(t testing.TB, s *http.Server, l net.Listener) (stop func()) {
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	stop = func() { _ = s.Close(); <-done }
	t.Cleanup(stop)
	return stop
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// eventually polls until done or a generous deadline.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("in vain waited until %s", what)
		}
	}
}
