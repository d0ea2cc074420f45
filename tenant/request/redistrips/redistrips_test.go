package redistrips_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tollhouse/deploy/services/redistest"
	"tollhouse/tenant/request"
	"tollhouse/tenant/request/redistrips"
)

func TestHook_CountsWhatCrossesTheWire(t *testing.T) {
	options, err := redis.ParseURL(redistest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	registry := prometheus.NewRegistry()
	hook, err := redistrips.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	client.AddHook(hook)
	two := func(p redis.Pipeliner) error {
		p.Set(context.Background(), "a", 1, 0)
		p.Get(context.Background(), "a")
		return nil
	}
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"a command", func(ctx context.Context) error { return client.Set(ctx, "a", 1, 0).Err() }},
		{"a pipeline", func(ctx context.Context) error { _, err := client.Pipelined(ctx, two); return err }},
		{"a transaction", func(ctx context.Context) error { _, err := client.TxPipelined(ctx, two); return err }},
	} {
		if err := tt.do(context.Background()); err != nil { // opens the connection and greets the server
			t.Fatalf("%s: %v", tt.name, err)
		}
		info := &request.Info{ID: "r1"}
		if err := tt.do(request.With(context.Background(), info)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := info.Trips.Redis.Load(); got != 1 {
			t.Errorf("%s: %d trips, want 1", tt.name, got)
		}
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "tollhouse_redis_trips_total" || len(families[0].GetMetric()) != 2 {
		t.Errorf("metrics: %v %v, want one series for requests and one for background work", families, err)
	}
}
