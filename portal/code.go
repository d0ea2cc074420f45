package portal

import (
	"errors"
	"net/http"

	"tollhouse/portal/access"
	"tollhouse/tenant/request"
)

// sentPage says that a mail may be on its way, and takes its code. It is the same for every address, known or not.
type sentPage struct {
	view
	message string // what is wrong with the code; "" when nothing is
}

func (s *Server) showSent(w http.ResponseWriter, r *http.Request) error {
	page := sentPage{view: s.view(r)}
	page.title = page.words.SentTitle
	return s.write(w, r, http.StatusOK, sentView(page))
}

// redeemCode signs in whoever types the code of a mail in the browser that asked for it. What it answers to a wrong one says nothing of whether
// there is a right one.
func (s *Server) redeemCode(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	before, err := s.session(r)
	if err != nil && !errors.Is(err, access.ErrNoSession) {
		return err
	}
	signedIn := err == nil
	grant, err := s.access.RedeemCode(r.Context(), request.From(r.Context()).Site, r.PostFormValue("code"), asking(r), visitor(r))
	var wrong *access.WrongCodeError
	var dead *access.DeadLinkError
	switch {
	case errors.Is(err, access.ErrCodeForm):
		return s.writeWrongCode(w, r, func(v view) string { return v.words.CodeWanted })
	case errors.As(err, &wrong) && wrong.Left > 0:
		return s.writeWrongCode(w, r, func(v view) string { return v.count(v.words.CodeWrong, wrong.Left) })
	case errors.As(err, &wrong), errors.As(err, &dead):
		return s.writeWrongCode(w, r, func(v view) string { return v.words.CodeDead })
	case err != nil:
		return err
	}
	s.enter(w, r, grant, before, signedIn)
	return nil
}

func (s *Server) writeWrongCode(w http.ResponseWriter, r *http.Request, says func(view) string) error {
	page := sentPage{view: s.view(r)}
	page.title, page.message = page.words.ErrorPrefix+page.words.SentTitle, says(page.view)
	return s.write(w, r, http.StatusUnprocessableEntity, sentView(page))
}
