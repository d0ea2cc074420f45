package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// sightPatience bounds one handshake with itself.
const sightPatience = 5 * time.Second

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
		if !served {
			continue
		}
		here, err := m.bring(ctx, entry, version)
		if err != nil {
			return err
		}
		if !here {
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

// bring sees to it that the certificate is in memory in at least this version, and reports whether one is. A store that does not answer is an
// error; a certificate that cannot be read must not hold up the others.
func (m *Manager) bring(ctx context.Context, entry *tenant.Entry, version int64) (bool, error) {
	cert, held := m.cache.holding(entry)
	if version == heldOnly || (cert != nil && version > 0 && held >= version) {
		return cert != nil, nil
	}
	drops := m.drops.Load()
	found, err := m.store.Find(ctx, entry.Host)
	if err != nil && !errors.Is(err, seal.ErrSealed) {
		return false, err
	}
	if err == nil && found.Bundle != nil && (cert == nil || found.Bundle.Version > held) {
		if err = m.install(entry, found.Bundle); err == nil {
			m.confirm(ctx, entry, drops)
		}
	}
	if err != nil {
		m.cfg.Log.ErrorContext(ctx, "a committed certificate cannot be read", "host", entry.Host.String(), "error", err)
	}
	return entry.Certificate.Load() != nil, nil
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
	if err != nil {
		_ = near.Close() // ends the server's side
	}
	if far := <-done; err == nil {
		err = far
	}
	if err != nil {
		return nil, fmt.Errorf("handshake with itself: %w", err)
	}
	return client.ConnectionState().PeerCertificates[0], nil
}
