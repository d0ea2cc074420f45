// Package redistrips counts round trips to Redis: on the request that makes them, so that a test can say "one", and in a metric. It is a hook of
// go-redis and changes nothing about a command. Whoever opens a connection is also charged for its greeting; warm requests are not.
//
//	hook, err := redistrips.New(registry)
//	client.AddHook(hook)
package redistrips

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tollhouse/tenant/request"
)

// Hook counts one trip for each command and each pipeline. It is safe for any number of clients.
type Hook struct{ requests, background prometheus.Counter }

var _ redis.Hook = (*Hook)(nil)

// New returns a hook with its metric registered. It fails when the registry already has one.
func New(registry prometheus.Registerer) (*Hook, error) {
	trips := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "tollhouse", Name: "redis_trips_total", Help: "Round trips to Redis, by who made them: a request or background work.",
	}, []string{"by"})
	h := &Hook{requests: trips.WithLabelValues("request"), background: trips.WithLabelValues("background")}
	return h, registry.Register(trips)
}

func (h *Hook) count(ctx context.Context) {
	info := request.From(ctx)
	info.Trips.Redis.Add(1)
	if info.ID == "" {
		h.background.Inc()
	} else {
		h.requests.Inc()
	}
}

// DialHook counts nothing: a connection is opened once and used by many requests.
func (h *Hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook counts a command.
func (h *Hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.count(ctx)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook counts a pipeline, or a transaction sent as one, as one trip.
func (h *Hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.count(ctx)
		return next(ctx, cmds)
	}
}
