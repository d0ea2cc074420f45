package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// buildDomains makes the service that onboards custom domains and looks after them.
func (h *house) buildDomains(_ context.Context, metrics *prometheus.Registry) error {
	doctor, err := newDomainDoctor(h.config, accountOf(h.certs))
	if err != nil {
		return err
	}
	h.domains, err = domains.New(domains.Config{Store: h.tenants, Doctor: doctor, Certificates: certificates{h.certStore}, Edge: h.config.EdgeDomain,
		Addresses: h.config.PublicAddresses, Limits: domains.Limits{Domains: h.config.Domains}, Log: h.log, Registerer: metrics, Now: h.now,
		ClockRight: h.certs.ClockRight})
	return err
}

// certificates tells the domains' service how their certificates are.
type certificates struct {
	store interface {
		Facts(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]certs.Facts, error)
	}
}

func (c certificates) Certificates(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]domains.Certificate, error) {
	facts, err := c.store.Facts(ctx, hosts)
	if err != nil {
		return nil, err
	}
	out := make(map[tenant.Hostname]domains.Certificate, len(facts))
	for host, f := range facts {
		out[host] = domains.Certificate{Issuer: f.Issuer, Serial: f.Serial, NotBefore: f.NotBefore, NotAfter: f.NotAfter, RenewAt: f.RenewAt,
			Live: f.Live, Serving: f.Serving, Trouble: f.Trouble, TroubleSince: f.TroubleSince, RetryAt: f.RetryAt}
	}
	return out, nil
}
