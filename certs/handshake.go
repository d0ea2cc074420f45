package certs

import (
	"context"
	"crypto/tls"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// GetCertificate returns the certificate for the host that a hello names. nil without an error means "not ours": the client is told
// unrecognized_name. An error means that the host is ours but has no certificate yet; the client is told internal_error. For a host whose
// certificate is in memory it touches no storage, and for a name that is not ours nothing at all.
func (m *Manager) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host, err := tenant.ParseHostname(hello.ServerName)
	if err != nil {
		m.metrics.malformed.Inc()
		return nil, nil
	}
	if isChallenge(hello) {
		return m.challengeCertificate(contextOf(hello), host)
	}
	entry, ok := m.cfg.Directory.Lookup(host)
	if !ok {
		m.metrics.unknown.Inc()
		return nil, nil
	}
	if cert := entry.Certificate.Load(); cert != nil {
		if !entry.Seen.Load() { // a store by every handshake would move the cache line between all cores
			entry.Seen.Store(true)
		}
		m.metrics.warm.Inc()
		return cert, nil
	}
	cert, err := m.await(contextOf(hello), entry)
	m.metrics.waited(err)
	return cert, err
}

// isChallenge recognises the CA's validation (RFC 8737 section 3): it offers acme-tls/1 and nothing else.
func isChallenge(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmez.ACMETLS1Protocol
}

func (m *Manager) challengeCertificate(ctx context.Context, host tenant.Hostname) (*tls.Certificate, error) {
	active := m.challenge(ctx, host, func(c *challenge) bool { return c.Type == acme.ChallengeTypeTLSALPN01 })
	if active == nil {
		m.metrics.challengeRefused.Inc()
		return nil, nil
	}
	m.metrics.challengeAnswered.Inc()
	return active.certificate()
}

// contextOf tolerates a hello that no handshake made.
func contextOf(hello *tls.ClientHelloInfo) context.Context {
	if ctx := hello.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
