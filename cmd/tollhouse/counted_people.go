package main

import (
	"context"
	"errors"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// AskAccess notes a wish for access and counts it. Whether its link was worth anything is found out later, and is in the audit log only.
func (c countedAccess) AskAccess(ctx context.Context, site *tenant.Site, token, browser, name, email string, v access.Visitor) error {
	err := c.Service.AskAccess(ctx, site, token, browser, name, email, v)
	c.requests.WithLabelValues("ask", outcome(err)).Inc()
	return err
}

// AskForColleague asks for a colleague and counts.
func (c countedAccess) AskForColleague(ctx context.Context, site *tenant.Site, s access.Session, name, email string, v access.Visitor) error {
	err := c.Service.AskForColleague(ctx, site, s, name, email, v)
	c.requests.WithLabelValues("colleague", outcome(err)).Inc()
	return err
}

// ApproveAccess lets somebody in and counts.
func (c countedAccess) ApproveAccess(ctx context.Context, t tenant.ID, id string, a access.Approval) (access.AccessRequest, error) {
	r, err := c.Service.ApproveAccess(ctx, t, id, a)
	c.requests.WithLabelValues("approve", outcome(err)).Inc()
	return r, err
}

// DismissAccess lets somebody not in and counts.
func (c countedAccess) DismissAccess(ctx context.Context, t tenant.ID, id string, by access.Actor) (access.AccessRequest, error) {
	r, err := c.Service.DismissAccess(ctx, t, id, by)
	c.requests.WithLabelValues("dismiss", outcome(err)).Inc()
	return r, err
}

// StartPreview makes the link to a preview and counts.
func (c countedAccess) StartPreview(ctx context.Context, t *tenant.Tenant, r access.PreviewRequest) (access.PreviewLink, error) {
	link, err := c.Service.StartPreview(ctx, t, r)
	c.previews.WithLabelValues("start", outcome(err)).Inc()
	return link, err
}

// OpenPreview exchanges the link to a preview and counts.
func (c countedAccess) OpenPreview(ctx context.Context, site *tenant.Site, token string, v access.Visitor) (access.PreviewGrant, error) {
	grant, err := c.Service.OpenPreview(ctx, site, token, v)
	c.previews.WithLabelValues("open", outcome(err)).Inc()
	return grant, err
}

// EndPreview ends a preview and counts.
func (c countedAccess) EndPreview(ctx context.Context, site *tenant.Site, p access.Preview, v access.Visitor) error {
	err := c.Service.EndPreview(ctx, site, p, v)
	c.previews.WithLabelValues("end", outcome(err)).Inc()
	return err
}

// outcome is what became of an act, in one of a few words.
func outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, access.ErrNotFound):
		return "not_found"
	case errors.Is(err, access.ErrConflict):
		return "conflict"
	case errors.Is(err, access.ErrNoSession):
		return "no_session"
	case errors.Is(err, access.ErrLimited):
		return "limited"
	}
	return "error"
}
