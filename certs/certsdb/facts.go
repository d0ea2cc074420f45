package certsdb

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// issuerKeys are the CAs whose certificates exist for this store, as they stand in the tables.
func (s *Store) issuerKeys() []string { return s.issuers }

// issuerHost names a CA for people: the host of its directory, or its key when it is configured no longer.
func (s *Store) issuerHost(key string) string {
	for i, directory := range []string{s.cfg.CA, s.cfg.Fallback}[:len(s.issuers)] {
		if u, err := url.Parse(directory); err == nil && key == s.issuers[i] {
			return u.Hostname()
		}
	}
	return key
}

// fact is what one host's row says. What may be absent is a pointer.
type fact struct {
	Host        string
	Issuer      *string
	Serial      *string
	Version     *int64
	NotBefore   *time.Time
	NotAfter    *time.Time
	RenewAt     *time.Time
	CommittedAt *time.Time
	Chain       []byte
	Live        int
	Serving     int
	Code        *string
	Reason      *string
	FailedAt    *time.Time
	RetryAt     *time.Time
	CASince     *time.Time
	CACode      *string
	CAReason    *string
	CARetry     *time.Time
}

// factsQuery takes, for each host, the best certificate that any of the CAs gave it and the last refusal that came after it.
//
// A node that joined after the certificate was committed counts only if it was seen serving: until it has loaded a host it serves nothing
// older, and a host that nobody visits must not look half deployed because a node was started. That the CAs fail is a trouble of those that
// need one now, and only if all of them fail; the one that is asked again first tells which.
const factsQuery = `WITH live AS (SELECT id, started_at FROM nodes WHERE seen_at > now() - @life::interval),
	best AS (SELECT DISTINCT ON (c.host) c.* FROM certificates c WHERE c.host = ANY (@hosts) AND c.issuer = ANY (@issuers)
		ORDER BY c.host, (c.not_after > @now) DESC, c.not_before DESC),
	failed AS (SELECT DISTINCT ON (f.host) f.* FROM certificate_failures f LEFT JOIN best b ON b.host = f.host
		WHERE f.host = ANY (@hosts) AND f.issuer = ANY (@issuers) AND (b.host IS NULL OR f.failed_at > b.committed_at)
		ORDER BY f.host, f.failed_at DESC),
	down AS (SELECT max(failing_since) AS since, min(retry_at) AS retry_at,
			(array_agg(code ORDER BY retry_at NULLS FIRST))[1] AS code, (array_agg(error ORDER BY retry_at NULLS FIRST))[1] AS error FROM ca_health
		WHERE issuer = ANY (@issuers) AND failing_since IS NOT NULL HAVING count(*) = cardinality(@issuers::text[]))
	SELECT asked.host, b.issuer, b.serial, b.version, b.not_before, b.not_after, b.renew_at, b.committed_at,
		CASE WHEN @look_at_roots THEN b.chain_pem END,
		(SELECT count(*) FROM live n WHERE b.host IS NULL OR n.started_at <= b.committed_at
			OR EXISTS (SELECT FROM certificate_sightings s WHERE s.host = b.host AND s.node_id = n.id)),
		(SELECT count(*) FROM live n JOIN certificate_sightings s ON s.node_id = n.id AND s.host = b.host AND s.serial = b.serial),
		f.code, f.reason, f.failed_at, f.retry_at, down.since, down.code, down.error, down.retry_at
	FROM unnest(@hosts::text[]) AS asked (host)
	LEFT JOIN best b ON b.host = asked.host
	LEFT JOIN failed f ON f.host = asked.host
	LEFT JOIN down ON b.host IS NULL OR b.renew_at <= @now`

// Facts returns what the fleet knows of the hosts' certificates, in one query. A host of which nothing is known has only the count of nodes.
func (s *Store) Facts(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]certs.Facts, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	rows, err := s.cfg.Pool.Query(ctx, factsQuery, pgx.NamedArgs{"hosts": names(hosts), "issuers": s.issuerKeys(), "now": s.cfg.Now(),
		"life": certs.NodeLife, "look_at_roots": s.cfg.Roots != nil})
	if err != nil {
		return nil, fmt.Errorf("reading the facts of certificates: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[fact])
	if err != nil {
		return nil, fmt.Errorf("reading the facts of certificates: %w", err)
	}
	facts := make(map[tenant.Hostname]certs.Facts, len(list))
	for i := range list {
		host, err := tenant.ParseHostname(list[i].Host)
		if err != nil {
			return nil, fmt.Errorf("reading the facts of certificates: %w", err)
		}
		facts[host] = s.facts(&list[i])
	}
	return facts, nil
}

// facts leaves out a certificate whose root is not ours.
func (s *Store) facts(r *fact) certs.Facts {
	f := certs.Facts{Live: r.Live}
	if r.Serial != nil && (s.cfg.Roots == nil || s.trusted(r.Chain)) {
		f.Issuer, f.Serial, f.Version = s.issuerHost(*r.Issuer), *r.Serial, *r.Version
		f.NotBefore, f.NotAfter, f.RenewAt, f.CommittedAt = r.NotBefore.UTC(), r.NotAfter.UTC(), r.RenewAt.UTC(), r.CommittedAt.UTC()
		f.Serving = r.Serving
	}
	switch {
	case r.Code != nil && *r.Code != "":
		f.Trouble, f.Reason, f.TroubleSince, f.RetryAt = *r.Code, *r.Reason, r.FailedAt.UTC(), r.RetryAt.UTC()
	case r.CASince != nil:
		f.Trouble, f.Reason, f.TroubleSince = cmp.Or(*r.CACode, certs.CodeUnavailable), *r.CAReason, r.CASince.UTC()
		if r.CARetry != nil {
			f.RetryAt = r.CARetry.UTC()
		}
	}
	return f
}
