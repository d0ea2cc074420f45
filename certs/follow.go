package certs

import (
	"context"
	"math/rand/v2"
	"time"

	"tollhouse/tenant"
)

// followChanges hears what other nodes commit and present, until ctx ends. After a lost connection it looks at all that is held in memory.
func (m *Manager) followChanges(ctx context.Context) {
	pause := shortestPause
	for ctx.Err() == nil {
		err := m.store.Listen(ctx, func() { pause = shortestPause; m.resync(ctx) }, func(e Event) { m.apply(ctx, e) })
		if ctx.Err() != nil {
			return
		}
		m.cfg.Log.WarnContext(ctx, "changes to certificates are not heard for a moment", "error", err, "retry_in", pause)
		rest(ctx, pause/2+rand.N(pause))
		pause = min(2*pause, longestPause)
	}
}

const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
)

// rest waits for d or for the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// apply takes one change over.
func (m *Manager) apply(ctx context.Context, e Event) {
	switch e.Kind {
	case Presented:
		m.learnChallenge(ctx, e.Host)
	case Answered:
		m.challenges.set(e.Host, nil)
	case Committed:
		m.failed.forget(e.Host)
		m.unrenewed.forget(e.Host)
		m.reload(ctx, e.Host, e.Version)
		if entry, ok := m.cfg.Directory.Lookup(e.Host); ok {
			m.copies.changed(entry)
			m.sights.committed(e.Host, e.Version)
		}
	case Retried:
		m.retry(e.Host)
	case Dropped:
		m.revokeSoon()
		m.drop(e.Host)
	}
}

// drop takes a certificate that was deleted out of memory and off the disk, and takes the host up again if it is served still.
func (m *Manager) drop(host tenant.Hostname) {
	m.drops.Add(1)
	if entry, ok := m.cfg.Directory.Lookup(host); ok {
		m.cache.remove(entry)
		m.copies.settled(entry.Host)
		m.copies.changed(entry)
		m.pending.change([]*tenant.Entry{entry}, nil)
	}
}

// retry forgets that a host failed, and takes it up again.
func (m *Manager) retry(host tenant.Hostname) {
	m.failed.forget(host)
	m.unrenewed.forget(host)
	if entry, ok := m.cfg.Directory.Lookup(host); ok {
		m.pending.change([]*tenant.Entry{entry}, nil)
	}
}

func (m *Manager) learnChallenge(ctx context.Context, host tenant.Hostname) {
	answer, err := m.store.Challenge(ctx, host)
	if err != nil {
		m.cfg.Log.WarnContext(ctx, "a challenge cannot be answered here", "host", host.String(), "error", err)
		return
	}
	m.challenges.set(host, newChallenge(answer))
}

// reload replaces a certificate in memory by a newer generation; 0 stands for one that is not known. What is not in memory stays out: its
// next handshake loads it.
func (m *Manager) reload(ctx context.Context, host tenant.Hostname, version int64) {
	entry, ok := m.cfg.Directory.Lookup(host)
	if !ok {
		return
	}
	if held := m.cache.version(entry); held == 0 || (version != 0 && held >= version) {
		return
	}
	if _, _, err := m.load(ctx, entry); err != nil {
		m.cfg.Log.WarnContext(ctx, "a new certificate could not be loaded; the old one is served on", "host", host.String(), "error", err)
	}
}

// versionsAtOnce is how many versions one query compares.
const versionsAtOnce = 1000

// resync makes up for changes that were not heard.
func (m *Manager) resync(ctx context.Context) {
	answers, err := m.store.Challenges(ctx)
	if err != nil {
		m.cfg.Log.WarnContext(ctx, "challenges under way could not be read", "error", err)
	} else {
		active := make(map[tenant.Hostname]*challenge, len(answers))
		for _, a := range answers {
			if host, err := tenant.ParseHostname(a.Identifier.Value); err == nil {
				active[host] = newChallenge(a)
			}
		}
		m.challenges.reset(active)
	}
	var hosts []tenant.Hostname
	for entry := range m.cache.held() {
		if hosts = append(hosts, entry.Host); len(hosts) == versionsAtOnce {
			m.compare(ctx, hosts)
			hosts = hosts[:0]
		}
	}
	m.compare(ctx, hosts)
	m.copies.noteBack()
	m.sights.missed()
	m.copies.changed(m.served()...)
}

func (m *Manager) compare(ctx context.Context, hosts []tenant.Hostname) {
	if len(hosts) == 0 {
		return
	}
	versions, err := m.store.Versions(ctx, hosts)
	if err != nil {
		m.cfg.Log.WarnContext(ctx, "certificate versions could not be compared", "error", err)
		return
	}
	for _, host := range hosts {
		version, stored := versions[host]
		if stored {
			m.reload(ctx, host, version)
			continue
		}
		if entry, ok := m.cfg.Directory.Lookup(host); ok && m.cache.version(entry) > 0 { // else it is borrowed, and the copies' business
			m.drop(host)
		}
	}
}
