package portal

import (
	"context"
	"errors"
	"net/http"

	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// Codes are mailed to somebody who is signed in and about to do what takes more than that. Implemented by access.Service.
type Codes interface {
	// SteppedUp is nil for a session that may act now, access.ErrStepUp for one that needs a code, access.ErrNoSession for one that has ended.
	SteppedUp(ctx context.Context, s access.Session) error
	// WantStepUp remembers where the reader was going.
	WantStepUp(ctx context.Context, s access.Session, target string) error
	// SendStepUp mails a code to the address on file. access.ErrLimited: there were too many.
	SendStepUp(ctx context.Context, s access.Session, v access.Visitor) error
	// PassStepUp takes a code and gives another session that may act. Its errors are access.ErrCodeForm, *access.WrongCodeError and
	// access.ErrNoSession.
	PassStepUp(ctx context.Context, site *tenant.Site, s access.Session, code string, v access.Visitor) (access.Grant, error)
	// SendEmailCode mails a code to an address that the contact wants to have. Its errors are access.ErrLimited, access.ErrStepUp, and
	// access.ErrConflict for an address that cannot be theirs.
	SendEmailCode(ctx context.Context, s access.Session, email string, v access.Visitor) error
	// ConfirmEmail takes that code and changes the address. Its errors are those of PassStepUp and SendEmailCode.
	ConfirmEmail(ctx context.Context, s access.Session, code string, v access.Visitor) error
}

// CodesData is what a contact is told of its mailed codes.
type CodesData struct {
	Member    access.Member
	SteppedUp bool   // the session needs no code now
	Target    string // where its reader was going, "" for nowhere
	Waiting   bool   // a code was mailed and may be typed
	NewEmail  string // the address to which a code was mailed that may be typed, "" for none
}

// confirmPath is where codes are typed.
const confirmPath = "/portal/confirm"

// requireStepUp is a route for what takes a code: its handler is called for a session whose contact typed one not long ago. Whoever did not is
// taken to the page that mails one, and from there back to the page of f, with what was typed. Nothing is done on the way: the button
// is pressed again there. The handler's own transaction asks once more, with accessdb.RequireStepUp; its access.ErrStepUp leads here too.
func (s *Server) requireStepUp(f *keptForm, h memberHandler) http.Handler {
	return s.memberForm(f, s.steppedUp(f, h))
}

// steppedUp is requireStepUp within a route that looks at something else first.
func (s *Server) steppedUp(f *keptForm, h memberHandler) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, session access.Session) error {
		if previewOf(r) != nil { // it is shown what the contact would be, and never gets a code
			seeOther(w, confirmPath)
			return nil
		}
		err := s.access.SteppedUp(r.Context(), session)
		if err == nil {
			err = h(w, r, session)
		}
		if errors.Is(err, access.ErrStepUp) {
			return s.askStepUp(w, r, session, f)
		}
		return err
	}
}

func (s *Server) askStepUp(w http.ResponseWriter, r *http.Request, session access.Session, f *keptForm) error {
	if !reads(r) {
		if _, err := s.keep(w, r, f); err != nil {
			return err
		}
	}
	if err := s.access.WantStepUp(r.Context(), session, f.page(r)); err != nil {
		return err
	}
	seeOther(w, confirmPath)
	return nil
}

// stepUpPage mails a code and takes it.
type stepUpPage struct {
	view
	email   string // masked
	sent    bool
	message string // what is wrong with the code; "" when nothing is
	limited bool
}

func (s *Server) showStepUp(w http.ResponseWriter, r *http.Request, session access.Session) error {
	return s.writeStepUp(w, r, session, http.StatusOK, func(*stepUpPage) {})
}

// writeStepUp writes the page as change makes it. Who needs no code is sent on.
func (s *Server) writeStepUp(w http.ResponseWriter, r *http.Request, session access.Session, status int, change func(*stepUpPage)) error {
	data, err := s.pages.Codes(r.Context(), session)
	if err != nil {
		return err
	}
	if data.SteppedUp {
		seeOther(w, safeTarget(data.Target))
		return nil
	}
	page := stepUpPage{view: s.memberView(r, nowhere, data.Member), email: access.MaskEmail(data.Member.Contact.Email), sent: data.Waiting}
	page.title = page.words.StepUp.Title
	change(&page)
	if page.message != "" {
		page.title = page.words.ErrorPrefix + page.title
	}
	return s.write(w, r, status, stepUpView(page))
}

func (s *Server) sendStepUp(w http.ResponseWriter, r *http.Request, session access.Session) error {
	err := s.access.SendStepUp(r.Context(), session, visitor(r))
	if errors.Is(err, access.ErrLimited) {
		return s.writeStepUp(w, r, session, http.StatusTooManyRequests, func(p *stepUpPage) { p.limited = true })
	}
	if err != nil {
		return err
	}
	seeOther(w, confirmPath)
	return nil
}

func (s *Server) passStepUp(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	grant, err := s.access.PassStepUp(r.Context(), request.From(r.Context()).Site, session, r.PostFormValue("code"), visitor(r))
	if says := wrongCode(err); says != nil {
		return s.writeStepUp(w, r, session, http.StatusUnprocessableEntity, func(p *stepUpPage) { p.message = says(p.view) })
	}
	if err != nil {
		return err
	}
	s.setSession(w, grant)
	seeOther(w, safeTarget(grant.Target))
	return nil
}

// wrongCode is how to say what is wrong with a code that was typed by somebody who is signed in; nil when the error is another one.
func wrongCode(err error) func(view) string {
	var wrong *access.WrongCodeError
	switch {
	case errors.Is(err, access.ErrCodeForm):
		return func(v view) string { return v.words.CodeWanted }
	case errors.As(err, &wrong) && wrong.Left > 0:
		return func(v view) string { return v.count(v.words.CodeWrong, wrong.Left) }
	case errors.As(err, &wrong):
		return func(v view) string { return v.words.StepUp.Dead }
	}
	return nil
}
