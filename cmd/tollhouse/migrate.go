package main

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/deploy/migrations"
)

type migrateCmd struct{}

// Help is shown by `tollhouse migrate --help`.
func (migrateCmd) Help() string {
	return "Reads " + prefix + "POSTGRES_MIGRATE_URL: the role that owns the schema. Safe to run while servers serve, and twice at once."
}

// Run applies all migrations. It reads one setting only, so that it runs before the others are known.
func (migrateCmd) Run(e *env) error {
	c, err := loadConfig(e.getenv, e.file, false, "POSTGRES_MIGRATE_URL")
	if err != nil {
		return err
	}
	if c.MigrateURL == "" {
		return fmt.Errorf("%sPOSTGRES_MIGRATE_URL is required: the database as the role that owns the schema", prefix)
	}
	pool, err := pgxpool.New(e.ctx, string(c.MigrateURL))
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer pool.Close()
	if err := migrations.Apply(e.ctx, pool); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "The schema is up to date.")
	return nil
}
