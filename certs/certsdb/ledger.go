package certsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
)

// The ledger counts by GCRA, as CAs do: a bucket is its theoretical arrival time (tat), which each event moves a step of Per/Count on from
// where it stands, or from now. It is full when it would move more than Per ahead of now. The database's clock is the only one.

// lockBuckets makes the buckets that are new and locks all, in one order for everybody.
const lockBuckets = `INSERT INTO ca_ledger AS l (issuer, bucket, tat)
	SELECT @issuer, b, clock_timestamp() FROM unnest(@buckets::text[]) AS b ORDER BY b
	ON CONFLICT (issuer, bucket) DO UPDATE SET tat = l.tat`

// take decides, and moves all buckets or none. It sees what was committed before the locks were had.
const take = `WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
	state AS MATERIALIZED (SELECT a.*, GREATEST(l.tat, now) AS tat, EXTRACT(EPOCH FROM GREATEST(l.tat, now) - now)::float8 AS used
		FROM unnest(@buckets::text[], @steps::float8[], @spans::float8[], @peeks::bool[], @soft::bool[]) AS a (bucket, step, span, peek, soft)
		JOIN ca_ledger l ON l.issuer = @issuer AND l.bucket = a.bucket, clock),
	full_ones AS (SELECT bucket, used + step - span AS wait FROM state
		WHERE used + step > span + 0.001 AND NOT (soft AND (SELECT used + step FROM state WHERE bucket = @first) <= @half)),
	health AS (SELECT code, error, EXTRACT(EPOCH FROM retry_at - now)::float8 AS wait FROM ca_health, clock WHERE issuer = @issuer AND retry_at > now),
	moved AS (UPDATE ca_ledger l SET tat = s.tat + s.step * interval '1 second' FROM state s
		WHERE l.issuer = @issuer AND l.bucket = s.bucket AND NOT s.peek AND NOT EXISTS (SELECT FROM full_ones) AND NOT EXISTS (SELECT FROM health)
		RETURNING l.bucket)
	SELECT COALESCE((SELECT bucket FROM full_ones ORDER BY wait DESC LIMIT 1), ''), COALESCE((SELECT max(wait) FROM full_ones), 0),
		COALESCE((SELECT code FROM health), ''), COALESCE((SELECT error FROM health), ''), COALESCE((SELECT wait FROM health), 0),
		COALESCE((SELECT used FROM state WHERE bucket = @first), 0), (SELECT count(*) FROM moved)`

// Take takes one event from each of the buckets, if the CA is to be asked at all and every bucket has one left.
func (s *Store) Take(ctx context.Context, ca int, buckets []certs.Bucket) (certs.Taken, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	args := ledgerArgs(buckets)
	args["issuer"] = s.issuers[ca]
	batch := &pgx.Batch{}
	if len(buckets) > 0 {
		batch.Queue(lockBuckets, args)
	}
	batch.Queue(take, args)
	results := s.cfg.Pool.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }() // what was wrong is said below
	if len(buckets) > 0 {
		if _, err := results.Exec(); err != nil {
			return certs.Taken{}, fmt.Errorf("taking from the ledger: %w", err)
		}
	}
	var t certs.Taken
	var full, held, used float64
	var moved int
	if err := results.QueryRow().Scan(&t.Bucket, &full, &t.Code, &t.Reason, &held, &used, &moved); err != nil {
		return certs.Taken{}, fmt.Errorf("taking from the ledger: %w", err)
	}
	if err := results.Close(); err != nil {
		return certs.Taken{}, fmt.Errorf("taking from the ledger: %w", err)
	}
	t.Wait = max(seconds(full), seconds(held))
	if held == 0 && full > 0 {
		t.Code = certs.CodeRateLimited
	}
	if len(buckets) > 0 {
		t.Used = used / buckets[0].Limit.Per.Seconds()
	}
	return t, nil
}

func ledgerArgs(buckets []certs.Bucket) pgx.NamedArgs {
	var names []string
	var steps, spans []float64
	var peeks, soft []bool
	first, half := "", 0.0
	for i, b := range buckets {
		step := step(b).Seconds()
		if i == 0 {
			first, half = b.Name, step*float64(b.Limit.Count)/2
		}
		names, steps, spans = append(names, b.Name), append(steps, step), append(spans, step*float64(b.Limit.Count-b.Keep))
		peeks, soft = append(peeks, b.Peek), append(soft, b.Soft)
	}
	return pgx.NamedArgs{"buckets": names, "steps": steps, "spans": spans, "peeks": peeks, "soft": soft, "first": first, "half": half}
}

func step(b certs.Bucket) time.Duration { return b.Limit.Per / time.Duration(b.Limit.Count) }

// GiveBack returns what was taken for an order that was not made.
func (s *Store) GiveBack(ctx context.Context, ca int, buckets []certs.Bucket) error {
	return s.move(ctx, ca, buckets, -1)
}

