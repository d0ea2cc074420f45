package certsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/tenant"
)

var _ certs.Fleet = (*Store)(nil)

// Nodes go by the database's real clock, also where a test moves the program's: a node is alive because it said so a moment ago.

// Beat says that a node lives. The clock that it returns is the one that this connection is told to go by.
func (s *Store) Beat(ctx context.Context, n certs.Node) (certs.Pulse, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	// A node that was taken for dead missed what was committed meanwhile: it joins anew, and what it was seen serving is forgotten.
	const q = `WITH known AS (SELECT seen_at > now() - @life::interval AS live FROM nodes WHERE id = @id),
		forgotten AS (DELETE FROM certificate_sightings WHERE node_id = @id AND NOT (SELECT live FROM known)),
		beat AS (
			INSERT INTO nodes AS n (id, name, directory_seq, clock_skew_ms, seal_key) VALUES (@id, left(@name, 200), @seq, @skew, @seal_key)
			ON CONFLICT (id) DO UPDATE SET seen_at = now(), directory_seq = EXCLUDED.directory_seq, clock_skew_ms = EXCLUDED.clock_skew_ms,
				seal_key = EXCLUDED.seal_key,
				started_at = CASE WHEN n.seen_at > now() - @life::interval THEN n.started_at ELSE now() END)
		SELECT clock_timestamp() + (app_now() - now()), COALESCE(NOT (SELECT live FROM known), true),
			1 + (SELECT count(*) FROM nodes WHERE seen_at > now() - @life::interval AND id <> @id)`
	var p certs.Pulse
	err := s.cfg.Pool.QueryRow(ctx, q, pgx.NamedArgs{"id": n.ID, "name": n.Name, "seq": n.DirectorySeq, "skew": n.Skew.Milliseconds(),
		"seal_key": n.SealKey, "life": certs.NodeLife}).Scan(&p.Now, &p.Joined, &p.Live)
	if err != nil {
		return certs.Pulse{}, fmt.Errorf("saying that this node lives: %w", err)
	}
	return p, nil
}

// Leave takes a node out of the list, with its sightings.
func (s *Store) Leave(ctx context.Context, id string) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if _, err := s.cfg.Pool.Exec(ctx, `DELETE FROM nodes WHERE id = $1`, id); err != nil {
		return fmt.Errorf("taking this node out of the list: %w", err)
	}
	return nil
}

// Fade deletes what dead nodes left after an hour, and what is of no use to anybody after a while: sightings of hosts that have no
// certificate any more, and the notes of what was revoked, a month after it would have expired.
func (s *Store) Fade(ctx context.Context) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if _, err := s.cfg.Pool.Exec(ctx, `DELETE FROM nodes WHERE seen_at < now() - interval '1 hour'`); err != nil {
		return fmt.Errorf("sweeping dead nodes: %w", err)
	}
	const gone = `DELETE FROM certificate_sightings s WHERE s.seen_at < now() - interval '1 hour'
		AND NOT EXISTS (SELECT FROM certificates c WHERE c.host = s.host)`
	if _, err := s.cfg.Pool.Exec(ctx, gone); err != nil {
		return fmt.Errorf("sweeping sightings: %w", err)
	}
	const revoked = `DELETE FROM certificate_revocations WHERE revoked_at IS NOT NULL AND not_after < now() - interval '1 month'`
	if _, err := s.cfg.Pool.Exec(ctx, revoked); err != nil {
		return fmt.Errorf("sweeping revocations: %w", err)
	}
	return nil
}

// Saw records what a node was seen serving, in one statement.
func (s *Store) Saw(ctx context.Context, id string, seen []certs.Sighting) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `INSERT INTO certificate_sightings AS s (host, node_id, serial, version)
		SELECT host, @node, serial, version FROM unnest(@hosts::text[], @serials::text[], @versions::bigint[]) AS seen (host, serial, version)
		ON CONFLICT (host, node_id) DO UPDATE SET serial = EXCLUDED.serial, version = EXCLUDED.version, seen_at = now()`
	hosts, serials, versions := make([]string, len(seen)), make([]string, len(seen)), make([]int64, len(seen))
	for i, one := range seen {
		hosts[i], serials[i], versions[i] = one.Host.String(), one.Serial, one.Version
	}
	_, err := s.cfg.Pool.Exec(ctx, q, pgx.NamedArgs{"node": id, "hosts": hosts, "serials": serials, "versions": versions})
	if err != nil {
		return fmt.Errorf("recording what this node serves: %w", err)
	}
	return nil
}

// Unseen returns hosts whose certificate was committed lately and that the node was not seen serving, the newest first.
func (s *Store) Unseen(ctx context.Context, id string, within time.Duration, limit int) ([]tenant.Hostname, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT c.host FROM certificates c LEFT JOIN certificate_sightings s ON s.host = c.host AND s.node_id = @node
		WHERE c.committed_at > now() - @within::interval AND c.issuer = ANY (@issuers) AND s.serial IS DISTINCT FROM c.serial
		ORDER BY c.committed_at DESC LIMIT @limit`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{"node": id, "within": within, "issuers": s.issuerKeys(), "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("asking for certificates that this node was not seen serving: %w", err)
	}
	hosts, err := pgx.CollectRows(rows, hostOf)
	if err != nil {
		return nil, fmt.Errorf("asking for certificates that this node was not seen serving: %w", err)
	}
	return hosts, nil
}

// hostOf reads a row of one host name.
func hostOf(row pgx.CollectableRow) (tenant.Hostname, error) {
	var name string
	if err := row.Scan(&name); err != nil {
		return tenant.Hostname{}, err
	}
	return tenant.ParseHostname(name)
}
