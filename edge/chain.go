package edge

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"

	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// secureHandler is everything that happens to a request on the TLS listener, from the outside in. Read it from the bottom up.
func (s *Server) secureHandler() http.Handler {
	var h http.Handler = http.HandlerFunc(s.dispatch) // the portal or the API, by the kind of host
	h = s.promiseTLS(h)                               // HSTS
	h = s.limit(h)                                    // the body's size, the request's time
	h = s.refuseStale(h)                              // 421 for a host that turned since the hello
	h = s.refuseSuspended(h)                          // 403 for a tenant that is switched off
	h = s.findSite(h)                                 // whose host is it, and is it this connection's? 400, 421
	h = dropForwarded(h)                              // nothing inside may believe them
	h = s.checkForm(h)                                // methods we do not speak, bodies that end a connection
	h = s.recoverPanic(h)                             // 500, others unaffected
	h = s.record(h)                                   // one log line, metrics
	h = s.endResetters(h)                             // HTTP/2 that asks and takes back, over and over
	h = s.identify(h)                                 // the request's id and Info
	return h
}

// plainHandler is the same for the plain listener: challenges and redirects only.
func (s *Server) plainHandler() http.Handler {
	var h http.Handler = http.HandlerFunc(s.redirect)
	h = s.config.Challenge(h)
	h = dropForwarded(h)
	h = s.checkForm(h)
	h = s.recoverPanic(h)
	h = s.record(h)
	h = s.identify(h)
	return h
}

// identify gives the request a fresh id. One that came with it is ignored: it would let a stranger write into our logs.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := connOf(r.Context())
		c.serving()
		info := &request.Info{ID: rand.Text(), Client: c.client}
		r.Header.Del("X-Request-Id")
		w.Header().Set("X-Request-Id", info.ID)
		if s.draining.Load() {
			w.Header().Set("Connection", "close") // HTTP/2 turns it into a GOAWAY
		}
		next.ServeHTTP(w, r.WithContext(request.With(r.Context(), info)))
	})
}

// checkForm refuses methods that no handler of ours has. It also ends the connection after a chunked HTTP/1.1 request and after any HTTP/1.0
// one: net/http silently drops a Content-Length beside Transfer-Encoding, and in HTTP/1.0 the latter, so that whatever was pipelined behind
// such a request may be somebody's smuggled one (RFC 9112, section 6.1, asks for the same).
func (s *Server) checkForm(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
			w.Header().Set("Connection", "close")
		}
		if r.Method == http.MethodTrace || r.Method == http.MethodConnect || r.RequestURI == "*" {
			w.Header().Set("Allow", "GET, HEAD, POST")
			s.fail(w, r, http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseSuspended answers for a tenant that is switched off, without its brand: it is no longer ours to show.
func (s *Server) refuseSuspended(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := request.From(r.Context()).Site.Tenant
		if t != nil && t.Status == tenant.Suspended {
			writeNeutral(w, r, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// limit bounds the body and the time of a request. A body that announces too much is refused before a byte of it is read.
func (s *Server) limit(next http.Handler) http.Handler {
	limits := s.config.Limits
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := limits.PortalBody
		if request.From(r.Context()).Site.Kind == tenant.API {
			most = limits.APIBody
		}
		if most >= 0 && r.ContentLength > most {
			closeAfter(w, r)
			s.fail(w, r, http.StatusRequestEntityTooLarge)
			return
		}
		if most >= 0 && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(original(w), r.Body, most)
		}
		if limits.RequestTime > 0 {
			ctx, cancel := context.WithTimeout(r.Context(), limits.RequestTime)
			defer cancel()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// promiseTLS sends HSTS for the host alone.
func (s *Server) promiseTLS(next http.Handler) http.Handler {
	if s.config.HSTS < 0 {
		return next
	}
	value := "max-age=" + strconv.FormatInt(int64(s.config.HSTS.Seconds()), 10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", value)
		next.ServeHTTP(w, r)
	})
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	if request.From(r.Context()).Site.Kind == tenant.API {
		s.config.API.ServeHTTP(w, r)
		return
	}
	s.config.Portal.ServeHTTP(w, r)
}

// closeAfter ends an HTTP/1.1 connection after this answer. On HTTP/2 other requests of the connection have done nothing wrong.
func closeAfter(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
}
