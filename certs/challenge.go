package certs

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// challenges mirrors in memory which challenges are under way anywhere in the cluster. The store announces them; the CA's request may
// overtake the announcement by a moment, so whoever asks for a served host may wait for it, briefly and only a few at a time. Asking never
// reads the store: a flood of validation requests costs nothing but that.
type challenges struct {
	mu      sync.Mutex
	active  map[tenant.Hostname]*challenge
	changed chan struct{} // closed and replaced when a challenge is added
	waiting int
}

const (
	announcementLag  = time.Second
	announcementWait = 64 // who may wait at once
)

// challenge is one answer, with the certificate for TLS-ALPN-01 made once.
type challenge struct {
	acme.Challenge
	certificate func() (*tls.Certificate, error)
}

func newChallenges() *challenges {
	return &challenges{active: map[tenant.Hostname]*challenge{}, changed: make(chan struct{})}
}

func newChallenge(c acme.Challenge) *challenge {
	return &challenge{Challenge: c, certificate: sync.OnceValues(func() (*tls.Certificate, error) {
		return acmez.TLSALPN01ChallengeCert(c)
	})}
}

// set replaces what is known: one host's challenge, or no longer any.
func (c *challenges) set(host tenant.Hostname, active *challenge) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if active == nil {
		delete(c.active, host)
		return
	}
	c.active[host] = active
	c.announce()
}

// reset replaces all that is known.
func (c *challenges) reset(active map[tenant.Hostname]*challenge) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active = active
	c.announce()
}

func (c *challenges) announce() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// await returns the active challenge of a host, or nil.
func (c *challenges) await(ctx context.Context, host tenant.Hostname) *challenge {
	c.mu.Lock()
	active := c.active[host]
	if active != nil || c.waiting >= announcementWait {
		c.mu.Unlock()
		return active
	}
	c.waiting++
	c.mu.Unlock()
	active = c.overtaken(ctx, host)
	c.mu.Lock()
	c.waiting--
	c.mu.Unlock()
	return active
}

func (c *challenges) overtaken(ctx context.Context, host tenant.Hostname) *challenge {
	ctx, cancel := context.WithTimeout(ctx, announcementLag)
	defer cancel()
	for {
		c.mu.Lock()
		active, changed := c.active[host], c.changed
		c.mu.Unlock()
		if active != nil {
			return active
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

const challengePath = "/.well-known/acme-challenge/"

// HTTPChallengeHandler answers the CA's HTTP-01 requests (RFC 8555 section 8.3) for hosts with a challenge under way, with 404 for all else
// below that path, and leaves every other path to next.
func (m *Manager) HTTPChallengeHandler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.URL.Path, challengePath)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		answer := m.httpAnswer(r, token)
		if answer == "" {
			m.metrics.challengeRefused.Inc()
			http.NotFound(w, r)
			return
		}
		m.metrics.challengeAnswered.Inc()
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte(answer)) // the CA went away
	})
}

func (m *Manager) httpAnswer(r *http.Request, token string) string {
	if r.Method != http.MethodGet {
		return ""
	}
	name, _, _ := strings.Cut(r.Host, ":")
	host, err := tenant.ParseHostname(name)
	if err != nil {
		return ""
	}
	if _, ok := m.cfg.Directory.Lookup(host); !ok {
		return ""
	}
	active := m.challenges.await(r.Context(), host)
	if active == nil || active.Type != acme.ChallengeTypeHTTP01 || active.Token != token {
		return ""
	}
	return active.KeyAuthorization
}
