package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// Previews let a tenant's own people see the portal as one of their client's contacts does. Implemented by access.Service.
type Previews interface {
	// PreviewReady reports whether the link to a preview works now, and changes nothing.
	PreviewReady(ctx context.Context, site *tenant.Site, token string) (bool, error)
	// OpenPreview exchanges the link to a preview, once. access.ErrNotFound: it does not work, or not any more.
	OpenPreview(ctx context.Context, site *tenant.Site, token string, v access.Visitor) (access.PreviewGrant, error)
	// AuthenticatePreview returns the preview that a cookie's token stands for on this site, or access.ErrNoSession.
	AuthenticatePreview(ctx context.Context, site *tenant.Site, token string) (access.Preview, error)
	// NotePreview writes to the audit log what a preview looked at.
	NotePreview(ctx context.Context, site *tenant.Site, p access.Preview, page, documentID string, v access.Visitor) error
	// EndPreview ends a preview; one that has ended is no error.
	EndPreview(ctx context.Context, site *tenant.Site, p access.Preview, v access.Visitor) error
}

// previewCookie is apart from a contact's own session, which stays in the browser untouched and counts again when the preview is over.
const previewCookie = "__Host-bp-preview"

// previewCookieLife is much longer than a preview: a browser must not go back to a session of its own in the middle of a page that was a preview's
// without being told so.
const previewCookieLife = 24 * 3600

const (
	previewPaths   = "/portal/preview/"
	endPreviewPath = "/portal/end-preview"
)

// previewPage is the page behind the link to a preview.
type previewPage struct {
	view
	path, nonce string
	again       bool // the button was pressed without the cookie
}

type previewKey struct{}

// previewOf returns the preview that a request is made in, nil for none.
func previewOf(r *http.Request) *access.Preview {
	p, _ := r.Context().Value(previewKey{}).(*access.Preview)
	return p
}

