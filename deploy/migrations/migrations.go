// Package migrations holds the database schema: numbered SQL files that only go forward, each able to run while the previous version
// of the program still serves. `tollhouse migrate` applies them; the server never does.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed *.sql
var files embed.FS

// JobSchema is the Postgres schema of the job queue's own tables.
const JobSchema = "jobs"

// Apply brings the database that pool is connected to up to date: our tables, then the job queue's. The pool's role must own them.
// Two runs at once are safe, the second waits; a run on a current database changes nothing.
func Apply(ctx context.Context, pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("making the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("applying the migrations: %w", err)
	}
	return applyJobs(ctx, pool)
}

// jobsLock keeps two runs from migrating the job queue at once; the number means nothing.
const jobsLock = 7_706_110_115

// applyJobs creates or updates the job queue's tables and lets the server's role use them. They hold ids only, no tenant's data.
func applyJobs(ctx context.Context, pool *pgxpool.Pool) error {
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock($1)`, jobsLock); err != nil {
		return fmt.Errorf("waiting for another migration: %w", err)
	}
	defer func() { _, _ = lock.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, jobsLock) }()
	const create = `CREATE SCHEMA IF NOT EXISTS ` + JobSchema
	if _, err := pool.Exec(ctx, create); err != nil {
		return fmt.Errorf("creating the job schema: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: JobSchema})
	if err != nil {
		return fmt.Errorf("reading the job queue's migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("applying the job queue's migrations: %w", err)
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		const grant = `
			GRANT SELECT ON goose_db_version TO tollhouse_app;
			GRANT USAGE ON SCHEMA ` + JobSchema + ` TO tollhouse_app;
			GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ` + JobSchema + ` TO tollhouse_app;
			GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ` + JobSchema + ` TO tollhouse_app`
		_, err := tx.Exec(ctx, grant)
		return err
	})
}

// Behind returns how many of our migrations the database has not had yet: all of them when it is empty. Any role may ask.
func Behind(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	const q = `SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied`
	var applied int64
	err := pool.QueryRow(ctx, q).Scan(&applied)
	var pg *pgconn.PgError
	unseen := errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "42501") // no such table, or not ours to read: never migrated
	if err != nil && !unseen {
		return 0, fmt.Errorf("reading the schema's version: %w", err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	behind := 0
	for _, name := range names {
		if version, err := goose.NumericComponent(name); err == nil && version > applied {
			behind++
		}
	}
	return behind, nil
}
