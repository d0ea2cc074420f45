package certs

import (
	"context"
	"crypto/tls"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// challenges mirrors in memory which challenges are under way anywhere in the cluster. The store announces them; the CA's request may
// overtake the announcement by a moment, so whoever asks may wait for it, briefly and only a few at a time. Asking never
// reads the store: a flood of validation requests costs nothing but that.
type challenges struct {
	mu      sync.Mutex
	active  map[tenant.Hostname]*challenge
	changed chan struct{} // closed and replaced when a challenge is added

	waiting, strangers int // places left to wait in, for hosts that are served and for others
}

const (
	announcementLag = time.Second
	waitingPlaces   = 64
	strangersPlaces = 16
)

// challenge is one answer, with the certificate for TLS-ALPN-01 made once.
type challenge struct {
	acme.Challenge
	certificate func() (*tls.Certificate, error)
}

func newChallenges() *challenges {
	return &challenges{active: map[tenant.Hostname]*challenge{}, changed: make(chan struct{}), waiting: waitingPlaces, strangers: strangersPlaces}
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

// await returns the active challenge of a host that suits the CA's question, or nil. It waits in one of the given places, if any is free. One
// that does not suit may be left of an order whose node died, and the one that does be on its way.
func (c *challenges) await(ctx context.Context, host tenant.Hostname, free *int, suits func(*challenge) bool) *challenge {
	c.mu.Lock()
	active := c.active[host]
	if active != nil && suits(active) {
		c.mu.Unlock()
		return active
	}
	if *free == 0 {
		c.mu.Unlock()
		return nil
	}
	*free--
	c.mu.Unlock()
	active = c.overtaken(ctx, host, suits)
	c.mu.Lock()
	*free++
	c.mu.Unlock()
	return active
}

func (c *challenges) overtaken(ctx context.Context, host tenant.Hostname, suits func(*challenge) bool) *challenge {
	ctx, cancel := context.WithTimeout(ctx, announcementLag)
	defer cancel()
	for {
		c.mu.Lock()
		active, changed := c.active[host], c.changed
		c.mu.Unlock()
		if active != nil && suits(active) {
			return active
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// challenge returns the active challenge of a host that suits, or nil. What was announced is answered even if this node has not heard yet that the host is
// served: the node that ordered had, and a validation that meets one laggard costs the order. Such hosts have few places to wait, so that
// made-up names cannot take those of hosts that are served.
func (m *Manager) challenge(ctx context.Context, host tenant.Hostname, suits func(*challenge) bool) *challenge {
	places := &m.challenges.waiting
	if _, ok := m.cfg.Directory.Lookup(host); !ok {
		places = &m.challenges.strangers
	}
	return m.challenges.await(ctx, host, places, suits)
}

// forgetChallenge takes back what an order left whose node died, before the next order is made: the question of TLS-ALPN-01 does not say
// which order it is about, so the old answer would be given to it.
func (m *Manager) forgetChallenge(ctx context.Context, host tenant.Hostname) error {
	err := m.store.Delete(ctx, path.Join("acme", "any", "challenge_tokens", host.String()+".json"))
	if err == nil {
		m.challenges.set(host, nil) // the others hear of it, and so does this node, behind whatever it has still to take over
	}
	return err
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
	active := m.challenge(r.Context(), host, func(c *challenge) bool { return c.Type == acme.ChallengeTypeHTTP01 && c.Token == token })
	if active == nil {
		return ""
	}
	return active.KeyAuthorization
}
