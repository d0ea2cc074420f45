package api

import (
	"context"
	"errors"
	"fmt"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// Domains onboards tenants' custom domains and looks after them. A domain that does not exist, or is another tenant's, is tenant.ErrNotFound.
type Domains interface {
	// Claim returns the tenant's live claim to a host as somebody typed it, or makes one. A name that nobody can claim is a
	// *domains.NameError, one claim too many domains.ErrQuota, one too many in an hour a
	// *domains.ManyClaimsError. Whether somebody else has the name makes no difference to the answer.
	Claim(ctx context.Context, t tenant.ID, host string) (v domains.View, created bool, err error)
	// Show returns one domain with its history.
	Show(ctx context.Context, t tenant.ID, id string) (domains.View, error)
	// List returns up to limit domains without their histories, newest first, that come after the given id ("" begins).
	List(ctx context.Context, t tenant.ID, after string, limit int) ([]domains.View, error)
	// Check examines a domain now and returns what it has come to, or a *domains.TooSoonError.
	Check(ctx context.Context, t tenant.ID, id string) (domains.View, error)
	// Remove gives a domain up and returns what it has come to. Again it changes nothing. One that the operator suspended is domains.ErrSuspended.
	Remove(ctx context.Context, t tenant.ID, id string) (domains.View, error)
}

// claimDomain answers 201 with a new claim and 200 with the one that is there.
func (s *Server) claimDomain(c *call) (reply, error) {
	var in struct {
		Host *string `json:"host"`
	}
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	check.require("host", in.Host != nil)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	v, isNew, err := s.Domains.Claim(c.Context(), c.tenant.ID, *in.Host)
	if errors.Is(err, domains.ErrQuota) {
		return reply{}, quotaExceeded(s.DomainLimit)
	}
	if err != nil {
		return reply{}, err
	}
	if isNew {
		return created(showDomain(v))
	}
	return ok(showDomain(v))
}

func (s *Server) showOneDomain(c *call) (reply, error) {
	v, err := s.Domains.Show(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	out := showDomain(v)
	out.History = showSteps(v.History)
	return ok(out)
}

func (s *Server) listDomains(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	found, err := s.Domains.List(c.Context(), c.tenant.ID, after, limit+1)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(found, limit, func(v domains.View) string { return v.ID }, showDomain))
}

// checkDomain looks at the DNS while the caller waits, which takes seconds.
func (s *Server) checkDomain(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	v, err := s.Domains.Check(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(showDomain(v))
}

// removeDomain answers with what is left: a domain that held its name stays quarantined for a while, an unproven claim is deleted.
func (s *Server) removeDomain(c *call) (reply, error) {
	v, err := s.Domains.Remove(c.Context(), c.tenant.ID, c.id())
	if errors.Is(err, domains.ErrSuspended) {
		return reply{}, errDomainSuspended
	}
	if err != nil {
		return reply{}, err
	}
	return ok(showDomain(v))
}

var errDomainSuspended = problem(409, domains.DomainSuspended, "The operator of the platform has suspended the domain",
	"A suspended domain cannot be given up. Ask the operator of the platform.")

func fromDomains(err error) (*Problem, bool) {
	var name *domains.NameError
	if errors.As(err, &name) {
		return misnamed(name), true
	}
	var many *domains.ManyClaimsError
	if errors.As(err, &many) {
		p := limited(many.After)
		return p.saying("The account has claimed many names in the last hour, those that it deleted included. " + p.Detail), true
	}
	var soon *domains.TooSoonError
	if errors.As(err, &soon) {
		p := limited(soon.After)
		return p.saying("This domain has just been checked, or often in the last hour. " + p.Detail + " It is also checked by itself, at next_check_at."), true
	}
	return nil, false
}

// misnamed says what is wrong with a name by its worst finding; the finding's texts are plain and short already.
func misnamed(err *domains.NameError) *Problem {
	worst := err.Findings[0]
	p := problem(422, string(worst.Code), "The name cannot be a custom domain",
		fmt.Sprintf("Expected %s; seen %s. %s", worst.Expected, worst.Seen, worst.Fix))
	for _, f := range err.Findings {
		p.Errors = append(p.Errors, FieldError{Field: "host", Code: string(f.Code), Message: f.Fix})
	}
	return p
}

func quotaExceeded(limit int) *Problem {
	return problem(409, "quota.exceeded", "The account has as many domains as it may",
		fmt.Sprintf("An account may have %d domains, and one that was given up counts until its quarantine is over. "+
			"Delete claims that you do not need, or ask the operator of the platform for more.", limit))
}
