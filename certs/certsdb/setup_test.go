package certsdb_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

const (
	directory = "https://ca.example/dir"
	issuer    = "ca.example-dir"
	billing   = "billing.acme.test"
	lease     = "issue_cert_" + billing
	site      = "certificates/" + issuer + "/" + billing + "/" + billing
)

var (
	ctx  = context.Background()
	host = tenant.MustParseHostname(billing)
	keys = "test:" + strings.Repeat("5a", 32)
)

func setup(t testing.TB) (*certsdb.Store, pgtest.DB) {
	t.Helper()
	db := pgtest.Clone(t)
	return open(t, db, nil), db
}

func open(t testing.TB, db pgtest.DB, change func(*certsdb.Config)) *certsdb.Store {
	t.Helper()
	return must(certsdb.New(config(db.App, change)))
}

func config(pool *pgxpool.Pool, change func(*certsdb.Config)) certsdb.Config {
	cfg := certsdb.Config{Pool: pool, Ring: must(seal.ParseRing(keys)), CA: directory, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// authority signs certificates for the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() *authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour * 24 * 365), KeyUsage: x509.KeyUsageCertSign,
		SubjectKeyId: []byte{1, 2, 3, 4},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return &authority{cert: must(x509.ParseCertificate(der)), key: key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// issued is a certificate in the three pieces that certmagic writes.
type issued struct {
	leaf             *x509.Certificate
	key, chain, meta []byte
}

func (a *authority) issue(name string, life time.Duration) issued {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<62))), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Minute),
		NotAfter: time.Now().Add(life), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key))
	leaf := must(x509.ParseCertificate(der))
	return issued{
		leaf:  leaf,
		chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:   pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(key))}),
		meta:  metadata(name, nil),
	}
}

func metadata(name string, window *acme.RenewalInfo) []byte {
	data := must(json.Marshal(acme.Certificate{URL: directory + "/cert", RenewalInfo: window}))
	return must(json.Marshal(certmagic.CertificateResource{SANs: []string{name}, IssuerData: data}))
}

// write does what certmagic does after an order, without the lease.
func write(ctx context.Context, s *certsdb.Store, c issued) error {
	if err := s.Store(ctx, site+".key", c.key); err != nil {
		return err
	}
	if err := s.Store(ctx, site+".crt", c.chain); err != nil {
		return err
	}
	return s.Store(ctx, site+".json", c.meta)
}

// put commits a certificate under its lease.
func put(t testing.TB, s *certsdb.Store, c issued) {
	t.Helper()
	if err := s.Lock(ctx, lease); err != nil {
		t.Fatal(err)
	}
	defer unlock(t, s, lease)
	if err := write(ctx, s, c); err != nil {
		t.Fatal(err)
	}
}

func unlock(t testing.TB, s *certsdb.Store, name string) {
	t.Helper()
	if err := s.Unlock(ctx, name); err != nil {
		t.Errorf("releasing %s: %v", name, err)
	}
}

// eventually polls until done or a generous deadline.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
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
