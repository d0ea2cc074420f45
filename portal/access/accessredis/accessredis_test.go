package accessredis_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tollhouse/deploy/services/redistest"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessredis"
	"tollhouse/tenant"
)

var ctx = context.Background()

// on runs a test on the Redis of production and on the one of development.
func on(t *testing.T, test func(t *testing.T, client *redis.Client)) {
	for name, url := range map[string]func() string{
		"redis-server": func() string { return redistest.Start(t) },
		"miniredis":    func() string { return "redis://" + miniredis.RunT(t).Addr() },
	} {
		t.Run(name, func(t *testing.T) {
			options, err := redis.ParseURL(url())
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewClient(options)
			t.Cleanup(func() { client.Close() })
			test(t, client)
		})
	}
}

func cache(client *redis.Client) *accessredis.Cache {
	return accessredis.New(client, slog.New(slog.DiscardHandler), time.Now)
}

func TestAllow_TakesFromAllOrNone(t *testing.T) {
	on(t, func(t *testing.T, client *redis.Client) {
		c := cache(client)
		small := access.Check{Group: "g", Key: "small", Burst: 1, Per: time.Hour}
		large := access.Check{Group: "g", Key: "large", Burst: 3, Per: time.Hour}
		if !c.Allow(ctx, large, small) {
			t.Fatal("full buckets refuse")
		}
		for range 5 {
			if c.Allow(ctx, large, small) {
				t.Error("an empty bucket allows")
			}
		}
		for i := range 3 {
			if got, want := c.Allow(ctx, large), i < 2; got != want {
				t.Errorf("of the two left beside, the refusals took some: request %d is %t", i+1, got)
			}
		}
	})
}

func TestAllow_CountsExactlyWhoeverAsks(t *testing.T) {
	on(t, func(t *testing.T, client *redis.Client) {
		a, b := cache(client), cache(client) // two nodes
		check := access.Check{Group: "g", Key: "k", Burst: 20, Per: time.Hour}
		var allowed atomic.Int32
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if []*accessredis.Cache{a, b}[i%2].Allow(ctx, check) {
					allowed.Add(1)
				}
			})
		}
		wg.Wait()
		if allowed.Load() != 20 {
			t.Errorf("%d allowed, want 20", allowed.Load())
		}
	})
}

func TestAllow_RefillsEvenly(t *testing.T) {
	on(t, func(t *testing.T, client *redis.Client) {
		c := cache(client)
		check := access.Check{Group: "g", Key: "k", Burst: 2, Per: 100 * time.Millisecond}
		for c.Allow(ctx, check) { // until it is empty
		}
		deadline := time.After(10 * time.Second)
		for !c.Allow(ctx, check) {
			select {
			case <-deadline:
				t.Fatal("it never refills")
			default:
			}
		}
	})
}

func TestAllow_WithoutRedisCountsInThisProcess(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer client.Close()
	c := cache(client)
	check := access.Check{Group: "g", Key: "k", Burst: 3, Per: time.Hour}
	for i := range 6 {
		if got, want := c.Allow(ctx, check), i < 3; got != want {
			t.Errorf("request %d: %t, want %t", i+1, got, want)
		}
	}
	if !c.Away() || c.Failures() == 0 {
		t.Error("nobody is told that Redis is away")
	}
}

func TestSession_KeepsItsCopyUntilItExpiresOrIsDropped(t *testing.T) {
	on(t, func(t *testing.T, client *redis.Client) {
		c := cache(client)
		hash := [32]byte{1}
		s := access.Session{ID: "ses_1", Tenant: "ten_a", Host: tenant.MustParseHostname("a.example"), HostEpoch: 7, CompanyID: "co", ContactID: "con",
			LinkID: "lnk", Level: "confirmed", ExpiresAt: time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)}
		limit := access.Check{Group: "ten_a", Key: "k", Burst: 100, Per: time.Minute}
		c.PutSession(ctx, hash, s)
		if got, ok, allowed := c.Session(ctx, "ten_a", hash, limit); !ok || !allowed || got != s {
			t.Errorf("kept %+v, %t, %t", got, ok, allowed)
		}
		if _, ok, _ := c.Session(ctx, "ten_b", hash, limit); ok {
			t.Error("another tenant finds it")
		}
		if ttl := client.TTL(ctx, client.Keys(ctx, "session:*").Val()[0]).Val(); ttl <= 0 || ttl > time.Hour {
			t.Errorf("it stays for %s, want at most the hour that is left", ttl)
		}
		c.DropSession(ctx, "ten_a", hash)
		if _, ok, _ := c.Session(ctx, "ten_a", hash, limit); ok {
			t.Error("a dropped copy is found")
		}
	})
}
