package tenant

import (
	"crypto/tls"
	"sync/atomic"
)

// SiteKind says which handler answers a host.
type SiteKind uint8

const (
	Portal SiteKind = iota + 1 // a tenant's client portal
	API                        // the platform's API host, no tenant
)

// Site is what one served host stands for. A Site is never changed after it is published: a change is a new Site.
type Site struct {
	Host   Hostname
	Kind   SiteKind
	Tenant *Tenant // nil for the API host
	// Links is the host that new links of this tenant point to: its newest active custom host, else its default host.
	Links Hostname
	// Epoch grows when the host changes hands or its tenant is suspended. Tickets and sessions of an older epoch are refused.
	Epoch int64
	// Leaving says that the proof of the name is gone for now: it is served with what there is, and no certificate is ordered for it.
	Leaving bool
}

// Entry is the Directory's slot for one host. It stays the same while the host is served, so that a certificate survives a change
// of the tenant's brand; all its parts may be read and written by many goroutines.
type Entry struct {
	Host Hostname
	site atomic.Pointer[Site]

	// Certificate is what a handshake for the host presents, nil until one is loaded or issued. Only certs writes it.
	Certificate atomic.Pointer[tls.Certificate]
	// Seen is set by each handshake and cleared by the certificate cache when it looks for one to evict.
	Seen atomic.Bool
}

// NewEntry returns a slot for site without a certificate. The Directory makes its own; this is for what must stand in for one.
func NewEntry(site *Site) *Entry {
	e := &Entry{Host: site.Host}
	e.site.Store(site)
	return e
}

// Site returns what the host stands for now; it is never nil for an entry that a Directory returned.
func (e *Entry) Site() *Site { return e.site.Load() }
