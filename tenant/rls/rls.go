// Package rls runs SQL as one tenant. Postgres row-level security is the second lock behind every statement's own tenant_id: a transaction
// names its tenant once, and rows of every other tenant do not exist for it. A statement that runs outside this package sees no tenant's
// rows at all.
//
//	err := rls.Tx(ctx, pool, tenantID, func(tx pgx.Tx) error { … })
package rls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tollhouse/tenant"
)

// setTenant is local to the transaction: a pooled connection never carries a tenant over to its next borrower.
const setTenant = `SELECT set_config('app.tenant', $1, true)`

// ErrNoTenant is returned when the tenant's id is empty, before anything is sent.
var ErrNoTenant = errors.New("no tenant given")

// DB is the part of *pgxpool.Pool that this package needs.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Tx calls fn inside a transaction that belongs to tenant t, commits when fn returns nil and rolls back otherwise. fn must not call over
// the network.
func Tx(ctx context.Context, db DB, t tenant.ID, fn func(tx pgx.Tx) error) error {
	if t == "" {
		return ErrNoTenant
	}
	return reachable(pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, setTenant, string(t)); err != nil {
			return err
		}
		return fn(tx)
	}))
}

// Snapshot calls fn inside a read-only transaction that belongs to tenant t and sees all of its rows as of one moment, however long it takes.
func Snapshot(ctx context.Context, db DB, t tenant.ID, fn func(tx pgx.Tx) error) error {
	if t == "" {
		return ErrNoTenant
	}
	return reachable(pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, setTenant, string(t)); err != nil {
			return err
		}
		return fn(tx)
	}))
}

// Read sends all queries of b as tenant t in one round trip and runs their callbacks. They share one implicit transaction and see, at the
// default isolation, each the newest committed rows. The first error ends it and is returned.
func Read(ctx context.Context, db DB, t tenant.ID, b *pgx.Batch) error {
	if t == "" {
		return ErrNoTenant
	}
	scoped := &pgx.Batch{}
	scoped.Queue(setTenant, string(t))
	scoped.QueuedQueries = append(scoped.QueuedQueries, b.QueuedQueries...)
	return reachable(db.SendBatch(ctx, scoped).Close())
}

// Platform calls fn inside a read-only transaction that sees every tenant's rows in the few tables that the whole platform must read: tenants
// and domains. All others stay empty.
func Platform(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	return reachable(pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET TRANSACTION READ ONLY`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT set_config('app.scope', 'platform', true)`); err != nil {
			return err
		}
		return fn(tx)
	}))
}

// Shared calls fn inside a transaction that belongs to no tenant: it finds and writes rows only in the tables that hold no tenant's data.
// fn must not call over the network.
func Shared(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	return reachable(pgx.BeginFunc(ctx, db, fn))
}

// reachable marks an error that says nothing but that Postgres is away, or too busy, as tenant.ErrUnavailable.
func reachable(err error) error {
	if err == nil || errors.Is(err, tenant.ErrUnavailable) {
		return err
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	away := errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err) && !errors.Is(err, context.Canceled) // a connection of the pool that was lost while nobody used it
	if errors.As(err, &pg) {
		away = away || unavailable[pg.Code[:2]] || pg.Code == "25006"
	}
	if !away {
		return err
	}
	return fmt.Errorf("%w: %w", tenant.ErrUnavailable, err)
}

// unavailable holds the classes of SQLSTATE that tell of the server's state and not of the statement: connections, resources, an operator's
// intervention, the system itself. 25006 beside them is a server that only reads, as after a failover.
var unavailable = map[string]bool{"08": true, "53": true, "57": true, "58": true}

// Violates reports whether err is a violation of the named unique, foreign key or check constraint.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}
