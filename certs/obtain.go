package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
)

// refusal is why no CA gives a certificate now, and for how long they are left alone.
type refusal struct {
	code    string
	reason  string
	retryIn time.Duration
}

func (r *refusal) Error() string { return "no certificate from the CA: " + r.code + ": " + r.reason }

// sooner is the one of two refusals that is over first; nil stands for none.
func sooner(a, b *refusal) *refusal {
	if a == nil || b.retryIn < a.retryIn {
		return b
	}
	return a
}

var (
	errStopped   = errors.New("the certificate manager does not run")
	errNotStored = errors.New("the order succeeded but no certificate is stored")
	errLeaving   = errors.New("the proof of the name is gone; nothing is ordered for it")
)

// fly gets the entry its certificate: from the store, else from the CA. lane bounds how many do the latter; nil when the caller does, which may
// also turn out later, by lent.
func (m *Manager) fly(entry *tenant.Entry, lane, lent chan struct{}) error {
	if err := m.awaitStart(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.OrderTimeout)
	defer cancel()
	stored, found, err := m.load(ctx, entry)
	if err != nil || stored {
		return err
	}
	if entry.Site().Leaving {
		return errLeaving
	}
	if lane != nil {
		select {
		case lane <- struct{}{}:
			defer func() { <-lane }()
		case <-lent:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err := m.order(ctx, entry.Host, found); err != nil {
		return err
	}
	if stored, _, err = m.load(ctx, entry); err == nil && !stored {
		err = errNotStored
	}
	return err
}

func (m *Manager) awaitStart() error {
	begun := time.NewTimer(m.cfg.HandshakeWait)
	defer begun.Stop()
	select {
	case <-m.started:
		return nil
	case <-begun.C:
		return errStopped
	}
}

// load puts a valid stored certificate into memory, or the local copy while the store does not answer, and reports whether there was one.
// Where there is none and all CAs are to be left alone, it returns a refusal.
func (m *Manager) load(ctx context.Context, entry *tenant.Entry) (bool, Found, error) {
	drops := m.drops.Load()
	found, borrowed, err := m.find(ctx, entry)
	if borrowed {
		return true, Found{}, nil
	}
	if err != nil {
		return false, Found{}, err
	}
	if b := found.Bundle; b != nil && b.NotAfter.After(m.cfg.Now()) {
		return true, found, m.take(ctx, entry, b, drops)
	}
	if found.RetryIn > 0 {
		return false, found, &refusal{code: found.Code, reason: found.Reason, retryIn: found.RetryIn}
	}
	return false, found, nil
}

// take installs what the store answered, if it is stored still. drops is the count of deletions before the store was asked: one that was heard
// meanwhile came before the certificate was in memory, and nothing would take it out again.
func (m *Manager) take(ctx context.Context, entry *tenant.Entry, b *Bundle, drops uint64) error {
	if err := m.install(entry, b); err != nil {
		return err
	}
	m.confirm(ctx, entry, drops)
	m.sights.held(entry.Host)
	return nil
}

func (m *Manager) confirm(ctx context.Context, entry *tenant.Entry, drops uint64) {
	if m.drops.Load() == drops {
		return
	}
	versions, err := m.store.Versions(ctx, []tenant.Hostname{entry.Host})
	if _, stored := versions[entry.Host]; err == nil && !stored {
		m.drop(entry.Host)
	}
}

// install makes a stored certificate the one that handshakes get.
func (m *Manager) install(entry *tenant.Entry, b *Bundle) error {
	cert, err := tls.X509KeyPair(b.ChainPEM, b.KeyPEM)
	if err != nil {
		return fmt.Errorf("reading the stored certificate of %s: %w", b.Host, err)
	}
	m.put(entry, &cert, b.Version)
	m.copies.settled(entry.Host)
	m.copies.changed(entry)
	return nil
}

func (m *Manager) put(entry *tenant.Entry, cert *tls.Certificate, version int64) {
	m.intern.chain(cert)
	m.cache.put(entry, cert, version)
	// A host that left the Directory meanwhile must not keep its place.
	if current, ok := m.cfg.Directory.Lookup(entry.Host); !ok || current != entry {
		m.cache.remove(entry)
	}
}
