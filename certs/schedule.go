package certs

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"tollhouse/tenant"
)

// dueAtOnce is how many due certificates one query lists.
const dueAtOnce = 256

// refreshPause is how long a renewal window is left alone after it was asked for without an answer that says when to ask again.
const refreshPause = 6 * time.Hour

// renewAlways renews what is due until ctx ends, whether or not anybody visits.
func (m *Manager) renewAlways(ctx context.Context) {
	for ctx.Err() == nil {
		rest(ctx, m.cfg.Check-m.cfg.Check/10+rand.N(m.cfg.Check/5+1))
		if ctx.Err() != nil {
			return
		}
		m.lookAfterCAs(ctx)
		m.refreshWindows(ctx)
		m.renewDue(ctx)
		if err := m.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			m.cfg.Log.WarnContext(ctx, "sweeping the certificate store", "error", err)
		}
	}
}

// lookAfterCAs learns which CAs are in trouble, whichever node met it, for the metrics.
func (m *Manager) lookAfterCAs(ctx context.Context) {
	failing, err := m.store.Failing(ctx)
	if err != nil {
		return // said by renewDue a moment later
	}
	for ca, is := range failing {
		m.metrics.failing(ca, is)
	}
}

// renewDue goes once through all certificates whose time has come. The list pages on, so names that fail or are no longer served hold nobody
// else up.
func (m *Manager) renewDue(ctx context.Context) {
	var workers sync.WaitGroup
	defer workers.Wait()
	lane := make(chan struct{}, m.cfg.OrdersAhead)
	for after := (Due{}); ; {
		due, err := m.store.Due(ctx, after, dueAtOnce)
		if err != nil {
			m.cfg.Log.WarnContext(ctx, "the certificates to renew are not known; those in memory are served on", "error", err)
			return
		}
		for _, d := range due {
			after = d
			if entry, served := m.cfg.Directory.Lookup(d.Host); !served || entry.Site().Leaving || m.unrenewed.recently(d.Host) != nil {
				continue
			}
			select {
			case lane <- struct{}{}:
			case <-ctx.Done():
				return
			}
			workers.Go(func() {
				defer func() { <-lane }()
				m.renew(ctx, d.Host)
			})
		}
		if len(due) < dueAtOnce {
			return
		}
	}
}

// renew replaces one certificate, unless another node is at it or has done it.
func (m *Manager) renew(ctx context.Context, host tenant.Hostname) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.OrderTimeout)
	defer cancel()
	m.alone(ctx, host, func(ctx context.Context) {
		found, err := m.store.Find(ctx, host)
		if err != nil || found.Bundle == nil || found.Bundle.RenewAt.After(m.cfg.Now()) || found.RetryIn > 0 {
			return
		}
		if err := m.order(ctx, host, found); err != nil {
			m.unrenewed.note(host, err)
			return
		}
		m.reload(ctx, host, 0)
	})
}

// alone runs work if no other node does the same for the host at this moment.
func (m *Manager) alone(ctx context.Context, host tenant.Hostname, work func(ctx context.Context)) {
	ctx, done := WithTask(ctx)
	defer done()
	lease := "schedule_" + host.String()
	taken, err := m.store.TryLock(ctx, lease)
	if err != nil || !taken {
		return // another node is at it, or the store is away: the next round comes
	}
	defer func() {
		if err := m.store.Unlock(ctx, lease); err != nil {
			m.cfg.Log.WarnContext(ctx, "a lease was not given back and will run out", "lease", lease, "error", err)
		}
	}()
	work(ctx)
}

// refreshWindows asks the CA again when it would like certificates to be renewed, for those whose answer has grown old: that is how it
// calls certificates back (RFC 9773 section 4.3).
func (m *Manager) refreshWindows(ctx context.Context) {
	for ctx.Err() == nil {
		hosts, err := m.store.ClaimRefresh(ctx, refreshPause, dueAtOnce)
		if err != nil {
			return // said by renewDue a moment later
		}
		for _, host := range hosts {
			if _, served := m.cfg.Directory.Lookup(host); served && ctx.Err() == nil {
				m.refreshWindow(ctx, host)
			}
		}
		if len(hosts) < dueAtOnce {
			return
		}
	}
}

func (m *Manager) refreshWindow(ctx context.Context, host tenant.Hostname) {
	found, err := m.store.Find(ctx, host)
	if err != nil || found.Bundle == nil {
		return
	}
	window, err := m.acme.cas[found.Bundle.CA].window(ctx, found.Bundle.ChainPEM)
	if err == nil {
		err = m.store.SetWindow(ctx, host, window)
	}
	if err != nil {
		m.cfg.Log.DebugContext(ctx, "a renewal window was not refreshed", "host", host.String(), "error", err)
	}
}
