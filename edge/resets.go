package edge

import (
	"net/http"
	"sync"
	"time"
)

// A connection may take back this many requests at once, and this many more a second. A reader who leaves a page takes back a few, and a
// browser that reloads in anger a few dozen.
const (
	resetBurst     = 200
	resetPerSecond = 20
)

// endResetters closes an HTTP/2 connection that takes back requests faster than people do (rapid reset, CVE-2023-44487): net/http bounds how many
// such requests run at once and lets the connection go on for ever. What is taken back before it began costs no storage.
func (s *Server) endResetters(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			next.ServeHTTP(w, r)
			return
		}
		if r.Context().Err() == nil {
			next.ServeHTTP(w, r)
		}
		if c := connOf(r.Context()); r.Context().Err() != nil && !c.closed.Load() && c.resets.tooMany(s.config.Now()) {
			s.metrics.resetters.Inc()
			_ = c.Close()
		}
	})
}

// resets counts what one connection took back, as a bucket that leaks.
type resets struct {
	mu    sync.Mutex
	level float64
	at    time.Time
}

// tooMany counts one more and reports whether that is more than anybody needs.
func (r *resets) tooMany(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.level = max(0, r.level-resetPerSecond*now.Sub(r.at).Seconds()) + 1
	r.at = now
	return r.level > resetBurst
}
