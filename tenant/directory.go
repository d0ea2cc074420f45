package tenant

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Snapshot is every served site as of one number of the directory head.
type Snapshot struct {
	Seq   int64
	Sites []*Site
	At    time.Time // when the feed last answered that it is so; a Feed leaves it zero, which means now
}

// Feed is where a Directory learns of sites. Implementations must be safe for use by one goroutine at a time.
type Feed interface {
	// Snapshot returns all sites.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Since returns the sites of every tenant that changed after seq, and those tenants' ids: a host of such a tenant that is not in
	// Sites is no longer served. A Seq below seq says that the record itself went back (it was restored): a snapshot is needed.
	Since(ctx context.Context, seq int64) (Delta, error)
	// Wait blocks until a change is announced or ctx ends. It also returns nil when it has just begun to listen, because a change may
	// have gone by unheard. A lost connection is an error; the Directory then reconciles.
	Wait(ctx context.Context) error
}

// Delta is what changed after a number of the directory head.
type Delta struct {
	Seq     int64
	Tenants []ID
	Sites   []*Site
}

// Directory holds every served host in memory. "Not in it" is final. Look-ups are safe for any number of goroutines, take no lock and
// touch no storage; only Run writes.
type Directory struct {
	log    *slog.Logger
	seed   maphash.Seed
	shards [shardCount]shard

	loaded  atomic.Bool
	current atomic.Bool   // what is loaded came from the feed
	asked   chan struct{} // closed by Run after the feed's first answer
	hosts   atomic.Int64
	seq     atomic.Int64
	fresh   atomic.Int64 // Unix nanoseconds of the last good answer of the feed
	failing atomic.Bool

	mu          sync.Mutex // guards what follows, and the order of changes to shards
	tenants     map[ID]*resident
	subscribers map[*subscriber]struct{}
	turns       map[*turns]struct{}
}

// shardCount is a power of two: at 100,000 hosts a change copies some 400 slots.
const shardCount = 256

// shard is one part of the hosts. The map is never changed once it is published: a change is a new map.
type shard struct {
	entries atomic.Pointer[map[Hostname]*Entry]
}

// resident is one tenant in the Directory.
type resident struct {
	tenant *Tenant
	hosts  []Hostname
}

// NewDirectory returns an empty directory; Run fills it.
func NewDirectory(log *slog.Logger) *Directory {
	return &Directory{
		log:         log,
		asked:       make(chan struct{}),
		seed:        maphash.MakeSeed(),
		tenants:     map[ID]*resident{},
		subscribers: map[*subscriber]struct{}{},
		turns:       map[*turns]struct{}{},
	}
}

// Lookup returns the entry of a served host. It costs no allocation.
func (d *Directory) Lookup(h Hostname) (*Entry, bool) {
	entries := d.shard(h).entries.Load()
	if entries == nil {
		return nil, false
	}
	e, ok := (*entries)[h]
	return e, ok
}

// Tenant returns a tenant by its id, suspended ones too. It takes a lock for a moment: it is for the API host, whose key names the
// tenant; a portal's request has its tenant from Lookup.
func (d *Directory) Tenant(id ID) (*Tenant, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.tenants[id]
	if !ok {
		return nil, false
	}
	return r.tenant, true
}

// Loaded reports whether a first snapshot has arrived, or was restored.
func (d *Directory) Loaded() bool { return d.loaded.Load() }

// Current reports whether what is served came from the feed, be it long ago. Until then it is what Restore was given.
func (d *Directory) Current() bool { return d.current.Load() }

// Asked is closed once the feed has given Run its first answer, which may have been an error.
func (d *Directory) Asked() <-chan struct{} { return d.asked }

// Stats is the Directory's condition, for metrics and readiness.
type Stats struct {
	Hosts   int       // served now
	Seq     int64     // number of the last change that is in
	Fresh   time.Time // when the feed last answered; zero: never
	Failing bool      // the feed's last answer was an error, and the last known state is being served
}

// Stats returns the Directory's condition. It may be called at any time.
func (d *Directory) Stats() Stats {
	s := Stats{Hosts: int(d.hosts.Load()), Seq: d.seq.Load(), Failing: d.failing.Load()}
	if at := d.fresh.Load(); at != 0 {
		s.Fresh = time.Unix(0, at)
	}
	return s
}

func (d *Directory) shard(h Hostname) *shard {
	return &d.shards[maphash.String(d.seed, h.name)%shardCount]
}
