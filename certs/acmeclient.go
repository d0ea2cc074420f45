package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"

	"tollhouse/tenant"
)

// acmeClient is certmagic, used for what it is good at: accounts, orders, challenges and renewal windows. Its cache serves nobody, its
// maintenance has nothing to do, and its on-demand mode is off, since certificates obtained in that mode are renewed by visitors only.
type acmeClient struct {
	cache  *certmagic.Cache
	cas    []*caClient
	anchor *anchor
}

// caClient is certmagic for one CA. Each CA has configurations of its own with one issuer: with several in one, certmagic tells the second
// CA that its order replaces a certificate of the first.
type caClient struct {
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	plain  *certmagic.Config // the same, without telling the CA what an order replaces
	answer *retryAfter
}

// unlimited switches off certmagic's own limit of ten orders in ten seconds a process: the ledger counts for all nodes together. Both
// have to be zero, it panics otherwise, and they are variables of the package, so they are written once and before any use.
var unlimited = sync.OnceFunc(func() {
	certmagic.RateLimitEvents, certmagic.RateLimitEventsWindow = 0, 0
})

func (m *Manager) newACMEClient() (*acmeClient, error) {
	unlimited()
	anchor, err := dropAnchor()
	if err != nil {
		return nil, err
	}
	c := &acmeClient{anchor: anchor}
	c.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return c.cas[0].config, nil },
		Logger:             zapOver(m.cfg.Log),
		RenewCheckInterval: m.cfg.Check, // also its notion of "due": five of these before expiry
	})
	for i, authority := range m.cfg.authorities() {
		c.cas = append(c.cas, m.newCAClient(c.cache, anchor, i, authority))
	}
	return c, nil
}

func (m *Manager) newCAClient(cache *certmagic.Cache, anchor *anchor, i int, authority Authority) *caClient {
	ca := &caClient{answer: listenTo(zapOver(m.cfg.Log).Core())}
	log := zap.New(ca.answer)
	ca.config, ca.issuer = m.newConfig(cache, anchor, log, i, authority, false)
	ca.plain, _ = m.newConfig(cache, anchor, log, i, authority, true)
	return ca
}

func (m *Manager) newConfig(cache *certmagic.Cache, anchor *anchor, log *zap.Logger, ca int, authority Authority, plain bool) (*certmagic.Config, *certmagic.ACMEIssuer) {
	config := certmagic.New(cache, certmagic.Config{
		Storage:             m.store,
		DisableStorageCheck: true, // a write, a read and a delete of 10 KB each time
		OCSP:                certmagic.OCSPConfig{DisableStapling: true},
		OnEvent:             onEvent(plain),
		ShouldEmitFunc:      func(event string) bool { return event != "tls_get_certificate" },
		DisableARI:          plain,
		Logger:              log,
	})
	issuer := certmagic.NewACMEIssuer(config, certmagic.ACMEIssuer{
		CA:                      authority.Directory,
		Email:                   authority.Email,
		Agreed:                  true,
		Profile:                 authority.Profile,
		ExternalAccount:         authority.ExternalAccount,
		TrustedRoots:            authority.EndpointRoots,
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

// onEvent lets the attempt that is under way decide about its order at the moment when certmagic has the lease and is about to make it, and tell
// the other nodes that it failed before they have the lease.
func onEvent(plain bool) func(ctx context.Context, event string, data map[string]any) error {
	return func(ctx context.Context, event string, data map[string]any) error {
		a := attemptOf(ctx)
		switch {
		case a == nil:
		case event == "cert_obtaining":
			renewal, _ := data["renewal"].(bool)
			if err := a.begin(ctx, a.purpose(renewal, plain)); err != nil {
				return err
			}
			return a.m.forgetChallenge(ctx, a.host)
		case event == "cert_failed":
			err, _ := data["error"].(error)
			a.settle(ctx, err)
		}
		return nil
	}
}

// obtain makes one attempt at this CA, without certmagic's own retries, which go on for a month. A renewal names the certificate that it
// replaces (RFC 9773 section 5) if that came from here; a CA that will not have that, for instance because the account is another one by now,
// would refuse each renewal until the certificate expires, so the order is made once more without.
func (c *caClient) obtain(ctx context.Context, host tenant.Hostname, has, fromHere bool) error {
	switch {
	case !has:
		return c.config.ObtainCertSync(ctx, host.String())
	case !fromHere:
		return c.plain.RenewCertSync(ctx, host.String(), true)
	}
	err := c.config.RenewCertSync(ctx, host.String(), true)
	if ctx.Err() == nil && atOrder(err) {
		err = c.plain.RenewCertSync(ctx, host.String(), true)
	}
	return err
}

// atOrder reports whether the CA refused the order itself, before any validation, for what may be the name of what it replaces. That may be an
// error of its own too: Pebble does not find one certificate in 256 again, whose serial has a leading zero in ARI.
func atOrder(err error) bool {
	var problem acme.Problem
	if !errors.As(err, &problem) || validated(problem) {
		return false
	}
	switch problem.Type {
	case acme.ProblemTypeRateLimited, acme.ProblemTypeCAA, acme.ProblemTypeRejectedIdentifier:
		return false
	}
	return true
}

// window asks the CA when it would like a certificate to be renewed (RFC 9773).
func (c *caClient) window(ctx context.Context, chainPEM []byte) (acme.RenewalInfo, error) {
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
