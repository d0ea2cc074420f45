package certs_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tollhouse/tenant"
)

// feed is a tenant.Feed whose answer the test sets.
type feed struct {
	mu      sync.Mutex
	sites   []*tenant.Site
	seq     int64
	changed chan struct{}
}

var owner = &tenant.Tenant{ID: "ten_test", Slug: "test", Name: "Test", Status: tenant.Active, TimeZone: time.UTC}

func newDirectory(t testing.TB, log *slog.Logger, hosts ...string) (*tenant.Directory, *feed) {
	t.Helper()
	f := &feed{changed: make(chan struct{}, 1)}
	f.set(1, hosts...)
	d := tenant.NewDirectory(log)
	run(t, func(ctx context.Context) error { return d.Run(ctx, f) })
	eventually(t, "the directory is loaded", d.Loaded)
	return d, f
}

func (f *feed) set(epoch int64, hosts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	f.sites = nil
	for _, h := range hosts {
		host := tenant.MustParseHostname(h)
		f.sites = append(f.sites, &tenant.Site{Host: host, Kind: tenant.Portal, Tenant: owner, Links: host, Epoch: epoch})
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// add serves one more host, of another tenant.
func (f *feed) add(of *tenant.Tenant, names ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	for _, name := range names {
		host := tenant.MustParseHostname(name)
		f.sites = append(f.sites, &tenant.Site{Host: host, Kind: tenant.Portal, Tenant: of, Links: host, Epoch: 1})
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// another is a second tenant.
var another = &tenant.Tenant{ID: "ten_another", Slug: "another", Name: "Another", Status: tenant.Active, TimeZone: time.UTC}

func (f *feed) Snapshot(context.Context) (tenant.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return tenant.Snapshot{Seq: f.seq, Sites: f.sites}, nil
}

func (f *feed) Since(context.Context, int64) (tenant.Delta, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return tenant.Delta{Seq: f.seq, Tenants: []tenant.ID{owner.ID, another.ID}, Sites: f.sites}, nil
}

func (f *feed) Wait(ctx context.Context) error {
	select {
	case <-f.changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
