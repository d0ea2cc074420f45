package localcopy_test

import (
	"context"
	"sync"

	"tollhouse/tenant"
)

// feed answers what the test says; it can fail, and it can hang.
type feed struct {
	mu       sync.Mutex
	snapshot tenant.Snapshot
	err      error
	hang     bool
	changed  chan struct{}
}

func newFeed(sites ...*tenant.Site) *feed {
	return &feed{snapshot: tenant.Snapshot{Seq: 1, Sites: sites}, changed: make(chan struct{}, 1000)}
}

func (f *feed) set(change func(f *feed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
	f.snapshot.Seq++
	f.changed <- struct{}{}
}

func (f *feed) answer(ctx context.Context) (tenant.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang {
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
		return tenant.Snapshot{}, ctx.Err()
	}
	return f.snapshot, f.err
}

func (f *feed) Snapshot(ctx context.Context) (tenant.Snapshot, error) { return f.answer(ctx) }

func (f *feed) Since(ctx context.Context, _ int64) (tenant.Delta, error) {
	s, err := f.answer(ctx)
	delta := tenant.Delta{Seq: s.Seq, Sites: s.Sites}
	for _, site := range s.Sites {
		if site.Tenant != nil {
			delta.Tenants = append(delta.Tenants, site.Tenant.ID)
		}
	}
	return delta, err
}

func (f *feed) Wait(ctx context.Context) error {
	if _, err := f.answer(ctx); err != nil {
		return err
	}
	select {
	case <-f.changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
