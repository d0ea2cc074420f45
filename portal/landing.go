package portal

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"tollhouse/payments/panguard"
	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant/request"
)

// largestForm is more than any form of these pages sends.
const largestForm = 16 << 10

// landingPage is the page behind a link that works.
type landingPage struct {
	view
	landing access.Landing
	path    string // where the button posts to
	nonce   string
	other   string // who else is signed in in this browser, masked; "" for nobody
	again   bool   // the button was pressed without the cookie
}

// deadLinkPage is the page behind a link that was good once.
type deadLinkPage struct {
	view
	landing access.Landing
	path    string // where the button posts to, "" for none
	ask     string // where whoever was handed the link asks for access of their own, "" for nowhere
}

// showLanding shows what a link leads to and changes nothing of it, however often and by whomever it is asked: scanners open every link of a mail.
func (s *Server) showLanding(w http.ResponseWriter, r *http.Request) error {
	landing, err := s.landing(r)
	if err != nil {
		return err
	}
	session, err := s.session(r)
	if err != nil && !errors.Is(err, access.ErrNoSession) {
		return err
	}
	signedIn := err == nil
	if signedIn && sameContact(session, landing) {
		err := s.access.Recheck(r.Context(), session)
		if err == nil {
			seeOther(w, safeTarget(landing.Target))
			return nil
		}
		if !errors.Is(err, access.ErrNoSession) {
			return err
		}
		signedIn = false // it has ended: sent on, its reader would be turned back for as long as the cookie lives
	}
	return s.writeLanding(w, r, http.StatusOK, landing, signedIn)
}

func (s *Server) landing(r *http.Request) (access.Landing, error) {
	return s.access.Landing(r.Context(), request.From(r.Context()).Site, route.Param(r, "token"), asking(r), viewer(r))
}

// sameContact reports whether the browser may go on without spending the link.
func sameContact(session access.Session, landing access.Landing) bool {
	return landing.State != access.LinkUnknown && landing.State != access.LinkPortalOff &&
		landing.ContactID != "" && landing.ContactID == session.ContactID
}

func (s *Server) writeLanding(w http.ResponseWriter, r *http.Request, status int, landing access.Landing, signedIn bool) error {
	if landing.State != access.LinkReady {
		return s.writeDeadLink(w, r, landing)
	}
	page := landingPage{landing: landing, path: linkPath(r), nonce: nonce(w, r), again: status == http.StatusForbidden}
	if signedIn {
		other, err := s.signedInAs(r)
		if err != nil {
			return err
		}
		page.other = other
	}
	page.view = s.view(r)
	page.title = page.words.LandingTitle
	return s.write(w, r, status, landingView(page))
}

// signedInAs is the masked address of who is signed in, "" when the session has ended meanwhile.
func (s *Server) signedInAs(r *http.Request) (string, error) {
	session, err := s.session(r)
	if err != nil {
		return "", err
	}
	masked, err := s.access.SignedInAs(r.Context(), session)
	if errors.Is(err, access.ErrNoSession) {
		return "", nil
	}
	return masked, err
}

// redeemLink exchanges the link for a session. The session that the browser had, if it was another one, ends.
func (s *Server) redeemLink(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	before, err := s.session(r)
	if err != nil && !errors.Is(err, access.ErrNoSession) {
		return err
	}
	signedIn := err == nil
	if !nonceMatches(r) {
		return s.askAgain(w, r, signedIn)
	}
	info := request.From(r.Context())
	grant, err := s.access.Redeem(r.Context(), info.Site, route.Param(r, "token"), asking(r), visitor(r))
	var dead *access.DeadLinkError
	if errors.As(err, &dead) && signedIn && sameContact(before, dead.Landing) && s.access.Recheck(r.Context(), before) == nil {
		seeOther(w, safeTarget(dead.Landing.Target)) // pressed twice
		return nil
	}
	if err != nil {
		return err
	}
	s.enter(w, r, grant, before, signedIn)
	return nil
}

// enter signs the browser in and shows what it came for. The session that it had ends.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, grant access.Grant, before access.Session, signedIn bool) {
	if signedIn {
		s.endSession(r, before)
	}
	s.setSession(w, grant)
	target := grant.Target
	if path := s.keptAt(r, grant.Session); path != "" {
		target = path
	}
	seeOther(w, safeTarget(target))
}

