package certs

import (
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
