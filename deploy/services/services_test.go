package services_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/deploy/services/redistest"
)

func TestStartPostgres_FindsItsDataAgain(t *testing.T) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tollhouse-test-") // t.TempDir is closed to the user that Postgres runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for run := 1; run <= 2; run++ {
		pg, err := services.StartPostgres(ctx, services.PostgresOptions{Dir: dir + "/pg", Durable: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := pg.CreateDatabase(ctx, "app", ""); err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(ctx, pg.URL(services.OwnerRole, "app"))
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if _, err := conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS runs (n int); INSERT INTO runs VALUES (1)`); err != nil {
			// The schema public belongs to the database's owner from version 15 on.
			t.Fatal(err)
		}
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM runs`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		conn.Close(ctx)
		pg.Close()
		if rows != run {
			t.Errorf("run %d finds %d rows", run, rows)
		}
	}
}

func TestClone_ServerRoleOwnsNothingAndSeesNoTenantUnasked(t *testing.T) {
	db := pgtest.Clone(t)
	ctx := context.Background()
	var owned, visible int
	const q = `SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user`
	if err := db.App.QueryRow(ctx, q).Scan(&owned); err != nil {
		t.Fatal(err)
	}
	if err := db.App.QueryRow(ctx, `SELECT count(*) FROM tenants`).Scan(&visible); err != nil {
		t.Fatal(err)
	}
	if owned != 0 || visible != 0 {
		t.Errorf("the server's role owns %d relations and sees %d tenants, want none", owned, visible)
	}
}

func TestRedis_Starts(t *testing.T) {
	if url := redistest.Start(t); url == "" {
		t.Error("no URL")
	}
}
