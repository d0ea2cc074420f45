package certs

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
)

// Authority is one CA and our account there, which is made once and kept for ever.
type Authority struct {
	Directory string // URL of the ACME directory
	Email     string // contact of the account
	// Profile is the ACME profile to ask for, like "tlsserver"; empty leaves it to the CA.
	Profile string
	// EndpointRoots are the roots that the ACME endpoint's own TLS certificate must come from; nil takes the system's.
	EndpointRoots *x509.CertPool
	// ExternalAccount binds a new account to one at the CA (RFC 8555 section 7.3.4); nil for CAs that need none.
	ExternalAccount *acme.EAB
	// Limits are what the CA allows the account; the zero value limits nothing.
	Limits Limits
}

// authorities are the CAs in the order in which they are asked.
func (c *Config) authorities() []Authority {
	if c.Fallback.Directory == "" {
		return []Authority{c.CA}
	}
	return []Authority{c.CA, c.Fallback}
}

// caNames are the CAs as metrics name them.
var caNames = [...]string{"first", "second"}

// AccountURI returns the URL of the account at the first CA, which CAA records may name (RFC 8657), or "" while there is no account yet. Any
// node may have made it.
func (m *Manager) AccountURI(ctx context.Context) (string, error) {
	issuer := certmagic.ACMEIssuer{CA: m.cfg.CA.Directory}
	users := path.Join("acme", certmagic.StorageKeys.Safe(issuer.IssuerKey()), "users", certmagic.StorageKeys.Safe(strings.ToLower(m.cfg.CA.Email)))
	keys, err := m.store.List(ctx, users, true)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for the ACME account: %w", err)
	}
	for _, key := range keys {
		if path.Ext(key) != ".json" {
			continue
		}
		var account acme.Account
		text, err := m.store.Load(ctx, key)
		if err == nil {
			err = json.Unmarshal(text, &account)
		}
		if err != nil {
			return "", fmt.Errorf("reading the ACME account: %w", err)
		}
		return account.Location, nil
	}
	return "", nil
}
