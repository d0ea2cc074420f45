package certsdb

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// longestReason is what a column takes of what a CA says.
const longestReason = 500

// plain is what a CA says without characters that do not print, among it what strangers said to it: the database takes no NUL, and an
// operator's terminal obeys others. It is cut to what fits, between two characters.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) <= longestReason {
		return text
	}
	end := longestReason
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// Failed notes a CA's refusal and returns for how long it is left alone with this host now. One without a back-off is no failure, only a time
// to wait: it makes the next back-off no longer.
func (s *Store) Failed(ctx context.Context, host tenant.Hostname, r certs.Refusal, b certs.Backoff) (time.Duration, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `INSERT INTO certificate_failures AS f (host, issuer, failures, code, reason, retry_at)
		VALUES (@host, @issuer, 1, @code, @reason, clock_timestamp() + GREATEST(LEAST(@base::interval, @max::interval), @retry::interval))
		ON CONFLICT (host, issuer) DO UPDATE SET failures = f.failures + @more::int, code = EXCLUDED.code, reason = EXCLUDED.reason, failed_at = now(),
			retry_at = clock_timestamp() + GREATEST(LEAST(@base::interval * power(3, LEAST(f.failures, 12)), @max::interval), @retry::interval)
		RETURNING EXTRACT(EPOCH FROM retry_at - clock_timestamp())::float8`
	more := 1
	if b == (certs.Backoff{}) {
		more = 0
	}
	var wait float64
	err := s.cfg.Pool.QueryRow(ctx, q, pgx.NamedArgs{
		"more": more, "host": host.String(), "issuer": s.issuers[r.CA], "code": r.Code, "reason": plain(r.Reason), "base": b.Base, "max": b.Max, "retry": r.RetryIn,
	}).Scan(&wait)
	if err != nil {
		return 0, fmt.Errorf("noting the failure of %s: %w", host, err)
	}
	return seconds(wait), nil
}

// Retry ends the back-off of a host, at all CAs, and tells every node.
func (s *Store) Retry(ctx context.Context, host tenant.Hostname) error {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `WITH forgiven AS (DELETE FROM certificate_failures WHERE host = $1)
		SELECT pg_notify('certificates', 'retry ' || $1::text)`
	if _, err := s.cfg.Pool.Exec(ctx, q, host.String()); err != nil {
		return fmt.Errorf("ending the back-off of %s: %w", host, err)
	}
	return nil
}
