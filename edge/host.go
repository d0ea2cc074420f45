package edge

import (
	"net/http"
	"strings"

	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// findSite answers whose host was called. The Host must be the name in the connection's hello: with that, whatever is in a connection can
// only ever reach one tenant. A host that left the Directory since the hello is misdirected too.
func (s *Server) findSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := connOf(r.Context())
		host, ok := requestHost(c, r)
		if !ok {
			closeAfter(w, r)
			s.fail(w, r, http.StatusBadRequest)
			return
		}
		entry, known := s.config.Directory.Lookup(host)
		if host != c.host || !known {
			if host == c.host {
				w.Header().Set("Connection", "close") // all of this connection is of before; HTTP/2 turns it into a GOAWAY
			}
			closeAfter(w, r)
			s.fail(w, r, http.StatusMisdirectedRequest)
			return
		}
		site := entry.Site()
		if site.Epoch != c.epoch {
			w.Header().Set("Connection", "close")
		}
		request.From(r.Context()).Site = site
		next.ServeHTTP(w, r)
	})
}

// requestHost returns the one host that the request names in any form, or false when it names none, or several.
func requestHost(c *conn, r *http.Request) (tenant.Hostname, bool) {
	if !oneAuthority(r) {
		return tenant.Hostname{}, false
	}
	if r.Host == c.serverName && r.Host != "" { // as browsers write it, and already canonical in c.host
		return c.host, !c.host.IsZero()
	}
	host, err := tenant.ParseHostPort(r.Host)
	return host, err == nil
}

// oneAuthority refuses requests that say in two places whom they want: an HTTP/2 Host header beside another :authority (RFC 9113, section
// 8.3.1), and an absolute-form target with user information or of another scheme. In HTTP/1.1 net/http refuses repeated Host headers and
// lets an absolute-form target decide (RFC 9112, section 3.2.2).
func oneAuthority(r *http.Request) bool {
	if also, ok := r.Header["Host"]; ok {
		if len(also) != 1 || !strings.EqualFold(also[0], r.Host) {
			return false
		}
	}
	if r.URL.User != nil {
		return false
	}
	return r.URL.Scheme == "" || r.URL.Scheme == "https" || r.TLS == nil
}

// dropForwarded removes what a proxy in front would have added. We end TLS ourselves and learn the client's address from the connection, so
// such a header is always the client's own invention. Underscores count as hyphens: CGI-style readers mix them up.
func dropForwarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if forwarding(name) {
				delete(r.Header, name)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func forwarding(name string) bool {
	if name == "" || name[0]|0x20 != 'x' && name[0]|0x20 != 'f' {
		return false
	}
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	return name == "forwarded" || strings.HasPrefix(name, "x-forwarded") || name == "x-real-ip"
}
