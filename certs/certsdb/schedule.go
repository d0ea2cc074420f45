package certsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// Find returns the certificate of a host, whichever CA issued it, and for how long each CA is to be left alone, in one query.
func (s *Store) Find(ctx context.Context, host tenant.Hostname) (certs.Found, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT asked.n::int - 1, c.version, c.chain_pem, c.key_sealed, c.not_before, c.not_after, c.renew_at,
			COALESCE(EXTRACT(EPOCH FROM f.retry_at - clock_timestamp())::float8, 0), COALESCE(f.code, ''), COALESCE(f.reason, '')
		FROM unnest(@issuers::text[]) WITH ORDINALITY AS asked (issuer, n)
		LEFT JOIN certificates c ON c.host = @host AND c.issuer = asked.issuer
		LEFT JOIN certificate_failures f ON f.host = @host AND f.issuer = asked.issuer`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{"host": host.String(), "issuers": s.issuers})
	if err != nil {
		return certs.Found{}, fmt.Errorf("looking for the certificate of %s: %w", host, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[foundRow])
	if err != nil {
		return certs.Found{}, fmt.Errorf("looking for the certificate of %s: %w", host, err)
	}
	found, best := s.choose(list)
	if best == nil {
		return found, nil
	}
	key, err := s.openKey(member{issuer: s.issuers[best.CA], host: host.String()}, best.KeySealed)
	if err != nil {
		return certs.Found{}, err
	}
	found.Bundle = &certs.Bundle{Host: host, CA: best.CA, Version: *best.Version, ChainPEM: best.ChainPEM, KeyPEM: key,
		NotBefore: *best.NotBefore, NotAfter: *best.NotAfter, RenewAt: *best.RenewAt}
	return found, nil
}

// foundRow is what is stored of one host and one CA. All of the certificate is NULL when there is none.
type foundRow struct {
	CA        int
	Version   *int64
	ChainPEM  []byte
	KeySealed []byte
	NotBefore *time.Time
	NotAfter  *time.Time
	RenewAt   *time.Time
	Wait      float64
	Code      string
	Reason    string
}

// choose picks the valid certificate with the latest beginning, or an expired one when there is no other.
func (s *Store) choose(list []foundRow) (certs.Found, *foundRow) {
	found := certs.Found{Wait: make([]time.Duration, len(s.issuers))}
	var best *foundRow
	now := s.cfg.Now()
	for i := range list {
		r := &list[i]
		wait(found.Wait, r.CA, r.Wait, r.Code)
		if r.Wait > 0 && found.Reason == "" {
			found.Code, found.Reason = r.Code, r.Reason
		}
		if r.Version == nil || !s.trusted(r.ChainPEM) {
			continue
		}
		if best == nil || better(r, best, now) {
			best = r
		}
	}
	found.RetryIn = slices.Min(found.Wait)
	return found, best
}

func better(a, b *foundRow, now time.Time) bool {
	if validA, validB := a.NotAfter.After(now), b.NotAfter.After(now); validA != validB {
		return validA
	}
	return a.NotBefore.After(*b.NotBefore)
}

// wait notes for how long a CA is to be left alone. A validation that failed for one would fail for the other.
func wait(waits []time.Duration, ca int, left float64, code string) {
	for i := range waits {
		if i == ca || code == certs.CodeValidation {
			waits[i] = max(waits[i], seconds(left))
		}
	}
}

// Missing returns the hosts without a valid certificate of any CA, and for how long each is to be left alone.
func (s *Store) Missing(ctx context.Context, hosts []tenant.Hostname) ([]certs.Missing, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT asked.host, ca.n::int - 1, COALESCE(c.chain_pem, ''::bytea),
			COALESCE(EXTRACT(EPOCH FROM f.retry_at - clock_timestamp())::float8, 0), COALESCE(f.code, '')
		FROM unnest(@hosts::text[]) AS asked (host) CROSS JOIN unnest(@issuers::text[]) WITH ORDINALITY AS ca (issuer, n)
		LEFT JOIN certificates c ON c.host = asked.host AND c.issuer = ca.issuer AND c.not_after > @now
		LEFT JOIN certificate_failures f ON f.host = asked.host AND f.issuer = ca.issuer
		WHERE @look_at_roots OR NOT EXISTS (
			SELECT FROM certificates v WHERE v.host = asked.host AND v.issuer = ANY (@issuers) AND v.not_after > @now)`
	// With roots configured every chain is looked at: one from a root that is gone counts as missing.
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{
		"hosts": names(hosts), "issuers": s.issuers, "now": s.cfg.Now(), "look_at_roots": s.cfg.Roots != nil,
	})
	if err != nil {
		return nil, fmt.Errorf("looking for hosts without a certificate: %w", err)
	}
	waits, has := map[string][]time.Duration{}, map[string]bool{}
	var name, code string
	var ca int
	var chainPEM []byte
	var left float64
	_, err = pgx.ForEachRow(rows, []any{&name, &ca, &chainPEM, &left, &code}, func() error {
		if waits[name] == nil {
			waits[name] = make([]time.Duration, len(s.issuers))
		}
		wait(waits[name], ca, left, code)
		has[name] = has[name] || len(chainPEM) > 0 && s.trusted(chainPEM)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for hosts without a certificate: %w", err)
	}
	var missing []certs.Missing
	for _, host := range hosts {
		if w := waits[host.String()]; w != nil && !has[host.String()] {
			missing = append(missing, certs.Missing{Host: host, RetryIn: slices.Min(w)})
		}
	}
	return missing, nil
}

