// Package pgtrips counts round trips to Postgres: on the request that makes them, so that a test can say "one", and in a metric. It is a tracer of
// pgx and changes nothing about a query. It does not see what pgx does on its own while it connects, nor the one extra trip with which a
// connection describes the statements of a batch that it has never sent before.
//
//	tracer, err := pgtrips.New(registry)
//	poolConfig.ConnConfig.Tracer = tracer
package pgtrips

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant/request"
)

// Tracer counts one trip for each query, preparation, copy and batch; a transaction's BEGIN and COMMIT are queries. It is safe for any number
// of connections.
type Tracer struct{ requests, background prometheus.Counter }

var (
	_ pgx.QueryTracer    = (*Tracer)(nil)
	_ pgx.BatchTracer    = (*Tracer)(nil)
	_ pgx.CopyFromTracer = (*Tracer)(nil)
	_ pgx.PrepareTracer  = (*Tracer)(nil)
)

// New returns a tracer with its metric registered. It fails when the registry already has one.
func New(registry prometheus.Registerer) (*Tracer, error) {
	trips := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "tollhouse", Name: "postgres_trips_total", Help: "Round trips to Postgres, by who made them: a request or background work.",
	}, []string{"by"})
	t := &Tracer{requests: trips.WithLabelValues("request"), background: trips.WithLabelValues("background")}
	return t, registry.Register(trips)
}

func (t *Tracer) count(ctx context.Context) context.Context {
	info := request.From(ctx)
	info.Trips.Postgres.Add(1)
	if info.ID == "" {
		t.background.Inc()
	} else {
		t.requests.Inc()
	}
	return ctx
}

// TraceQueryStart counts.
func (t *Tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return t.count(ctx)
}

// TraceBatchStart counts a whole batch as one trip.
func (t *Tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.count(ctx)
}

// TraceCopyFromStart counts.
func (t *Tracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return t.count(ctx)
}

// TracePrepareStart counts the trip with which a connection describes a statement that it has never sent before.
func (t *Tracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return t.count(ctx)
}

// TraceQueryEnd does nothing; pgx asks for it.
func (t *Tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchQuery does nothing; pgx asks for it.
func (t *Tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd does nothing; pgx asks for it.
func (t *Tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromEnd does nothing; pgx asks for it.
func (t *Tracer) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}

// TracePrepareEnd does nothing; pgx asks for it.
func (t *Tracer) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
