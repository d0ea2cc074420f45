// Package pgtest gives a test a real, migrated Postgres database of its own. The first call in a test binary starts a private cluster, which ends
// with the binary; every call clones a database from a migrated template, in some 60 ms.
//
//	db := pgtest.Clone(t)
//	store := tenantdb.New(db.App, platform, tenantdb.Hooks{})
package pgtest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/deploy/migrations"
	"tollhouse/deploy/services"
)

// DB is one test's database. Its pools are closed, and it is dropped, when the test ends.
type DB struct {
	App      *pgxpool.Pool // as the server: row-level security bites, nothing is owned
	Owner    *pgxpool.Pool // as the schema's owner
	AppURL   string
	OwnerURL string
	AdminURL string // as the cluster's superuser
}

const template = "tollhouse_template"

// cluster is the one cluster of this test binary.
var cluster = sync.OnceValues(func() (*services.Postgres, error) {
	ctx := context.Background()
	pg, err := services.StartPostgres(ctx, services.PostgresOptions{})
	if err != nil {
		return nil, err
	}
	if err := pg.CreateDatabase(ctx, template, ""); err != nil {
		return nil, fmt.Errorf("creating the template database: %w", err)
	}
	pool, err := pgxpool.New(ctx, pg.URL(services.OwnerRole, template))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	return pg, migrations.Apply(ctx, pool)
})

var clones atomic.Int64

// Clone returns a fresh migrated database. It fails the test when Postgres cannot be started.
func Clone(t testing.TB) DB {
	t.Helper()
	db := Empty(t, template)
	db.App = open(t, db.AppURL)
	db.Owner = open(t, db.OwnerURL)
	return db
}

// Empty returns a database made from the named template ("" for none) without opening pools, for tests of migrations and programs.
func Empty(t testing.TB, from string) DB {
	t.Helper()
	pg, err := cluster()
	if err != nil {
		t.Fatalf("starting a private Postgres: %v", err)
	}
	ctx := context.Background()
	name := fmt.Sprintf("test_%d", clones.Add(1))
	if err := pg.CreateDatabase(ctx, name, from); err != nil {
		t.Fatalf("cloning the template database: %v", err)
	}
	t.Cleanup(func() { drop(t, pg, name) })
	return DB{AppURL: pg.URL(services.ServerRole, name), OwnerURL: pg.URL(services.OwnerRole, name), AdminURL: pg.URL("postgres", name)}
}

func open(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatalf("opening a pool: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func drop(t testing.TB, pg *services.Postgres, name string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pg.URL("postgres", "postgres"))
	if err != nil {
		t.Errorf("connecting to drop %s: %v", name, err)
		return
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
		t.Errorf("dropping %s: %v", name, err)
	}
}
