package certs

import (
	"context"
	"sync"
	"time"

	"tollhouse/tenant"
)

// pending are the hosts that appeared in the Directory and of which it is not known yet that they have a certificate.
type pending struct {
	mu      sync.Mutex
	entries map[tenant.Hostname]*tenant.Entry
	busy    map[tenant.Hostname]bool // worked on now
	again   map[tenant.Hostname]bool // added once more since that work began: its end says nothing
	signal  chan struct{}            // holds one when something was added
}

func newPending() *pending {
	return &pending{
		entries: map[tenant.Hostname]*tenant.Entry{}, busy: map[tenant.Hostname]bool{}, again: map[tenant.Hostname]bool{}, signal: make(chan struct{}, 1),
	}
}

func (p *pending) change(appeared, gone []*tenant.Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entry := range gone {
		delete(p.entries, entry.Host)
		delete(p.again, entry.Host)
	}
	for _, entry := range appeared {
		p.entries[entry.Host] = entry
		if p.busy[entry.Host] {
			p.again[entry.Host] = true
		}
	}
	p.wake()
}

func (p *pending) wake() {
	select {
	case p.signal <- struct{}{}:
	default: // the loop will come round anyway
	}
}

// hosts lists those that nobody works on, one of each tenant after the other: many names of one tenant must not keep another's single name
// waiting.
func (p *pending) hosts() []tenant.Hostname {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := map[tenant.ID][]tenant.Hostname{}
	for host, entry := range p.entries {
		if !p.busy[host] {
			owner := ownerOf(entry)
			of[owner] = append(of[owner], host)
		}
	}
	hosts := make([]tenant.Hostname, 0, len(p.entries))
	for turn := 0; len(of) > 0; turn++ {
		for owner, list := range of {
			hosts = append(hosts, list[turn])
			if turn+1 == len(list) {
				delete(of, owner)
			}
		}
	}
	return hosts
}

// of counts the hosts of one owner.
func (p *pending) of(owner tenant.ID) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entry := range p.entries {
		if ownerOf(entry) == owner {
			n++
		}
	}
	return n
}

// news reports whether hosts appeared since the last time that the signal was taken.
func (p *pending) news() bool { return len(p.signal) > 0 }

// ownerOf is whose host it is; "" for hosts of the platform.
func ownerOf(entry *tenant.Entry) tenant.ID {
	if site := entry.Site(); site != nil && site.Tenant != nil {
		return site.Tenant.ID
	}
	return ""
}

// begin marks a host as worked on until release; nil when it is pending no longer.
func (p *pending) begin(host tenant.Hostname) *tenant.Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := p.entries[host]
	if entry != nil {
		p.busy[host] = true
	}
	return entry
}

func (p *pending) release(host tenant.Hostname) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, host)
	if p.again[host] {
		delete(p.again, host)
		p.wake()
	}
}

func (p *pending) done(host tenant.Hostname) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.again[host] {
		return
	}
	delete(p.entries, host)
}

func (p *pending) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

// issueAhead obtains certificates for hosts that appear in the Directory, before anybody visits them, until ctx ends.
func (m *Manager) issueAhead(ctx context.Context) {
	var workers sync.WaitGroup
	defer workers.Wait()
	lane := make(chan struct{}, m.cfg.OrdersAhead)
	tick := time.NewTicker(m.cfg.Check)
	defer tick.Stop()
	for {
		select {
		case <-m.pending.signal:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		m.issuePending(ctx, lane, &workers)
	}
}

// issuePending goes once through what is pending, or until something new is: that gets its turn among the others at once.
func (m *Manager) issuePending(ctx context.Context, lane chan struct{}, workers *sync.WaitGroup) {
	for hosts := m.pending.hosts(); len(hosts) > 0 && ctx.Err() == nil; {
		n := min(len(hosts), versionsAtOnce)
		for _, host := range m.lacking(ctx, hosts[:n]) {
			if m.failed.recently(host) != nil {
				continue
			}
			m.hand(ctx, host, lane, workers)
			if m.pending.news() {
				return
			}
		}
		hosts = hosts[n:]
	}
}

// lacking returns those of the hosts to order for now. Those in back-off, and those that will fail, stay pending.
func (m *Manager) lacking(ctx context.Context, hosts []tenant.Hostname) []tenant.Hostname {
	missing, err := m.store.Missing(ctx, hosts)
	if err != nil {
		m.cfg.Log.WarnContext(ctx, "hosts without a certificate are not known", "error", err)
		return nil
	}
	lacking := make(map[tenant.Hostname]bool, len(missing))
	var now []tenant.Hostname
	for _, miss := range missing {
		lacking[miss.Host] = true
		if miss.RetryIn == 0 {
			now = append(now, miss.Host)
		}
	}
	for _, host := range hosts {
		if !lacking[host] {
			m.pending.done(host)
		}
	}
	return now
}

// hand gives a host to a worker. It waits for a free one, but never for the work itself: a name that does not validate keeps one worker
// busy and nobody else.
func (m *Manager) hand(ctx context.Context, host tenant.Hostname, lane chan struct{}, workers *sync.WaitGroup) {
	select {
	case lane <- struct{}{}:
	case <-ctx.Done():
		return
	}
	entry := m.pending.begin(host)
	if entry == nil {
		<-lane
		return
	}
	workers.Go(func() {
		defer func() { <-lane }()
		defer m.pending.release(host)
		m.alone(ctx, host, func(ctx context.Context) { m.issue(ctx, entry) })
	})
}

// issue runs the host's flight, or waits for the one that a visitor started.
func (m *Manager) issue(ctx context.Context, entry *tenant.Entry) {
	f := m.lead(entry)
	if f == nil {
		return
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return
	}
	if f.err == nil {
		m.pending.done(entry.Host)
	}
}
