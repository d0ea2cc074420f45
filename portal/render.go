package portal

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/a-h/templ"
)

// largestKept is the largest buffer that goes back to the pool: one page that is out of the ordinary must not stay in memory for ever.
const largestKept = 256 << 10

// buffers are reused between pages. A sync.Pool is not state: nothing that a page shows depends on it.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// write renders a page and only then answers: a page that cannot be rendered becomes an error page and never half a page. It renders on when
// the reader has gone: giving up would save nothing, and would let whoever hangs up early write faults of ours into the log.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer func() {
		if buffer.Cap() <= largestKept {
			buffers.Put(buffer)
		}
	}()
	if err := page.Render(context.WithoutCancel(r.Context()), buffer); err != nil {
		return fmt.Errorf("rendering a page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Content-Length", strconv.Itoa(buffer.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buffer.Bytes()) // the reader has gone; there is nobody to tell
	return nil
}
