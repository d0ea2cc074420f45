package certsdb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
)

// check refuses a certificate that could not be served: half of one, key and chain that do not belong together, another name, expired, or
// not from a root of ours.
func (s *Store) check(m member, g *stage) (*x509.Certificate, error) {
	if g.key == nil || g.chain == nil || g.meta == nil {
		return nil, errors.New("key, chain and metadata belong together, and one is missing")
	}
	pair, err := tls.X509KeyPair(g.chain, g.key)
	if err != nil {
		return nil, err
	}
	if err := pair.Leaf.VerifyHostname(m.host); err != nil {
		return nil, err
	}
	if !pair.Leaf.NotAfter.After(s.cfg.Now()) {
		return nil, fmt.Errorf("it expired at %s", pair.Leaf.NotAfter)
	}
	if !s.trusted(g.chain) {
		return nil, errors.New("its root is not one of the configured roots")
	}
	return pair.Leaf, nil
}

// trusted reports whether the chain ends at one of the configured roots. Expiry is not its business.
func (s *Store) trusted(chainPEM []byte) bool {
	if s.cfg.Roots == nil {
		return true
	}
	chain, err := parseChain(chainPEM)
	return err == nil && s.rooted(chain)
}

// Trusts is the same question about a chain that is not stored here.
func (s *Store) Trusts(der [][]byte) bool {
	if s.cfg.Roots == nil {
		return true
	}
	chain := make([]*x509.Certificate, len(der))
	for i := range der {
		var err error
		if chain[i], err = x509.ParseCertificate(der[i]); err != nil {
			return false
		}
	}
	return len(chain) > 0 && s.rooted(chain)
}

func (s *Store) rooted(chain []*x509.Certificate) bool {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: s.cfg.Roots, Intermediates: between, CurrentTime: chain[0].NotBefore.Add(time.Second),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

func parseChain(chainPEM []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(chainPEM); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate in the chain")
	}
	return chain, nil
}

// plan is when a certificate is taken up next.
type plan struct {
	renewAt   time.Time
	refreshAt *time.Time
}

func planOf(leaf *x509.Certificate, metadata []byte, atIssuance bool) plan {
	window := windowOf(metadata)
	p := plan{renewAt: certs.RenewAt(leaf, window, atIssuance)}
	if window != nil {
		p.refreshAt = window.RetryAfter
	}
	return p
}

// windowOf digs the CA's suggestion out of certmagic's metadata; nil when there is none.
func windowOf(metadata []byte) *acme.RenewalInfo {
	var resource certmagic.CertificateResource
	var issued acme.Certificate
	if json.Unmarshal(metadata, &resource) != nil || json.Unmarshal(resource.IssuerData, &issued) != nil {
		return nil
	}
	return issued.RenewalInfo
}

// updateMetadata takes an update of the CA's suggestion for the certificate that is stored, and drops one for any other: a node that has not
// heard of a renewal yet must not overwrite the new certificate's dates with those of the old one.
func (s *Store) updateMetadata(ctx context.Context, m member, metadata []byte) error {
	window := windowOf(metadata)
	if window == nil {
		return fmt.Errorf("storing %s: %w", m.key(m.ext), errNoLease)
	}
	err := pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		const q = `SELECT chain_pem FROM certificates WHERE host = $1 AND issuer = $2 FOR UPDATE`
		var chainPEM []byte
		err := tx.QueryRow(ctx, q, m.host, m.issuer).Scan(&chainPEM)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return writeWindow(ctx, tx, m, chainPEM, window, metadata, s.cfg.Now())
	})
	if err != nil {
		return fmt.Errorf("storing the renewal window of %s: %w", m.host, err)
	}
	return nil
}

func writeWindow(ctx context.Context, tx pgx.Tx, m member, chainPEM []byte, window *acme.RenewalInfo, metadata []byte, now time.Time) error {
	chain, err := parseChain(chainPEM)
	if err != nil {
		return err
	}
	if id, err := acme.ARIUniqueIdentifier(chain[0]); err != nil || id != window.UniqueIdentifier {
		return nil // meant for another certificate
	}
	const q = `UPDATE certificates SET metadata = @metadata, renew_at = @renew_at, refresh_at = @refresh_at
		WHERE host = @host AND issuer = @issuer AND NOT (renew_at <= @now AND refresh_at IS NULL)` // that is one that Hurry asked for
	_, err = tx.Exec(ctx, q, pgx.NamedArgs{
		"now":      now,
		"metadata": metadata, "renew_at": certs.RenewAt(chain[0], window, false), "refresh_at": window.RetryAfter,
		"host": m.host, "issuer": m.issuer,
	})
	return err
}
