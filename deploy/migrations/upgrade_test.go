package migrations_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"tollhouse/deploy/migrations"
	"tollhouse/deploy/services/pgtest"
)

// upTo brings an empty database to an older schema.
func upTo(t *testing.T, version int64) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), pgtest.Empty(t, "").OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	return pool
}

// Row-level security binds the owner too: a migration that forgets it changes nothing and says nothing.
func TestApply_ExistingDomainsAreVouchedForAndWatched(t *testing.T) {
	ctx := context.Background()
	pool := upTo(t, 8)
	const old = `
		SELECT set_config('app.tenant', 'ten_mine', true);
		INSERT INTO tenants (id, slug, name) VALUES ('ten_mine', 'mine', 'T');
		INSERT INTO domains (tenant_id, id, host, status, proven_at) VALUES ('ten_mine', 'dom_1', 'billing.mine.example', 'active', now()),
			('ten_mine', 'dom_2', 'gone.mine.example', 'deleted', now()), ('ten_mine', 'dom_3', 'new.mine.example', 'pending_ownership', NULL)`
	if _, err := pool.Exec(ctx, old); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Apply(ctx, pool); err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SET app.tenant = 'ten_mine'`); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{
		`SELECT string_agg(id || '=' || proven_by, ' ' ORDER BY id) FROM domains`:                         "dom_1=operator dom_2=operator dom_3=",
		`SELECT string_agg(domain_id || '=' || to_status, ' ' ORDER BY domain_id) FROM domain_history`:    "dom_1=active dom_2=deleted dom_3=pending_ownership",
		`SELECT string_agg(domain_id, ' ' ORDER BY domain_id) FROM domain_checks WHERE due_at <= now()`:   "dom_1 dom_3",
		`SELECT string_agg(relname, ' ') FROM pg_class WHERE relname = 'domains' AND relforcerowsecurity`: "domains",
	} {
		var got string
		if err := conn.QueryRow(ctx, q).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", q, got, err, want)
		}
	}
}
