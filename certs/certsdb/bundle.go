package certsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"
)

// certmagic writes a certificate in three steps: key, chain, metadata. The first two are put aside under the lease that the writer holds; the
// third commits all of them in one transaction.

// stage is what was put aside under one lease.
type stage struct {
	key, chain []byte
	meta       []byte // only during the commit
	done       bool   // committed: what follows under this lease is an update of the metadata
}

var errNoLease = errors.New("certificates are written under their lease only")

func (s *Store) storeMember(ctx context.Context, m member, value []byte) error {
	l := s.leases.find(ctx, m.lease())
	if m.ext == extMeta && (l == nil || l.stage == nil || l.stage.done) {
		return s.updateMetadata(ctx, m, value)
	}
	switch {
	case l == nil:
		return fmt.Errorf("storing %s: %w", m.key(m.ext), errNoLease)
	case l.lost.Load():
		return fmt.Errorf("storing %s: %w", m.key(m.ext), ErrLeaseLost)
	}
	if l.stage == nil || l.stage.done {
		l.stage = &stage{}
	}
	switch m.ext {
	case extKey:
		l.stage.key = value
	case extCert:
		l.stage.chain = value
	case extMeta:
		l.stage.meta = value
		if err := s.commit(ctx, m, l); err != nil {
			return fmt.Errorf("committing the certificate of %s: %w", m.host, err)
		}
		l.stage = &stage{done: true}
	}
	return nil
}

// deleteMember drops what was put aside under the caller's lease; without a lease it deletes the certificate.
func (s *Store) deleteMember(ctx context.Context, m member) error {
	l := s.leases.find(ctx, m.lease())
	if l == nil {
		return s.drop(ctx, m)
	}
	if l.stage != nil {
		l.stage = &stage{}
	}
	return nil
}

func (s *Store) drop(ctx context.Context, m member) error {
	const q = `WITH gone AS (DELETE FROM certificates WHERE host = $1 AND issuer = $2 RETURNING host)
		SELECT pg_notify('certificates', 'dropped ' || host) FROM gone`
	if _, err := s.cfg.Pool.Exec(ctx, q, m.host, m.issuer); err != nil {
		return fmt.Errorf("deleting the certificate of %s: %w", m.host, err)
	}
	return nil
}

// row is a certificate as it is stored.
type row struct {
	Version   int64
	ChainPEM  []byte
	KeySealed []byte
	Metadata  []byte
	NotBefore time.Time
	NotAfter  time.Time
	RenewAt   time.Time
	Committed time.Time
}

// read returns the stored certificate, or fs.ErrNotExist also for one whose root is not ours.
func (s *Store) read(ctx context.Context, m member) (row, error) {
	const q = `SELECT version, chain_pem, key_sealed, metadata, committed_at FROM certificates WHERE host = $1 AND issuer = $2`
	var r row
	err := s.cfg.Pool.QueryRow(ctx, q, m.host, m.issuer).Scan(&r.Version, &r.ChainPEM, &r.KeySealed, &r.Metadata, &r.Committed)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && !s.trusted(r.ChainPEM)) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return row{}, fmt.Errorf("reading the certificate of %s: %w", m.host, err)
	}
	return r, nil
}

func (s *Store) loadMember(ctx context.Context, m member) ([]byte, error) {
	r, err := s.read(ctx, m)
	switch {
	case err != nil:
		return nil, err
	case m.ext == extCert:
		return r.ChainPEM, nil
	case m.ext == extMeta:
		return r.Metadata, nil
	}
	return s.openKey(m, r.KeySealed)
}

func (s *Store) openKey(m member, sealed []byte) ([]byte, error) {
	plain, err := s.cfg.Ring.Open(sealed, []byte(m.key(extKey)))
	if err != nil {
		return nil, fmt.Errorf("opening the private key of %s: %w", m.host, err)
	}
	return plain, nil
}

func (s *Store) statMember(ctx context.Context, m member) (certmagic.KeyInfo, error) {
	r, err := s.read(ctx, m)
	if err != nil {
		return certmagic.KeyInfo{}, err
	}
	size := map[string]int{extCert: len(r.ChainPEM), extKey: len(r.KeySealed), extMeta: len(r.Metadata)}
	return certmagic.KeyInfo{Key: m.key(m.ext), Modified: r.Committed, Size: int64(size[m.ext]), IsTerminal: true}, nil
}

