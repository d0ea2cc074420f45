package pgtrips_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant/request"
	"tollhouse/tenant/request/pgtrips"
	"tollhouse/tenant/rls"
)

func TestTracer_CountsWhatCrossesTheWire(t *testing.T) {
	registry := prometheus.NewRegistry()
	pool := tracedPool(t, registry)
	read := func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`SELECT 1`)
		b.Queue(`SELECT 2`)
		return rls.Read(ctx, pool, "ten_1", b)
	}
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context) error
		want int32
	}{
		{"a query", func(ctx context.Context) error { _, err := pool.Exec(ctx, `SELECT 1`); return err }, 1},
		{"a batch is one", read, 1},
		{"a transaction is begin, tenant, query, commit", func(ctx context.Context) error {
			return rls.Tx(ctx, pool, "ten_1", func(tx pgx.Tx) error { _, err := tx.Exec(ctx, `SELECT 1`); return err })
		}, 4},
	} {
		if err := tt.do(context.Background()); err != nil { // the connection describes its statements now
			t.Fatalf("%s: %v", tt.name, err)
		}
		info := &request.Info{ID: "r1"}
		if err := tt.do(request.With(context.Background(), info)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := info.Trips.Postgres.Load(); got != tt.want {
			t.Errorf("%s: %d trips, want %d", tt.name, got, tt.want)
		}
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "tollhouse_postgres_trips_total" || len(families[0].GetMetric()) != 2 {
		t.Errorf("metrics: %v %v, want one series for requests and one for background work", families, err)
	}
}

// tracedPool has one connection, so that what one call has prepared the next one finds.
func tracedPool(t *testing.T, registry *prometheus.Registry) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.Clone(t).AppURL)
	if err != nil {
		t.Fatal(err)
	}
	tracer, err := pgtrips.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
