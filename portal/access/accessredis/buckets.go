package accessredis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tollhouse/portal/access"
)

// takeOne takes one token from each bucket, or from none when one is empty. A bucket is a hash of what it held and when, by Redis's clock, and
// expires once it would be full again. Three arguments belong to each key: burst, the milliseconds to refill it, and 0 instead of 1 for a
// bucket that is only looked at.
//
// KEYS: the buckets. ARGV: burst, milliseconds, take, burst, milliseconds, take, …
const takeOne = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local left = {}
for i, key in ipairs(KEYS) do
	local burst, per = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
	local held = redis.call('HMGET', key, 'n', 'at')
	local n = burst
	if held[1] then
		n = math.min(burst, tonumber(held[1]) + math.max(0, now - tonumber(held[2])) * burst / per)
	end
	if n < 1 then
		return 0
	end
	left[i] = n - 1
end
for i, key in ipairs(KEYS) do
	if ARGV[3 * i] == '1' then
		redis.call('HSET', key, 'n', tostring(left[i]), 'at', tostring(now))
		redis.call('PEXPIRE', key, ARGV[3 * i - 1])
	end
end
return 1`

// evalBuckets sends the script whole each time: it is short, and a server that has just started knows no script by its hash.
func evalBuckets(ctx context.Context, c redis.Cmdable, checks ...access.Check) *redis.Cmd {
	keys := make([]string, len(checks))
	args := make([]any, 0, 3*len(checks))
	for i, check := range checks {
		keys[i] = "bucket:{" + check.Group + "}:" + check.Key // the braces keep a group on one node of a cluster
		take := 1
		if check.Look {
			take = 0
		}
		args = append(args, check.Burst, check.Per.Milliseconds(), take)
	}
	return c.Eval(ctx, takeOne, keys, args...)
}

// localBuckets count in this process while Redis is away. They are forgotten all at once when there are too many: then the limits are wider
// for a moment, and memory stays bounded.
type localBuckets struct {
	now func() time.Time
	mu  sync.Mutex
	m   map[string]bucket
}

type bucket struct {
	n  float64
	at time.Time
}

const mostLocalBuckets = 50_000

func newLocalBuckets(now func() time.Time) *localBuckets {
	return &localBuckets{now: now, m: map[string]bucket{}}
}

func (l *localBuckets) allow(checks ...access.Check) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.m) > mostLocalBuckets {
		clear(l.m)
	}
	now := l.now()
	left := make([]float64, len(checks))
	for i, c := range checks {
		n := float64(c.Burst)
		if b, ok := l.m[c.Key]; ok {
			n = min(n, b.n+now.Sub(b.at).Seconds()*n/c.Per.Seconds())
		}
		if n < 1 {
			return false
		}
		left[i] = n - 1
	}
	for i, c := range checks {
		if !c.Look {
			l.m[c.Key] = bucket{left[i], now}
		}
	}
	return true
}
