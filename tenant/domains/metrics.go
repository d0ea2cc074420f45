package domains

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// metrics are named by status and result only.
type metrics struct {
	domains *prometheus.GaugeVec
	checks  *prometheus.CounterVec
	steps   *prometheus.CounterVec
	brake   prometheus.Gauge
	lag     prometheus.Gauge

	mu    sync.Mutex
	worst time.Duration
}

func newMetrics() *metrics {
	return &metrics{
		domains: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tollhouse_domains", Help: "Custom domains of all tenants."}, []string{"status"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_domain_checks_total",
			Help: "Examinations of custom domains by this node."}, []string{"result"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_domain_steps_total",
			Help: "Changes of a custom domain's status by this node."}, []string{"to"}),
		brake: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tollhouse_domain_brake",
			Help: "1 while too many custom domains turned bad at once, so that none is given up."}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tollhouse_domain_check_lag_seconds",
			Help: "How long after its time the latest check of this node's last round began."}),
	}
}

func (m *metrics) register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{m.domains, m.checks, m.steps, m.brake, m.lag} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// count sets every status, so that one that nobody has any more reads 0.
func (m *metrics) count(counts map[tenant.DomainStatus]int) {
	for _, status := range tenant.DomainStatuses() {
		if status != tenant.DomainDeleted {
			m.domains.WithLabelValues(string(status)).Set(float64(counts[status]))
		}
	}
}

func (m *metrics) checked(v domaindoctor.Verdict) { m.checks.WithLabelValues(string(v)).Inc() }

func (m *metrics) stepped(steps []tenant.DomainStep) {
	for _, step := range steps {
		m.steps.WithLabelValues(string(step.To)).Inc()
	}
}

// beginRound and late keep the longest delay of a round.
func (m *metrics) beginRound() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.worst = 0
	m.lag.Set(0)
}

func (m *metrics) late(due, now time.Time) {
	if due.IsZero() {
		return // never checked before
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.worst = max(m.worst, now.Sub(due))
	m.lag.Set(m.worst.Seconds())
}
