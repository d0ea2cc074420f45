package certsdb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// What follows answers an operator's questions. It changes nothing.

// HeldBack is a CA's refusal of one host, and until when it is not asked again.
type HeldBack struct {
	Issuer   string // host name of the CA's directory
	Failures int
	Code     string
	Reason   string
	FailedAt time.Time
	RetryAt  time.Time
}

// HeldBack returns the refusals of a host since its last certificate, by any CA.
func (s *Store) HeldBack(ctx context.Context, host tenant.Hostname) ([]HeldBack, error) {
	const q = `SELECT issuer, failures, code, reason, failed_at, retry_at FROM certificate_failures WHERE host = $1 ORDER BY issuer`
	return collect(ctx, s, "reading refusals", q, host.String(), func(row pgx.CollectableRow) (h HeldBack, err error) {
		err = row.Scan(&h.Issuer, &h.Failures, &h.Code, &h.Reason, &h.FailedAt, &h.RetryAt)
		h.Issuer, h.FailedAt, h.RetryAt = s.issuerHost(h.Issuer), h.FailedAt.UTC(), h.RetryAt.UTC()
		return h, err
	})
}

// CAState is how one CA is doing, as the nodes met it.
type CAState struct {
	Issuer       string
	FailingSince time.Time // zero: it answered last
	Code         string
	Error        string
	RetryAt      time.Time
	AnsweredAt   time.Time // when it last issued
}

// CAs returns how each configured CA is doing, the first one first. One that was never asked has no times.
func (s *Store) CAs(ctx context.Context) ([]CAState, error) {
	const q = `SELECT asked.issuer, h.failing_since, COALESCE(h.code, ''), COALESCE(h.error, ''), h.retry_at, h.ok_at
		FROM unnest($1::text[]) WITH ORDINALITY AS asked (issuer, n) LEFT JOIN ca_health h ON h.issuer = asked.issuer ORDER BY n`
	return collect(ctx, s, "reading how the CAs are doing", q, s.issuerKeys(), func(row pgx.CollectableRow) (c CAState, err error) {
		var failing, retry, ok *time.Time
		err = row.Scan(&c.Issuer, &failing, &c.Code, &c.Error, &retry, &ok)
		c.Issuer, c.FailingSince, c.RetryAt, c.AnsweredAt = s.issuerHost(c.Issuer), instant(failing), instant(retry), instant(ok)
		return c, err
	})
}

// LedgerState is one bucket of the ledger that is not at rest: Full is its theoretical arrival time less now.
type LedgerState struct {
	Issuer string
	Bucket string
	Full   time.Duration
}

// LedgerOf returns the buckets that an order for the host takes from, as far as something was taken from them.
func (s *Store) LedgerOf(ctx context.Context, host tenant.Hostname, owner tenant.ID) ([]LedgerState, error) {
	const q = `SELECT issuer, bucket, EXTRACT(EPOCH FROM tat - clock_timestamp())::float8 FROM ca_ledger
		WHERE issuer = ANY ($1) AND bucket = ANY ($2) AND tat > clock_timestamp() ORDER BY array_position($1, issuer), array_position($2, bucket)`
	buckets := []string{"orders", "tenant:" + string(owner), "names:" + host.String(), "failed:" + host.String()}
	for name, ok := host.String(), true; ok; _, name, ok = strings.Cut(name, ".") {
		buckets = append(buckets, "registered:"+name) // whichever of them is the registered domain
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	rows, _ := s.cfg.Pool.Query(ctx, q, s.issuerKeys(), buckets) // its error is the rows' error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l LedgerState, err error) {
		var full float64
		err = row.Scan(&l.Issuer, &l.Bucket, &full)
		l.Issuer, l.Full = s.issuerHost(l.Issuer), seconds(full)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return list, nil
}

// RevocationState is a certificate that was given up.
type RevocationState struct {
	Serial      string
	Issuer      string
	Reason      int // RFC 5280 section 5.3.1
	RequestedAt time.Time
	DueAt       time.Time
	RevokedAt   time.Time // zero: not yet
	Attempts    int
	Error       string
}

// RevocationsOf returns the revocations of a host's certificates, the newest first.
func (s *Store) RevocationsOf(ctx context.Context, host tenant.Hostname) ([]RevocationState, error) {
	const q = `SELECT serial, issuer, reason, requested_at, due_at, revoked_at, attempts, error FROM certificate_revocations
		WHERE host = $1 ORDER BY requested_at DESC, serial LIMIT 20`
	return collect(ctx, s, "listing revocations", q, host.String(), func(row pgx.CollectableRow) (r RevocationState, err error) {
		var revoked *time.Time
		err = row.Scan(&r.Serial, &r.Issuer, &r.Reason, &r.RequestedAt, &r.DueAt, &revoked, &r.Attempts, &r.Error)
		r.Issuer, r.RequestedAt, r.DueAt, r.RevokedAt = s.issuerHost(r.Issuer), r.RequestedAt.UTC(), r.DueAt.UTC(), instant(revoked)
		return r, err
	})
}

// collect runs a query of one argument.
func collect[T any](ctx context.Context, s *Store, doing, q string, arg any, read pgx.RowToFunc[T]) ([]T, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	rows, _ := s.cfg.Pool.Query(ctx, q, arg) // its error is the rows' error
	list, err := pgx.CollectRows(rows, read)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return list, nil
}

// instant is a nullable time as a time; NULL is zero.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
