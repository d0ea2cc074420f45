package certs

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/localcopy"
)

// What became of a local copy, as it is counted.
const (
	copyServed    = "served"
	copyExpired   = "served_expired"
	copyAbsent    = "absent"
	copyUnusable  = "unusable"
	copyWritten   = "written"
	copyUnwritten = "not_written"
	copyRemoved   = "removed"
)

const (
	// storePatience is how long a handshake waits for the store when there is a local copy: a store that hangs is as good as one that fails.
	storePatience = time.Second
	// awayFor is how long a store that did not answer is not waited for again by those who have a local copy.
	awayFor = 5 * time.Second
)

// copied is one generation of a certificate as it is kept on the node's disk.
type copied struct {
	Version int64
	Chain   [][]byte // DER, leaf first
	Key     []byte   // PKCS #8
}

// answer is what the store said.
type answer struct {
	found Found
	err   error
}

// find asks the store. When it fails or hangs, and there is a local copy, that is served: borrowed is true then.
func (m *Manager) find(ctx context.Context, entry *tenant.Entry) (found Found, borrowed bool, err error) {
	if m.copies.folder == nil {
		found, err = m.store.Find(ctx, entry.Host)
		return found, false, err
	}
	if m.copies.storeAway() && m.borrow(entry) {
		return Found{}, true, nil
	}
	answers := make(chan answer, 1)
	m.work.Go(func() {
		found, err := m.store.Find(ctx, entry.Host)
		answers <- answer{found, err}
	})
	patience := time.NewTimer(storePatience)
	defer patience.Stop()
	select {
	case a := <-answers:
		return a.found, a.err != nil && m.lend(ctx, entry), a.err
	case <-patience.C:
		if m.lend(ctx, entry) {
			return Found{}, true, nil
		}
		a := <-answers
		return a.found, false, a.err
	}
}

// lend is borrow, and remembers that the store did not answer.
func (m *Manager) lend(ctx context.Context, entry *tenant.Entry) bool {
	if m.ctx.Err() != nil {
		return false // it is us who end
	}
	m.copies.noteAway()
	return m.borrow(entry)
}

// borrow puts the local copy into memory, an expired one too: whoever meets it can still decide, and there is nothing better. It is generation
// 0, so that whatever the store has replaces it.
func (m *Manager) borrow(entry *tenant.Entry) bool {
	if entry.Certificate.Load() != nil {
		return false
	}
	cert, at, err := m.copyOf(entry.Host)
	if errors.Is(err, fs.ErrNotExist) {
		m.metrics.copies.WithLabelValues(copyAbsent).Inc()
		return false
	}
	if err != nil {
		m.metrics.copies.WithLabelValues(copyUnusable).Inc()
		m.cfg.Log.Warn("the local copy of a certificate is left aside", "host", entry.Host.String(), "error", err)
		return false
	}
	result := copyServed
	if !cert.Leaf.NotAfter.After(m.cfg.Now()) {
		result = copyExpired
	}
	m.metrics.copies.WithLabelValues(result).Inc()
	m.put(entry, cert, 0)
	m.copies.borrowed(entry, at)
	return true
}

// copyOf reads the local copy of a host's certificate and refuses one that could not be served.
func (m *Manager) copyOf(host tenant.Hostname) (*tls.Certificate, time.Time, error) {
	c, kept, err := m.copies.read(host)
	if err != nil {
		return nil, time.Time{}, err
	}
	cert, err := c.certificate(host)
	if err == nil && !m.store.Trusts(c.Chain) {
		err = errors.New("its root is not one of ours")
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", localcopy.ErrUnusable, err)
	}
	return cert, kept.At, nil
}

// certificate makes a copy ready to be served, if key, chain and host belong together.
func (c *copied) certificate(host tenant.Hostname) (*tls.Certificate, error) {
	if len(c.Chain) == 0 {
		return nil, errors.New("no certificate")
	}
	leaf, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(c.Key)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(crypto.Signer)
	if !ok || !samePublicKey(key.Public(), leaf.PublicKey) {
		return nil, errors.New("key and certificate do not belong together")
	}
	if err := leaf.VerifyHostname(host.String()); err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: c.Chain, PrivateKey: key, Leaf: leaf}, nil
}

// samePublicKey relies on the method that every public key of the standard library has (crypto.PublicKey).
func samePublicKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// toCopy writes down what is in memory.
func toCopy(cert *tls.Certificate, version int64) (*copied, error) {
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return nil, err
	}
	return &copied{Version: version, Chain: cert.Certificate, Key: key}, nil
}
