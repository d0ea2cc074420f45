package certs

import (
	"crypto/tls"
	"sync"
	"time"

	"tollhouse/tenant"
)

// cache bounds how many Directory entries hold a certificate. The certificates themselves stand in the entries, where a handshake finds them
// with the look-up that it makes anyway; this ring only remembers which entries hold one, and takes one away by second chance when it is
// full: an entry that was seen since the hand last passed is spared. Putting in looks at a bounded number of entries.
type cache struct {
	mu    sync.Mutex
	slots map[*tenant.Entry]*slot
	ring  []*slot
	free  []int // places of the ring that are empty
	hand  int
	limit int
}

type slot struct {
	entry   *tenant.Entry
	version int64
	place   int
	expires int64 // Unix seconds
}

// chances bounds the search for an entry that was not seen lately.
const chances = 64

func newCache(limit int) *cache {
	return &cache{slots: map[*tenant.Entry]*slot{}, limit: limit}
}

// put gives the entry a certificate, unless it holds a newer generation already.
func (c *cache) put(entry *tenant.Entry, cert *tls.Certificate, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slots[entry]
	if s != nil && s.version > version {
		return
	}
	if s == nil {
		s = &slot{entry: entry}
		c.slots[entry] = s
		c.place(s)
	}
	s.version, s.expires = version, cert.Leaf.NotAfter.Unix()
	entry.Seen.Store(true)
	entry.Certificate.Store(cert)
}

// place finds room for s in the ring, taking it from another when there is none.
func (c *cache) place(s *slot) {
	switch {
	case len(c.free) > 0:
		s.place = c.free[len(c.free)-1]
		c.free = c.free[:len(c.free)-1]
	case len(c.ring) < c.limit:
		s.place = len(c.ring)
		c.ring = append(c.ring, nil)
	default:
		s.place = c.evict()
	}
	c.ring[s.place] = s
}

func (c *cache) evict() int {
	for range chances {
		if s := c.ring[c.hand]; !s.entry.Seen.Swap(false) {
			break
		}
		c.hand = (c.hand + 1) % len(c.ring)
	}
	place := c.hand
	c.clear(c.ring[place])
	c.hand = (c.hand + 1) % len(c.ring)
	return place
}

func (c *cache) clear(s *slot) {
	s.entry.Certificate.Store(nil)
	delete(c.slots, s.entry)
}

// remove takes the certificate out of an entry whose host is no longer served or whose certificate was deleted.
func (c *cache) remove(entry *tenant.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.slots[entry]; s != nil {
		c.clear(s)
		c.ring[s.place] = nil
		c.free = append(c.free, s.place)
	}
	entry.Certificate.Store(nil)
}

// version returns the generation that the entry holds, 0 for none.
func (c *cache) version(entry *tenant.Entry) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.slots[entry]; s != nil {
		return s.version
	}
	return 0
}

// holding returns the certificate of an entry and its generation; nil for none. Generation 0 is of a local copy.
func (c *cache) holding(entry *tenant.Entry) (*tls.Certificate, int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.slots[entry]; s != nil {
		return entry.Certificate.Load(), s.version
	}
	return nil, 0
}

// expired counts the certificates that are held and no longer valid.
func (c *cache) expired(now time.Time) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		if s.expires <= now.Unix() {
			n++
		}
	}
	return n
}

// held lists the entries that hold a certificate, with its version.
func (c *cache) held() map[*tenant.Entry]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := make(map[*tenant.Entry]int64, len(c.slots))
	for entry, s := range c.slots {
		held[entry] = s.version
	}
	return held
}

// size returns how many certificates are held, and when the first of them expires in Unix seconds, 0 for none.
func (c *cache) size() (n int, firstExpiry int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		if firstExpiry == 0 || s.expires < firstExpiry {
			firstExpiry = s.expires
		}
	}
	return len(c.slots), firstExpiry
}
