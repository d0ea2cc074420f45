package certs

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// Reason is why a certificate is revoked (RFC 5280 section 5.3.1).
type Reason int

// The reasons that a CA takes from a subscriber.
const (
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	Superseded           Reason = 4
	CessationOfOperation Reason = 5 // the host is ours no longer
)

// Revocations are certificates that no node serves any more and that their CA is to be told of. Safe for concurrent use.
type Revocations interface {
	// Revoke has all certificates of a host revoked and dropped by every node, and returns how many. An order that is under way for it
	// commits no more.
	Revoke(ctx context.Context, host tenant.Hostname, reason Reason) (int, error)
	// TakeRevocations picks up to limit certificates whose revocation is due and puts each off, longer with each attempt, so that no other
	// node takes it and a CA that fails is not pressed.
	TakeRevocations(ctx context.Context, limit int) ([]Revocation, error)
	// Revoked notes that the CA took it, or that it has expired, and forgets the private keys.
	Revoked(ctx context.Context, r Revocation) error
	// NotRevoked notes why not; it stays to be done.
	NotRevoked(ctx context.Context, r Revocation, reason string) error
}

// Revocation is a certificate to be revoked. It prints without its keys.
type Revocation struct {
	Host     tenant.Hostname
	Issuer   string // as in the tables
	Serial   string
	Reason   Reason
	CA       string    // URL of the directory that issued it; "" when it is not known
	Attempts int       // this one included
	Issued   []Revoked // the certificate, and the generation before if that is valid still
}

// Revoked is one generation to be revoked.
type Revoked struct {
	ChainPEM []byte
	KeyPEM   []byte `json:"-"` // nil when it cannot be opened
	NotAfter time.Time
}

// String names the revocation and nothing of its content.
func (r Revocation) String() string { return "revocation of " + r.Serial + " of " + r.Host.String() }

// RevocationPatience is how long a CA may take. An attempt is repeated by anybody only after that.
const RevocationPatience = 30 * time.Second

// revokeSoon has the revocations looked at without waiting for the next round.
func (m *Manager) revokeSoon() {
	select {
	case m.revocable <- struct{}{}:
	default: // the loop will come round anyway
	}
}

// revokeAlways revokes what is due until ctx ends.
func (m *Manager) revokeAlways(ctx context.Context) {
	tick := time.NewTicker(m.cfg.Check)
	defer tick.Stop()
	m.revokeSoon() // what an earlier process left
	for {
		select {
		case <-m.revocable:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		m.revokeDue(ctx)
	}
}

// revokeDue takes one after the other, so that a CA that is slow to answer keeps no other from being taken by another node.
func (m *Manager) revokeDue(ctx context.Context) {
	for ctx.Err() == nil {
		due, err := m.store.TakeRevocations(ctx, 1)
		if err != nil && ctx.Err() == nil {
			m.cfg.Log.WarnContext(ctx, "the certificates to be revoked are not known", "error", err)
		}
		if len(due) == 0 {
			return
		}
		m.settleRevocation(ctx, due[0])
	}
}

// settleRevocation makes one attempt. A process that dies between the CA's answer and the note revokes once more, which the CA calls done.
func (m *Manager) settleRevocation(ctx context.Context, r Revocation) {
	ctx, cancel := context.WithTimeout(ctx, RevocationPatience)
	defer cancel()
	result, err := m.revokeAll(ctx, r)
	m.metrics.revocations.WithLabelValues(result).Inc()
	if err == nil {
		err = m.store.Revoked(ctx, r)
	} else {
		m.cfg.Log.WarnContext(ctx, "a certificate is not revoked yet", "host", r.Host.String(), "serial", r.Serial, "attempts", r.Attempts, "error", err)
		err = m.store.NotRevoked(context.WithoutCancel(ctx), r, err.Error())
	}
	if err != nil {
		m.cfg.Log.WarnContext(ctx, "the outcome of a revocation is not noted; it will be repeated", "serial", r.Serial, "error", err)
	}
}

// What became of a revocation, as it is counted.
const (
	revocationDone    = "revoked"
	revocationExpired = "expired"
	revocationFailed  = "failed"
)

func (m *Manager) revokeAll(ctx context.Context, r Revocation) (result string, err error) {
	result = revocationExpired
	for _, one := range r.Issued {
		if !one.NotAfter.After(m.cfg.Now()) {
			continue
		}
		if err := m.revoke(ctx, r, one); err != nil {
			return revocationFailed, err
		}
		result = revocationDone
	}
	return result, nil
}

// revoke asks the CA with the account that ordered, else with the certificate's own key (RFC 8555 section 7.6): the account may be lost, or
// the CA be one that is configured no longer.
func (m *Manager) revoke(ctx context.Context, r Revocation, one Revoked) error {
	var byAccount error
	if issuer := m.issuerOf(r.Issuer); issuer != nil {
		byAccount = done(issuer.Revoke(ctx, certmagic.CertificateResource{CertificatePEM: one.ChainPEM}, int(r.Reason)))
		var problem acme.Problem
		if byAccount == nil || !errors.As(byAccount, &problem) {
			return byAccount
		}
	}
	if err := m.revokeByKey(ctx, r, one); err != nil {
		return errors.Join(byAccount, err)
	}
	return nil
}

// done takes "already revoked" for a success.
func done(err error) error {
	var problem acme.Problem
	if errors.As(err, &problem) && problem.Type == acme.ProblemTypeAlreadyRevoked {
		return nil
	}
	return err
}

func (m *Manager) revokeByKey(ctx context.Context, r Revocation, one Revoked) error {
	if r.CA == "" || one.KeyPEM == nil {
		return fmt.Errorf("nothing is left to revoke %s with", r.Serial)
	}
	pair, err := tls.X509KeyPair(one.ChainPEM, one.KeyPEM)
	if err != nil {
		return fmt.Errorf("reading the certificate to be revoked: %w", err)
	}
	client := acme.Client{Directory: r.CA, HTTPClient: m.caClient(r.CA)}
	defer client.HTTPClient.CloseIdleConnections()
	return done(client.RevokeCertificate(ctx, acme.Account{}, pair.Leaf, pair.PrivateKey.(crypto.Signer), int(r.Reason)))
}

// disown gives a certificate up that came for a host that left the Directory while it was being obtained: it has served nobody.
func (m *Manager) disown(ctx context.Context, host tenant.Hostname) {
	if _, served := m.cfg.Directory.Lookup(host); served {
		return
	}
	if _, err := m.store.Revoke(ctx, host, CessationOfOperation); err != nil {
		m.cfg.Log.WarnContext(ctx, "a certificate of a host that is not served any more stays", "host", host.String(), "error", err)
	}
}

// issuerOf returns the account's side of a configured CA by its key in the tables; nil when it is configured no longer.
func (m *Manager) issuerOf(key string) *certmagic.ACMEIssuer {
	for _, ca := range m.acme.cas {
		if certmagic.StorageKeys.Safe(ca.issuer.IssuerKey()) == key {
			return ca.issuer
		}
	}
	return nil
}

// caClient speaks to a CA that may be configured no longer: then it must have a certificate that this machine trusts.
func (m *Manager) caClient(ca string) *http.Client {
	var roots *x509.CertPool
	for _, authority := range m.cfg.authorities() {
		if ca == authority.Directory {
			roots = authority.EndpointRoots
		}
	}
	return &http.Client{Timeout: RevocationPatience, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
}
