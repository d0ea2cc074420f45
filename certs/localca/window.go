package localca

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Window is when the CA would like a certificate to be replaced (RFC 9773 section 4.2). The CA says it as it is, a window that makes no sense
// included.
type Window struct {
	Start, End time.Time
	RetryAfter time.Duration // when to ask again, in whole seconds; zero says nothing
}

// windows are those that the CA was told to answer with.
type windows struct {
	mu  sync.Mutex
	all *Window
	of  map[string]Window // by the certificate's identifier
}

// SetWindow makes the CA answer with w for all certificates that have no window of their own, those to come included. Without it the CA says
// what Pebble does: around two thirds of the life, and to ask again after six hours.
func (c *CA) SetWindow(w Window) {
	c.windows.mu.Lock()
	defer c.windows.mu.Unlock()
	c.windows.all = &w
}

// SetWindows gives single certificates windows of their own, by their identifiers (RFC 9773 section 4.1), all in one moment.
func (c *CA) SetWindows(of map[string]Window) {
	c.windows.mu.Lock()
	defer c.windows.mu.Unlock()
	if c.windows.of == nil {
		c.windows.of = map[string]Window{}
	}
	maps.Copy(c.windows.of, of)
}

// find returns what to say of a certificate, and whether there is anything.
func (w *windows) find(id string) (Window, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if own, ok := w.of[id]; ok {
		return own, true
	}
	if w.all == nil {
		return Window{}, false
	}
	return *w.all, true
}

// answer says the windows that were set, and leaves all else to next.
func (w *windows) answer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		id, asked := strings.CutPrefix(request.URL.Path, windowPath)
		window, known := w.find(id)
		if !asked || !known || request.Method != http.MethodGet {
			next.ServeHTTP(response, request)
			return
		}
		if window.RetryAfter > 0 {
			response.Header().Set("Retry-After", strconv.Itoa(int(window.RetryAfter.Seconds())))
		}
		response.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(response).Encode(map[string]any{ // the asker went away
			"suggestedWindow": map[string]time.Time{"start": window.Start, "end": window.End},
		})
	})
}