// withPreview is the one place that decides what a browser with a preview may do: read. Every other request is refused here, before its route, so
// that no route can forget to. Whether the preview lives makes no difference to that: a form that was shown in it must never act for anybody
// else.
func (s *Server) withPreview(next http.Handler) http.Handler {
	return s.public(func(w http.ResponseWriter, r *http.Request) error {
		cookies := r.CookiesNamed(previewCookie)
		if len(cookies) == 0 || !s.ownPage(r) {
			next.ServeHTTP(w, r)
			return nil
		}
		p, err := s.access.AuthenticatePreview(r.Context(), request.From(r.Context()).Site, cookies[0].Value)
		if len(cookies) > 1 {
			err = access.ErrNoSession // the first would be whoever planted it's choice
		}
		switch {
		case errors.Is(err, access.ErrNoSession):
			return s.previewOver(w, r, next)
		case err != nil:
			return err
		}
		r = r.WithContext(context.WithValue(r.Context(), previewKey{}, &p))
		switch {
		case !reads(r) && !aboutPreview(r):
			return s.refuseInPreview(w, r)
		case p.PortalOff && !aboutPreview(r):
			return s.writeDeadLink(w, r, access.Landing{State: access.LinkPortalOff})
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// ownPage leaves out what is the same for everybody: files, and the tenant's logo.
func (s *Server) ownPage(r *http.Request) bool {
	return r.URL.Path == "/" || r.URL.Path == "/portal" || strings.HasPrefix(r.URL.Path, "/portal/")
}

// aboutPreview reports whether a request opens or ends a preview, which changes nothing of the contact's.
func aboutPreview(r *http.Request) bool {
	return r.URL.Path == endPreviewPath || strings.HasPrefix(r.URL.Path, previewPaths)
}

// previewOver tells once that the preview has ended, and takes its cookie.
func (s *Server) previewOver(w http.ResponseWriter, r *http.Request, next http.Handler) error {
	if aboutPreview(r) {
		next.ServeHTTP(w, r)
		return nil
	}
	http.SetCookie(w, hostCookie(previewCookie, "", -1))
	v := s.view(r)
	v.title = v.words.Preview.OverTitle
	return s.write(w, r, http.StatusForbidden, previewOverView(v, v.words.Preview.OverText))
}

func (s *Server) refuseInPreview(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.Preview.RefusedTitle
	return s.write(w, r, http.StatusForbidden, previewRefusedView(v))
}

// showPreview shows what the link leads to. It names nobody: a chat that fetches every address that is typed into it learns nothing.
func (s *Server) showPreview(w http.ResponseWriter, r *http.Request) error {
	return s.writePreview(w, r, http.StatusOK)
}

func (s *Server) writePreview(w http.ResponseWriter, r *http.Request, status int) error {
	ready, err := s.access.PreviewReady(r.Context(), request.From(r.Context()).Site, route.Param(r, "token"))
	if err != nil {
		return err
	}
	if !ready {
		return s.writeDeadPreview(w, r)
	}
	page := previewPage{view: s.view(r), path: previewPaths + route.Param(r, "token"), nonce: nonce(w, r), again: status == http.StatusForbidden}
	page.title = page.words.Preview.Title
	return s.write(w, r, status, previewView(page))
}

// writeDeadPreview is the same for a link that is used, too old, withdrawn or unknown: its reader has a system to ask for another.
func (s *Server) writeDeadPreview(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.Preview.DeadTitle
	return s.write(w, r, http.StatusNotFound, previewOverView(v, v.words.Preview.DeadText))
}

// openPreview exchanges the link. A preview that the browser had ends; a session that it has stays as it is.
func (s *Server) openPreview(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	if !nonceMatches(r) {
		return s.writePreview(w, r, http.StatusForbidden)
	}
	site := request.From(r.Context()).Site
	grant, err := s.access.OpenPreview(r.Context(), site, route.Param(r, "token"), visitor(r))
	if errors.Is(err, access.ErrNotFound) {
		return s.writeDeadPreview(w, r)
	}
	if err != nil {
		return err
	}
	if before := previewOf(r); before != nil {
		if err := s.access.EndPreview(r.Context(), site, *before, visitor(r)); err != nil {
			s.log.Warn("ending the preview that another one follows", "request", request.From(r.Context()).ID, "preview", before.Session.ID, "error", err)
		}
	}
	http.SetCookie(w, hostCookie(previewCookie, grant.Token, previewCookieLife))
	seeOther(w, safeTarget(grant.Target))
	return nil
}

// endPreview takes the preview from the browser. The contact's own session, if there is one, is as it was.
func (s *Server) endPreview(w http.ResponseWriter, r *http.Request) error {
	if p := previewOf(r); p != nil {
		if err := s.access.EndPreview(r.Context(), request.From(r.Context()).Site, *p, visitor(r)); err != nil {
			return err
		}
	}
	http.SetCookie(w, hostCookie(previewCookie, "", -1))
	w.Header().Set("Clear-Site-Data", `"cache"`)
	seeOther(w, "/portal/preview-ended")
	return nil
}

func (s *Server) showPreviewEnded(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.Preview.EndedTitle
	return s.write(w, r, http.StatusOK, previewOverView(v, v.words.Preview.EndedText))
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// notingPreview shows a page to a preview and writes down that it was shown, with its document. A page that was not there is not noted.
func (s *Server) notingPreview(w http.ResponseWriter, r *http.Request, h memberHandler, p access.Preview) error {
	seen := &statusWriter{ResponseWriter: w}
	if err := h(seen, r, p.Session); err != nil || seen.status != http.StatusOK || r.Method != http.MethodGet {
		return err
	}
	info := request.From(r.Context())
	document := ""
	if id := route.Param(r, "id"); strings.Contains(id, "_") {
		document = id
	}
	if err := s.access.NotePreview(r.Context(), info.Site, p, info.Route(), document, visitor(r)); err != nil {
		s.log.Error("what a preview looked at was not noted", "request", info.ID, "preview", p.Session.ID, "error", err)
	}
	return nil
}
