package certsdb

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs"
	"tollhouse/tenant/seal"
)

// Config says where the store is and whose certificates it holds.
type Config struct {
	Pool *pgxpool.Pool // required
	Ring *seal.Ring    // required; seals private keys
	// CA is the URL of the ACME directory. Certificates of CAs that are not named here stay in the table and are not seen. Required.
	CA string
	// Fallback is the URL of the second CA's directory: what it issued exists too. Empty: there is none.
	Fallback string
	// Roots, when set, are the only roots, of either CA, whose certificates exist: a CA in development makes a new root at each start. nil trusts all.
	Roots *x509.CertPool
	Log   *slog.Logger // required

	// Timeout bounds each call; 5 s by default. Waiting for a lease is not bounded by it.
	Timeout time.Duration
	// LeaseTTL is how long a lease outlives its process; 30 s by default. A living holder prolongs it every third of that.
	LeaseTTL time.Duration
	// ChallengeTTL is how long a challenge answer is kept if nobody takes it back; 1 h by default.
	ChallengeTTL time.Duration
	// Now is the clock that certificates are judged by; time.Now by default. Leases and back-off go by the database's clock.
	Now func() time.Time
}

// Store implements certs.Store. Safe for concurrent use; it holds no goroutine but one for each lease that is held.
type Store struct {
	cfg     Config
	issuers []string // keys of the CAs, in the order in which certs.Manager counts them
	leases  leases
}

var _ certs.Store = (*Store)(nil)

// New checks the configuration. It does not connect.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil || cfg.Ring == nil || cfg.CA == "" || cfg.Log == nil {
		return nil, errors.New("certsdb: Pool, Ring, CA and Log are required")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.LeaseTTL == 0 {
		cfg.LeaseTTL = 30 * time.Second
	}
	if cfg.ChallengeTTL == 0 {
		cfg.ChallengeTTL = time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Store{cfg: cfg, issuers: []string{issuerKey(cfg.CA)}}
	if cfg.Fallback != "" {
		s.issuers = append(s.issuers, issuerKey(cfg.Fallback))
	}
	if len(s.issuers) == 2 && s.issuers[0] == s.issuers[1] {
		return nil, errors.New("certsdb: CA and Fallback are the same")
	}
	return s, nil
}

// issuerKey names a CA as certmagic does.
func issuerKey(directory string) string {
	return certmagic.StorageKeys.Safe((&certmagic.ACMEIssuer{CA: directory}).IssuerKey())
}

func (s *Store) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.cfg.Timeout)
}

// String names the store in logs; certmagic prints it.
func (s *Store) String() string { return "certsdb:" + s.issuers[0] }
