package tenant_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/tenant"
)

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
		if snapshots, _ := r.asked(); snapshots != 1 {
			t.Errorf("%d snapshots, want 1: what changed is enough", snapshots)
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
				_, asked := r.asked()
				time.Sleep(time.Hour)
				synctest.Wait()
				lookup(t, d, "a.pay.test")
				if !d.Loaded() || !d.Stats().Failing {
					t.Errorf("Loaded %v, Stats %+v; want loaded and failing", d.Loaded(), d.Stats())
				}
				_, sinces := r.asked()
				if tries := sinces - asked; tries < 100 || tries > 300 {
					t.Errorf("%d tries in an hour; want one every 15 to 30 s", tries)
				}

				r.fail(nil, nil)
				r.set("ten_b", "b.pay.test")
				time.Sleep(31 * time.Second)
				synctest.Wait()
				lookup(t, d, "b.pay.test")
				if snapshots, _ := r.asked(); d.Stats().Failing || snapshots != 1 {
					t.Errorf("after the failure: %+v, %d snapshots", d.Stats(), snapshots)
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
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}