func seconds(n float64) time.Duration { return max(0, time.Duration(n*float64(time.Second))) }

// Versions returns the stored version of each host that has a certificate.
func (s *Store) Versions(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]int64, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT host, max(version) FROM certificates WHERE host = ANY ($1) AND issuer = ANY ($2) GROUP BY host`
	rows, err := s.cfg.Pool.Query(ctx, q, names(hosts), s.issuers)
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
		WHERE c.issuer = ANY (@issuers) AND c.renew_at <= @now AND (c.renew_at, c.host) > (@after_at, @after_host)
			AND NOT EXISTS (SELECT FROM certificates o WHERE o.host = c.host AND o.issuer = ANY (@issuers) AND o.version > c.version)
			AND (SELECT count(*) < cardinality(@issuers::text[]) AND count(*) FILTER (WHERE f.code = @validation) = 0
				FROM certificate_failures f
				WHERE f.host = c.host AND f.issuer = ANY (@issuers) AND f.retry_at > clock_timestamp())
		ORDER BY c.renew_at, c.host LIMIT @limit`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{
		"issuers": s.issuers, "now": s.cfg.Now(), "after_at": after.RenewAt, "after_host": after.Host.String(), "limit": limit,
		"validation": certs.CodeValidation,
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
			WHERE issuer = ANY (@issuers) AND refresh_at <= @now::timestamptz AND not_after > @now::timestamptz
			ORDER BY refresh_at, host LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING host`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{"issuers": s.issuers, "now": s.cfg.Now(), "pause": pause, "limit": limit})
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

// SetWindow stores what a CA says about the time to renew, with the certificate of this host that it speaks of.
func (s *Store) SetWindow(ctx context.Context, host tenant.Hostname, window acme.RenewalInfo) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	for _, issuer := range s.issuers {
		m := member{issuer: issuer, host: host.String(), ext: extMeta}
		old, err := s.loadMember(ctx, m)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		updated, err := withWindow(old, window)
		if err != nil {
			return fmt.Errorf("storing the renewal window of %s: %w", host, err)
		}
		if err := s.updateMetadata(ctx, m, updated); err != nil {
			return err
		}
	}
	return nil
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

// Sweep deletes challenge answers that nobody took back, buckets of the ledger that are as good as new, and certificates that have been expired for a month: they serve nobody, and a
// private key that is not kept cannot be lost.
func (s *Store) Sweep(ctx context.Context) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const answers = `DELETE FROM certificate_objects WHERE expires_at < now()`
	if _, err := s.cfg.Pool.Exec(ctx, answers); err != nil {
		return fmt.Errorf("sweeping challenge answers: %w", err)
	}
	const full = `DELETE FROM ca_ledger WHERE tat < clock_timestamp() - interval '1 minute'`
	if _, err := s.cfg.Pool.Exec(ctx, full); err != nil {
		return fmt.Errorf("sweeping the ledger: %w", err)
	}
	const old = `DELETE FROM certificates WHERE issuer = ANY ($1) AND renew_at < $2 AND not_after < $2`
	if _, err := s.cfg.Pool.Exec(ctx, old, s.issuers, s.cfg.Now().AddDate(0, -1, 0)); err != nil {
		return fmt.Errorf("sweeping expired certificates: %w", err)
	}
	return nil
}
