package edge

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"tollhouse/tenant"
)

// redirect sends a reader of the plain listener to the same page over TLS. The address is built from the Directory's host, never from the
// text of the request, and a POST is refused instead of repeated: its body has already crossed the wire in the clear.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request) {
	if !oneAuthority(r) {
		s.fail(w, r, http.StatusBadRequest)
		return
	}
	host, err := tenant.ParseHostPort(r.Host)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest)
		return
	}
	entry, known := s.config.Directory.Lookup(host)
	if !known {
		s.fail(w, r, http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		closeAfter(w, r)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintln(w, "Use https.")
		return
	}
	s.toTLS(w, r, entry.Host)
}

func (s *Server) toTLS(w http.ResponseWriter, r *http.Request, host tenant.Hostname) {
	target := url.URL{Scheme: "https", Host: host.String(), Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if port := s.publicPort(); port != 443 {
		target.Host += ":" + strconv.Itoa(port)
	}
	if target.Path == "" {
		target.Path = "/"
	}
	w.Header().Set("Location", target.String())
	w.Header().Set("Cache-Control", "max-age=300") // a browser would remember a permanent redirect for ever, and the name is not ours
	w.WriteHeader(http.StatusPermanentRedirect)
}

// publicPort is the port that a browser must use for TLS.
func (s *Server) publicPort() int {
	if s.config.PublicHTTPSPort != 0 {
		return s.config.PublicHTTPSPort
	}
	if s.config.Listeners.anyPort {
		return int(s.config.Listeners.HTTPS().Port())
	}
	return 443
}
