package portal

import (
	"net/http"
	"net/netip"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/agent"
	"tollhouse/portal/format"
	"tollhouse/portal/route"
)

// AccountData is what a contact sees of its own ways in.
type AccountData struct {
	Member   access.Member
	Sessions []OwnSession // live ones, this one first, then the last used; at most 50
}

// OwnSession is one live session of the contact who looks.
type OwnSession struct {
	ID         string
	SignedInAt time.Time
	LastSeenAt time.Time  // to the minute
	IP         netip.Addr // zero: the tenant does not keep it
	UserAgent  string     // as the browser said it, cut; "" when the tenant does not keep it
	This       bool       // the one that looks
}

// accountPage is where a contact finds its sessions and ends them.
type accountPage struct {
	view
	sessions []OwnSession
	form     profileForm
	done     string // what was changed a moment ago, "" for nothing
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, session access.Session) error {
	data, err := s.pages.Account(r.Context(), session)
	if err != nil {
		return err
	}
	kept, err := s.typed(r, session, detailsForm)
	if err != nil {
		return err
	}
	return s.write(w, r, http.StatusOK, accountView(s.accountPage(r, data, profileOf(data.Member.Contact, kept))))
}

func (s *Server) accountPage(r *http.Request, data AccountData, form profileForm) accountPage {
	page := accountPage{view: s.memberView(r, atAccount, data.Member), sessions: data.Sessions, form: form}
	page.title = page.words.Account.Title
	if reads(r) {
		page.done = r.URL.Query().Get("done")
	}
	return page
}

// endOwnSession ends one of the contact's sessions. Its own is ended like by the button at the top of each page.
func (s *Server) endOwnSession(w http.ResponseWriter, r *http.Request, session access.Session) error {
	id := route.Param(r, "id")
	if id == session.ID {
		return s.signOut(w, r)
	}
	if err := s.access.EndOwn(r.Context(), session, id, visitor(r)); err != nil {
		return err
	}
	seeOther(w, "/portal/account")
	return nil
}

func (s *Server) signOutEverywhere(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := s.access.ForgetDrafts(r.Context(), session, ""); err != nil {
		return err
	}
	if err := s.access.SignOutEverywhere(r.Context(), session, visitor(r)); err != nil {
		return err
	}
	signedOut(w)
	return nil
}

// device says on what the session runs, in words.
func (p accountPage) device(o OwnSession) string {
	d := agent.Of(o.UserAgent)
	switch {
	case d.Browser != "" && d.System != "":
		return fill(p.words.Account.DeviceOn, "{browser}", d.Browser, "{system}", d.System)
	case d.Browser != "" || d.System != "":
		return d.Browser + d.System
	}
	return p.words.Account.DeviceUnknown
}

// day is the day of a moment in the tenant's zone.
func (p accountPage) day(at time.Time) ledger.Date { return ledger.DateIn(at, p.tenant.TimeZone) }

// clock is the time of a moment in the tenant's zone, which it names.
func (p accountPage) clock(at time.Time) string {
	return format.Clock(at.In(p.tenant.TimeZone), p.locale())
}
