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
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/tenant"
)

func (s *Store) member(host tenant.Hostname) member {
	return member{issuer: s.issuer, host: host.String()}
}

// Find returns the certificate of a host and whether the CA is to be left alone, in one query.
func (s *Store) Find(ctx context.Context, host tenant.Hostname) (certs.Found, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT c.version, c.chain_pem, c.key_sealed, c.not_before, c.not_after, c.renew_at,
			COALESCE(EXTRACT(EPOCH FROM f.retry_at - clock_timestamp())::float8, 0), COALESCE(f.reason, '')
		FROM (VALUES (@host::text, @issuer::text)) AS asked (host, issuer)
		LEFT JOIN certificates c ON c.host = asked.host AND c.issuer = asked.issuer
		LEFT JOIN certificate_failures f ON f.host = asked.host AND f.issuer = asked.issuer`
	var version *int64
	var r row
	var notBefore, notAfter, renewAt *time.Time
	var wait float64
	var found certs.Found
	err := s.cfg.Pool.QueryRow(ctx, q, pgx.NamedArgs{"host": host.String(), "issuer": s.issuer}).
		Scan(&version, &r.ChainPEM, &r.KeySealed, &notBefore, &notAfter, &renewAt, &wait, &found.Reason)
	if err != nil {
		return certs.Found{}, fmt.Errorf("looking for the certificate of %s: %w", host, err)
	}
	found.RetryIn = seconds(wait)
	if version == nil || !s.trusted(r.ChainPEM) {
		return found, nil
	}
	key, err := s.openKey(s.member(host), r.KeySealed)
	if err != nil {
		return certs.Found{}, err
	}
	found.Bundle = &certs.Bundle{Host: host, Version: *version, ChainPEM: r.ChainPEM, KeyPEM: key,
		NotBefore: *notBefore, NotAfter: *notAfter, RenewAt: *renewAt}
	return found, nil
}

// Missing returns the hosts without a valid certificate, and for how long each is to be left alone.
func (s *Store) Missing(ctx context.Context, hosts []tenant.Hostname) ([]certs.Missing, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT asked.host, COALESCE(c.chain_pem, ''::bytea),
			COALESCE(EXTRACT(EPOCH FROM f.retry_at - clock_timestamp())::float8, 0)
		FROM unnest(@hosts::text[]) AS asked (host)
		LEFT JOIN certificates c ON c.host = asked.host AND c.issuer = @issuer AND c.not_after > @now
		LEFT JOIN certificate_failures f ON f.host = asked.host AND f.issuer = @issuer
		WHERE c.host IS NULL OR @look_at_roots`
	// With roots configured every chain is looked at: one from a root that is gone counts as missing.
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{
		"hosts": names(hosts), "issuer": s.issuer, "now": s.cfg.Now(), "look_at_roots": s.cfg.Roots != nil,
	})
	if err != nil {
		return nil, fmt.Errorf("looking for hosts without a certificate: %w", err)
	}
	var missing []certs.Missing
	var name string
	var chainPEM []byte
	var wait float64
	_, err = pgx.ForEachRow(rows, []any{&name, &chainPEM, &wait}, func() error {
		if len(chainPEM) > 0 && s.trusted(chainPEM) {
			return nil
		}
		host, err := tenant.ParseHostname(name)
		missing = append(missing, certs.Missing{Host: host, RetryIn: seconds(wait)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for hosts without a certificate: %w", err)
	}
	return missing, nil
}

func seconds(n float64) time.Duration { return max(0, time.Duration(n*float64(time.Second))) }

// Versions returns the stored version of each host that has a certificate.
func (s *Store) Versions(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]int64, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT host, version FROM certificates WHERE host = ANY ($1) AND issuer = $2`
	rows, err := s.cfg.Pool.Query(ctx, q, names(hosts), s.issuer)
	if err != nil {
		return nil, fmt.Errorf("comparing certificate versions: %w", err)
	}
	versions := make(map[tenant.Hostname]int64, len(hosts))
	var name string
	var version int64
	_, err = pgx.ForEachRow(rows, []any{&name, &version}, func() error {
		host, err := tenant.ParseHostname(name)
		versions[host] = version
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("comparing certificate versions: %w", err)
	}
	return versions, nil
}

func names(hosts []tenant.Hostname) []string {
	list := make([]string, len(hosts))
	for i, h := range hosts {
		list[i] = h.String()
	}
	return list
}

// Due lists certificates whose time to renew has come, the longest waiting first.
func (s *Store) Due(ctx context.Context, after certs.Due, limit int) ([]certs.Due, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT c.host, c.renew_at, c.not_after FROM certificates c
		WHERE c.issuer = @issuer AND c.renew_at <= @now AND (c.renew_at, c.host) > (@after_at, @after_host)
			AND NOT EXISTS (SELECT FROM certificate_failures f
				WHERE f.host = c.host AND f.issuer = c.issuer AND f.retry_at > clock_timestamp())
		ORDER BY c.renew_at, c.host LIMIT @limit`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{
		"issuer": s.issuer, "now": s.cfg.Now(), "after_at": after.RenewAt, "after_host": after.Host.String(), "limit": limit,
	})
	if err != nil {
		return nil, fmt.Errorf("listing certificates to renew: %w", err)
	}
	var due []certs.Due
	var name string
	var d certs.Due
	_, err = pgx.ForEachRow(rows, []any{&name, &d.RenewAt, &d.NotAfter}, func() error {
		host, err := tenant.ParseHostname(name)
		d.Host = host
		due = append(due, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing certificates to renew: %w", err)
	}
	return due, nil
}

// ClaimRefresh picks hosts whose renewal window is to be asked for again and puts each off by pause.
func (s *Store) ClaimRefresh(ctx context.Context, pause time.Duration, limit int) ([]tenant.Hostname, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `UPDATE certificates SET refresh_at = @now::timestamptz + @pause::interval
		WHERE (host, issuer) IN (
			SELECT host, issuer FROM certificates
			WHERE issuer = @issuer AND refresh_at <= @now::timestamptz AND not_after > @now::timestamptz
			ORDER BY refresh_at, host LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING host`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{"issuer": s.issuer, "now": s.cfg.Now(), "pause": pause, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("claiming renewal windows to refresh: %w", err)
	}
	hosts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (tenant.Hostname, error) {
		var name string
		if err := row.Scan(&name); err != nil {
			return tenant.Hostname{}, err
		}
		return tenant.ParseHostname(name)
	})
	if err != nil {
		return nil, fmt.Errorf("claiming renewal windows to refresh: %w", err)
	}
	return hosts, nil
}

// SetWindow stores what the CA says about the time to renew.
func (s *Store) SetWindow(ctx context.Context, host tenant.Hostname, window acme.RenewalInfo) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	m := s.member(host)
	m.ext = extMeta
	old, err := s.loadMember(ctx, m)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	updated, err := withWindow(old, window)
	if err != nil {
		return fmt.Errorf("storing the renewal window of %s: %w", host, err)
	}
	return s.updateMetadata(ctx, m, updated)
}

