package certs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// fleetGauges tell of this node in the fleet.
func fleetGauges(m *Manager) []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		m.surveyed.expiry,
		gauge("tollhouse_certs_renewals_late", "Served hosts whose renewal is late by more than a tenth of the certificate's life.", func() float64 {
			return float64(m.surveyed.late.Load())
		}),
		gauge("tollhouse_certs_sightings_missing", "Certificates committed within a day that some living node was not seen serving.", func() float64 {
			return float64(m.surveyed.unseen.Load())
		}),
		gauge("tollhouse_nodes_live", "Nodes that live, as this one heard last; 0 before it heard.", func() float64 {
			return float64(m.node.live.Load())
		}),
		gauge("tollhouse_clock_skew_seconds", "This node's clock less the database's. Beyond 30 s either way it places no orders.", func() float64 {
			return time.Duration(m.node.skew.Load()).Seconds()
		}),
		gauge("tollhouse_certs_sightings_waiting", "Hosts for which this node has yet to be seen serving its certificate.", func() float64 {
			return float64(m.sights.waiting())
		}),
	}
}

// revocationCounter counts attempts.
func revocationCounter() *prometheus.CounterVec {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollhouse_certs_revocations_total",
		Help: "Attempts to revoke a certificate: revoked, expired before it was, failed and to be repeated.",
	}, []string{"result"})
	for _, result := range []string{revocationDone, revocationExpired, revocationFailed} {
		counter.WithLabelValues(result)
	}
	return counter
}
