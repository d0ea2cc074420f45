package core

import (
	"io"
	"net/http"
	"time"
)

// Around serves one request under the fault. serve has the effect and writes the true answer; it is called once for the kinds that have the effect, and
// not at all for the others. refuse writes the processor's own error for a status. The request's body must have been read before: net/http
// notices a client that left only then.
//
// The kinds that never answer wait until the client has left.
func (f Fault) Around(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter), refuse func(w http.ResponseWriter, status int)) {
	switch f.Kind {
	case TimeoutBefore:
		hang(r)
	case TimeoutAfter:
		serve(&Answer{})
		hang(r)
	case CutBefore:
		panic(http.ErrAbortHandler)
	case CutAfter:
		serve(&Answer{})
		panic(http.ErrAbortHandler)
	case ErrorBefore:
		refuse(w, f.status())
	case ErrorAfter:
		serve(&Answer{})
		refuse(w, f.status())
	case Locked:
		refuse(w, http.StatusConflict)
	case Limited:
		refuse(w, http.StatusTooManyRequests)
	case Garbage:
		serve(&Answer{})
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>Bad gateway</body></html>") // a client that left does not matter
	case HalfBody:
		half(w, serve)
	case Slow:
		wait(r, f.Delay)
		serve(w)
	default:
		serve(w)
	}
}

func (f Fault) status() int {
	if f.Status != 0 {
		return f.Status
	}
	return http.StatusInternalServerError
}

// hang keeps the client waiting until it leaves, then cuts.
func hang(r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// half sends the first half of the answer, chunked, and cuts before the last chunk.
func half(w http.ResponseWriter, serve func(http.ResponseWriter)) {
	whole := &Answer{}
	serve(whole)
	whole.Body.Truncate(whole.Body.Len() / 2)
	whole.Send(w)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	panic(http.ErrAbortHandler)
}