func withWindow(metadata []byte, window acme.RenewalInfo) ([]byte, error) {
	var resource certmagic.CertificateResource
	var issued acme.Certificate
	if err := json.Unmarshal(metadata, &resource); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(resource.IssuerData, &issued); err != nil {
		return nil, err
	}
	issued.RenewalInfo = &window
	var err error
	if resource.IssuerData, err = json.Marshal(issued); err != nil {
		return nil, err
	}
	return json.Marshal(resource)
}

// Failed notes a refusal and returns for how long the CA is left alone now.
func (s *Store) Failed(ctx context.Context, host tenant.Hostname, reason string, b certs.Backoff) (time.Duration, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `INSERT INTO certificate_failures AS f (host, issuer, failures, reason, retry_at)
		VALUES (@host, @issuer, 1, left(@reason, 500), clock_timestamp() + LEAST(@base::interval, @max::interval))
		ON CONFLICT (host, issuer) DO UPDATE SET failures = f.failures + 1, reason = EXCLUDED.reason, failed_at = now(),
			retry_at = clock_timestamp() + LEAST(@base::interval * power(3, LEAST(f.failures, 12)), @max::interval)
		RETURNING EXTRACT(EPOCH FROM retry_at - clock_timestamp())::float8`
	var wait float64
	err := s.cfg.Pool.QueryRow(ctx, q, pgx.NamedArgs{
		"host": host.String(), "issuer": s.issuer, "reason": reason, "base": b.Base, "max": b.Max,
	}).Scan(&wait)
	if err != nil {
		return 0, fmt.Errorf("noting the failure of %s: %w", host, err)
	}
	return seconds(wait), nil
}

// Sweep deletes challenge answers that nobody took back, and certificates that have been expired for a month: they serve nobody, and a
// private key that is not kept cannot be lost.
func (s *Store) Sweep(ctx context.Context) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const answers = `DELETE FROM certificate_objects WHERE expires_at < now()`
	if _, err := s.cfg.Pool.Exec(ctx, answers); err != nil {
		return fmt.Errorf("sweeping challenge answers: %w", err)
	}
	const old = `DELETE FROM certificates WHERE issuer = $1 AND renew_at < $2 AND not_after < $2`
	if _, err := s.cfg.Pool.Exec(ctx, old, s.issuer, s.cfg.Now().AddDate(0, -1, 0)); err != nil {
		return fmt.Errorf("sweeping expired certificates: %w", err)
	}
	return nil
}
