package certs_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/tenant"
	"tollhouse/tenant/localcopy"
	"tollhouse/tenant/seal"
)

// deadStore is a database that refuses every connection.
type deadStore struct{ backing }

func (deadStore) Find(context.Context, tenant.Hostname) (certs.Found, error) {
	return certs.Found{}, errCut
}
func (deadStore) Missing(context.Context, []tenant.Hostname) ([]certs.Missing, error) {
	return nil, errCut
}
func (deadStore) Versions(context.Context, []tenant.Hostname) (map[tenant.Hostname]int64, error) {
	return nil, errCut
}
func (deadStore) Due(context.Context, certs.Due, int) ([]certs.Due, error) { return nil, errCut }
func (deadStore) Challenges(context.Context) ([]acme.Challenge, error)     { return nil, errCut }
func (deadStore) Listen(context.Context, func(), func(certs.Event)) error  { return errCut }
func (deadStore) Sweep(context.Context) error                              { return errCut }
func (deadStore) TryLock(context.Context, string) (bool, error)            { return false, errCut }
func (deadStore) Trusts([][]byte) bool                                     { return true }
func (deadStore) ClaimRefresh(context.Context, time.Duration, int) ([]tenant.Hostname, error) {
	return nil, errCut
}
func (deadStore) TakeRevocations(context.Context, int) ([]certs.Revocation, error) {
	return nil, errCut
}
func (deadStore) Take(context.Context, int, []certs.Bucket) (certs.Taken, error) {
	return certs.Taken{}, errCut
}
func (deadStore) Failing(context.Context) ([]bool, error) { return nil, errCut }
func (deadStore) Lock(context.Context, string) error      { return errCut }

// liveStore is a database that answers at once, and has what the copies have.
type liveStore struct {
	deadStore
	bundle certs.Bundle
}

func (s liveStore) Find(context.Context, tenant.Hostname) (certs.Found, error) {
	return certs.Found{Bundle: &s.bundle}, nil
}

func (s liveStore) Versions(_ context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]int64, error) {
	versions := make(map[tenant.Hostname]int64, len(hosts))
	for _, host := range hosts {
		versions[host] = s.bundle.Version
	}
	return versions, nil
}

func (s liveStore) Listen(ctx context.Context, ready func(), _ func(certs.Event)) error {
	ready()
	<-ctx.Done()
	return ctx.Err()
}

// disk is a node's folder with the copies of n hosts.
type disk struct {
	ring                    *seal.Ring
	directory, certificates *localcopy.Folder
	hosts                   []tenant.Hostname
	stored                  certs.Bundle // what a live store has of every host
}

// newDisk writes into memory if there is room: the writing is not what is measured, and a hundred thousand syncs of a real disk take long.
func newDisk(b *testing.B, n int) *disk {
	b.Helper()
	dir := b.TempDir()
	var memory syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &memory); err == nil && int64(memory.Bavail)*memory.Bsize > 1<<30 {
		dir = must(os.MkdirTemp("/dev/shm", "tollhouse-bench-"))
		b.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
	d := &disk{ring: seal.RandomRing()}
	d.directory = localcopy.NewFolder(dir+"/directory", "directory", 1<<30, d.ring)
	d.certificates = localcopy.NewFolder(dir+"/certificates", "certificates", certs.CopyLimit, d.ring)
	var content []byte
	content, d.stored = wildcard(b)
	sites := make([]*tenant.Site, n)
	for i := range sites {
		host := tenant.MustParseHostname(fmt.Sprintf("customer-%d.bench.test", i))
		business := &tenant.Tenant{ID: tenant.ID(fmt.Sprintf("ten_%026d", i)), Slug: fmt.Sprintf("customer-%d", i), Name: fmt.Sprintf("Customer %d", i),
			Status: tenant.Active, TimeZone: time.UTC, Country: "US", Locale: "en-US", Currency: "USD"}
		sites[i] = &tenant.Site{Host: host, Kind: tenant.Portal, Tenant: business, Links: host, Epoch: 1}
		d.hosts = append(d.hosts, host)
		if err := d.certificates.Write(host.String(), content, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	full := tenant.NewDirectory(slog.New(slog.DiscardHandler))
	full.Restore(tenant.Snapshot{Seq: 1, Sites: sites, At: time.Now()})
	if err := localcopy.NewDirectory(full, d.directory, slog.New(slog.DiscardHandler)).Write(); err != nil {
		b.Fatal(err)
	}
	return d
}

// wildcard is the content of a copy that is good for every host of the benchmark: a leaf and an intermediate, as a CA sends them.
func wildcard(b *testing.B) ([]byte, certs.Bundle) {
	b.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"*.bench.test"}, NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, 3, 0)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	pkcs8 := must(x509.MarshalPKCS8PrivateKey(key))
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	stored := certs.Bundle{Version: 1, ChainPEM: append(chain, chain...), KeyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		NotBefore: template.NotBefore, NotAfter: template.NotAfter, RenewAt: template.NotAfter}
	return must(json.Marshal(map[string]any{"Version": 1, "Chain": [][]byte{der, der}, "Key": pkcs8})), stored
}

// start starts a node from its disk alone and returns it once its first handshake has a certificate.
func (d *disk) start(b *testing.B, store certs.Store, capacity int) (*certs.Manager, func()) {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	directory := tenant.NewDirectory(log)
	if restored, err := localcopy.NewDirectory(directory, d.directory, log).Restore(); !restored || err != nil {
		b.Fatal(restored, err)
	}
	manager := must(certs.New(certs.Config{CA: certs.Authority{Directory: "https://127.0.0.1:1/dir", Email: "ops@example.com"}, Directory: directory, Store: store, Ring: d.ring,
		Log: log, Copy: d.certificates, Capacity: capacity}))
	stop := run(b, manager.Run)
	if cert, err := manager.GetCertificate(hello(d.hosts[len(d.hosts)/2].String())); cert == nil || err != nil {
		b.Fatal(err)
	}
	return manager, stop
}

// BenchmarkRestart is a start with everything down, from nothing to the first handshake's certificate; then the first handshake of each
// further host, which takes it from the copy, and what each costs in memory. "beside" is the same with a database that answers, while the
// copies are looked through.
func BenchmarkRestart(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		d := newDisk(b, n)
		b.Run(fmt.Sprintf("first/%d", n), func(b *testing.B) {
			for b.Loop() {
				_, stop := d.start(b, deadStore{}, n)
				stop()
			}
		})
		b.Run(fmt.Sprintf("further/%d", n), func(b *testing.B) { d.further(b, deadStore{}) })
		b.Run(fmt.Sprintf("beside/%d", n), func(b *testing.B) { d.further(b, liveStore{bundle: d.stored}) })
	}
}

func (d *disk) further(b *testing.B, store certs.Store) {
	manager, stop := d.start(b, store, len(d.hosts)/2) // going round, every host is a cold one
	defer stop()
	var spent []time.Duration
	for i := 0; b.Loop(); i++ {
		begun := time.Now()
		if cert, err := manager.GetCertificate(hello(d.hosts[i%len(d.hosts)].String())); cert == nil || err != nil {
			b.Fatal(err)
		}
		spent = append(spent, time.Since(begun))
	}
	slices.Sort(spent)
	b.ReportMetric(float64(spent[len(spent)*99/100].Microseconds()), "µs-p99")
	b.ReportMetric(float64(spent[len(spent)-1].Microseconds()), "µs-worst")
}
