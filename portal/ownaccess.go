package portal

import (
	"context"
	"net/http"
	"strings"

	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// OwnAccess takes wishes for access. Nothing is granted by asking. Implemented by access.Service.
type OwnAccess interface {
	// AskAccess notes that somebody who holds a link wants access of their own. It answers the same, and as fast, for every link and address,
	// known or not, limited or not; an error is ours, never the visitor's.
	AskAccess(ctx context.Context, site *tenant.Site, token, browser, name, email string, v access.Visitor) error
	// AskForColleague asks for access for a colleague of the session's contact. access.ErrConflict: the company has a contact with that
	// address; access.ErrNotFound: this contact may not ask; access.ErrLimited; access.ErrNoSession.
	AskForColleague(ctx context.Context, site *tenant.Site, s access.Session, name, email string, v access.Visitor) error
}

// longestAskedName is how much of a name is taken.
const longestAskedName = 80

// askForm is who wants access, as typed, and what is wrong with it.
type askForm struct {
	path, name, email string
	message           string // "" when nothing is wrong
}

func askedBy(r *http.Request, path string) askForm {
	return askForm{path: path, name: strings.TrimSpace(r.PostFormValue("name")), email: strings.TrimSpace(r.PostFormValue("email"))}
}

// check finds slips of the address; a name is whatever it is, and only ever too long.
func (f *askForm) check(w *words) bool {
	switch {
	case !looksLikeAddress(f.email):
		f.message = w.EmailWanted
	case len([]rune(f.name)) > longestAskedName:
		f.name = string([]rune(f.name)[:longestAskedName])
	}
	return f.message == ""
}

// ownAccessPage asks whoever was handed somebody else's link for an address of their own.
type ownAccessPage struct {
	view
	form askForm
}

// showOwnAccess is the same for every link, so that it says nothing of any.
func (s *Server) showOwnAccess(w http.ResponseWriter, r *http.Request) error {
	page := ownAccessPage{view: s.view(r), form: askForm{path: linkPath(r) + "/ask"}}
	page.title = page.words.OwnAccess.Title
	return s.write(w, r, http.StatusOK, ownAccessView(page))
}

// askOwnAccess passes the wish on, or does not: the answer is the same for every link and address, and only its form is ever found fault with.
func (s *Server) askOwnAccess(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	page := ownAccessPage{view: s.view(r), form: askedBy(r, linkPath(r)+"/ask")}
	if !page.form.check(page.words) {
		page.title = page.words.ErrorPrefix + page.words.OwnAccess.Title
		return s.write(w, r, http.StatusUnprocessableEntity, ownAccessView(page))
	}
	site := request.From(r.Context()).Site
	if err := s.access.AskAccess(r.Context(), site, route.Param(r, "token"), startAsking(w, r), page.form.name, page.form.email, visitor(r)); err != nil {
		return err
	}
	seeOther(w, "/portal/access-asked")
	return nil
}

func (s *Server) showAccessAsked(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.OwnAccess.AskedTitle
	return s.write(w, r, http.StatusOK, accessAskedView(v))
}

// nameFill is what a browser may fill a name in with, beside an address that is filled in with the other.
func nameFill(email string) string {
	if email == "off" {
		return "off"
	}
	return "name"
}
