package certsdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"
)

// Store puts value at key, visible to every node when it returns. The members of a certificate are only put aside until the last of them,
// the metadata, commits all three.
func (s *Store) Store(ctx context.Context, key string, value []byte) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if m, ok := parseMember(key); ok {
		return s.storeMember(ctx, m, value)
	}
	if row, host, ok := challengeKey(key); ok {
		return s.present(ctx, row, host, value)
	}
	const q = `INSERT INTO certificate_objects (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, modified_at = now()`
	if _, err := s.cfg.Pool.Exec(ctx, q, key, s.cfg.Ring.Seal(value, []byte(key))); err != nil {
		return fmt.Errorf("storing %s: %w", key, err)
	}
	return nil
}

// present stores a challenge answer and tells all nodes.
func (s *Store) present(ctx context.Context, row, host string, value []byte) error {
	const q = `WITH stored AS (
			INSERT INTO certificate_objects (key, value, expires_at) VALUES (@key, @value, now() + @ttl)
			ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, modified_at = now(), expires_at = EXCLUDED.expires_at
			RETURNING key)
		SELECT pg_notify('certificates', 'presented ' || @host::text) FROM stored`
	_, err := s.cfg.Pool.Exec(ctx, q, pgx.NamedArgs{
		"key": row, "value": s.cfg.Ring.Seal(value, []byte(row)), "ttl": s.cfg.ChallengeTTL, "host": host,
	})
	if err != nil {
		return fmt.Errorf("storing the challenge answer for %s: %w", host, err)
	}
	return nil
}

// Load returns the value at key. Only a key that is certainly absent gives fs.ErrNotExist.
func (s *Store) Load(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if m, ok := parseMember(key); ok {
		return s.loadMember(ctx, m)
	}
	if row, _, ok := challengeKey(key); ok {
		key = row
	}
	const q = `SELECT value FROM certificate_objects WHERE key = $1 AND (expires_at IS NULL OR expires_at > now())`
	var sealed []byte
	err := s.cfg.Pool.QueryRow(ctx, q, key).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("loading %s: %w", key, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", key, err)
	}
	plain, err := s.cfg.Ring.Open(sealed, []byte(key))
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", key, err)
	}
	return plain, nil
}

// Delete removes a key or everything below it. A missing key is not an error. While a certificate is being put together, deleting one of
// its members only drops what was put aside: that is how certmagic rolls back, and it must not hit the generation that is served.
func (s *Store) Delete(ctx context.Context, key string) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if m, ok := parseMember(key); ok {
		return s.deleteMember(ctx, m)
	}
	if row, host, ok := challengeKey(key); ok {
		return s.takeBack(ctx, row, host)
	}
	const q = `DELETE FROM certificate_objects WHERE key = $1 OR starts_with(key, $2)`
	if _, err := s.cfg.Pool.Exec(ctx, q, key, key+"/"); err != nil {
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	if m, ok := parseSite(key); ok {
		return s.drop(ctx, m)
	}
	return nil
}

func (s *Store) takeBack(ctx context.Context, row, host string) error {
	const q = `WITH gone AS (DELETE FROM certificate_objects WHERE key = $1 RETURNING key)
		SELECT pg_notify('certificates', 'answered ' || $2::text) FROM gone`
	if _, err := s.cfg.Pool.Exec(ctx, q, row, host); err != nil {
		return fmt.Errorf("deleting the challenge answer for %s: %w", host, err)
	}
	return nil
}

// Exists reports whether a key or anything below it exists. It has no way to return an error: for certificates it asks twice and then says
// true, since "no" would make certmagic order a certificate that is there already.
func (s *Store) Exists(ctx context.Context, key string) bool {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	_, err := s.Stat(ctx, key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(key, "certificates/") {
		if _, err = s.Stat(ctx, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.cfg.Log.ErrorContext(ctx, "cannot tell whether a certificate exists", "key", key, "error", err)
			return true
		}
	}
	return err == nil
}

// Stat describes a key or directory.
func (s *Store) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if m, ok := parseMember(key); ok {
		return s.statMember(ctx, m)
	}
	if row, _, ok := challengeKey(key); ok {
		key = row
	}
	const q = `SELECT modified_at, octet_length(value) FROM certificate_objects
		WHERE key = $1 AND (expires_at IS NULL OR expires_at > now())`
	var modified time.Time
	var size int64
	err := s.cfg.Pool.QueryRow(ctx, q, key).Scan(&modified, &size)
	if err == nil {
		return certmagic.KeyInfo{Key: key, Modified: modified, Size: size, IsTerminal: true}, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return certmagic.KeyInfo{}, fmt.Errorf("looking for %s: %w", key, err)
	}
	if _, err := s.List(ctx, key, true); err != nil {
		return certmagic.KeyInfo{}, err
	}
	return certmagic.KeyInfo{Key: key}, nil
}

// List returns the keys below a path: all of them, or its direct children, directories included. It reads whole tables when asked for
// everything, so it is for tools and for the accounts; no handshake comes here.
func (s *Store) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT key FROM certificate_objects
		WHERE starts_with(key, $1) AND (expires_at IS NULL OR expires_at > now())
		UNION ALL
		SELECT k FROM certificates, LATERAL unnest($2::text[]) AS ext,
			LATERAL (SELECT 'certificates/' || issuer || '/' || host || '/' || host || ext) AS made (k)
		WHERE starts_with(k, $1)`
	below := ""
	if prefix != "" {
		below = strings.TrimSuffix(prefix, "/") + "/"
	}
	rows, err := s.cfg.Pool.Query(ctx, q, below, extensions[:])
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", prefix, err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", prefix, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("listing %s: %w", prefix, fs.ErrNotExist)
	}
	if !recursive {
		for i, key := range keys {
			child, _, _ := strings.Cut(key[len(below):], "/")
			keys[i] = below + child
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}
