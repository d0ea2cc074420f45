package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"tollhouse/deploy/migrations"
	"tollhouse/tenant/request/pgtrips"
	"tollhouse/tenant/request/redistrips"
)

// openPostgres makes the server's pool; it connects when first used. clock may be nil.
func openPostgres(ctx context.Context, c Config, tracer *pgtrips.Tracer, clock *testClock) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(string(c.PostgresURL))
	if err != nil {
		return nil, errors.New("POSTGRES_URL cannot be read") // the driver's own words repeat the password
	}
	config.MaxConns = int32(c.PostgresMax)
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "tollhouse"
	// A statement that takes longer than this is broken, and a request that waits for it is better told so.
	config.ConnConfig.RuntimeParams["statement_timeout"] = "10s"
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "30s"
	if tracer != nil {
		config.ConnConfig.Tracer = tracer
	}
	if clock != nil {
		config.PrepareConn = clock.prepare
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// openRedis makes the client; it connects when first used.
func openRedis(c Config, hook *redistrips.Hook) (redis.UniversalClient, error) {
	client, err := redisClient(c)
	if err != nil {
		return nil, errors.New("REDIS_URL cannot be read") // its words may repeat the password
	}
	if hook != nil {
		client.AddHook(hook)
	}
	return client, nil
}

func redisClient(c Config) (redis.UniversalClient, error) {
	const dial, io = 300 * time.Millisecond, 150 * time.Millisecond
	switch c.RedisMode {
	case "sentinel":
		o, err := redis.ParseFailoverURL(string(c.RedisURL))
		if err != nil {
			return nil, err
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.ContextTimeoutEnabled = dial, io, io, true
		return redis.NewFailoverClient(o), nil
	case "cluster":
		o, err := redis.ParseClusterURL(string(c.RedisURL))
		if err != nil {
			return nil, err
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.ContextTimeoutEnabled = dial, io, io, true
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(string(c.RedisURL))
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.ContextTimeoutEnabled = dial, io, io, true
	return redis.NewClient(o), nil
}

// errSchema is wrapped when the database is older than the program.
var errSchema = errors.New("the database schema is behind this program; run `tollhouse migrate`")

// checkDatabase refuses to work on a schema that is behind, or with a role for which row-level security would not hold.
func checkDatabase(ctx context.Context, pool *pgxpool.Pool) error {
	behind, err := migrations.Behind(ctx, pool)
	if err != nil {
		return err
	}
	if behind > 0 {
		return fmt.Errorf("%w (%d migrations)", errSchema, behind)
	}
	return checkRole(ctx, pool)
}

// errRole is wrapped by what checkRole finds.
var errRole = errors.New("the server's database role has the wrong rights")

// checkRole refuses to work with a role for which row-level security would not hold: one that may bypass it, or owns what it protects.
func checkRole(ctx context.Context, pool *pgxpool.Pool) error {
	const q = `SELECT current_user, rolsuper, rolbypassrls, pg_has_role(current_user, 'tollhouse_app', 'MEMBER'),
		EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname IN ('public', $1) AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(current_user, c.relowner, 'MEMBER'))
		FROM pg_roles WHERE rolname = current_user`
	var name string
	var super, bypass, member, owns bool
	err := pool.QueryRow(ctx, q, migrations.JobSchema).Scan(&name, &super, &bypass, &member, &owns)
	if undefinedObject(err) {
		return fmt.Errorf("%w: the group role tollhouse_app does not exist; run `tollhouse migrate` first", errRole)
	}
	if err != nil {
		return err
	}
	switch {
	case super || bypass:
		return fmt.Errorf("%w: %s is a superuser or bypasses row-level security, so tenants would not be kept apart; use a plain role: CREATE ROLE … LOGIN IN ROLE tollhouse_app", errRole, name)
	case owns:
		return fmt.Errorf("%w: %s owns tables; let another role own the schema and run `tollhouse migrate`", errRole, name)
	case !member:
		return fmt.Errorf("%w: %s may not use the tables: GRANT tollhouse_app TO %s", errRole, name, pgx.Identifier{name}.Sanitize())
	}
	return nil
}
