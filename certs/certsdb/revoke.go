package certsdb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// RequestRevocation has all certificates of a host revoked: in the caller's transaction they move from those that nodes serve to those that
// are to be revoked, and every node drops them when it commits. A host without a certificate is not an error.
//
// An order that is under way for the host commits no more, since its lease is taken away: it would bring back what is being given up. If the
// host is served still, it gets a new certificate with a new key.
func RequestRevocation(ctx context.Context, tx pgx.Tx, host tenant.Hostname, reason certs.Reason) error {
	_, err := requestRevocation(ctx, tx, host, reason)
	return err
}

// Revoke is RequestRevocation in a transaction of its own; it returns how many certificates there were.
func (s *Store) Revoke(ctx context.Context, host tenant.Hostname, reason certs.Reason) (n int, err error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		n, err = requestRevocation(ctx, tx, host, reason)
		return err
	})
	return n, err
}

func requestRevocation(ctx context.Context, tx pgx.Tx, host tenant.Hostname, reason certs.Reason) (n int, err error) {
	// The lease first, as a commit locks them.
	const fence = `UPDATE certificate_leases SET fence = fence + 1, holder = NULL, expires_at = NULL WHERE name = $1`
	if _, err := tx.Exec(ctx, fence, member{host: host.String()}.lease()); err != nil {
		return 0, fmt.Errorf("requesting a revocation for %s: %w", host, err)
	}
	const move = `WITH gone AS (DELETE FROM certificates WHERE host = $1
			RETURNING issuer, serial, host, chain_pem, key_sealed, metadata, previous, not_after),
		due AS (INSERT INTO certificate_revocations (issuer, serial, host, reason, chain_pem, key_sealed, metadata, previous, not_after)
			SELECT issuer, serial, host, $2, chain_pem, key_sealed, metadata, previous, not_after FROM gone ON CONFLICT (issuer, serial) DO NOTHING)
		SELECT pg_notify('certificates', 'dropped ' || host) FROM gone`
	tag, err := tx.Exec(ctx, move, host.String(), int(reason))
	if err != nil {
		return 0, fmt.Errorf("requesting a revocation for %s: %w", host, err)
	}
	return int(tag.RowsAffected()), nil
}

// revocation is one row as it is taken.
type revocation struct {
	Issuer    string
	Serial    string
	Host      string
	Reason    int
	ChainPEM  []byte
	KeySealed []byte
	Metadata  []byte
	Previous  []byte
	NotAfter  time.Time
	Attempts  int
}

// TakeRevocations picks revocations that are due. Each is due again after a minute, then three times as long up to 6 h, unless it is done by
// then: that is longer than an attempt may take.
func (s *Store) TakeRevocations(ctx context.Context, limit int) ([]certs.Revocation, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `UPDATE certificate_revocations SET attempts = attempts + 1,
			due_at = now() + LEAST(interval '1 minute' * power(3, LEAST(attempts, 12)), interval '6 hours')
		WHERE (issuer, serial) IN (SELECT issuer, serial FROM certificate_revocations WHERE revoked_at IS NULL AND due_at <= now()
			ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING issuer, serial, host, reason, chain_pem, key_sealed, metadata, previous, not_after, attempts`
	rows, err := s.cfg.Pool.Query(ctx, q, limit)
	if err != nil {
		return nil, fmt.Errorf("taking revocations: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[revocation])
	if err != nil {
		return nil, fmt.Errorf("taking revocations: %w", err)
	}
	taken := make([]certs.Revocation, 0, len(list))
	for i := range list {
		r, err := s.revocation(ctx, &list[i])
		if err != nil {
			return nil, fmt.Errorf("taking revocations: %w", err)
		}
		taken = append(taken, r)
	}
	return taken, nil
}

// revocation opens what can be opened: an account may revoke without the certificate's key.
func (s *Store) revocation(ctx context.Context, r *revocation) (certs.Revocation, error) {
	host, err := tenant.ParseHostname(r.Host)
	if err != nil {
		return certs.Revocation{}, err
	}
	m := member{issuer: r.Issuer, host: r.Host}
	out := certs.Revocation{Host: host, Issuer: r.Issuer, Serial: r.Serial, Reason: certs.Reason(r.Reason), CA: caOf(r.Metadata), Attempts: r.Attempts,
		Issued: []certs.Revoked{{ChainPEM: r.ChainPEM, KeyPEM: s.keyIfReadable(ctx, m, r.KeySealed), NotAfter: r.NotAfter}}}
	before, err := s.unpack(m, r.Previous)
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "the generation before is not revoked: it cannot be read", "host", r.Host, "error", err)
	}
	if before != nil {
		if chain, err := parseChain(before.ChainPEM); err == nil {
			out.Issued = append(out.Issued, certs.Revoked{ChainPEM: before.ChainPEM, KeyPEM: s.keyIfReadable(ctx, m, before.KeySealed),
				NotAfter: chain[0].NotAfter})
		}
	}
	return out, nil
}

func (s *Store) keyIfReadable(ctx context.Context, m member, sealed []byte) []byte {
	key, err := s.openKey(m, sealed)
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "a certificate is revoked without its key", "error", err)
		return nil
	}
	return key
}

// unpack opens a generation that was sealed as a whole; nil for none.
func (s *Store) unpack(m member, sealed []byte) (*row, error) {
	if sealed == nil {
		return nil, nil
	}
	packed, err := s.cfg.Ring.Open(sealed, []byte(m.key(extPrevious)))
	if err != nil {
		return nil, err
	}
	var r row
	if err := json.Unmarshal(packed, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// caOf digs the URL of the CA's directory out of certmagic's metadata; "" when it is not there.
func caOf(metadata []byte) string {
	var resource certmagic.CertificateResource
	var issued acme.Certificate
	if json.Unmarshal(metadata, &resource) != nil || json.Unmarshal(resource.IssuerData, &issued) != nil {
		return ""
	}
	return issued.CA
}

// Revoked ends a revocation and forgets the private keys.
func (s *Store) Revoked(ctx context.Context, r certs.Revocation) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `UPDATE certificate_revocations SET revoked_at = now(), error = '', key_sealed = NULL, previous = NULL
		WHERE issuer = $1 AND serial = $2`
	if _, err := s.cfg.Pool.Exec(ctx, q, r.Issuer, r.Serial); err != nil {
		return fmt.Errorf("noting the %s: %w", r, err)
	}
	return nil
}

// NotRevoked notes the reason of a failure.
func (s *Store) NotRevoked(ctx context.Context, r certs.Revocation, reason string) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `UPDATE certificate_revocations SET error = $3 WHERE issuer = $1 AND serial = $2`
	if _, err := s.cfg.Pool.Exec(ctx, q, r.Issuer, r.Serial, plain(reason)); err != nil {
		return fmt.Errorf("noting why the %s failed: %w", r, err)
	}
	return nil
}
