package tenant_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

// running starts a Directory over r inside a bubble and ends it with the test.
func running(t *testing.T, r *record) *tenant.Directory {
	t.Helper()
	d := tenant.NewDirectory(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx, r) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	synctest.Wait()
	return d
}

func lookup(t *testing.T, d *tenant.Directory, host string) *tenant.Entry {
	t.Helper()
	e, ok := d.Lookup(tenant.MustParseHostname(host))
	if !ok {
		t.Fatalf("%s is not served", host)
	}
	return e
}

func absent(t *testing.T, d *tenant.Directory, host string) {
	t.Helper()
	if e, ok := d.Lookup(tenant.MustParseHostname(host)); ok {
		t.Fatalf("%s is served, for %v", host, e.Site())
	}
}

func TestDirectory_TakesInEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test", "billing.acme.test")
		d := running(t, r)
		if !d.Loaded() || lookup(t, d, "billing.acme.test").Site().Tenant.ID != "ten_a" || lookup(t, d, "api.pay.test").Site().Kind != tenant.API {
			t.Fatal("the snapshot is not in")
		}
		absent(t, d, "b.pay.test")

		r.set("ten_b", "b.pay.test")
		synctest.Wait()
		lookup(t, d, "b.pay.test")
		lookup(t, d, "a.pay.test")
		if b, ok := d.Tenant("ten_b"); !ok || b.ID != "ten_b" {
			t.Errorf("Tenant(ten_b) = %v, %v", b, ok)
		}
		if _, ok := d.Tenant("ten_c"); ok {
			t.Error("an unknown tenant is known")
		}

		r.set("ten_a", "a.pay.test")
		synctest.Wait()
		absent(t, d, "billing.acme.test")
		lookup(t, d, "b.pay.test")
		if got := d.Stats(); got.Hosts != 3 || got.Seq != 3 || got.Failing || !got.Fresh.Equal(time.Now()) {
			t.Errorf("Stats = %+v", got)
		}
	})
}

func TestDirectory_KeepsTheEntryWhileTheHostIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test", "billing.acme.test")
		d := running(t, r)
		e := lookup(t, d, "billing.acme.test")
		e.Certificate.Store(&tls.Certificate{})
		before := e.Site()

		r.set("ten_a", "a.pay.test", "billing.acme.test")
		synctest.Wait()
		if lookup(t, d, "billing.acme.test") != e || e.Site() == before {
			t.Error("a change of the tenant must swap the site and keep the entry")
		}

		r.mute = true // both changes arrive in one answer
		r.set("ten_a", "a.pay.test")
		r.set("ten_b", "b.pay.test", "billing.acme.test")
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if lookup(t, d, "billing.acme.test") != e || e.Site().Tenant.ID != "ten_b" {
			t.Error("a host that changes hands keeps its entry")
		}

		r.mute = false
		r.set("ten_b", "b.pay.test")
		synctest.Wait()
		r.set("ten_b", "b.pay.test", "billing.acme.test")
		synctest.Wait()
		if again := lookup(t, d, "billing.acme.test"); again == e || again.Certificate.Load() != nil {
			t.Error("a host that was gone comes back with an old entry")
		}
	})
}

func TestDirectory_FindsAChangeThatWasNotAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		d := running(t, r)
		r.mute = true
		r.set("ten_a", "a.pay.test")
		time.Sleep(59 * time.Second)
		synctest.Wait()
		absent(t, d, "a.pay.test")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		lookup(t, d, "a.pay.test")
		if r.snapshots != 1 {
			t.Errorf("%d snapshots, want 1: what changed is enough", r.snapshots)
		}
	})
}

func TestDirectory_ServesOnWhileTheFeedFails(t *testing.T) {
	down := errors.New("connection refused")
	for name, fail := range map[string]func(*record){
		"all of it": func(r *record) { r.fail(down, nil) },
		"its ear":   func(r *record) { r.fail(nil, down) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecord()
				r.set("ten_a", "a.pay.test")
				d := running(t, r)
				fail(r)
				asked := r.sinces
				time.Sleep(time.Hour)
				synctest.Wait()
				lookup(t, d, "a.pay.test")
				if !d.Loaded() || !d.Stats().Failing {
					t.Errorf("Loaded %v, Stats %+v; want loaded and failing", d.Loaded(), d.Stats())
				}
				if tries := r.sinces - asked; tries < 100 || tries > 300 {
					t.Errorf("%d tries in an hour; want one every 15 to 30 s", tries)
				}

				r.fail(nil, nil)
				r.set("ten_b", "b.pay.test")
				time.Sleep(31 * time.Second)
				synctest.Wait()
				lookup(t, d, "b.pay.test")
				if d.Stats().Failing || r.snapshots != 1 {
					t.Errorf("after the failure: %+v, %d snapshots", d.Stats(), r.snapshots)
				}
			})
		})
	}
}

func TestDirectory_StartsEmptyAndLoadsWhenTheFeedComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test")
		r.fail(errors.New("connection refused"), nil)
		d := running(t, r)
		time.Sleep(time.Minute)
		if d.Loaded() || !d.Stats().Fresh.IsZero() {
			t.Fatal("loaded without a snapshot")
		}
		r.fail(nil, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		lookup(t, d, "a.pay.test")
	})
}

func TestDirectory_ReloadsWhenTheRecordWentBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test")
		r.set("ten_b", "b.pay.test")
		d := running(t, r)
		e := lookup(t, d, "a.pay.test")

		r.mu.Lock()
		r.seq = 1
		delete(r.hosts, "ten_b")
		delete(r.changed, "ten_b")
		r.mu.Unlock()
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		absent(t, d, "b.pay.test")
		if lookup(t, d, "a.pay.test") != e || d.Stats().Seq != 1 || d.Stats().Hosts != 2 {
			t.Errorf("after the restore: %+v", d.Stats())
		}
		if _, ok := d.Tenant("ten_b"); ok {
			t.Error("a tenant of the future is known")
		}
	})
}

func TestDirectory_TellsSubscribersEveryHostOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test")
		d := tenant.NewDirectory(slog.New(slog.DiscardHandler))
		heard := map[string]int{} // only touched under the Directory's lock
		cancel := d.Subscribe(func(appeared, gone []*tenant.Entry) {
			for _, e := range appeared {
				heard[e.Host.String()]++
			}
			for _, e := range gone {
				heard[e.Host.String()]--
			}
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx, r) }()
		synctest.Wait()
		r.set("ten_b", "b.pay.test")
		r.set("ten_a")
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{"a.pay.test": 0, "b.pay.test": 1, "api.pay.test": 1}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}

		var late []string
		d.Subscribe(func(appeared, _ []*tenant.Entry) {
			for _, e := range appeared {
				late = append(late, e.Host.String())
			}
		})
		slices.Sort(late)
		if diff := cmp.Diff([]string{"api.pay.test", "b.pay.test"}, late); diff != "" {
			t.Errorf("a late subscriber heard (-want +got):\n%s", diff)
		}

		cancel()
		before := maps.Clone(heard)
		r.set("ten_c", "c.pay.test")
		synctest.Wait()
		if diff := cmp.Diff(before, heard); diff != "" {
			t.Errorf("heard after cancel:\n%s", diff)
		}
		stop()
		<-done
	})
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
	t.Cleanup(func() { cancel(); <-done })
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