// askAgain shows the landing page once more, with a fresh nonce: whoever sits before it presses the button again.
func (s *Server) askAgain(w http.ResponseWriter, r *http.Request, signedIn bool) error {
	landing, err := s.landing(r)
	if err != nil {
		return err
	}
	return s.writeLanding(w, r, http.StatusForbidden, landing, signedIn)
}

// resendLink mails a fresh link to the address on file. The answer says nothing about the link.
func (s *Server) resendLink(w http.ResponseWriter, r *http.Request) error {
	site := request.From(r.Context()).Site
	if err := s.access.Resend(r.Context(), site, route.Param(r, "token"), startAsking(w, r), visitor(r)); err != nil {
		return err
	}
	seeOther(w, "/portal/sign-in/sent")
	return nil
}

// writeDeadLink answers for a link that leads nowhere any more. It is never a dead end.
func (s *Server) writeDeadLink(w http.ResponseWriter, r *http.Request, landing access.Landing) error {
	page := deadLinkPage{view: s.view(r), landing: landing, path: linkPath(r) + "/resend", ask: linkPath(r) + "/ask"}
	page.title, _ = page.says()
	switch landing.State {
	case access.LinkUsed, access.LinkExpired, access.LinkSuperseded:
		return s.write(w, r, http.StatusGone, deadLinkView(page))
	case access.LinkRevoked, access.LinkVoided:
		page.path, page.ask = "", "" // no fresh one is mailed for what was withdrawn
		return s.write(w, r, http.StatusGone, deadLinkView(page))
	case access.LinkElsewhere:
		page.path = "" // a fresh link would take the place of the one that is being waited for
		return s.write(w, r, http.StatusForbidden, deadLinkView(page))
	case access.LinkPortalOff:
		page.path, page.ask = "", ""
		return s.write(w, r, http.StatusForbidden, deadLinkView(page))
	}
	page.title = page.words.UnknownLinkTitle
	return s.writeSignIn(w, r, http.StatusNotFound, page.view, page.words.UnknownLinkText)
}

// says is the page's heading and its sentence.
func (p deadLinkPage) says() (title, text string) {
	switch p.landing.State {
	case access.LinkUsed:
		return p.words.UsedTitle, p.words.UsedText
	case access.LinkExpired:
		return p.words.ExpiredTitle, p.words.ExpiredText
	case access.LinkRevoked:
		return p.words.RevokedTitle, p.words.RevokedText
	case access.LinkVoided:
		return p.words.VoidedTitle, p.words.VoidedText
	case access.LinkSuperseded:
		return p.words.SupersededTitle, p.words.SupersededText
	case access.LinkElsewhere:
		return p.words.ElsewhereTitle, p.words.ElsewhereText
	}
	return p.words.PortalOffTitle, p.words.PortalOffText
}

// kind is the sort of document that the link opens, as its reader calls it.
func (p landingPage) kind() string {
	switch p.landing.DocumentKind {
	case "invoice":
		return p.words.Invoice
	}
	return p.words.Document
}

// linkPath is the link's own path, whichever of its routes was called.
func linkPath(r *http.Request) string { return linkPaths + route.Param(r, "token") }

// targets are the paths that a link may lead to.
var targets = regexp.MustCompile(`^/portal/[A-Za-z0-9_/-]*$`)

// safeTarget returns path if it is one of the portal's own, else the home page. The path comes from our own row; this is the second lock.
func safeTarget(path string) string {
	if targets.MatchString(path) && !strings.Contains(path, "//") {
		return path
	}
	return "/portal/"
}

func visitor(r *http.Request) access.Visitor {
	return access.Visitor{IP: request.From(r.Context()).Client, UserAgent: r.UserAgent()}
}

// parseForm reads a form. One that holds what may be a card's number is refused as a whole, before anything of it is used.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	if err := r.ParseForm(); err != nil {
		return &badFormError{err}
	}
	for _, values := range r.PostForm {
		if slices.ContainsFunc(values, panguard.Find) {
			return errCardNumber
		}
	}
	return nil
}

// errCardNumber says that a field held what may be a card's number. What was typed is not kept, and told to nobody.
var errCardNumber = errors.New("a field holds what may be a card's number")

// badFormError says that a form could not be read.
type badFormError struct{ cause error }

func (e *badFormError) Error() string { return "reading the form: " + e.cause.Error() }
func (e *badFormError) Unwrap() error { return e.cause }
