// Package redistest gives a test a real Redis server of its own.
//
//	options, err := redis.ParseURL(redistest.Start(t))
package redistest

import (
	"context"
	"testing"

	"tollhouse/deploy/services"
)

// Start starts a private redis-server that ends with the test, and returns its URL.
func Start(t testing.TB) string {
	t.Helper()
	r, err := services.StartRedis(context.Background())
	if err != nil {
		t.Fatalf("starting a private Redis: %v", err)
	}
	t.Cleanup(r.Close)
	return r.URL()
}
