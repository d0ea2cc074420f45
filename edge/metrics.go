package edge

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant/request"
)

// metrics counts; no label ever carries a host, a tenant or anything else that a stranger chooses.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	trips      *prometheus.CounterVec
	handshakes *prometheus.CounterVec
	refusals   *prometheus.CounterVec
	panics     prometheus.Counter
	complaints prometheus.Counter
	resetters  prometheus.Counter
	turned     prometheus.Counter
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tollhouse", Subsystem: "edge", Name: name, Help: help}, labels)
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tollhouse", Subsystem: "edge", Name: name, Help: help})
	}
	m := &metrics{
		registry: registry,
		requests: counters("requests_total", "Requests by route pattern and class of status.", "route", "class"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "tollhouse", Subsystem: "edge", Name: "request_seconds", Help: "Time from header to end of the answer, by route pattern.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		trips:      counters("request_trips_total", "Round trips to storage that requests made, by route pattern.", "route", "store"),
		handshakes: counters("handshakes_total", "Finished TLS handshakes.", "kind", "version"),
		refusals:   counters("refused_connections_total", "Connections that were closed before their first request, by reason.", "reason"),
		panics:     counter("panics_total", "Requests that ended in a panic."),
		complaints: counter("http_complaints_total", "Lines that net/http would have logged, about malformed requests and the like."),
		resetters:  counter("reset_connections_total", "HTTP/2 connections that were closed because they took back request after request."),
		turned:     counter("turned_connections_total", "Connections that were closed because their host changed hands, was suspended or was given up."),
	}
	return m, m.register(m.requests, m.duration, m.trips, m.handshakes, m.refusals, m.panics, m.complaints, m.resetters, m.turned)
}

func (m *metrics) register(all ...prometheus.Collector) error {
	var errs []error
	for _, c := range all {
		errs = append(errs, m.registry.Register(c))
	}
	return errors.Join(errs...)
}

// watch shows how many connections a house holds.
func (m *metrics) watch(h *house) error {
	return m.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "tollhouse", Subsystem: "edge", Name: "connections", Help: "Open connections of both public listeners.",
	}, func() float64 { return float64(h.open.Load()) }))
}

// request counts one request. An unknown path has no pattern: all of them share one label.
func (m *metrics) request(route string, status int, took time.Duration, info *request.Info) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, class(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
	if n := info.Trips.Postgres.Load(); n > 0 {
		m.trips.WithLabelValues(route, "postgres").Add(float64(n))
	}
	if n := info.Trips.Redis.Load(); n > 0 {
		m.trips.WithLabelValues(route, "redis").Add(float64(n))
	}
}

func class(status int) string {
	switch status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	}
	return "5xx"
}

func (m *metrics) handshake(state tls.ConnectionState) {
	kind, version := "full", "other"
	if state.DidResume {
		kind = "resumed"
	}
	switch state.Version {
	case tls.VersionTLS12:
		version = "1.2"
	case tls.VersionTLS13:
		version = "1.3"
	}
	m.handshakes.WithLabelValues(kind, version).Inc()
}

func (m *metrics) refused(why error) { m.refusals.WithLabelValues(reason(why)).Inc() }

// reason sorts what went wrong before the first request into few words. What scanners do to a TLS port is counted here and logged nowhere.
func reason(err error) string {
	for _, known := range []error{errFull, errClientFull, errProxy, errRate, errBusy, errChallenge, errHello, errUnknown, errTurned} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "timeout"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return "gone"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "not_tls"
	}
	return "handshake"
}

// noise takes net/http's log lines, which quote addresses and what strangers sent, and keeps their number.
func (m *metrics) noise() io.Writer { return lineCounter{m.complaints} }

type lineCounter struct{ prometheus.Counter }

func (c lineCounter) Write(line []byte) (int, error) {
	c.Inc()
	return len(line), nil
}
