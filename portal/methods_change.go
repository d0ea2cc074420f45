package portal

import (
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"tollhouse/payments"
	"tollhouse/portal/access"
)

// methodPage asks whether a method is to be removed, or how it is verified.
type methodPage struct {
	view
	m    savedMethod
	form verifyForm
	bank string // the bank's own page to go to, "" for none
}

// Forms about one method. None is kept: there is nothing typed in them, or what nobody but its bank should see.
var (
	preferForm = &keptForm{name: "method.default", page: onPage(methodsPath)}
	removeForm = &keptForm{name: "method.remove", page: ownPath}
	verifyKept = &keptForm{name: "method.verify", page: ownPath}
)

// ownPath is the page of a form that is posted to its own address.
func ownPath(r *http.Request) string { return r.URL.Path }

// preferMethod makes a method the first choice.
func (s *Server) preferMethod(w http.ResponseWriter, r *http.Request, session access.Session, m savedMethod) error {
	err := s.methods.SetDefault(s.acting(r, session), session.Tenant, session.CompanyID, m.ID)
	if err != nil {
		return s.methodTrouble(w, r, m, err)
	}
	seeOther(w, methodsPath+"?done=preferred")
	return nil
}

// askRemoveMethod says what follows from removing a method, before it is done.
func (s *Server) askRemoveMethod(w http.ResponseWriter, r *http.Request, _ access.Session, m savedMethod) error {
	if m.Status == payments.MethodRemoved || m.Status == payments.MethodGone {
		seeOther(w, methodsPath)
		return nil
	}
	page := methodPage{view: m.page.view, m: m}
	page.title = page.words.Methods.Title
	return s.write(w, r, http.StatusOK, removeMethodView(page))
}

// removeMethod forgets a method. Again it changes nothing.
func (s *Server) removeMethod(w http.ResponseWriter, r *http.Request, session access.Session, m savedMethod) error {
	if m.Status == payments.MethodActive || m.Status == payments.MethodPending {
		err := s.methods.Remove(s.acting(r, session), session.Tenant, session.CompanyID, m.ID)
		if err != nil && !errors.Is(err, payments.ErrNotFound) {
			return s.methodTrouble(w, r, m, err)
		}
	}
	seeOther(w, methodsPath+"?done=removed")
	return nil
}

// effects say what follows from removing the method, one sentence each. What is paid with it by itself will be said here too.
func (p methodPage) effects() (all []templ.Component) {
	w := p.words.Methods
	all = append(all, say(w.RemoveForgets))
	if next := p.m.successor(); p.m.Default && next != nil {
		all = append(all, say(w.RemoveNext, textValue("method", next.name())))
	}
	if len(p.m.page.saved()) == 1 {
		all = append(all, say(w.RemoveLast))
	}
	return append(all, say(w.RemoveRunning))
}

// successor is the method that becomes the default when this one goes: the oldest that works.
func (m savedMethod) successor() (next *savedMethod) {
	for _, other := range m.page.saved() {
		if other.ID != m.ID && other.Status == payments.MethodActive && (next == nil || strings.Compare(other.ID, next.ID) < 0) {
			next = &other
		}
	}
	return next
}

// methodTrouble tells that the processor could not be asked or did not do it; what else went wrong is somebody else's to tell.
func (s *Server) methodTrouble(w http.ResponseWriter, r *http.Request, m savedMethod, err error) error {
	if errors.Is(err, payments.ErrNotFound) {
		return access.ErrNotFound
	}
	if !unavailable(err) {
		return err
	}
	s.logFailure(r, err)
	page := methodPage{view: m.page.view, m: m}
	page.title = page.words.ErrorPrefix + page.words.Methods.TroubleTitle
	return s.write(w, r, http.StatusServiceUnavailable, methodTroubleView(page))
}

// unavailable reports whether it was the processor, or the way to it, that did not do what it was asked for.
func unavailable(err error) bool {
	for _, one := range []error{payments.ErrLost, payments.ErrNotAsked, payments.ErrRefused, payments.ErrAbsent, payments.ErrDisconnected} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
