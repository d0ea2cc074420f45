package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

// place is what the record says of a host, as every node's Directory will have it.
type place struct {
	host   tenant.Hostname
	kind   placeKind
	tenant *tenant.Tenant         // whose it is; nil when nobody is served there
	claims []tenantdb.OwnedDomain // of a custom host, the holder's first
}

type placeKind string

const (
	apiHost     placeKind = "api"
	defaultHost placeKind = "default"
	customHost  placeKind = "custom"
	freeHost    placeKind = "free" // of the platform, and no tenant's
	unclaimed   placeKind = "unclaimed"
)

// place looks a host up.
func (d *desk) place(ctx context.Context, host tenant.Hostname) (place, error) {
	p := place{host: host}
	if api, err := d.tenants.APIHost(); err != nil || host == api {
		p.kind = apiHost
		return p, err
	}
	if host == d.config.PlatformDomain || host.Under(d.config.PlatformDomain) {
		return d.ownPlace(ctx, p)
	}
	var err error
	if p.claims, err = d.tenants.FindDomains(ctx, host); err != nil {
		return p, err
	}
	p.kind = customHost
	if len(p.claims) == 0 {
		p.kind = unclaimed
	} else if p.claims[0].Status.Served() {
		p.tenant, err = d.tenants.Tenant(ctx, p.claims[0].Tenant)
	}
	return p, err
}

// ownPlace looks up a name of the platform: a tenant's default host, or nobody's.
func (d *desk) ownPlace(ctx context.Context, p place) (place, error) {
	p.kind = freeHost
	slug, rest, _ := strings.Cut(p.host.String(), ".")
	if rest != d.config.PlatformDomain.String() {
		return p, nil
	}
	t, err := d.tenants.Show(ctx, slug)
	if errors.Is(err, tenant.ErrNotFound) { // a tenant's id, by which it is found too, is no label of a host
		return p, nil
	}
	if err == nil {
		p.kind, p.tenant = defaultHost, t
	}
	return p, err
}

func (p place) served() bool { return p.kind == apiHost || p.tenant != nil }

// holder returns the domain that has the host's name; nil when none has.
func (p place) holder() *tenantdb.OwnedDomain {
	if len(p.claims) == 0 || !p.claims[0].Status.Holds() {
		return nil
	}
	return &p.claims[0]
}

// owner is the tenant that has the host, also while it is not served; "" for the platform's own names and for those that nobody has.
func (p place) owner() tenant.ID {
	if p.tenant != nil {
		return p.tenant.ID
	}
	if h := p.holder(); h != nil {
		return h.Tenant
	}
	return ""
}

// id is the domain's that has the host; "" where there is none.
func (p place) id() string {
	if h := p.holder(); h != nil {
		return h.ID
	}
	return ""
}

// whyUnserved are the words for holders that are not served.
var whyUnserved = map[tenant.DomainStatus]string{
	tenant.DomainPendingDNS:  "%s has proven it, and it does not lead here yet",
	tenant.DomainPreflight:   "%s has proven it; what else could stop the CA is being looked at",
	tenant.DomainBlocked:     "%s has proven it, and something would stop the CA",
	tenant.DomainMoved:       "%s had it, and its proof has been gone for days",
	tenant.DomainSuspended:   "%s has it, and an operator suspended it",
	tenant.DomainQuarantined: "%s gave it up or lost it, and it is in quarantine",
}

// unserved says why nobody is served at the host.
func (p place) unserved() string {
	holder := p.holder()
	switch {
	case p.kind == freeHost:
		return "it is the platform's, and no tenant has this slug"
	case p.kind == unclaimed:
		return "no tenant has claimed it"
	case holder == nil && len(p.claims) == 1:
		return fmt.Sprintf("%s has claimed it and did not prove it (%s)", p.claims[0].Slug, p.claims[0].Status)
	case holder == nil:
		return fmt.Sprintf("%d tenants have claimed it and none has proven it", len(p.claims))
	}
	why := fmt.Sprintf(whyUnserved[holder.Status], holder.Slug)
	if holder.Reason != "" && holder.Status != tenant.DomainSuspended {
		why += ": " + holder.Reason
	}
	return why
}
