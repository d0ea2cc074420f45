package main

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
)

// acmeAuthority is what has to be known of one CA.
type acmeAuthority struct {
	Directory string
	CAFile    string // root that the directory's own TLS is trusted by; "" for the system's
	RootFile  string // root that issued certificates must chain to; "" for any
	Email     string
	Profile   string
	EABKeyID  string
	EABKey    secret
	Limits    certs.Limits
}

const limitsDoc = "What the CA allows one account, which is kept to before it has to refuse: letsencrypt (300 orders per 3h, 50 certificates per " +
	"registered domain and 5 per name in 168h, 5 failed validations per name and hour), the same with other numbers like " +
	"`orders=1000/3h registered=50/168h names=5/168h failed=5/1h`, where what is not named is not limited, or none."

func limits(field func(*Config) *certs.Limits) func(*Config, string) error {
	return func(c *Config, v string) (err error) { *field(c), err = certs.ParseLimits(v); return err }
}

// macKey never repeats the value.
func macKey(field func(*Config) *secret) func(*Config, string) error {
	return func(c *Config, v string) error {
		if key, err := base64.RawURLEncoding.DecodeString(v); err != nil || len(key) == 0 {
			return errors.New("is not unpadded base64url")
		}
		*field(c) = secret(v)
		return nil
	}
}

// contradictoryCAs tells what is wrong with the two authorities taken together.
func (c Config) contradictoryCAs() []error {
	var errs []error
	for name, a := range map[string]acmeAuthority{"ACME_": c.ACME, "ACME_FALLBACK_": c.Fallback} {
		if (a.EABKeyID == "") != (a.EABKey == "") {
			errs = append(errs, fmt.Errorf("%s%sEAB_KID and %s%sEAB_HMAC: one is no use without the other", prefix, name, prefix, name))
		}
	}
	if c.Fallback.Directory == "" {
		return errs
	}
	if c.Fallback.Directory == c.ACME.Directory {
		errs = append(errs, fmt.Errorf("%sACME_FALLBACK_DIRECTORY: is the first CA again", prefix))
	}
	if (c.Fallback.RootFile == "") != (c.ACME.RootFile == "") {
		errs = append(errs, fmt.Errorf("%sACME_ROOT_FILE and %sACME_FALLBACK_ROOT_FILE: both or neither", prefix, prefix))
	}
	return errs
}

// publicParties are those outside this machine that a test must not reach.
func (c Config) publicParties() []error {
	var errs []error
	for name, directory := range map[string]string{"ACME_DIRECTORY": c.ACME.Directory, "ACME_FALLBACK_DIRECTORY": c.Fallback.Directory} {
		if u, err := url.Parse(directory); directory != "" && err == nil && !isLoopback(u.Hostname()) {
			errs = append(errs, fmt.Errorf("--test-mode: refused together with the public CA %s; point %s%s at one on loopback", u.Host, prefix, name))
		}
	}
	for _, r := range c.Resolvers {
		if !r.Addr().IsLoopback() {
			errs = append(errs, fmt.Errorf("--test-mode: refused together with the public resolver %s; point %sDNS_RESOLVERS at some on loopback", r, prefix))
		}
	}
	return errs
}

// authority is what certs has to know. A contact that is not set is the given one.
func (a acmeAuthority) authority(contact string) (certs.Authority, error) {
	if a.Directory == "" {
		return certs.Authority{}, nil
	}
	endpoint, err := readRoots(a.CAFile)
	if err != nil {
		return certs.Authority{}, err
	}
	known := certs.Authority{Directory: a.Directory, Email: cmp.Or(a.Email, contact), Profile: a.Profile, EndpointRoots: endpoint, Limits: a.Limits}
	if a.EABKeyID != "" {
		known.ExternalAccount = &acme.EAB{KeyID: a.EABKeyID, MACKey: string(a.EABKey)}
	}
	return known, nil
}

// issuedRoots are what certificates of either CA must come from; nil is any.
func (c Config) issuedRoots() (*x509.CertPool, error) {
	if c.ACME.RootFile == "" {
		return nil, nil
	}
	roots := x509.NewCertPool()
	for _, file := range []string{c.ACME.RootFile, c.Fallback.RootFile} {
		if file == "" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", file)
		}
	}
	return roots, nil
}
