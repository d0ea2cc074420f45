package certsdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
)

// Survey counts what is stored: one pass over the certificates without their contents, and two looks through an index.
func (s *Store) Survey(ctx context.Context, limit int) (certs.Survey, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var out certs.Survey
	args := pgx.NamedArgs{"issuers": s.issuerKeys(), "now": s.cfg.Now(), "days": certs.ExpiryDays[:], "life": certs.NodeLife, "limit": limit}
	batch := &pgx.Batch{}
	const left = `SELECT width_bucket(EXTRACT(EPOCH FROM not_after - @now::timestamptz)::float8 / 86400, @days::float8[]), count(*) FROM certificates
		WHERE issuer = ANY (@issuers) GROUP BY 1`
	batch.Queue(left, args).Query(func(rows pgx.Rows) error {
		var bucket, n int
		_, err := pgx.ForEachRow(rows, []any{&bucket, &n}, func() error { out.Left[bucket] = n; return nil })
		return err
	})
	// A node that joined after the commit loads what it is asked for.
	const unseen = `SELECT count(*) FROM certificates c
		WHERE c.issuer = ANY (@issuers) AND c.committed_at BETWEEN now() - interval '1 day' AND now() - interval '10 seconds'
			AND EXISTS (SELECT FROM nodes n WHERE n.seen_at > now() - @life::interval AND n.started_at <= c.committed_at
				AND NOT EXISTS (SELECT FROM certificate_sightings s WHERE s.host = c.host AND s.node_id = n.id AND s.serial = c.serial))`
	batch.Queue(unseen, args).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Unseen) })
	const late = `SELECT host FROM certificates WHERE issuer = ANY (@issuers) AND renew_at < @now::timestamptz
		AND renew_at + (not_after - not_before) / 10 < @now::timestamptz ORDER BY renew_at LIMIT @limit`
	batch.Queue(late, args).Query(func(rows pgx.Rows) (err error) {
		out.Late, err = pgx.CollectRows(rows, hostOf)
		return err
	})
	if err := s.cfg.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return certs.Survey{}, fmt.Errorf("counting certificates: %w", err)
	}
	return out, nil
}
