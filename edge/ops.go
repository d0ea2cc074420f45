package edge

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// operationsServer serves the operator's listener. It has no TLS and no login: who may reach it is decided by its address.
func (s *Server) operationsServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", s.readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	if s.config.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(s.metrics.noise(), "", 0),
	}
}

// healthy says that the process runs. It looks at nothing else: an orchestrator restarts who fails here, and a restart mends no database.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// readyAnswer is the body of /readyz.
type readyAnswer struct {
	Ready     bool    `json:"ready"`
	Directory bool    `json:"directory_loaded"`
	Draining  bool    `json:"draining"`
	Checks    []Check `json:"checks"`
}

// readiness says whether a load balancer should send clients here. Only two things decide: without the Directory every host is unknown, and
// who drains wants nobody new. A database that is away is named in the answer and decides nothing, because it is away for every node, and
// with all of them out of the balancer not even the pages that work would be served.
func (s *Server) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	answer := readyAnswer{
		Directory: s.config.Directory.Loaded(),
		Draining:  s.draining.Load(),
		Checks:    append([]Check{}, s.config.Ready(ctx)...),
	}
	answer.Ready = answer.Directory && !answer.Draining
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}
