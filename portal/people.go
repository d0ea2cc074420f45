package portal

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/tenant/request"
)

// PeoplePages is where the page of a company's people gets its data. Implemented by portaldb.
type PeoplePages interface {
	// People returns the company's contacts. access.ErrNotFound: only who pays is told.
	People(ctx context.Context, s access.Session) (PeopleData, error)
}

// PeopleData is who else belongs to the company.
type PeopleData struct {
	Member  access.Member
	People  []Colleague // active ones, by name; at most 200
	Pending []string    // addresses that access was asked for and nobody has decided on, oldest first; at most 20
}

// Colleague is a contact of the company, as another one sees it.
type Colleague struct {
	ID, Name, Email string
	Role            access.Role
	SeenAt          time.Time // to the minute; zero: never signed in
	Self            bool      // the one who looks
}

// peoplePage lists a company's people and lets one ask for another.
type peoplePage struct {
	view
	data  PeopleData
	form  askForm
	asked bool // a wish was passed on a moment ago
}

const peoplePath = "/portal/people"

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, session access.Session) error {
	return s.writePeople(w, r, session, askForm{path: peoplePath})
}

func (s *Server) writePeople(w http.ResponseWriter, r *http.Request, session access.Session, form askForm) error {
	data, err := s.pages.People(r.Context(), session)
	if err != nil {
		return err
	}
	page := peoplePage{view: s.memberView(r, atPeople, data.Member), data: data, form: form, asked: r.Method == http.MethodGet && r.URL.Query().Has("asked")}
	page.title = page.words.People.Title
	status := http.StatusOK
	if form.message != "" {
		page.title, status = page.words.ErrorPrefix+page.title, http.StatusUnprocessableEntity
	}
	return s.write(w, r, status, peopleView(page))
}

// askForColleague passes the wish on to the tenant, who decides.
func (s *Server) askForColleague(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	form, v := askedBy(r, peoplePath), s.view(r)
	if form.check(v.words) {
		err := s.access.AskForColleague(r.Context(), request.From(r.Context()).Site, session, form.name, form.email, visitor(r))
		switch {
		case errors.Is(err, access.ErrConflict):
			form.message = v.words.People.Known
		case err != nil:
			return err
		default:
			seeOther(w, peoplePath+"?asked")
			return nil
		}
	}
	return s.writePeople(w, r, session, form)
}

// role is what a colleague may do, in words.
func (p peoplePage) role(r access.Role) string {
	switch r {
	case access.Viewer:
		return p.words.People.Viewer
	case access.Signer:
		return p.words.People.Signer
	}
	return p.words.People.Payer
}

// day is the day of a moment in the tenant's zone.
func (p peoplePage) day(at time.Time) ledger.Date { return ledger.DateIn(at, p.tenant.TimeZone) }

// tellsPeople reports whether the menu leads to the people: to who pays for the company.
func (v view) tellsPeople() bool { return v.member != nil && v.member.Contact.Role == access.Payer }
