package certs

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/localcopy"
)

// copies keeps the local copies. One goroutine writes: it takes hosts one after the other and makes the copy of each agree with memory, else
// with the store.
type copies struct {
	folder *localcopy.Folder // nil: none are kept

	mu    sync.Mutex
	hosts map[tenant.Hostname]bool      // whose copy may not agree
	loans map[tenant.Hostname]time.Time // served from the copy, and of when it is
	sweep bool                          // files that belong to no host are to be looked for
	away  time.Time                     // until when the store is not waited for

	signal  chan struct{} // holds one when there is work
	failing bool          // the disk takes nothing; only the writer's
}

const (
	// copyRetry is how long the writer leaves a store or disk alone that failed.
	copyRetry = 5 * time.Second
	// copyReview is how often all copies are looked through: files may be lost without a word.
	copyReview = 6 * time.Hour
)

// CopyLimit bounds one local copy in bytes; a certificate with its chain and key is about 3,000.
const CopyLimit = 256 << 10

func newCopies(folder *localcopy.Folder) *copies {
	return &copies{folder: folder, hosts: map[tenant.Hostname]bool{}, loans: map[tenant.Hostname]time.Time{}, sweep: true,
		signal: make(chan struct{}, 1)}
}

// changed asks for the copies of these hosts to be looked at.
func (c *copies) changed(entries ...*tenant.Entry) {
	if c.folder == nil || len(entries) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range entries {
		c.hosts[entry.Host] = true
	}
	select {
	case c.signal <- struct{}{}:
	default: // the writer will come round anyway
	}
}

// borrowed notes that a host is served from its copy, and has the store asked as soon as it answers.
func (c *copies) borrowed(entry *tenant.Entry, at time.Time) {
	c.mu.Lock()
	c.loans[entry.Host] = at
	c.mu.Unlock()
	c.changed(entry)
}

// settled ends a loan: the host has its certificate from the store, or none.
func (c *copies) settled(host tenant.Hostname) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loans, host)
}

func (c *copies) onLoan(host tenant.Hostname) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.loans[host]
	return ok
}

// lent counts the loans and returns of when the oldest is.
func (c *copies) lent() (n int, oldest time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.loans {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return len(c.loans), oldest
}

func (c *copies) unsettled() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.hosts)
}

func (c *copies) noteAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = time.Now().Add(awayFor)
}

// noteBack ends the waiting after noteAway.
func (c *copies) noteBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = time.Time{}
}

func (c *copies) storeAway() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.away)
}

// take returns up to n hosts to look at.
func (c *copies) take(n int) []tenant.Hostname {
	c.mu.Lock()
	defer c.mu.Unlock()
	hosts := make([]tenant.Hostname, 0, min(n, len(c.hosts)))
	for host := range c.hosts {
		if len(hosts) == n {
			break
		}
		delete(c.hosts, host)
		hosts = append(hosts, host)
	}
	return hosts
}

// putBack is for hosts that could not be settled; nobody is woken for them.
func (c *copies) putBack(hosts []tenant.Hostname) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, host := range hosts {
		c.hosts[host] = true
	}
}

func (c *copies) review() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep = true
}

// sweepNow reports whether it is time to sweep, and leaves it to the caller.
func (c *copies) sweepNow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.sweep || len(c.hosts) > 0 {
		return false
	}
	c.sweep = false
	return true
}

func (c *copies) read(host tenant.Hostname) (*copied, localcopy.Kept, error) {
	kept, err := c.folder.Read(host.String())
	if err != nil {
		return nil, kept, err
	}
	var content copied
	if err := json.Unmarshal(kept.Content, &content); err != nil {
		return nil, kept, fmt.Errorf("%w: %w", localcopy.ErrUnusable, err)
	}
	return &content, kept, nil
}
