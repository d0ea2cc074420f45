package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// errorPage is a page that says what went wrong, money first.
type errorPage struct {
	view
	text string
	wait string // how long to wait, for 429 and 503; "" when nobody knows
	way  bool   // whether the portal is at this address at all
	id   string // of the request; "" when it helps nobody
}

// fail turns an error of a handler into a page. It is the one place that decides what people read of an error; what is not listed is ours,
// and they learn nothing of it but the request's number.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var (
		dead     *access.DeadLinkError
		wanted   *codeWantedError
		tooLarge *http.MaxBytesError
		badForm  *badFormError
	)
	switch {
	case errors.As(err, &dead):
		s.must(w, r, s.writeDeadLink(w, r, dead.Landing))
	case errors.Is(err, access.ErrTooSoon):
		s.must(w, r, s.writeOnceMore(w, r))
	case errors.As(err, &wanted):
		s.must(w, r, s.writeCodeWanted(w, r, wanted.document))
	case errors.Is(err, access.ErrNoSession):
		s.must(w, r, s.writeSessionOver(w, r))
	case errors.Is(err, access.ErrNotFound), errors.Is(err, tenant.ErrNotFound):
		s.Error(w, r, http.StatusNotFound)
	case errors.Is(err, errCardNumber):
		s.Error(w, r, http.StatusUnprocessableEntity)
	case errors.Is(err, access.ErrConflict):
		s.Error(w, r, http.StatusConflict)
	case errors.Is(err, access.ErrLimited):
		s.Error(w, r, http.StatusTooManyRequests)
	case errors.As(err, &tooLarge):
		s.Error(w, r, http.StatusRequestEntityTooLarge)
	case errors.As(err, &badForm):
		s.Error(w, r, http.StatusBadRequest)
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		s.Error(w, r, http.StatusServiceUnavailable) // nobody waits for it
	case errors.Is(err, tenant.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		s.logFailure(r, err)
		s.Error(w, r, http.StatusServiceUnavailable)
	default:
		s.logFailure(r, err)
		s.Error(w, r, http.StatusInternalServerError)
	}
}

func (s *Server) writeSessionOver(w http.ResponseWriter, r *http.Request) error {
	v := s.view(r)
	v.title = v.words.SessionOverTitle
	return s.writeSignIn(w, r, http.StatusUnauthorized, v, v.words.SessionOverText)
}

func (s *Server) logFailure(r *http.Request, err error) {
	info := request.From(r.Context())
	s.log.Error("page failed", "request", info.ID, "route", info.Route(), "error", err)
}

// must answers plainly when even the page about an error cannot be rendered.
func (s *Server) must(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.logFailure(r, err)
		http.Error(w, "Something went wrong. Nothing was paid or changed.", http.StatusInternalServerError)
	}
}

// retryAfter is what a client is asked to wait when nobody said how long, in seconds.
const retryAfter = 60

// Error answers with the page of an HTTP status in the tenant's brand. It touches no storage, so that it can tell of storage that is away, and
// sets every header that a page has, so that the edge can call it for a request that never came here: a panic, an unknown host, too many
// requests. Whoever knows how long to wait sets Retry-After, in seconds, before; 429 and 503 get a minute otherwise. A status without words
// of its own reads as 500.
func (s *Server) Error(w http.ResponseWriter, r *http.Request, status int) {
	page := errorPage{view: s.view(r)}
	said, known := page.words.Errors.of(status)
	if !known {
		status, said = http.StatusInternalServerError, page.words.Errors.InternalServerError
	}
	setHeaders(w.Header(), r)
	page.title, page.text = said.Title, said.Text
	page.way = page.tenant != nil && status != http.StatusMisdirectedRequest
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		page.wait = page.waiting(w.Header())
	}
	if status >= http.StatusInternalServerError {
		page.id = request.From(r.Context()).ID
	}
	s.must(w, r, s.write(w, r, status, errorView(page)))
}

// waiting reads Retry-After, sets it when it is missing, and says it in words.
func (v view) waiting(h http.Header) string {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds <= 0 {
		seconds = retryAfter
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	if wait := time.Duration(seconds) * time.Second; wait >= time.Hour {
		return v.count(v.words.WaitHours, int((wait+time.Hour-1)/time.Hour))
	}
	return v.count(v.words.WaitMinutes, (seconds+59)/60)
}