// Spend takes from buckets whatever they hold: the event has happened.
func (s *Store) Spend(ctx context.Context, ca int, buckets []certs.Bucket) error {
	return s.move(ctx, ca, buckets, 1)
}

func (s *Store) move(ctx context.Context, ca int, buckets []certs.Bucket, sign int) error {
	if len(buckets) == 0 {
		return nil
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `UPDATE ca_ledger l SET tat = GREATEST(l.tat, CASE WHEN @sign > 0 THEN clock_timestamp() END) + @sign * a.step * interval '1 second'
		FROM unnest(@buckets::text[], @steps::float8[]) AS a (bucket, step) WHERE l.issuer = @issuer AND l.bucket = a.bucket`
	args := ledgerArgs(buckets)
	args["issuer"], args["sign"] = s.issuers[ca], sign
	batch := &pgx.Batch{}
	batch.Queue(lockBuckets, args)
	batch.Queue(q, args)
	if err := s.cfg.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("correcting the ledger: %w", err)
	}
	return nil
}

// Hold fills a bucket so that it has nothing before wait is over.
func (s *Store) Hold(ctx context.Context, ca int, b certs.Bucket, wait time.Duration) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `INSERT INTO ca_ledger AS l (issuer, bucket, tat) VALUES ($1, $2, clock_timestamp() + $3::interval)
		ON CONFLICT (issuer, bucket) DO UPDATE SET tat = GREATEST(l.tat, EXCLUDED.tat)`
	if _, err := s.cfg.Pool.Exec(ctx, q, s.issuers[ca], b.Name, wait+b.Limit.Per-step(b)); err != nil {
		return fmt.Errorf("holding a bucket of the ledger: %w", err)
	}
	return nil
}

// Troubled notes that a CA is in trouble and returns for how long it is left alone: as it says, or else for half the time that the trouble has
// lasted, within the bounds of b.
func (s *Store) Troubled(ctx context.Context, r certs.Refusal, b certs.Backoff) (time.Duration, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `INSERT INTO ca_health AS h (issuer, failing_since, code, error, failed_at, retry_at)
		VALUES (@issuer, clock_timestamp(), @code, @reason, clock_timestamp(), clock_timestamp() + GREATEST(@base::interval, @retry::interval))
		ON CONFLICT (issuer) DO UPDATE SET failing_since = COALESCE(h.failing_since, EXCLUDED.failing_since), code = EXCLUDED.code,
			error = EXCLUDED.error, failed_at = EXCLUDED.failed_at,
			retry_at = GREATEST(h.retry_at, clock_timestamp() + GREATEST(@retry::interval,
				LEAST(GREATEST(@base::interval, (clock_timestamp() - h.failing_since) / 2), @max::interval)))
		RETURNING EXTRACT(EPOCH FROM retry_at - clock_timestamp())::float8`
	var wait float64
	err := s.cfg.Pool.QueryRow(ctx, q, pgx.NamedArgs{"issuer": s.issuers[r.CA], "code": r.Code, "reason": plain(r.Reason), "retry": r.RetryIn,
		"base": b.Base, "max": b.Max}).Scan(&wait)
	if err != nil {
		return 0, fmt.Errorf("noting the trouble of a CA: %w", err)
	}
	return seconds(wait), nil
}

// Answered notes that a CA issued a certificate, which ends its trouble. It writes when there was any, and once a minute.
func (s *Store) Answered(ctx context.Context, ca int) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `INSERT INTO ca_health AS h (issuer, ok_at) VALUES ($1, clock_timestamp())
		ON CONFLICT (issuer) DO UPDATE SET failing_since = NULL, code = '', error = '', retry_at = NULL, ok_at = EXCLUDED.ok_at
		WHERE h.failing_since IS NOT NULL OR h.retry_at IS NOT NULL OR h.ok_at IS NULL OR h.ok_at < clock_timestamp() - interval '1 minute'`
	if _, err := s.cfg.Pool.Exec(ctx, q, s.issuers[ca]); err != nil {
		return fmt.Errorf("noting that a CA answered: %w", err)
	}
	return nil
}

// Failing tells of each CA whether it is in trouble.
func (s *Store) Failing(ctx context.Context) ([]bool, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT h.failing_since IS NOT NULL FROM unnest($1::text[]) WITH ORDINALITY AS asked (issuer, n)
		LEFT JOIN ca_health h ON h.issuer = asked.issuer ORDER BY n`
	rows, err := s.cfg.Pool.Query(ctx, q, s.issuers)
	if err != nil {
		return nil, fmt.Errorf("reading how the CAs are doing: %w", err)
	}
	failing, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	if err != nil {
		return nil, fmt.Errorf("reading how the CAs are doing: %w", err)
	}
	return failing, nil
}
