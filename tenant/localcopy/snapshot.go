package localcopy

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
)

// format grows when a field changes its meaning; a field that is added needs no new one.
const format = 1

// keptSnapshot is a snapshot as it is written. A tenant stands once, however many hosts it has.
type keptSnapshot struct {
	Format  int
	Seq     int64
	At      time.Time
	Tenants []keptTenant
	Sites   []keptSite
}

// keptTenant is a tenant.Tenant with its time zone by name and without its stylesheet, which follows from the brand.
type keptTenant struct {
	ID        tenant.ID
	Slug      string
	Name      string
	Status    tenant.Status
	TimeZone  string
	Country   string
	Locale    string
	Currency  string
	Test      bool
	Brand     tenant.Brand
	Policy    tenant.Policy
	CreatedAt time.Time
}

type keptSite struct {
	Host   string
	Kind   tenant.SiteKind
	Tenant int // its place in Tenants and one more; 0 for none
	Links  string
	Epoch  int64

	Leaving bool
}

func encode(s tenant.Snapshot) ([]byte, error) {
	kept := keptSnapshot{Format: format, Seq: s.Seq, At: s.At, Sites: make([]keptSite, len(s.Sites))}
	places := map[*tenant.Tenant]int{nil: 0}
	for i, site := range s.Sites {
		place, known := places[site.Tenant]
		if !known {
			kept.Tenants = append(kept.Tenants, keep(site.Tenant))
			place = len(kept.Tenants)
			places[site.Tenant] = place
		}
		kept.Sites[i] = keptSite{Host: site.Host.String(), Kind: site.Kind, Tenant: place, Links: site.Links.String(), Epoch: site.Epoch,
			Leaving: site.Leaving}
	}
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(kept); err != nil {
		return nil, fmt.Errorf("writing down a snapshot: %w", err)
	}
	return out.Bytes(), nil
}

func keep(t *tenant.Tenant) keptTenant {
	return keptTenant{ID: t.ID, Slug: t.Slug, Name: t.Name, Status: t.Status, TimeZone: t.TimeZone.String(), Country: t.Country, Locale: t.Locale,
		Currency: t.Currency, Test: t.Test, Brand: t.Brand, Policy: t.Policy, CreatedAt: t.CreatedAt}
}

// decode reads what encode wrote. It takes all of it or nothing.
func decode(content []byte) (tenant.Snapshot, error) {
	var kept keptSnapshot
	if err := gob.NewDecoder(bytes.NewReader(content)).Decode(&kept); err != nil {
		return tenant.Snapshot{}, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	if kept.Format != format {
		return tenant.Snapshot{}, fmt.Errorf("%w: it is of format %d", ErrUnusable, kept.Format)
	}
	tenants, err := kept.tenants()
	if err != nil {
		return tenant.Snapshot{}, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	s := tenant.Snapshot{Seq: kept.Seq, At: kept.At, Sites: make([]*tenant.Site, len(kept.Sites))}
	for i, site := range kept.Sites {
		if s.Sites[i], err = site.site(tenants); err != nil {
			return tenant.Snapshot{}, fmt.Errorf("%w: %w", ErrUnusable, err)
		}
	}
	return s, nil
}

// tenants returns nil, which is the tenant of the API host, and then those that were kept.
func (k *keptSnapshot) tenants() ([]*tenant.Tenant, error) {
	list := make([]*tenant.Tenant, 1, len(k.Tenants)+1)
	zones := map[string]*time.Location{}
	for _, t := range k.Tenants {
		if zones[t.TimeZone] == nil {
			zone, err := tenant.LoadZone(t.TimeZone)
			if err != nil {
				return nil, err
			}
			zones[t.TimeZone] = zone
		}
		list = append(list, &tenant.Tenant{ID: t.ID, Slug: t.Slug, Name: t.Name, Status: t.Status, TimeZone: zones[t.TimeZone], Country: t.Country,
			Locale: t.Locale, Currency: t.Currency, Test: t.Test, Brand: t.Brand, Policy: t.Policy, CreatedAt: t.CreatedAt,
			Style: tenant.NewStyle(t.Brand.Primary, t.Brand.Accent)})
	}
	return list, nil
}

func (k keptSite) site(tenants []*tenant.Tenant) (*tenant.Site, error) {
	host, err := tenant.ParseHostname(k.Host)
	if err != nil {
		return nil, err
	}
	var links tenant.Hostname
	if k.Links != "" {
		if links, err = tenant.ParseHostname(k.Links); err != nil {
			return nil, err
		}
	}
	if k.Tenant < 0 || k.Tenant >= len(tenants) || (k.Tenant == 0) != (k.Kind == tenant.API) {
		return nil, errors.New("a site without its tenant")
	}
	return &tenant.Site{Host: host, Kind: k.Kind, Tenant: tenants[k.Tenant], Links: links, Epoch: k.Epoch, Leaving: k.Leaving}, nil
}
