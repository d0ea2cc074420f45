package edge

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"tollhouse/tenant/request"
)

// answer notes what was written. It offers no more than http.ResponseWriter; everything else is reached through Unwrap by
// http.ResponseController.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
	cut    bool // the handler gave up half-way
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// original returns net/http's own writer, which http.MaxBytesReader must be given to end the connection of somebody who sends on.
func original(w http.ResponseWriter) http.ResponseWriter {
	if a, ok := w.(*answer); ok {
		return a.ResponseWriter
	}
	return w
}

// record writes one line a request and counts it. The line holds no address, no path, no query and no header: a path may carry a token, and
// who visited what is the tenant's to keep or not to keep.
func (s *Server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		a := &answer{ResponseWriter: w, cut: true}
		defer func() { s.note(r, a, time.Since(start)) }()
		next.ServeHTTP(a, r)
		a.cut = false
	})
}

func (s *Server) note(r *http.Request, a *answer, took time.Duration) {
	if a.status == 0 {
		a.status = http.StatusOK // net/http writes it for a handler that wrote nothing
	}
	info := request.From(r.Context())
	route := info.Route()
	s.metrics.request(route, a.status, took, info)
	gone := r.Context().Err() != nil // the reader hung up; what could not be finished then is no fault, or strangers could ring our alarms
	level := slog.LevelInfo
	if a.status >= 500 && !gone || a.cut {
		level = slog.LevelError
	}
	if !s.config.Log.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("id", info.ID),
		slog.String("method", method(r.Method)),
		slog.String("route", route),
		slog.Int("status", a.status),
		slog.Int64("bytes", a.bytes),
		slog.Duration("took", took),
		slog.Int("postgres", int(info.Trips.Postgres.Load())),
		slog.Int("redis", int(info.Trips.Redis.Load())),
		slog.String("proto", r.Proto))
	if info.Site != nil && info.Site.Tenant != nil {
		attrs = append(attrs, slog.String("tenant", string(info.Site.Tenant.ID)))
	}
	if gone {
		attrs = append(attrs, slog.Bool("gone", true))
	}
	if a.cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	s.config.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// method returns the name of a method that exists; a made-up one could carry anything.
func method(name string) string {
	switch name {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return name
	}
	return "other"
}

// recoverPanic turns a panic into a 500 for this request alone. When part of the answer is already out, the connection is cut instead, so
// that nobody takes half a page for a whole one.
func (s *Server) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause) // asked for; net/http knows it
			}
			s.reportPanic(r.Context(), cause)
			a := w.(*answer)
			if a.status != 0 {
				panic(http.ErrAbortHandler)
			}
			clear(w.Header())
			w.Header().Set("X-Request-Id", request.From(r.Context()).ID)
			closeAfter(w, r)
			s.fail(w, r, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// reportPanic logs where it happened. The text of the panic is only logged when it is the runtime's: others may quote what they choked on.
func (s *Server) reportPanic(ctx context.Context, cause any) {
	s.metrics.panics.Inc()
	text := fmt.Sprintf("%T", cause)
	if err, ok := cause.(runtime.Error); ok {
		text = err.Error()
	}
	info := request.From(ctx)
	s.config.Log.ErrorContext(ctx, "panic", slog.String("id", info.ID), slog.String("route", info.Route()),
		slog.String("cause", text), slog.String("stack", string(debug.Stack())))
}
