package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// acmeClient is certmagic, used for what it is good at: accounts, orders, challenges and renewal windows. Its cache serves nobody, its
// maintenance has nothing to do, and its on-demand mode is off, since certificates obtained in that mode are renewed by visitors only.
type acmeClient struct {
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	anchor *anchor
}

func (m *Manager) newACMEClient() (*acmeClient, error) {
	anchor, err := dropAnchor()
	if err != nil {
		return nil, err
	}
	log := zapOver(m.cfg.Log)
	c := &acmeClient{anchor: anchor}
	c.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return c.config, nil },
		Logger:             log,
		RenewCheckInterval: m.cfg.Check, // also its notion of "due": five of these before expiry
	})
	c.config = certmagic.New(c.cache, certmagic.Config{
		Storage:             m.store,
		DisableStorageCheck: true, // a write, a read and a delete of 10 KB each time
		OCSP:                certmagic.OCSPConfig{DisableStapling: true},
		OnEvent:             m.metrics.event,
		ShouldEmitFunc:      func(event string) bool { return event != "tls_get_certificate" },
		Logger:              log,
	})
	c.issuer = certmagic.NewACMEIssuer(c.config, certmagic.ACMEIssuer{
		CA:                      m.cfg.CA,
		Email:                   m.cfg.Email,
		Agreed:                  true,
		Profile:                 m.cfg.Profile,
		ExternalAccount:         m.cfg.ExternalAccount,
		TrustedRoots:            m.cfg.CARoots,
		CertObtainTimeout:       m.cfg.OrderTimeout,
		DisableHTTPChallenge:    !m.allowed(acme.ChallengeTypeHTTP01),
		DisableTLSALPNChallenge: !m.allowed(acme.ChallengeTypeTLSALPN01),
		ListenHost:              anchor.host,
		AltHTTPPort:             anchor.port,
		AltTLSALPNPort:          anchor.port,
		Logger:                  log,
	})
	// NewACMEIssuer puts Let's Encrypt's staging CA in by itself. Retries would go there first, and its challenges would be stored where no
	// other node looks for them.
	c.issuer.TestCA = ""
	c.config.Issuers = []certmagic.Issuer{c.issuer}
	return c, nil
}

func (m *Manager) allowed(challenge string) bool {
	return len(m.cfg.Challenges) == 0 || slices.Contains(m.cfg.Challenges, challenge)
}

// orderKind says what an order is for.
type orderKind uint8

const (
	first      orderKind = iota // nothing is done if something is stored by the time the lease is had
	renewIfDue                  // nothing is done if certmagic finds the stored one good: another node was faster
	renewNow                    // the caller has seen under a lease of its own that it is time
)

// obtain makes one attempt, without certmagic's own retries, which go on for a month.
func (c *acmeClient) obtain(ctx context.Context, host tenant.Hostname, kind orderKind) error {
	if kind == first {
		return c.config.ObtainCertSync(ctx, host.String())
	}
	return c.config.RenewCertSync(ctx, host.String(), kind == renewNow)
}

// window asks the CA when it would like a certificate to be renewed (RFC 9773).
func (c *acmeClient) window(ctx context.Context, chainPEM []byte) (acme.RenewalInfo, error) {
	block, _ := pem.Decode(chainPEM)
	if block == nil {
		return acme.RenewalInfo{}, errors.New("no certificate in the chain")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return acme.RenewalInfo{}, fmt.Errorf("reading the stored chain: %w", err)
	}
	return c.issuer.GetRenewalInfo(ctx, certmagic.Certificate{Certificate: tls.Certificate{Leaf: leaf}})
}

func (c *acmeClient) close() {
	c.cache.Stop()
	c.anchor.weigh()
}
