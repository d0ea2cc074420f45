package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"time"

	"tollhouse/tenant"
)

// sights are the hosts for which this node has yet to be seen serving what it serves. One goroutine takes them one after the other: it loads
// the certificate, shakes hands with itself and reports. Hosts whose certificate has just been committed come first; others, which
// were loaded for a visitor or after a restart, take their turn.
//
// A host costs a read of the store, unless its certificate is in memory, and about a millisecond of handshake. After each batch the goroutine
// rests as long as it worked, so a thousand commits at once take at most half a processor for some seconds.
type sights struct {
	on bool // somebody is told

	mu     sync.Mutex
	fresh  map[tenant.Hostname]int64 // the version to be loaded; 0: whatever the store has
	loaded map[tenant.Hostname]bool
	anew   bool          // all that is held is to be reported again
	ask    bool          // the store is to be asked what was missed
	signal chan struct{} // holds one when there is work
}

const (
	sightsAtOnce = 100
	// appearedMost is how many hosts may appear at once and still all be loaded to be reported. More are a node's start: it loads what was
	// committed lately and what visitors ask for, and counts for no other host until then.
	appearedMost = 1000
	// sightWindow is how far back a node asks for commits that it may not have heard of.
	sightWindow = 15 * time.Minute
	// sightPatience bounds one handshake with itself.
	sightPatience = 5 * time.Second
)

func newSights(on bool) *sights {
	return &sights{on: on, fresh: map[tenant.Hostname]int64{}, loaded: map[tenant.Hostname]bool{}, signal: make(chan struct{}, 1)}
}

func (s *sights) wake() {
	select {
	case s.signal <- struct{}{}:
	default: // the goroutine will come round anyway
	}
}

// committed asks for a host to be loaded and reported before others.
func (s *sights) committed(host tenant.Hostname, version int64) {
	if !s.on {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh[host] = max(s.fresh[host], version)
	s.wake()
}

// appeared asks the same for hosts that began to be served, unless they are too many.
func (s *sights) appeared(entries []*tenant.Entry) {
	if len(entries) > appearedMost {
		return
	}
	for _, entry := range entries {
		s.committed(entry.Host, 0)
	}
}

// held asks for a host to be reported of which the certificate was put into memory.
func (s *sights) held(host tenant.Hostname) {
	if !s.on {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded[host] = true
	s.wake()
}

// joined is for a node that the fleet did not know a moment ago: all that it holds counts anew.
func (s *sights) joined() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.anew, s.ask = true, true
	s.wake()
}

// missed has the store asked for commits that were not heard.
func (s *sights) missed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask = true
	s.wake()
}

// errands returns what is to be done before the hosts, and leaves it to the caller.
func (s *sights) errands() (anew, ask bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	anew, ask = s.anew, s.ask
	s.anew, s.ask = false, false
	return anew, ask
}

// take returns the next batch with the version that each is to have at least.
func (s *sights) take() map[tenant.Hostname]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make(map[tenant.Hostname]int64, sightsAtOnce)
	for host, version := range s.fresh {
		if len(batch) == sightsAtOnce {
			return batch
		}
		batch[host] = version
		delete(s.fresh, host)
		delete(s.loaded, host)
	}
	for host := range s.loaded {
		if len(batch) == sightsAtOnce {
			return batch
		}
		batch[host] = heldOnly
		delete(s.loaded, host)
	}
	return batch
}

// heldOnly stands for a host that is reported if it is in memory and left alone otherwise.
const heldOnly int64 = -1

// putBack is for a batch that could not be reported; nobody is woken for it.
func (s *sights) putBack(batch map[tenant.Hostname]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for host, version := range batch {
		if version == heldOnly {
			s.loaded[host] = true
			continue
		}
		s.fresh[host] = max(s.fresh[host], version)
	}
}

func (s *sights) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fresh) + len(s.loaded)
}

// keepSights reports what this node serves until ctx ends.
func (m *Manager) keepSights(ctx context.Context) {
	if m.cfg.Fleet == nil {
		return
	}
	retry, review := time.NewTicker(BeatEvery), time.NewTicker(m.cfg.Check)
	defer retry.Stop()
	defer review.Stop()
	for {
		select {
		case <-m.sights.signal:
		case <-retry.C:
		case <-review.C:
			m.sights.missed()
		case <-ctx.Done():
			return
		}
		m.reportAll(ctx)
	}
}

