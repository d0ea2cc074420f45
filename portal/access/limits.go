package access

import (
	"context"
	"encoding/base64"
	"net/netip"
	"time"

	"tollhouse/tenant"
)

// Rate is how often something may happen: Burst at once, refilled evenly over Per. The zero Rate takes the default.
type Rate struct {
	Burst int
	Per   time.Duration
}

// Limits bound what strangers may ask for. They count per tenant, except that one address on the network counts over all.
type Limits struct {
	AddressRequests    Rate // links asked for one address: 3 in 15 min
	AddressRequestsDay Rate // and 8 a day
	NetworkRequests    Rate // from one network: 10 in 10 min
	NetworkRequestsDay Rate // and 50 a day
	TenantRequests     Rate // at one tenant: 500 an hour
	Redeem             Rate // exchanges of links from one network: 20 a minute
	Guesses            Rate // tokens of links and sessions from one network that nobody has: 120 a minute
	SessionRequests    Rate // pages of one session: 600 a minute
}

func (l Limits) withDefaults() Limits {
	set := func(r *Rate, burst int, per time.Duration) {
		if *r == (Rate{}) {
			*r = Rate{burst, per}
		}
	}
	set(&l.AddressRequests, 3, 15*time.Minute)
	set(&l.AddressRequestsDay, 8, 24*time.Hour)
	set(&l.NetworkRequests, 10, 10*time.Minute)
	set(&l.NetworkRequestsDay, 50, 24*time.Hour)
	set(&l.TenantRequests, 500, time.Hour)
	set(&l.Redeem, 20, time.Minute)
	set(&l.Guesses, 120, time.Minute)
	set(&l.SessionRequests, 600, time.Minute)
	return l
}

// hearing is what becomes of a request for a link.
type hearing int

const (
	turnedAway hearing = iota // where it comes from, or the tenant, has had its share: nothing is done
	unheard                   // the address has had its share: the same work is done, and nothing comes of it
	heard
)

// hear counts one request for a link against all limits: first where it comes from, so that a refused network uses up nobody's share. What a
// network was refused tells its own story only; that an address was asked for often would tell somebody else's, so it must not show.
func (s *Service) hear(ctx context.Context, t tenant.ID, subject string, v Visitor) hearing {
	network := Network(v.IP)
	if !s.cache.Allow(ctx,
		s.check("network", "", network, s.limits.NetworkRequests),
		s.check("network day", "", network, s.limits.NetworkRequestsDay)) {
		s.turned[0].Add(1)
		return turnedAway
	}
	if !s.cache.Allow(ctx, s.check("tenant", t, "", s.limits.TenantRequests)) {
		s.turned[1].Add(1)
		return turnedAway
	}
	if !s.cache.Allow(ctx,
		s.check("address", t, subject, s.limits.AddressRequests),
		s.check("address day", t, subject, s.limits.AddressRequestsDay)) {
		return unheard
	}
	return heard
}

// TurnedAway counts the requests for links, since the start of this process, that were more than one network may send and more than one tenant
// may get. The second ought to stay 0: it means that somebody asks from many networks, and that a tenant's own clients go without.
func (s *Service) TurnedAway() (byNetwork, byTenant int64) {
	return s.turned[0].Load(), s.turned[1].Load()
}

// mayGuess reports whether a network may still show tokens that nobody has. It takes nothing: whoever shows a good one is never counted.
func (s *Service) mayGuess(ctx context.Context, ip netip.Addr) bool {
	look := s.check("guess", "", Network(ip), s.limits.Guesses)
	look.Look = true
	return s.cache.Allow(ctx, look)
}

// guessed counts a token that nobody has.
func (s *Service) guessed(ctx context.Context, ip netip.Addr) {
	s.cache.Allow(ctx, s.check("guess", "", Network(ip), s.limits.Guesses))
}

// check names a bucket by a keyed hash, so that the cache holds no address.
func (s *Service) check(kind string, t tenant.ID, subject string, r Rate) Check {
	salted, _ := s.ring.Derive(s.ring.Newest(), "limit", kind, string(t), subject)
	return Check{Group: string(t), Key: base64.RawURLEncoding.EncodeToString(salted[:15]), Burst: r.Burst, Per: r.Per}
}

// Network is the part of an address that one party commonly holds: all of an IPv4 address, the first 64 bits of an IPv6 address.
func Network(ip netip.Addr) string {
	ip = ip.Unmap()
	if ip.Is6() {
		if prefix, err := ip.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}
