package certs

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
)

// Survey is how the stored certificates are as a whole.
type Survey struct {
	// Left counts them by the days they are valid for: Left[0] has expired, Left[i] lasts for ExpiryDays[i-1] days and less than the next.
	Left [len(ExpiryDays) + 1]int
	// Unseen were committed within a day, more than ten seconds ago, and a node that lives has not been seen serving them.
	Unseen int
	// Late are hosts whose time to renew was more than a tenth of the certificate's life ago, served or not.
	Late []tenant.Hostname
}

// ExpiryDays are the bounds by which Survey counts.
var ExpiryDays = [...]int{0, 1, 3, 7, 14, 30, 60, 90}

// lateMost bounds how many late hosts are looked at.
const lateMost = 10_000

// surveyed is the last Survey as metrics.
type surveyed struct {
	expiry *prometheus.GaugeVec
	late   atomic.Int64
	unseen atomic.Int64
}

func newSurveyed() *surveyed {
	return &surveyed{expiry: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "tollhouse_certs_expiry_days",
		Help: "Stored certificates by the days that are left: at least as many as the label says and fewer than the next.",
	}, []string{"days"})}
}

// surveyAlways looks at the store as a whole in each round of the schedule, until ctx ends.
func (m *Manager) surveyAlways(ctx context.Context) {
	if m.cfg.Fleet == nil {
		return
	}
	tick := time.NewTicker(m.cfg.Check)
	defer tick.Stop()
	for {
		m.survey(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (m *Manager) survey(ctx context.Context) {
	s, err := m.cfg.Fleet.Survey(ctx, lateMost)
	if err != nil {
		m.cfg.Log.DebugContext(ctx, "the certificates were not counted", "error", err)
		return // the last count stands
	}
	m.surveyed.expiry.WithLabelValues("expired").Set(float64(s.Left[0]))
	for i, days := range ExpiryDays {
		m.surveyed.expiry.WithLabelValues(strconv.Itoa(days)).Set(float64(s.Left[i+1]))
	}
	m.surveyed.unseen.Store(int64(s.Unseen))
	m.surveyed.late.Store(m.servedOf(s.Late))
}

// servedOf counts those of the hosts that are served: nobody renews the others.
func (m *Manager) servedOf(hosts []tenant.Hostname) (n int64) {
	for _, host := range hosts {
		if _, served := m.cfg.Directory.Lookup(host); served {
			n++
		}
	}
	return n
}
