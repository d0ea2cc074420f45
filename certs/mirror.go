package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// keepCopies is the writer. It works until ctx ends.
func (m *Manager) keepCopies(ctx context.Context) {
	if m.copies.folder == nil {
		return
	}
	retry, review := time.NewTicker(copyRetry), time.NewTicker(copyReview)
	defer retry.Stop()
	defer review.Stop()
	for {
		select {
		case <-m.copies.signal:
		case <-retry.C:
		case <-review.C:
			m.copies.review()
			m.copies.changed(m.served()...)
		case <-ctx.Done():
			return
		}
		m.settleCopies(ctx)
	}
}

func (m *Manager) settleCopies(ctx context.Context) {
	for ctx.Err() == nil {
		hosts := m.copies.take(versionsAtOnce)
		if len(hosts) == 0 {
			break
		}
		begun := time.Now()
		if left := m.settleSome(ctx, hosts); len(left) > 0 {
			m.copies.putBack(left)
			return
		}
		// Half of the time, so that a node that has just begun has its processors for its clients.
		rest(ctx, time.Since(begun))
	}
	if m.cfg.Directory.Current() && m.copies.sweepNow() {
		m.sweepCopies()
	}
}

// settleSome returns the hosts that could not be settled.
func (m *Manager) settleSome(ctx context.Context, hosts []tenant.Hostname) (left []tenant.Hostname) {
	var ask []*tenant.Entry
	for i, host := range hosts {
		entry, served := m.cfg.Directory.Lookup(host)
		if !served {
			m.copies.settled(host)
			m.dropCopy(host)
			continue
		}
		cert, version := m.cache.holding(entry)
		if cert == nil || version == 0 {
			ask = append(ask, entry)
			continue
		}
		if err := m.copyHeld(host, cert, version); err != nil {
			return append(hosts[i:], hostsOf(ask)...)
		}
	}
	return m.settleByStore(ctx, ask)
}

// copyHeld makes the copy agree with memory.
func (m *Manager) copyHeld(host tenant.Hostname, cert *tls.Certificate, version int64) error {
	if c, kept, err := m.copies.read(host); err == nil && kept.Newest && c.Version == version && bytes.Equal(c.Chain[0], cert.Certificate[0]) {
		return nil
	}
	c, err := toCopy(cert, version)
	if err != nil {
		return m.writeFailed(err)
	}
	return m.writeCopy(host, c)
}

// settleByStore makes the copies of hosts agree with the store that are not in memory, or in memory from their copy.
func (m *Manager) settleByStore(ctx context.Context, entries []*tenant.Entry) (left []tenant.Hostname) {
	hosts := hostsOf(entries)
	if len(hosts) == 0 || m.copies.storeAway() {
		return hosts
	}
	versions, err := m.store.Versions(ctx, hosts)
	if err != nil {
		m.copies.noteAway()
		return hosts
	}
	for i, entry := range entries {
		if err := m.settleOne(ctx, entry, versions[entry.Host]); err != nil {
			return hosts[i:]
		}
	}
	return nil
}

func (m *Manager) settleOne(ctx context.Context, entry *tenant.Entry, version int64) error {
	onLoan := m.copies.onLoan(entry.Host)
	if version == 0 {
		m.storeHasNone(entry)
		return nil
	}
	if c, kept, err := m.copies.read(entry.Host); err == nil && kept.Newest && c.Version == version && !onLoan {
		return nil
	}
	return m.takeOver(ctx, entry, onLoan)
}

// takeOver copies what the store has. Only a store or disk that fails is an error: a certificate that cannot be read must not hold up the
// others.
func (m *Manager) takeOver(ctx context.Context, entry *tenant.Entry, onLoan bool) error {
	drops := m.drops.Load()
	found, err := m.store.Find(ctx, entry.Host)
	if err != nil && !errors.Is(err, seal.ErrSealed) {
		m.copies.noteAway()
		return err
	}
	if err == nil && found.Bundle == nil {
		m.storeHasNone(entry)
		return nil
	}
	var cert tls.Certificate
	if err == nil {
		cert, err = tls.X509KeyPair(found.Bundle.ChainPEM, found.Bundle.KeyPEM)
	}
	if err != nil {
		m.cfg.Log.ErrorContext(ctx, "a stored certificate cannot be read", "host", entry.Host.String(), "error", err)
		return nil
	}
	if onLoan {
		m.put(entry, &cert, found.Bundle.Version)
		m.confirm(ctx, entry, drops)
		m.sights.held(entry.Host)
		m.copies.settled(entry.Host)
	}
	return m.copyHeld(entry.Host, &cert, found.Bundle.Version)
}

// storeHasNone is the store's definite answer that a host has no certificate: its copy goes, and what was served of it.
func (m *Manager) storeHasNone(entry *tenant.Entry) {
	m.dropCopy(entry.Host)
	if m.copies.onLoan(entry.Host) {
		m.copies.settled(entry.Host)
		m.cache.remove(entry)
		m.pending.change([]*tenant.Entry{entry}, nil)
	}
}

func (m *Manager) writeCopy(host tenant.Hostname, c *copied) error {
	content, err := json.Marshal(c)
	if err == nil {
		err = m.copies.folder.Write(host.String(), content, m.cfg.Now())
	}
	if err != nil {
		return m.writeFailed(err)
	}
	m.metrics.copies.WithLabelValues(copyWritten).Inc()
	if m.copies.failing {
		m.copies.failing = false
		m.cfg.Log.Info("local copies of certificates are written again")
	}
	return nil
}

// writeFailed says once that copies cannot be written.
func (m *Manager) writeFailed(err error) error {
	m.metrics.copies.WithLabelValues(copyUnwritten).Inc()
	if !m.copies.failing {
		m.copies.failing = true
		m.cfg.Log.Error("a local copy of a certificate could not be written; serving goes on without", "error", err)
	}
	return err
}

func (m *Manager) dropCopy(host tenant.Hostname) {
	removed, err := m.copies.folder.Remove(host.String())
	if removed {
		m.metrics.copies.WithLabelValues(copyRemoved).Inc()
	}
	if err != nil {
		m.cfg.Log.Warn("the local copy of a certificate could not be removed", "host", host.String(), "error", err)
	}
}

// sweepCopies removes the copies of hosts that ceased to be served while this process did not run.
func (m *Manager) sweepCopies() {
	served := m.served()
	if len(served) == 0 {
		return
	}
	names := func(yield func(string) bool) {
		for _, entry := range served {
			if !yield(entry.Host.String()) {
				return
			}
		}
	}
	removed, err := m.copies.folder.Sweep(names, time.Now())
	m.metrics.copies.WithLabelValues(copyRemoved).Add(float64(removed))
	if err != nil {
		m.cfg.Log.Warn("local copies of certificates were not swept", "error", err)
	}
}

// served lists every host that is served now.
func (m *Manager) served() (entries []*tenant.Entry) {
	m.cfg.Directory.Subscribe(func(appeared, _ []*tenant.Entry) { entries = append(entries, appeared...) })()
	return entries
}

func hostsOf(entries []*tenant.Entry) []tenant.Hostname {
	hosts := make([]tenant.Hostname, len(entries))
	for i, entry := range entries {
		hosts[i] = entry.Host
	}
	return hosts
}
