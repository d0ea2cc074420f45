package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// Keys knows API keys.
type Keys interface {
	// Authenticate returns the key behind a secret, or tenant.ErrNotFound for one that is malformed, unknown or revoked, or
	// tenant.ErrSuspended for a good key of a suspended tenant.
	Authenticate(ctx context.Context, secret string) (tenant.APIKey, error)
	// CreateKey makes a key and returns its secret, which exists nowhere else.
	CreateKey(ctx context.Context, t tenant.ID, name string, scopes []tenant.Scope) (secret string, key tenant.APIKey, err error)
	// Keys lists a tenant's keys, the newest first, revoked ones too.
	Keys(ctx context.Context, t tenant.ID) ([]tenant.APIKey, error)
	// RevokeKey ends a key at once; a second time changes nothing. tenant.ErrNotFound when there is no such key.
	RevokeKey(ctx context.Context, t tenant.ID, id string) error
}

// identify finds out who calls. Unknown, revoked and malformed keys and no key at all get the same answer.
func (s *Server) identify(c *call) error {
	secret, ok := bearer(c)
	if !ok {
		return s.unauthorized(c)
	}
	key, err := s.Keys.Authenticate(c.Context(), secret)
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return s.unauthorized(c)
	case errors.Is(err, tenant.ErrSuspended):
		return errSuspended
	case err != nil:
		return fmt.Errorf("authenticating the key: %w", err)
	}
	if err := s.spend(c, "key:"+key.ID); err != nil {
		return err
	}
	c.key = key
	return s.enter(c)
}

// enter takes up the key's tenant, if it is served.
func (s *Server) enter(c *call) error {
	t, err := s.Tenants.Tenant(c.Context(), c.key.Tenant)
	if err != nil {
		return fmt.Errorf("loading tenant %s of the key: %w", c.key.Tenant, hide(err))
	}
	if t.Status != tenant.Active {
		return errSuspended
	}
	c.tenant = t
	c.Request = c.WithContext(access.WithActor(c.Context(), c.by()))
	return nil
}

// unauthorized counts the refusal against the caller's address, so that guessing is slow.
func (s *Server) unauthorized(c *call) error {
	if err := s.spend(c, "unauthorized:"+prefix(request.From(c.Context()).Client)); err != nil {
		return err
	}
	return errUnauthorized
}

func (s *Server) spend(c *call, bucket string) error {
	if s.Limits == nil {
		return nil
	}
	wait, err := s.Limits.Allow(c.Context(), bucket)
	if err != nil {
		s.Log.WarnContext(c.Context(), "the API's limiter does not answer", "error", err)
		return nil
	}
	if wait > 0 {
		return limited(wait)
	}
	return nil
}

// bearer returns the key from the one place where it may be. A key in the URL ends in logs and histories; it is refused even beside a
// good header, so that nobody gets used to it.
func bearer(c *call) (string, bool) {
	query, _ := url.QueryUnescape(c.URL.RawQuery)
	if strings.Contains(query+c.URL.RawQuery, "thk_") {
		return "", false
	}
	headers := c.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", false
	}
	scheme, secret, _ := strings.Cut(headers[0], " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}

// prefix is the part of an address that one caller is likely to own: a /64 of IPv6, one address of IPv4.
func prefix(a netip.Addr) string {
	a = a.Unmap()
	if !a.Is6() {
		return a.String()
	}
	p, _ := a.Prefix(64) // 64 bits always fit an IPv6 address
	return p.String()
}

// may refuses a key without the scope, and says which one it lacks.
func (c *call) may(scope tenant.Scope) error {
	if slices.Contains(c.key.Scopes, scope) {
		return nil
	}
	return lacksScope(scope)
}

// hide keeps a sentinel of a lower room from being taken for an answer to the caller's own question.
func hide(err error) error { return errors.New(err.Error()) }

// retryAfter is a wait in whole seconds, rounded up.
func retryAfter(wait time.Duration) int { return int((wait + time.Second - 1) / time.Second) }
