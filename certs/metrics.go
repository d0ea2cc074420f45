package certs

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what happens, by reason and never by host: hosts are many, and who has which is nobody's business.
type metrics struct {
	handshakes  *prometheus.CounterVec
	orders      *prometheus.CounterVec
	caFailing   *prometheus.GaugeVec
	ledger      *usage
	storeReads  prometheus.Counter
	copies      *prometheus.CounterVec
	revocations *prometheus.CounterVec
	gauges      []prometheus.Collector

	malformed, unknown, warm            prometheus.Counter
	challengeAnswered, challengeRefused prometheus.Counter
	cold, late, crowded, refused, fault prometheus.Counter
}

func newMetrics(m *Manager) *metrics {
	x := &metrics{
		handshakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollhouse_certs_handshakes_total",
			Help: "Hellos by what became of them: warm and cold got a certificate, all others none.",
		}, []string{"result"}),
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollhouse_certs_orders_total",
			Help: "Attempts of this node to get a certificate from a CA: obtained, or the code of why not; held are those that our ledger kept from the CA.",
		}, []string{"ca", "kind", "result"}),
		caFailing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tollhouse_certs_ca_failing", Help: "1 while a CA is in trouble, whichever node met it.",
		}, []string{"ca"}),
		ledger: newUsage(),
		storeReads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tollhouse_certs_store_reads_total", Help: "Reads of the certificate store by this node.",
		}),
		copies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollhouse_certs_copies_total",
			Help: "What became of local copies of certificates: served and served_expired while the store did not answer.",
		}, []string{"result"}),
	}
	for label, counter := range map[string]*prometheus.Counter{
		"malformed_name": &x.malformed, "unknown_name": &x.unknown, "warm": &x.warm, "cold": &x.cold, "late": &x.late,
		"crowded": &x.crowded, "refused_by_ca": &x.refused, "trouble": &x.fault,
		"challenge": &x.challengeAnswered, "no_such_challenge": &x.challengeRefused,
	} {
		*counter = x.handshakes.WithLabelValues(label)
	}
	for _, result := range []string{copyServed, copyExpired, copyAbsent, copyUnusable, copyWritten, copyUnwritten, copyRemoved} {
		x.copies.WithLabelValues(result)
	}
	for ca := range m.cfg.authorities() {
		x.failing(ca, false)
	}
	x.revocations = revocationCounter()
	x.gauges = append(gauges(m), fleetGauges(m)...)
	return x
}

func gauges(m *Manager) []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("tollhouse_certs_waiting_handshakes", "Handshakes that wait for a certificate now.", func() float64 {
			m.flights.mu.Lock()
			defer m.flights.mu.Unlock()
			return float64(m.flights.waiting)
		}),
		gauge("tollhouse_certs_cached", "Certificates in memory.", func() float64 {
			n, _ := m.cache.size()
			return float64(n)
		}),
		gauge("tollhouse_certs_first_expiry_seconds", "Seconds until the first certificate in memory expires; 0 without any.", func() float64 {
			n, first := m.cache.size()
			if n == 0 {
				return 0
			}
			return time.Unix(first, 0).Sub(m.cfg.Now()).Seconds()
		}),
		gauge("tollhouse_certs_pending", "Hosts that await their first certificate.", func() float64 { return float64(m.pending.size()) }),
		gauge("tollhouse_certs_expired", "Certificates in memory that have expired and are served for want of another.", func() float64 {
			return float64(m.cache.expired(m.cfg.Now()))
		}),
		gauge("tollhouse_certs_borrowed", "Certificates in memory that come from the local copy; the store did not answer.", func() float64 {
			n, _ := m.copies.lent()
			return float64(n)
		}),
		gauge("tollhouse_certs_borrowed_age_seconds", "Age of the oldest local copy that is served; 0 without any.", func() float64 {
			n, oldest := m.copies.lent()
			if n == 0 {
				return 0
			}
			return m.cfg.Now().Sub(oldest).Seconds()
		}),
		gauge("tollhouse_certs_copies_unsettled", "Hosts whose local copy is to be compared with the store.", func() float64 {
			return float64(m.copies.unsettled())
		}),
	}
}

func (x *metrics) register(r prometheus.Registerer) error {
	for _, c := range append([]prometheus.Collector{x.handshakes, x.orders, x.caFailing, x.ledger.gauge, x.storeReads, x.copies, x.revocations}, x.gauges...) {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// waited counts the end of a handshake that had to wait.
func (x *metrics) waited(err error) {
	switch {
	case err == nil:
		x.cold.Inc()
	case errors.Is(err, ErrCrowded):
		x.crowded.Inc()
	case errors.Is(err, ErrRefused):
		x.refused.Inc()
	case errors.Is(err, ErrWaiting), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		x.late.Inc()
	default:
		x.fault.Inc()
	}
}
