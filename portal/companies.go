package portal

import (
	"net/http"

	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant/request"
)

// CompaniesData is where else the reader of a mailbox belongs.
type CompaniesData struct {
	Member access.Member
	Others []access.Seat // by name; empty when there is nothing to choose
}

// companiesPage lets a reader who belongs to several companies choose one. It shows names only.
type companiesPage struct {
	view
	others []access.Seat
}

// showCompanies is skipped when there is one company.
func (s *Server) showCompanies(w http.ResponseWriter, r *http.Request, session access.Session) error {
	data, err := s.pages.Companies(r.Context(), session)
	if err != nil {
		return err
	}
	if len(data.Others) == 0 {
		seeOther(w, "/portal/")
		return nil
	}
	page := companiesPage{view: s.memberView(r, nowhere, data.Member), others: data.Others}
	page.title = page.words.Companies.Title
	return s.write(w, r, http.StatusOK, companiesView(page))
}

// switchCompany ends the session and begins another one elsewhere, with a token of its own.
func (s *Server) switchCompany(w http.ResponseWriter, r *http.Request, session access.Session) error {
	grant, err := s.access.Switch(r.Context(), request.From(r.Context()).Site, session, route.Param(r, "id"), visitor(r))
	if err != nil {
		return err
	}
	s.setSession(w, grant)
	seeOther(w, safeTarget(grant.Target))
	return nil
}
