package api_test

import (
	"context"
	"crypto/rand"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/api"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domains"
)

const quota = 3

// registry is a Domains in memory: claims by tenant, the doctor's own judgement of names, and a clock that stands unless it is moved.
type registry struct {
	doctor *domaindoctor.Doctor

	mu     sync.Mutex
	now    time.Time
	claims []*domains.View     // oldest first
	actors []access.Actor      // who changed something
	show   func(*domains.View) // dresses an answer
	err    error               // of every call
}

var _ api.Domains = (*registry)(nil)

func newRegistry(t *testing.T) *registry {
	t.Helper()
	doctor, err := domaindoctor.New(domaindoctor.Config{CAs: []string{"letsencrypt.org"}, Own: []tenant.Hostname{platform},
		Targets:   domaindoctor.Targets{Edge: tenant.MustParseHostname("edge.portal.example")},
		Resolvers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.2:1")}})
	if err != nil {
		t.Fatal(err)
	}
	return &registry{doctor: doctor, now: time.Date(2026, 5, 3, 9, 12, 44, 0, time.FixedZone("", 3600))}
}

func (r *registry) Claim(ctx context.Context, t tenant.ID, typed string) (domains.View, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	host, findings := r.doctor.ParseName(typed)
	if len(findings) > 0 {
		return domains.View{}, false, &domains.NameError{Findings: findings}
	}
	own := r.of(t)
	if i := slices.IndexFunc(own, func(v *domains.View) bool { return v.Host == host && v.Status != tenant.DomainQuarantined }); i >= 0 {
		return r.view(own[i]), false, r.err
	}
	if len(own) >= quota {
		return domains.View{}, false, domains.ErrQuota
	}
	label := rand.Text()
	made := &domains.View{Domain: tenant.Domain{ID: tenant.NewID("dom", r.now), Tenant: t, Host: host, Status: tenant.DomainPendingOwnership,
		Label: label, CreatedAt: r.now, StatusAt: r.now, NextCheckAt: r.now, BlockingOn: tenant.BlockingOnTenant},
		Records: []domains.Record{{Purpose: "route", Type: "CNAME", Name: host.String(), Relative: "billing", Value: label + ".edge.portal.example", TTL: 300, Why: "It leads the name here."}},
		History: []tenant.DomainStep{{At: r.now, To: tenant.DomainPendingOwnership}}}
	r.claims = append(r.claims, made)
	r.actors = append(r.actors, access.ActorFrom(ctx))
	return r.view(made), true, r.err
}

func (r *registry) Show(_ context.Context, t tenant.ID, id string) (domains.View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, err := r.find(t, id)
	if err != nil {
		return domains.View{}, err
	}
	return r.view(v), nil
}

func (r *registry) List(_ context.Context, t tenant.ID, after string, limit int) ([]domains.View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var page []domains.View
	for _, v := range slices.Backward(r.of(t)) {
		if (after == "" || v.ID < after) && len(page) < limit {
			page = append(page, r.view(v))
		}
	}
	return page, r.err
}

func (r *registry) Check(ctx context.Context, t tenant.ID, id string) (domains.View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, err := r.find(t, id)
	if err != nil {
		return domains.View{}, err
	}
	if wait := v.CanCheckAt.Sub(r.now); wait > 0 {
		return domains.View{}, &domains.TooSoonError{After: wait}
	}
	v.CheckedAt, v.CanCheckAt, v.Reason = r.now, r.now.Add(9500*time.Millisecond), "ownership.missing"
	r.actors = append(r.actors, access.ActorFrom(ctx))
	return r.view(v), nil
}

func (r *registry) Remove(ctx context.Context, t tenant.ID, id string) (domains.View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, err := r.find(t, id)
	if err != nil {
		return domains.View{}, err
	}
	if v.Status == tenant.DomainSuspended {
		return domains.View{}, domains.ErrSuspended
	}
	v.Status, v.Records = tenant.DomainQuarantined, nil
	r.actors = append(r.actors, access.ActorFrom(ctx))
	return r.view(v), nil
}

func (r *registry) of(t tenant.ID) []*domains.View {
	return slices.DeleteFunc(slices.Clone(r.claims), func(v *domains.View) bool { return v.Tenant != t })
}

func (r *registry) find(t tenant.ID, id string) (*domains.View, error) {
	if r.err != nil {
		return nil, r.err
	}
	for _, v := range r.of(t) {
		if v.ID == id {
			return v, nil
		}
	}
	return nil, tenant.ErrNotFound
}

func (r *registry) view(v *domains.View) domains.View {
	out := *v
	if r.show != nil {
		r.show(&out)
	}
	return out
}

// set changes the registry between calls.
func (r *registry) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// size is how many domains there are, of all tenants.
func (r *registry) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.claims)
}
