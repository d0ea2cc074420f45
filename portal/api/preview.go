package api

import (
	"context"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Previews show a tenant's own people the portal as it appears to a contact.
type Previews interface {
	// StartPreview makes the link to a preview. access.ErrNotFound: no such contact or document of this tenant; access.ErrConflict, with a text for
	// people: the contact is disabled.
	StartPreview(ctx context.Context, t *tenant.Tenant, r access.PreviewRequest) (access.PreviewLink, error)
}

// PreviewSession is a preview that waits to be opened, as the API shows it.
type PreviewSession struct {
	ID             string    `json:"id"`
	CompanyID      string    `json:"company_id"`
	ContactID      string    `json:"contact_id"`
	DocumentID     *string   `json:"document_id"`
	URL            string    `json:"url"` // shown once
	CreatedAt      time.Time `json:"created_at"`
	URLExpiresAt   time.Time `json:"url_expires_at"`
	PreviewSeconds int64     `json:"preview_seconds"` // how long it lasts once it is opened
}

type previewInput struct {
	DocumentID *string `json:"document_id"`
	Reason     *string `json:"reason"`
}

// startPreview answers the link to a preview of a contact's portal. Opening it acts for nobody; who may look is a scope of its own.
func (s *Server) startPreview(c *call) (reply, error) {
	var in previewInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	r := access.PreviewRequest{ContactID: c.id(), By: c.by()}
	check.line(&r.Reason, "reason", in.Reason, 0, 200)
	if in.DocumentID != nil {
		if *in.DocumentID == "" {
			check.add("document_id", "required", "this must be a document's id; leave it out to begin at the overview")
		}
		r.DocumentID = *in.DocumentID
	}
	if err := check.err(); err != nil {
		return reply{}, err
	}
	p, err := s.Links.StartPreview(c.Context(), c.tenant, r)
	if err != nil {
		return reply{}, err
	}
	return created(PreviewSession{ID: p.ID, CompanyID: p.CompanyID, ContactID: p.ContactID, DocumentID: textOrNull(p.DocumentID), URL: p.URL,
		CreatedAt: p.CreatedAt.UTC(), URLExpiresAt: p.LinkExpiry.UTC(), PreviewSeconds: int64(access.PreviewLifetime / time.Second)})
}
