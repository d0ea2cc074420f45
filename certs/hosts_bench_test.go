package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// mintStore is a database that has a certificate for every host and announces new ones when it is told to.
type mintStore struct {
	deadStore
	mint   *mint
	events chan certs.Event

	mu    sync.Mutex
	newer map[string]*certs.Bundle
}

func (s *mintStore) Find(_ context.Context, host tenant.Hostname) (certs.Found, error) {
	s.mu.Lock()
	b := s.newer[host.String()]
	s.mu.Unlock()
	if b != nil {
		return certs.Found{Bundle: b}, nil
	}
	i, err := strconv.Atoi(host.String()[len("customer-"):][:6])
	if err != nil {
		return certs.Found{}, err
	}
	return certs.Found{Bundle: s.mint.bundle(i, 1)}, nil
}

// Versions is asked when a node begins to listen: what it holds and the store has not was deleted meanwhile.
func (s *mintStore) Versions(_ context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := make(map[tenant.Hostname]int64, len(hosts))
	for _, host := range hosts {
		versions[host] = 1
		if b := s.newer[host.String()]; b != nil {
			versions[host] = b.Version
		}
	}
	return versions, nil
}

func (s *mintStore) Listen(ctx context.Context, ready func(), handle func(certs.Event)) error {
	ready()
	for {
		select {
		case e := <-s.events:
			handle(e)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bareServer is the floor: certificates in a map with a lock, as little as a server can do that replaces them.
type bareServer struct {
	mu     sync.RWMutex
	byName map[string]*tls.Certificate
}

func (s *bareServer) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byName[hello.ServerName], nil
}

func (s *bareServer) put(name string, cert *tls.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[name] = cert
}

// crowd is a node that serves many hosts, all with certificates in memory, and a bare server with the same ones.
type crowd struct {
	n         int
	mint      *mint
	store     *mintStore
	directory *tenant.Directory
	manager   *certs.Manager
	bare      *bareServer
	config    *tls.Config
	bytes     float64 // of heap for each host: Directory, tenant and certificate
}

// BenchmarkHosts shows what many hosts cost in memory, in bytes for each, and what a handshake takes beside the replacing of 1,000 of their
// certificates: the 99th percentile and the worst, in µs, when nothing else goes on ("quiet") and while they are replaced over and over. The
// "bare" figures are those of a map with a lock that holds the same certificates, of its memory at 10,000 hosts only. Run it with
// -benchtime 1x: it measures for fixed times.
func BenchmarkHosts(b *testing.B) {
	m := newMint(b)
	for _, n := range []int{10_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				c := newCrowd(b, m, n)
				b.ReportMetric(c.bytes, "B/host")
				c.replaced(b)
				if n == 10_000 {
					b.ReportMetric(c.bytes/bareBytes(m, n), "times-bare-B/host")
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func newCrowd(b *testing.B, m *mint, n int) *crowd {
	b.Helper()
	c := &crowd{n: n, mint: m, store: &mintStore{mint: m, events: make(chan certs.Event), newer: map[string]*certs.Bundle{}}}
	before := heap()
	sites := make([]*tenant.Site, n)
	for i := range sites {
		host := tenant.MustParseHostname(mintedHost(i))
		business := &tenant.Tenant{ID: tenant.ID(fmt.Sprintf("ten_%026d", i)), Slug: fmt.Sprintf("customer-%06d", i), Name: fmt.Sprintf("Customer %06d", i),
			Status: tenant.Active, TimeZone: time.UTC, Country: "US", Locale: "en-US", Currency: "USD"}
		sites[i] = &tenant.Site{Host: host, Kind: tenant.Portal, Tenant: business, Links: host, Epoch: 1}
	}
	log := slog.New(slog.DiscardHandler)
	c.directory = tenant.NewDirectory(log)
	c.directory.Restore(tenant.Snapshot{Seq: 1, Sites: sites, At: time.Now()})
	c.manager = must(certs.New(certs.Config{CA: certs.Authority{Directory: "https://127.0.0.1:1/dir", Email: "ops@example.com"}, Directory: c.directory, Store: c.store,
		Ring: seal.RandomRing(), Log: log, Capacity: n}))
	run(b, c.manager.Run)
	c.load(b)
	sites = nil
	c.bytes = float64(heap()-before) / float64(n)
	c.bare = &bareServer{byName: make(map[string]*tls.Certificate, n)}
	for i := range n {
		entry, _ := c.directory.Lookup(tenant.MustParseHostname(mintedHost(i)))
		c.bare.byName[mintedHost(i)] = entry.Certificate.Load()
	}
	c.config = c.manager.TLSConfig()
	return c
}

// load brings every certificate into memory, as first handshakes do.
func (c *crowd) load(b *testing.B) {
	b.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < c.n; i = int(next.Add(1)) - 1 {
				if cert, err := c.manager.GetCertificate(hello(mintedHost(i))); cert == nil || err != nil {
					b.Errorf("%s: %v", mintedHost(i), err)
					return
				}
			}
		})
	}
	workers.Wait()
}

// bareBytes is what the same certificates cost in a map.
func bareBytes(m *mint, n int) float64 {
	before := heap()
	byName := make(map[string]*tls.Certificate, n)
	for i := range n {
		byName[mintedHost(i)] = m.pair(i, 1)
	}
	each := float64(heap()-before) / float64(n)
	runtime.KeepAlive(byName)
	return each
}

// atOnce is how many certificates are replaced in one go, as after an incident at a CA.
const atOnce = 1000

// replaced measures handshakes alone and beside the replacing, on both.
func (c *crowd) replaced(b *testing.B) {
	b.Helper()
	bare := c.config.Clone()
	bare.GetCertificate, bare.WrapSession, bare.UnwrapSession = c.bare.get, nil, nil
	quiet, bareQuiet := c.handshakes(b, c.config, nil), c.handshakes(b, bare, nil)
	bundles := make([]certs.Bundle, atOnce) // the CA's work is not to be measured: made before, and the same in every generation
	for i := range bundles {
		bundles[i] = *c.mint.bundle(i, 2)
	}
	beside := c.handshakes(b, c.config, func(version int64) { c.store.replace(bundles, version) })
	bareBeside := c.handshakes(b, bare, func(int64) {
		for i := range bundles {
			c.bare.put(mintedHost(i), new(must(tls.X509KeyPair(bundles[i].ChainPEM, bundles[i].KeyPEM))))
		}
	})
	for name, spent := range map[string][]time.Duration{"quiet": quiet, "bare-quiet": bareQuiet, "replacing": beside, "bare-replacing": bareBeside} {
		slices.Sort(spent)
		b.ReportMetric(float64(spent[len(spent)*99/100].Microseconds()), name+"-µs-p99")
		b.ReportMetric(float64(spent[len(spent)-1].Microseconds()), name+"-µs-worst")
	}
}

// replace announces a new generation of certificates and returns when all but the last were taken in.
func (s *mintStore) replace(bundles []certs.Bundle, version int64) {
	bundles = slices.Clone(bundles)
	s.mu.Lock()
	for i := range bundles {
		bundles[i].Version = version
		s.newer[bundles[i].Host.String()] = &bundles[i]
	}
	s.mu.Unlock()
	for _, bundle := range bundles {
		s.events <- certs.Event{Kind: certs.Committed, Host: bundle.Host, Version: bundle.Version}
	}
}

// handshakes makes full ones for two seconds, of the hosts that are being replaced and of all others in turn, while meanwhile is done again
// and again.
func (c *crowd) handshakes(b *testing.B, config *tls.Config, meanwhile func(version int64)) (spent []time.Duration) {
	b.Helper()
	until := time.Now().Add(2 * time.Second)
	var beside sync.WaitGroup
	if meanwhile != nil {
		beside.Go(func() {
			for version := int64(2); time.Now().Before(until); version++ {
				meanwhile(version)
			}
		})
	}
	for i := 0; time.Now().Before(until); i++ {
		host := i % atOnce
		if i%2 == 1 {
			host = i * 7919 % c.n
		}
		client := &tls.Config{ServerName: mintedHost(host), RootCAs: c.mint.roots}
		begun := time.Now()
		handshake(b, client, config)
		spent = append(spent, time.Since(begun))
	}
	beside.Wait()
	return spent
}

// TestMint_MakesCertificatesThatClientsTake holds the benchmark's own certificates to what a client asks of any.
func TestMint_MakesCertificatesThatClientsTake(t *testing.T) {
	m := newMint(t)
	for _, i := range []int{0, 7, 99_999} {
		leaf := m.pair(i, 3).Leaf
		between := x509.NewCertPool()
		between.AddCert(m.between)
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: mintedHost(i), Roots: m.roots, Intermediates: between}); err != nil {
			t.Errorf("%s: %v", mintedHost(i), err)
		}
	}
	if m.pair(1, 1).Leaf.SerialNumber.Cmp(m.pair(1, 2).Leaf.SerialNumber) == 0 {
		t.Error("two generations have the same number")
	}
}
