package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// refusal is what the CA said, and for how long it is left alone.
type refusal struct {
	reason  string
	retryIn time.Duration
}

func (r *refusal) Error() string { return "the CA refused: " + r.reason }

var (
	errStopped   = errors.New("the certificate manager does not run")
	errNotStored = errors.New("the order succeeded but no certificate is stored")
)

// fly gets the entry its certificate: from the store, else from the CA. lane bounds how many do the latter; nil when the caller does.
func (m *Manager) fly(entry *tenant.Entry, lane chan struct{}) error {
	if err := m.awaitStart(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.OrderTimeout)
	defer cancel()
	stored, err := m.load(ctx, entry)
	if err != nil || stored == valid {
		return err
	}
	if lane != nil {
		select {
		case lane <- struct{}{}:
			defer func() { <-lane }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	kind := first
	if stored == expired {
		kind = renewIfDue
	}
	if err := m.order(ctx, entry.Host, kind); err != nil {
		return err
	}
	if stored, err = m.load(ctx, entry); err == nil && stored != valid {
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

// standing is what the store has for a host.
type standing uint8

const (
	absent standing = iota
	expired
	valid
)

// load puts a valid stored certificate into memory, or the local copy while the store does not answer. Where there is none and the CA is to
// be left alone, it returns a refusal.
func (m *Manager) load(ctx context.Context, entry *tenant.Entry) (standing, error) {
	found, borrowed, err := m.find(ctx, entry)
	if borrowed {
		return valid, nil
	}
	if err != nil {
		return absent, err
	}
	if b := found.Bundle; b != nil && b.NotAfter.After(m.cfg.Now()) {
		m.sights.held(entry.Host)
		return valid, m.install(entry, b)
	}
	if found.RetryIn > 0 {
		return absent, &refusal{reason: found.Reason, retryIn: found.RetryIn}
	}
	if found.Bundle != nil {
		return expired, nil
	}
	return absent, nil
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

// order gets the host a certificate at the CA, under the cluster's lease for its name, and commits it.
func (m *Manager) order(ctx context.Context, host tenant.Hostname, kind orderKind) error {
	if err := m.clockRight(); err != nil {
		return err
	}
	ctx, done := WithTask(ctx)
	defer done()
	err := m.acme.obtain(ctx, host, kind)
	if err == nil {
		m.disown(ctx, host)
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	if m.ctx.Err() != nil {
		return err // the process ends, which is nobody's trouble
	}
	var problem acme.Problem
	if !errors.As(err, &problem) || !refuses(problem) {
		m.cfg.Log.ErrorContext(ctx, "obtaining a certificate met trouble", "host", host.String(), "error", err)
		return err
	}
	return m.refused(ctx, host, problem)
}

// refuses tells a verdict on the name (RFC 8555 section 6.7) from trouble with the account, the CA or our requests.
func refuses(p acme.Problem) bool {
	switch p.Type {
	case acme.ProblemTypeCAA, acme.ProblemTypeCompound, acme.ProblemTypeRateLimited, acme.ProblemTypeRejectedIdentifier,
		acme.ProblemTypeUnsupportedIdentifier:
		return true
	case acme.ProblemTypeServerInternal:
		return false
	}
	return validated(p)
}

// validated reports whether the problem came out of a validation: then it names the authorization that it is about.
func validated(p acme.Problem) bool {
	_, ok := p.Resource.(acme.Authorization)
	return ok
}

// refused notes the verdict for all nodes.
func (m *Manager) refused(ctx context.Context, host tenant.Hostname, problem acme.Problem) error {
	reason := problem.Type + ": " + problem.Detail
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.HandshakeWait)
	defer cancel()
	retryIn, err := m.store.Failed(ctx, host, reason, m.cfg.Backoff)
	if err != nil {
		retryIn = m.cfg.Backoff.Base
		m.cfg.Log.ErrorContext(ctx, "a refusal could not be noted for the other nodes", "host", host.String(), "error", err)
	}
	m.cfg.Log.WarnContext(ctx, "the CA refused a certificate", "host", host.String(), "reason", reason, "retry_in", retryIn)
	return &refusal{reason: reason, retryIn: retryIn}
}
