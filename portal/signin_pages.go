package portal

import (
	"errors"
	"net/http"
	"strings"
	"unicode"

	"tollhouse/portal/access"
	"tollhouse/tenant/request"
)

// signInPage asks for an address and, when the reader came for something else, says first why it is shown instead.
type signInPage struct {
	view
	heading string
	text    string
	form    emailForm
}

// emailForm is what was typed and what is wrong with it.
type emailForm struct {
	email   string
	message string // "" when nothing is wrong
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.SignInTitle
	return s.writeSignIn(w, r, http.StatusOK, v, v.words.SignInText)
}

// showTest is where a tenant sees that a host of its own works: always the same page in one language, whoever is signed in.
func (s *Server) showTest(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.NoSessionTitle
	return s.writeSignIn(w, r, http.StatusOK, v, v.words.NoSessionText)
}

// writeSignIn asks for an address under the title of the view.
func (s *Server) writeSignIn(w http.ResponseWriter, r *http.Request, status int, v view, text string) error {
	page := signInPage{view: v, heading: v.title, text: text}
	return s.write(w, r, status, signInView(page))
}

// requestLink mails a link, or does not: the answer is the same for every address, and only its form is ever found fault with.
func (s *Server) requestLink(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	email := strings.TrimSpace(r.PostFormValue("email"))
	if !looksLikeAddress(email) {
		return s.writeWrongEmail(w, r, email)
	}
	if err := s.access.RequestLink(r.Context(), request.From(r.Context()).Site, email, startAsking(w, r), visitor(r)); err != nil {
		return err
	}
	seeOther(w, "/portal/sign-in/sent")
	return nil
}

func (s *Server) writeWrongEmail(w http.ResponseWriter, r *http.Request, email string) error {
	page := signInPage{view: s.view(r)}
	page.title, page.heading, page.text = page.words.ErrorPrefix+page.words.SignInTitle, page.words.SignInTitle, page.words.SignInText
	page.form = emailForm{email: email, message: page.words.EmailWanted}
	return s.write(w, r, http.StatusUnprocessableEntity, signInView(page))
}

// looksLikeAddress finds slips, not bad addresses: whether one exists only a mail can tell.
func looksLikeAddress(s string) bool {
	local, domain, _ := strings.Cut(s, "@")
	return len(s) <= 254 && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		strings.IndexFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) || c == unicode.ReplacementChar }) < 0
}

// signOut ends the session everywhere. Without one there is nothing to end, and the answer is the same.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	session, err := s.session(r)
	if err == nil {
		s.forgetKept(r, session)
		err = s.access.SignOut(r.Context(), session, visitor(r))
	}
	if err != nil && !errors.Is(err, access.ErrNoSession) {
		return err
	}
	signedOut(w)
	return nil
}

// signedOut takes the session from the browser, with all that it kept of the pages.
func signedOut(w http.ResponseWriter) {
	clearSession(w)
	http.SetCookie(w, hostCookie(keptCookie, "", -1))
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	seeOther(w, "/portal/signed-out")
}

// endSession ends the session that another one takes the place of. The browser has lost its token either way, so a failure is only noted.
func (s *Server) endSession(r *http.Request, session access.Session) {
	if err := s.access.SignOut(r.Context(), session, visitor(r)); err != nil {
		s.log.Warn("ending a session that was switched from", "request", request.From(r.Context()).ID, "session", session.ID, "error", err)
	}
}

func (s *Server) showSignedOut(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.SignedOutTitle
	return s.write(w, r, http.StatusOK, signedOutView(v))
}
