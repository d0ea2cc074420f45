package domains

import (
	"context"
	"fmt"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// Service onboards custom domains and looks after them. It is safe for concurrent use, on any number of nodes at once: what it decides is
// written under the domain's lock, and nothing is kept between two calls but what metrics show and what Run is at work on.
type Service struct {
	cfg     Config
	rules   rules
	metrics *metrics
	outage  outage
	atWork  atWork
}

// New checks the configuration and registers the metrics. It asks nothing yet.
func New(cfg Config) (*Service, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, rules: rules{Timing: cfg.Timing, edge: cfg.Edge}, metrics: newMetrics()}
	if cfg.Registerer != nil {
		if err := s.metrics.register(cfg.Registerer); err != nil {
			return nil, fmt.Errorf("registering the metrics of domains: %w", err)
		}
	}
	return s, nil
}

// historyShown is how many steps a view carries.
const historyShown = 50

// Show returns one domain with its history. A deleted or unknown one, or another tenant's, is tenant.ErrNotFound.
func (s *Service) Show(ctx context.Context, t tenant.ID, id string) (View, error) {
	d, err := s.cfg.Store.Domain(ctx, t, id)
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, d)
}

// show is the view of a domain that was just read or written.
func (s *Service) show(ctx context.Context, d tenant.Domain) (View, error) {
	views, err := s.views(ctx, []tenant.Domain{d})
	if err != nil {
		return View{}, err
	}
	views[0].History, err = s.cfg.Store.History(ctx, d.Tenant, d.ID, historyShown)
	if err != nil {
		return View{}, fmt.Errorf("reading the history of domain %s: %w", d.ID, err)
	}
	return views[0], nil
}

// List returns up to limit of a tenant's domains, newest first, that come after the given id ("" begins), without their histories. limit is
// held to 1 to 1,000.
func (s *Service) List(ctx context.Context, t tenant.ID, after string, limit int) ([]View, error) {
	page, err := s.cfg.Store.DomainPage(ctx, t, after, min(max(limit, 1), 1000))
	if err != nil {
		return nil, err
	}
	return s.views(ctx, page)
}

// views adds to domains what is kept elsewhere, with one question about all their certificates.
func (s *Service) views(ctx context.Context, list []tenant.Domain) ([]View, error) {
	hosts := make([]tenant.Hostname, len(list))
	for i, d := range list {
		hosts[i] = d.Host
	}
	certificates, err := s.cfg.Certificates.Certificates(ctx, hosts)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates of domains: %w", err)
	}
	views := make([]View, len(list))
	for i, d := range list {
		views[i] = s.view(d, certificates[d.Host])
	}
	return views, nil
}

// view shows a claim its own certificate only: a name that somebody else holds has one as well, and whose it is stays untold.
func (s *Service) view(d tenant.Domain, cert Certificate) View {
	kept := readReport(d.Report)
	v := View{Domain: d, Records: Records(d, s.cfg.Edge, s.cfg.Addresses), Checks: kept.checks(), Problems: s.problems(d, kept),
		CanCheckAt: s.canCheckAt(kept.Asked)}
	switch {
	case d.Status == tenant.DomainQuarantined || d.Status == tenant.DomainDeleted:
		v.Records = nil // nothing that is set now would help
	case d.Status.Holds():
		v.Certificate = cert
	}
	if d.CheckedAt.IsZero() && d.Status == tenant.DomainPendingOwnership {
		v.Reason, v.BlockingOn = string(domaindoctor.OwnershipMissing), tenant.BlockingOnTenant
	}
	return v
}
