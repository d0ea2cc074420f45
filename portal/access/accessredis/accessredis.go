// Package accessredis keeps copies of live sessions and the buckets of limits in Redis. Everything in it may vanish at any moment: sessions are
// found again in the record, buckets start full. When Redis does not answer in time it is left alone for a second and limits are counted in
// this process instead.
package accessredis

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// patience is how long a request waits for Redis; pause is how long Redis is left alone after it did not answer.
const (
	patience = 100 * time.Millisecond
	pause    = time.Second
)

// Cache implements access.Cache. It is safe for concurrent use.
type Cache struct {
	client redis.UniversalClient
	local  *localBuckets
	log    *slog.Logger
	now    func() time.Time
	until  atomic.Int64 // Unix nanoseconds until which Redis is left alone
	misses atomic.Int64
}

var _ access.Cache = (*Cache)(nil)

// New returns a Cache over client.
func New(client redis.UniversalClient, log *slog.Logger, now func() time.Time) *Cache {
	return &Cache{client: client, local: newLocalBuckets(now), log: log, now: now}
}

// Away reports whether Redis is being left alone because it failed a moment ago, for metrics and readiness.
func (c *Cache) Away() bool { return c.now().UnixNano() < c.until.Load() }

// Failures counts how often Redis did not answer.
func (c *Cache) Failures() int64 { return c.misses.Load() }

// failed notes that Redis did not answer.
func (c *Cache) failed(err error) {
	c.misses.Add(1)
	if c.until.Swap(c.now().Add(pause).UnixNano()) < c.now().UnixNano() {
		c.log.Warn("redis does not answer; reading sessions from postgres", "error", err.Error())
	}
}

// stored is a session as Redis holds it. It repeats whose it is: the key alone is not believed.
type stored struct {
	ID        string    `json:"i"`
	Tenant    string    `json:"t"`
	Host      string    `json:"h"`
	HostEpoch int64     `json:"e"`
	CompanyID string    `json:"o"`
	ContactID string    `json:"c"`
	LinkID    string    `json:"k"`
	Level     string    `json:"l"`
	Document  string    `json:"d,omitempty"`
	ExpiresAt time.Time `json:"x"`
}

func sessionKey(t tenant.ID, hash [32]byte) string {
	return "session:" + string(t) + ":" + base64.RawURLEncoding.EncodeToString(hash[:])
}

// Session implements access.Cache.
func (c *Cache) Session(ctx context.Context, t tenant.ID, hash [32]byte, limit access.Check) (access.Session, bool, bool) {
	if c.Away() {
		return access.Session{}, false, c.local.allow(limit)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pipe := c.client.Pipeline()
	got := pipe.Get(ctx, sessionKey(t, hash))
	taken := evalBuckets(ctx, pipe, limit)
	_, _ = pipe.Exec(ctx) // each command's own error is looked at below
	allowed, err := taken.Bool()
	if err != nil {
		c.failed(err)
		allowed = c.local.allow(limit)
	}
	s, ok := c.decode(got)
	return s, ok, allowed
}

func (c *Cache) decode(got *redis.StringCmd) (access.Session, bool) {
	text, err := got.Bytes()
	if err != nil {
		if !errors.Is(err, redis.Nil) {
			c.failed(err)
		}
		return access.Session{}, false
	}
	var s stored
	if err := json.Unmarshal(text, &s); err != nil {
		return access.Session{}, false // another version's or garbage: as good as absent
	}
	host, err := tenant.ParseHostname(s.Host)
	if err != nil {
		return access.Session{}, false
	}
	return access.Session{ID: s.ID, Tenant: tenant.ID(s.Tenant), Host: host, HostEpoch: s.HostEpoch, CompanyID: s.CompanyID, ContactID: s.ContactID,
		LinkID: s.LinkID, Level: s.Level, DocumentID: s.Document, ExpiresAt: s.ExpiresAt}, true
}

// PutSession implements access.Cache.
func (c *Cache) PutSession(ctx context.Context, hash [32]byte, s access.Session) {
	left := s.ExpiresAt.Sub(c.now())
	if left <= 0 || c.Away() {
		return
	}
	text, err := json.Marshal(stored{s.ID, string(s.Tenant), s.Host.String(), s.HostEpoch, s.CompanyID, s.ContactID, s.LinkID, s.Level, s.DocumentID, s.ExpiresAt})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.client.Set(ctx, sessionKey(s.Tenant, hash), text, left).Err(); err != nil {
		c.failed(err)
	}
}

// DropSession implements access.Cache. It is tried even when Redis was away a moment ago, and outlives the request: a copy that stays is harmless,
// for each page asks the record again, but it is not left on purpose.
func (c *Cache) DropSession(ctx context.Context, t tenant.ID, hash [32]byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := c.client.Del(ctx, sessionKey(t, hash)).Err(); err != nil {
		c.failed(err)
	}
}

// Allow implements access.Cache.
func (c *Cache) Allow(ctx context.Context, checks ...access.Check) bool {
	if c.Away() {
		return c.local.allow(checks...)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	allowed, err := evalBuckets(ctx, c.client, checks...).Bool()
	if err != nil {
		c.failed(err)
		return c.local.allow(checks...)
	}
	return allowed
}
