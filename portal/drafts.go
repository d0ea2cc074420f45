package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// KeptForms holds what somebody typed until they are back. Implemented by access.Service.
type KeptForms interface {
	// KeepDraft keeps a form for the contact of a session's cookie, live or ended. access.ErrNotFound: nobody is known by it, or it is too large.
	KeepDraft(ctx context.Context, site *tenant.Site, token, browser string, d access.Draft) error
	// TakeDraft returns the contact's own form of that name and page in this browser, once.
	TakeDraft(ctx context.Context, s access.Session, browser, form, path string) (access.Draft, bool, error)
	// DraftPath is the page of the newest form that is kept for the contact in this browser, "" for none.
	DraftPath(ctx context.Context, s access.Session, browser string) (string, error)
	// ForgetDrafts forgets what is kept for the contact in this browser; "" is all browsers.
	ForgetDrafts(ctx context.Context, s access.Session, browser string) error
}

// keptForm is a form that may be kept: one that was sent by somebody whose session had ended, or who needs a code first.
type keptForm struct {
	name   string   // of the form, the same for every page of its kind
	fields []string // which of its values are kept: never a code, a token or a password
	page   func(r *http.Request) string
}

// onPage is a form whose page is always the same.
func onPage(path string) func(*http.Request) string {
	return func(*http.Request) string { return path }
}

// keptForms are all of them, for the test that looks at what they keep.
var keptForms = []*keptForm{detailsForm, newEmailForm, emailCodeForm, preferForm, removeForm, verifyKept, addMethodForm}

// keptCookie tells one browser from another, so that what was typed comes back in this one only.
const keptCookie = "__Host-bp-kept"

// memberForm is member for the POST of a form that may be kept.
func (s *Server) memberForm(f *keptForm, h memberHandler) http.Handler {
	return s.public(func(w http.ResponseWriter, r *http.Request) error {
		err := s.asMember(h)(w, r)
		if !errors.Is(err, access.ErrNoSession) || reads(r) || previewOf(r) != nil {
			return err
		}
		kept, keeping := s.keep(w, r, f)
		if keeping != nil {
			s.logFailure(r, keeping) // to sign in again matters more
		}
		if !kept {
			return err
		}
		return s.writeSignInForKept(w, r)
	})
}

// keep keeps what is typed into a form, and makes the browser known. It reports whether it did: of a stranger nothing is kept.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, f *keptForm) (bool, error) {
	cookies := r.CookiesNamed(sessionCookie)
	if len(f.fields) == 0 || len(cookies) != 1 {
		return false, nil
	}
	if err := parseForm(w, r); err != nil {
		return false, err
	}
	browser, ok := presented(r, keptCookie)
	if !ok {
		browser = randomValue()
	}
	values := url.Values{}
	for _, name := range f.fields {
		if typed, ok := r.PostForm[name]; ok {
			values[name] = typed
		}
	}
	err := s.access.KeepDraft(r.Context(), request.From(r.Context()).Site, cookies[0].Value, browser, access.Draft{Form: f.name, Path: f.page(r), Values: values})
	if errors.Is(err, access.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		http.SetCookie(w, hostCookie(keptCookie, browser, int(access.DraftLife/time.Second)))
	}
	return err == nil, err
}

// typed returns what the contact typed into the form before it was kept from sending it, nil for nothing. It is shown once, to a person: what is
// in the page need not lie in a table. A browser that looks ahead takes nothing.
func (s *Server) typed(r *http.Request, session access.Session, f *keptForm) (url.Values, error) {
	browser, ok := presented(r, keptCookie)
	if !ok || previewOf(r) != nil || viewer(r) == nil {
		return nil, nil
	}
	d, ok, err := s.access.TakeDraft(r.Context(), session, browser, f.name, f.page(r))
	if err != nil || !ok {
		return nil, err
	}
	return d.Values, nil
}

// keptAt is where somebody who signs in again goes on, "" for no place. Not to know it is no reason to keep them out.
func (s *Server) keptAt(r *http.Request, session access.Session) string {
	browser, ok := presented(r, keptCookie)
	if !ok {
		return ""
	}
	path, err := s.access.DraftPath(r.Context(), session, browser)
	if err != nil {
		s.logFailure(r, err)
	}
	return path
}

// forgetKept forgets what was typed in this browser: whoever signs out wants nothing left behind.
func (s *Server) forgetKept(r *http.Request, session access.Session) {
	browser, ok := presented(r, keptCookie)
	if !ok {
		return
	}
	if err := s.access.ForgetDrafts(r.Context(), session, browser); err != nil {
		s.logFailure(r, err)
	}
}

// writeSignInForKept is the page about an ended session, which says that nothing typed is lost.
func (s *Server) writeSignInForKept(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.SessionOverTitle
	return s.writeSignIn(w, r, http.StatusUnauthorized, v, v.words.StepUp.KeptSignIn)
}