func (m *Manager) reportAll(ctx context.Context) {
	for ctx.Err() == nil {
		m.runErrands(ctx)
		batch := m.sights.take()
		if len(batch) == 0 {
			return
		}
		begun := time.Now()
		if err := m.report(ctx, batch); err != nil {
			m.sights.putBack(batch)
			m.cfg.Log.DebugContext(ctx, "what this node serves could not be reported", "error", err)
			return
		}
		if len(batch) == sightsAtOnce {
			rest(ctx, time.Since(begun))
		}
	}
}

func (m *Manager) runErrands(ctx context.Context) {
	anew, ask := m.sights.errands()
	if anew {
		for entry := range m.cache.held() {
			m.sights.held(entry.Host)
		}
	}
	if !ask {
		return
	}
	hosts, err := m.cfg.Fleet.Unseen(ctx, m.node.id, sightWindow, versionsAtOnce)
	if err != nil {
		m.cfg.Log.DebugContext(ctx, "commits that were not heard are not known", "error", err)
		return // the next review asks again
	}
	for _, host := range hosts {
		m.sights.committed(host, 0)
	}
}

// report shakes hands for each host of a batch and records the outcome in one statement.
func (m *Manager) report(ctx context.Context, batch map[tenant.Hostname]int64) error {
	seen := make([]Sighting, 0, len(batch))
	for host, version := range batch {
		entry, served := m.cfg.Directory.Lookup(host)
		if !served || !m.bring(ctx, entry, version) {
			continue
		}
		sighting, err := m.see(ctx, entry)
		if err != nil {
			m.cfg.Log.WarnContext(ctx, "this node does not get what it serves", "host", host.String(), "error", err)
			continue
		}
		seen = append(seen, sighting)
	}
	if len(seen) == 0 {
		return ctx.Err()
	}
	return m.cfg.Fleet.Saw(ctx, m.node.id, seen)
}

// bring sees to it that the certificate is in memory in at least this version, and reports whether one is.
func (m *Manager) bring(ctx context.Context, entry *tenant.Entry, version int64) bool {
	cert, held := m.cache.holding(entry)
	if version == heldOnly || (cert != nil && version > 0 && held >= version) {
		return cert != nil
	}
	found, err := m.store.Find(ctx, entry.Host)
	if err == nil && found.Bundle != nil && (cert == nil || found.Bundle.Version > held) {
		err = m.install(entry, found.Bundle)
	}
	if err != nil {
		m.cfg.Log.WarnContext(ctx, "a committed certificate could not be loaded", "host", entry.Host.String(), "error", err)
	}
	return entry.Certificate.Load() != nil
}

// see makes a handshake with this node itself.
func (m *Manager) see(ctx context.Context, entry *tenant.Entry) (Sighting, error) {
	ctx, cancel := context.WithTimeout(ctx, sightPatience)
	defer cancel()
	leaf, err := m.shake(ctx, entry.Host)
	if err != nil {
		return Sighting{}, err
	}
	if err := leaf.VerifyHostname(entry.Host.String()); err != nil {
		return Sighting{}, err
	}
	sighting := Sighting{Host: entry.Host, Serial: leaf.SerialNumber.Text(16)}
	if cert, version := m.cache.holding(entry); cert != nil && cert.Leaf.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
		sighting.Version = version
	}
	return sighting, nil
}

// shake returns the certificate that a client of TLS 1.3 is given. Whether the client would trust its root is not asked: that is the store's
// business, and this node may not know the public roots.
func (m *Manager) shake(ctx context.Context, host tenant.Hostname) (*x509.Certificate, error) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	config := m.TLSConfig()
	config.SessionTicketsDisabled = true
	server := tls.Server(far, config)
	done := make(chan error, 1)
	go func() { done <- server.HandshakeContext(ctx) }()
	client := tls.Client(near, &tls.Config{ServerName: host.String(), MinVersion: tls.VersionTLS13, InsecureSkipVerify: true,
		CurvePreferences: []tls.CurveID{tls.X25519}})
	err := client.HandshakeContext(ctx)
	if err == nil {
		err = <-done
	} else {
		_ = near.Close() // ends the server's side
		<-done
	}
	if err != nil {
		return nil, fmt.Errorf("handshake with itself: %w", err)
	}
	return client.ConnectionState().PeerCertificates[0], nil
}
