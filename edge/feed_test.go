package edge_test

import (
	"context"
	"slices"
	"sync"

	"tollhouse/tenant"
)

var (
	acme      = tenant.MustParseHostname("billing.acme.test")
	globex    = tenant.MustParseHostname("pay.globex.test")
	suspended = tenant.MustParseHostname("billing.initech.test")
	api       = tenant.MustParseHostname("api.tollhouse.test")
)

// feed is a Directory's feed in memory: change the sites and announce it.
type feed struct {
	mu      sync.Mutex
	seq     int64
	sites   []*tenant.Site
	changed chan struct{}
}

func newFeed() *feed {
	acmeTenant := &tenant.Tenant{ID: "ten_acme", Name: "Acme", Status: tenant.Active}
	globexTenant := &tenant.Tenant{ID: "ten_globex", Name: "Globex", Status: tenant.Active}
	initech := &tenant.Tenant{ID: "ten_initech", Name: "Initech", Status: tenant.Suspended}
	return &feed{seq: 1, changed: make(chan struct{}, 1), sites: []*tenant.Site{
		{Host: acme, Kind: tenant.Portal, Tenant: acmeTenant, Links: acme},
		{Host: globex, Kind: tenant.Portal, Tenant: globexTenant, Links: globex},
		{Host: suspended, Kind: tenant.Portal, Tenant: initech, Links: suspended},
		{Host: api, Kind: tenant.API},
	}}
}

func (f *feed) Snapshot(context.Context) (tenant.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return tenant.Snapshot{Seq: f.seq, Sites: f.sites}, nil
}

func (f *feed) Since(context.Context, int64) (tenant.Delta, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return tenant.Delta{Seq: f.seq, Tenants: []tenant.ID{"ten_acme", "ten_globex", "ten_initech"}, Sites: f.sites}, nil
}

func (f *feed) Wait(ctx context.Context) error {
	select {
	case <-f.changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// remove takes a host away from its tenant.
func (f *feed) remove(h tenant.Hostname) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var kept []*tenant.Site
	for _, s := range f.sites {
		if s.Host != h {
			kept = append(kept, s)
		}
	}
	f.seq, f.sites = f.seq+1, kept
	f.changed <- struct{}{}
}

// turn begins a new epoch of a host, as a suspension or a change of hands does.
func (f *feed) turn(h tenant.Hostname) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sites := slices.Clone(f.sites)
	for i, s := range sites {
		if s.Host == h {
			next := *s
			next.Epoch++
			sites[i] = &next
		}
	}
	f.seq, f.sites = f.seq+1, sites
	f.changed <- struct{}{}
}
