package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"tollhouse/tenant"
)

// record is a feed over a table in memory, numbered like the real one. It can fail, fall silent and go back in time.
type record struct {
	mu        sync.Mutex
	seq       int64
	hosts     map[tenant.ID][]string
	changed   map[tenant.ID]int64
	announced chan struct{}
	mute      bool  // changes are not announced
	down      error // every call fails with it
	deaf      error // only Wait fails with it
	snapshots int
	sinces    int
}

func newRecord() *record {
	return &record{hosts: map[tenant.ID][]string{}, changed: map[tenant.ID]int64{}, announced: make(chan struct{}, 1000)}
}

// set gives a tenant exactly these hosts.
func (r *record) set(id tenant.ID, hosts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	r.hosts[id], r.changed[id] = hosts, r.seq
	if !r.mute {
		r.announced <- struct{}{}
	}
}

func (r *record) fail(down, deaf error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down, r.deaf = down, deaf
	r.announced <- struct{}{} // so that a Wait that is under way ends, as a lost connection ends it
}

// asked tells how often it was asked for everything and for what changed.
func (r *record) asked() (snapshots, sinces int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshots, r.sinces
}

func (r *record) sites(id tenant.ID) []*tenant.Site {
	var sites []*tenant.Site
	for _, h := range r.hosts[id] {
		sites = append(sites, &tenant.Site{Host: tenant.MustParseHostname(h), Kind: tenant.Portal, Tenant: &tenant.Tenant{ID: id}, Epoch: r.changed[id]})
	}
	return sites
}

func (r *record) Snapshot(context.Context) (tenant.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshots++
	s := tenant.Snapshot{Seq: r.seq, Sites: []*tenant.Site{{Host: tenant.MustParseHostname("api.pay.test"), Kind: tenant.API}}}
	for id := range r.hosts {
		s.Sites = append(s.Sites, r.sites(id)...)
	}
	return s, r.down
}

func (r *record) Since(_ context.Context, seq int64) (tenant.Delta, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sinces++
	delta := tenant.Delta{Seq: r.seq}
	for id, at := range r.changed {
		if at > seq {
			delta.Tenants = append(delta.Tenants, id)
			delta.Sites = append(delta.Sites, r.sites(id)...)
		}
	}
	return delta, r.down
}

func (r *record) Wait(ctx context.Context) error {
	r.mu.Lock()
	err := errors.Join(r.down, r.deaf)
	r.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.announced:
		r.mu.Lock()
		defer r.mu.Unlock()
		return errors.Join(r.down, r.deaf)
	}
}

// filled returns a Directory of n hosts.
func filled(t testing.TB, n int) (*tenant.Directory, []tenant.Hostname) {
	t.Helper()
	r := newRecord()
	hosts := make([]tenant.Hostname, n)
	for i := range hosts {
		hosts[i] = tenant.MustParseHostname(fmt.Sprintf("billing-%d.customer-%d.example", i, i))
		r.hosts[tenant.ID(fmt.Sprintf("ten_%d", i))] = []string{hosts[i].String()}
	}
	d := tenant.NewDirectory(slog.New(slog.DiscardHandler))
	loaded := make(chan struct{})
	d.Subscribe(func(_, _ []*tenant.Entry) { close(loaded) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- d.Run(ctx, r) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	<-loaded
	return d, hosts
}

func TestLookup_CostsNoAllocation(t *testing.T) {
	d, hosts := filled(t, 100_000)
	unknown := tenant.MustParseHostname("unknown.example")
	i := 0
	if n := testing.AllocsPerRun(1000, func() { i++; d.Lookup(hosts[i]); d.Lookup(unknown) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	d, hosts := filled(b, 100_000)
	unknown := tenant.MustParseHostname("unknown.example")
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			d.Lookup(hosts[(i*7919)%len(hosts)])
		}
	})
	b.Run("hot", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Lookup(hosts[42])
		}
	})
	b.Run("unknown", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Lookup(unknown)
		}
	})
	b.Run("name", func(b *testing.B) {
		b.ReportAllocs()
		name := hosts[42].String()
		for b.Loop() {
			h, _ := tenant.ParseHostname(name)
			d.Lookup(h)
		}
	})
}
