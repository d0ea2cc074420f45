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
	"go.uber.org/zap"

	"tollhouse/tenant"
)

// acmeClient is certmagic, used for what it is good at: accounts, orders, challenges and renewal windows. Its cache serves nobody, its
// maintenance has nothing to do, and its on-demand mode is off, since certificates obtained in that mode are renewed by visitors only.
type acmeClient struct {
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	plain  *certmagic.Config // the same, without telling the CA what an order replaces
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
	c.config, c.issuer = m.newConfig(c.cache, anchor, log, false)
	c.plain, _ = m.newConfig(c.cache, anchor, log, true)
	return c, nil
}

func (m *Manager) newConfig(cache *certmagic.Cache, anchor *anchor, log *zap.Logger, plain bool) (*certmagic.Config, *certmagic.ACMEIssuer) {
	config := certmagic.New(cache, certmagic.Config{
		Storage:             m.store,
		DisableStorageCheck: true, // a write, a read and a delete of 10 KB each time
		OCSP:                certmagic.OCSPConfig{DisableStapling: true},
		OnEvent:             m.metrics.event,
		ShouldEmitFunc:      func(event string) bool { return event != "tls_get_certificate" },
		DisableARI:          plain,
		Logger:              log,
	})
	issuer := certmagic.NewACMEIssuer(config, certmagic.ACMEIssuer{
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
	issuer.TestCA = ""
	config.Issuers = []certmagic.Issuer{issuer}
	return config, issuer
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

// obtain makes one attempt, without certmagic's own retries, which go on for a month. A renewal names the certificate that it replaces
// (RFC 9773 section 5); a CA that will not have that, for instance because the account is another one by now, would refuse each renewal
// until the certificate expires, so the order is made once more without.
func (c *acmeClient) obtain(ctx context.Context, host tenant.Hostname, kind orderKind) error {
	if kind == first {
		return c.config.ObtainCertSync(ctx, host.String())
	}
	err := c.config.RenewCertSync(ctx, host.String(), kind == renewNow)
	if ctx.Err() == nil && atOrder(err) {
		err = c.plain.RenewCertSync(ctx, host.String(), kind == renewNow)
	}
	return err
}

// atOrder reports whether the CA refused the order itself, before any validation.
func atOrder(err error) bool {
	var problem acme.Problem
	return errors.As(err, &problem) && !validated(problem) && problem.Type != acme.ProblemTypeRateLimited
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
