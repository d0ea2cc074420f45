package portal

import (
	"errors"
	"net/http"

	"tollhouse/portal/access"
	"tollhouse/tenant/request"
)

// oncePage asks whoever went on faster than a person reads to go on once more.
type oncePage struct {
	view
	path string // where they were going
}

// confirmed returns the session that a page is shown to. One that a document's link opened sees that document; when it asks for anything else, a
// person is at work, and it becomes a session like any other. A request that shows nothing to anybody confirms nothing.
func (s *Server) confirmed(w http.ResponseWriter, r *http.Request, session access.Session) (access.Session, error) {
	if session.Level != access.Provisional || reads(r) && r.URL.Path == "/portal/invoices/"+session.DocumentID {
		return session, nil
	}
	v := viewer(r)
	if v == nil {
		return session, access.ErrTooSoon
	}
	grant, err := s.access.Confirm(r.Context(), request.From(r.Context()).Site, session, *v)
	if errors.Is(err, access.ErrCodeWanted) {
		return session, &codeWantedError{session.DocumentID}
	}
	if err != nil {
		return session, err
	}
	if grant.Token != "" {
		s.setSession(w, grant)
	}
	return grant.Session, nil
}

// codeWantedError is access.ErrCodeWanted with the document that may be seen without a code.
type codeWantedError struct{ document string }

func (e *codeWantedError) Error() string { return access.ErrCodeWanted.Error() }

// codePage offers to mail a code.
type codePage struct {
	view
	back string // where the document is
}

// writeCodeWanted tells whoever came by a document's link that everything else takes a mailed code, offers to mail it, and leads back.
func (s *Server) writeCodeWanted(w http.ResponseWriter, r *http.Request, document string) error {
	page := codePage{view: s.view(r), back: "/portal/invoices/" + document}
	page.title = page.words.MoreTitle
	return s.write(w, r, http.StatusForbidden, codeWantedView(page))
}

// askMore mails the code to the address on file, and asks for it.
func (s *Server) askMore(w http.ResponseWriter, r *http.Request) error {
	session, err := s.session(r)
	if err != nil {
		return err
	}
	if session.Level != access.Provisional {
		seeOther(w, "/portal/") // it may see everything already
		return nil
	}
	if err := s.access.AskMore(r.Context(), request.From(r.Context()).Site, session, startAsking(w, r), visitor(r)); err != nil {
		return err
	}
	seeOther(w, "/portal/sign-in/sent")
	return nil
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// writeOnceMore answers a session that could not be confirmed yet. Its button leads where the reader was going.
func (s *Server) writeOnceMore(w http.ResponseWriter, r *http.Request) error {
	page := oncePage{view: s.view(r), path: "/portal/"}
	if reads(r) {
		page.path = r.URL.RequestURI()
	}
	page.title = page.words.OnceMoreTitle
	return s.write(w, r, http.StatusForbidden, onceMoreView(page))
}
