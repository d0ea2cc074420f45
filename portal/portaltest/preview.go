package portaltest

import (
	"context"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Previewed is the cookie of a preview of Full; GonePreview is that of a preview of a client whose portal is off. A path that begins with "/_preview"
// or "/_preview-off" is asked for with the one or the other.
const (
	Previewed   = "preview-full"
	GonePreview = "preview-off"
)

// PreviewToken is the token of the world's link to a preview.
const PreviewToken = "preview------------------------------------"

// AuthenticatePreview knows Previewed and GonePreview, until they are ended.
func (w *World) AuthenticatePreview(_ context.Context, _ *tenant.Site, token string) (access.Preview, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Fail != nil {
		return access.Preview{}, w.Fail
	}
	if token != Previewed && token != GonePreview || w.PreviewsEnded > 0 {
		return access.Preview{}, access.ErrNoSession
	}
	m := w.Sessions[Full]
	m.Session.Level = access.Previewing
	p := access.Preview{Session: m.Session, KeyID: "key_1", Contact: m.Contact.Name, Company: m.Company.Name, PortalOff: token == GonePreview}
	if w.Text != "" {
		p.Contact, p.Company = w.Text, w.Text
	}
	return p, nil
}

// PreviewReady knows PreviewToken until it is opened.
func (w *World) PreviewReady(_ context.Context, _ *tenant.Site, token string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return token == PreviewToken && w.PreviewsOpened == 0, w.Fail
}

// OpenPreview takes PreviewToken once.
func (w *World) OpenPreview(ctx context.Context, site *tenant.Site, token string, _ access.Visitor) (access.PreviewGrant, error) {
	if ready, err := w.PreviewReady(ctx, site, token); err != nil || !ready {
		return access.PreviewGrant{}, access.ErrNotFound
	}
	w.mu.Lock()
	w.PreviewsOpened++
	w.mu.Unlock()
	p, err := w.AuthenticatePreview(ctx, site, Previewed)
	return access.PreviewGrant{Preview: p, Token: Previewed, Target: "/portal/invoices/" + InvoiceID(1)}, err
}

// NotePreview remembers the pages and their documents.
func (w *World) NotePreview(_ context.Context, _ *tenant.Site, _ access.Preview, page, documentID string, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Previewed = append(w.Previewed, page+" "+documentID)
	return w.Fail
}

// EndPreview counts.
func (w *World) EndPreview(_ context.Context, _ *tenant.Site, _ access.Preview, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.PreviewsEnded++
	return w.Fail
}

// CodeWanted is the cookie of a session that a document's link opened, where the tenant wants a mailed code for everything else.
const CodeWanted = "session-code-wanted"

// addCodeWanted adds the session of CodeWanted, which sees the first invoice of Full's client.
func (w *World) addCodeWanted() {
	m := w.Sessions[Scanned]
	m.Session.ID = "ses_" + CodeWanted
	w.Sessions[CodeWanted] = m
}

// wantsCode reports whether a provisional session is confirmed by a mailed code only.
func (w *World) wantsCode(s access.Session) bool {
	return w.Tenant.Policy.StepUpLinks || s.ID == "ses_"+CodeWanted
}

// AskMore remembers the session.
func (w *World) AskMore(_ context.Context, _ *tenant.Site, s access.Session, _ string, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.Settled {
		return access.ErrTooSoon
	}
	w.Wished = append(w.Wished, "more of "+s.ID)
	return w.Fail
}

// SignedInAs masks the contact's address.
func (w *World) SignedInAs(_ context.Context, s access.Session) (string, error) {
	m, err := w.memberOf(s)
	return access.MaskEmail(m.Contact.Email), err
}