// commit replaces the certificate as a whole, if the lease still stands and no higher fence was here before. One that another CA had issued
// for the host goes: the host has one certificate, and a private key that is not kept cannot be lost.
func (s *Store) commit(ctx context.Context, m member, l *lease) error {
	leaf, err := s.check(m, l.stage)
	if err != nil {
		return err
	}
	plan := planOf(leaf, l.stage.meta, true)
	return pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		if err := standing(ctx, tx, l); err != nil {
			return err
		}
		previous, err := s.previous(ctx, tx, m)
		if err != nil {
			return err
		}
		return replace(ctx, tx, m, pgx.NamedArgs{
			"host": m.host, "issuer": m.issuer, "fence": l.fence, "serial": leaf.SerialNumber.Text(16),
			"not_before": leaf.NotBefore, "not_after": leaf.NotAfter, "renew_at": plan.renewAt, "refresh_at": plan.refreshAt,
			"chain": l.stage.chain, "key": s.cfg.Ring.Seal(l.stage.key, []byte(m.key(extKey))), "metadata": l.stage.meta,
			"previous": previous,
		})
	})
}

// standing locks the lease's row, so that nobody takes it before the transaction ends.
func standing(ctx context.Context, tx pgx.Tx, l *lease) error {
	const q = `SELECT fence FROM certificate_leases WHERE name = $1 AND holder = $2 AND fence = $3 FOR UPDATE`
	var fence int64
	err := tx.QueryRow(ctx, q, l.name, l.holder, l.fence).Scan(&fence)
	if errors.Is(err, pgx.ErrNoRows) {
		l.lose()
		return ErrLeaseLost
	}
	return err
}

// previous returns the generation that is about to be replaced, sealed as a whole.
func (s *Store) previous(ctx context.Context, tx pgx.Tx, m member) ([]byte, error) {
	const q = `SELECT version, chain_pem, key_sealed, metadata FROM certificates WHERE host = $1 AND issuer = $2 FOR UPDATE`
	var r row
	err := tx.QueryRow(ctx, q, m.host, m.issuer).Scan(&r.Version, &r.ChainPEM, &r.KeySealed, &r.Metadata)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if fresh, _, err := s.cfg.Ring.Reseal(r.KeySealed, []byte(m.key(extKey))); err == nil {
		r.KeySealed = fresh // so that no key of before is needed for what is sealed with the newest; one that does not open stays as it is
	}
	packed, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return s.cfg.Ring.Seal(packed, []byte(m.key(extPrevious))), nil
}

// replace writes the row. Versions of a host grow over all CAs and over deletions: each commit has a lease of its own, so no version is above
// the fence it was committed under, and the next fence is above all versions there were.
func replace(ctx context.Context, tx pgx.Tx, m member, args pgx.NamedArgs) error {
	const q = `INSERT INTO certificates AS c (host, issuer, fence, serial, not_before, not_after, renew_at, refresh_at,
			version, chain_pem, key_sealed, metadata, previous)
		VALUES (@host, @issuer, @fence, @serial, @not_before, @not_after, @renew_at, @refresh_at,
			COALESCE((SELECT max(version) + 1 FROM certificates WHERE host = @host), @fence), @chain, @key, @metadata, @previous)
		ON CONFLICT (host, issuer) DO UPDATE SET version = GREATEST(c.version + 1, EXCLUDED.version), fence = EXCLUDED.fence, serial = EXCLUDED.serial,
			not_before = EXCLUDED.not_before, not_after = EXCLUDED.not_after, renew_at = EXCLUDED.renew_at,
			refresh_at = EXCLUDED.refresh_at, chain_pem = EXCLUDED.chain_pem, key_sealed = EXCLUDED.key_sealed,
			metadata = EXCLUDED.metadata, previous = EXCLUDED.previous, committed_at = now()
		WHERE c.fence <= EXCLUDED.fence
		RETURNING version`
	var version int64
	err := tx.QueryRow(ctx, q, args).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrLeaseLost
	}
	if err != nil {
		return err
	}
	const supersede = `DELETE FROM certificates WHERE host = $1 AND issuer <> $2`
	if _, err := tx.Exec(ctx, supersede, m.host, m.issuer); err != nil {
		return err
	}
	const forgive = `DELETE FROM certificate_failures WHERE host = $1`
	if _, err := tx.Exec(ctx, forgive, m.host); err != nil {
		return err
	}
	const announce = `SELECT pg_notify('certificates', 'committed ' || $1::text || ' ' || $2::bigint)`
	_, err = tx.Exec(ctx, announce, m.host, version)
	return err
}
