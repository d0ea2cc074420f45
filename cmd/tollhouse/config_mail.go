package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"tollhouse/portal/mail"
)

// dkimKey takes the key as a file has it. It is read with the settings beside it, see mailKey.
func dkimKey(c *Config, v string) error {
	c.DKIMKey = secret(v)
	return nil
}

// mechanismForm is one SPF mechanism without a qualifier (RFC 7208 section 5).
var mechanismForm = regexp.MustCompile(`^(include:|a:|mx:|ip4:|ip6:|exists:)[A-Za-z0-9._:/%{}-]{1,200}$`)

func spfMechanism(c *Config, v string) error {
	if !mechanismForm.MatchString(v) {
		return errors.New("is not one SPF mechanism, like include:_spf.example.com")
	}
	c.MailSPF = v
	return nil
}

// mailKey is the platform's own DKIM key, nil without one.
func (c Config) mailKey() (*mail.DKIM, error) {
	if (c.DKIMKey == "") != (c.DKIMSelector == "") {
		return nil, fmt.Errorf("%sDKIM_KEY and %sDKIM_SELECTOR: one is no use without the other", prefix, prefix)
	}
	_, from, _ := strings.Cut(c.MailFrom, "@")
	if c.DKIMKey == "" || from == "" {
		return nil, nil
	}
	domain := strings.ToLower(cmp.Or(c.DKIMDomain, from))
	key, err := mail.NewDKIM(domain, c.DKIMSelector, []byte(c.DKIMKey))
	if err != nil {
		return nil, fmt.Errorf("%sDKIM_KEY, %sDKIM_SELECTOR, %sDKIM_DOMAIN: %w", prefix, prefix, prefix, err)
	}
	if !aligned(strings.ToLower(from), key.Domain()) {
		return nil, errors.New(prefix + "DKIM_DOMAIN: must be the domain of MAIL_FROM or one above it, or the signature does not speak for the sender")
	}
	return key, nil
}

// aligned reports whether a signature of domain counts for a sender of from (RFC 7489 section 3.1.1, relaxed).
func aligned(from, domain string) bool { return from == domain || strings.HasSuffix(from, "."+domain) }

// folders takes names that may be missing: what is not there holds nothing.
func folders(field func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, v string) error {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name == "" {
				return fmt.Errorf("%q holds an empty name", v)
			}
			*field(c) = append(*field(c), name)
		}
		return nil
	}
}
