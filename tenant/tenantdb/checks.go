package tenantdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/rls"
)

// mostWaiting bounds how many waiting checks are ordered by turns: after a long outage everything is due.
const mostWaiting = 10_000

// Take picks domains whose check is due and puts each off by hold so that no other node takes it meanwhile. Tenants take turns, those that the
// node is at work for already come later, and of one tenant's the longest waiting comes first: many slow names of one hold up no other's. A node
// that dies with a domain loses nothing: the check is due again when the hold has run out.
func (s *Store) Take(ctx context.Context, limit int, hold time.Duration, at domains.Work) ([]domains.Ref, error) {
	const q = `
		WITH waiting AS (
			SELECT c.tenant_id, c.domain_id, c.due_at FROM domain_checks c WHERE c.due_at <= app_now() ORDER BY c.due_at LIMIT @most
		), turns AS (
			SELECT w.tenant_id, w.domain_id, COALESCE(b.n, 0) + row_number() OVER (PARTITION BY w.tenant_id ORDER BY w.due_at) AS turn
			FROM waiting w LEFT JOIN unnest(@busy::text[], @at::bigint[]) AS b (tenant_id, n) ON b.tenant_id = w.tenant_id
		), due AS (
			SELECT c.tenant_id, c.domain_id, c.due_at, t.turn FROM domain_checks c
			JOIN turns t ON t.tenant_id = c.tenant_id AND t.domain_id = c.domain_id
			WHERE c.due_at <= app_now() AND (@share = 0 OR t.turn <= @share)
			ORDER BY t.turn, c.due_at LIMIT @limit FOR NO KEY UPDATE OF c SKIP LOCKED
		), held AS (
			UPDATE domain_checks c SET due_at = app_now() + @hold
			FROM due WHERE c.tenant_id = due.tenant_id AND c.domain_id = due.domain_id
			RETURNING c.tenant_id, c.domain_id, due.turn, due.due_at AS since
		)
		SELECT held.tenant_id AS tenant, held.domain_id AS id FROM held ORDER BY held.turn, held.since`
	busy, counts := work(at)
	var taken []domains.Ref
	err := rls.Shared(ctx, s.pool, func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(ctx, q, pgx.NamedArgs{"most": mostWaiting, "busy": busy, "at": counts, "share": at.Share, "limit": limit, "hold": hold})
		taken, err = pgx.CollectRows(rows, pgx.RowToStructByName[domains.Ref])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("taking domains whose check is due: %w", err)
	}
	return taken, nil
}

// work is what a node is at work on, as two columns.
func work(at domains.Work) (tenants []string, counts []int) {
	for t, n := range at.Busy {
		tenants, counts = append(tenants, string(t)), append(counts, n)
	}
	return tenants, counts
}

// Hurry makes a domain's next check due at once. A domain that does not exist, or is another tenant's or deleted, is no error: there is nothing
// to check.
func (s *Store) Hurry(ctx context.Context, t tenant.ID, id string) error {
	const q = `
		INSERT INTO domain_checks (tenant_id, domain_id, due_at)
		SELECT d.tenant_id, d.id, app_now() FROM domains d WHERE d.tenant_id = $1 AND d.id = $2 AND d.status <> 'deleted'
		ON CONFLICT (tenant_id, domain_id) DO UPDATE SET due_at = LEAST(domain_checks.due_at, EXCLUDED.due_at)`
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, t, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("hurrying the check of domain %s: %w", id, err)
	}
	return nil
}

// Counts tells how many domains have each status, deleted ones not, across tenants.
func (s *Store) Counts(ctx context.Context) (map[tenant.DomainStatus]int, error) {
	const q = `SELECT d.status, count(*) FROM domains d WHERE d.status <> 'deleted' GROUP BY d.status`
	counts := map[tenant.DomainStatus]int{}
	err := rls.Platform(ctx, s.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q)
		var status tenant.DomainStatus
		var n int
		_, err := pgx.ForEachRow(rows, []any{&status, &n}, func() error { counts[status] = n; return nil })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting domains: %w", err)
	}
	return counts, nil
}
