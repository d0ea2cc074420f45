package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/stripe"
	"tollhouse/tenant"
)

// cashier is all that takes payments: connections, saved methods and the payment machine.
type cashier struct {
	*payments.Connections
	*payments.Service
	methods *payments.Methods
	wallets *walletHosts
}

// newCashier builds it over one store.
func (h *house) newCashier(store *paymentsdb.Store) (*cashier, error) {
	host, err := h.tenants.APIHost()
	if err != nil {
		return nil, err
	}
	events := "https://" + host.String() + portSuffix(h.config.PublicHTTPSPort) + "/webhooks/"
	connections, err := payments.NewConnections(payments.ConnectionsConfig{Store: store, Open: h.config.opener(h.now), Ring: h.config.SealKeys,
		AllowLive: !h.config.TestMode, EventsURL: events, Log: h.log, Now: h.now})
	if err != nil {
		return nil, err
	}
	control := &paymentsControl{}
	service, err := payments.New(payments.ServiceConfig{Store: store, Ring: h.config.SealKeys, Now: h.now, Log: h.log, Crash: control.crash,
		Open: func(ctx context.Context, t tenant.ID, c payments.Connection) (payments.Processor, error) {
			return connections.OpenConnection(ctx, t, c)
		}})
	if err != nil {
		return nil, err
	}
	if control.work = service.Work; h.clock != nil {
		h.clock.also = append(h.clock.also, control.routes)
	}
	return &cashier{connections, service, payments.NewMethods(store, connections, h.now), h.walletHosts(connections, store)}, nil
}

// portSuffix is how a public port is written in URLs.
func portSuffix(port int) string {
	if port == 0 || port == 443 {
		return ""
	}
	return fmt.Sprintf(":%d", port)
}

// opener makes processors of credentials. All accounts share connections.
func (c Config) opener(now func() time.Time) payments.Opener {
	transport := &http.Transport{ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second}
	client := &http.Client{Transport: transport}
	at := c.Processors
	return func(processor string, cred payments.Credentials) (payments.Processor, error) {
		switch processor {
		case payments.Stripe:
			return stripe.New(stripe.Config{SecretKey: cred.SecretKey, WebhookSecrets: cred.WebhookSecrets, BaseURL: at.StripeAPI, HTTPClient: client, Now: now})
		case payments.AuthorizeNet:
			keys := make([]authorizenet.Secret, len(cred.WebhookSecrets))
			for i, key := range cred.WebhookSecrets {
				keys[i] = authorizenet.Secret(key)
			}
			return authorizenet.NewAccount(authorizenet.Config{Endpoint: at.AuthorizeNetAPI, HostedURL: at.AuthorizeNetHosted, LoginID: authorizenet.Secret(cred.LoginID),
				TransactionKey: authorizenet.Secret(cred.TransactionKey), TestMode: c.TestMode, HTTPClient: client, Now: now}, keys...)
		}
		return nil, fmt.Errorf("%q is no processor", processor)
	}
}

// statsTime bounds the counting of payments for one scrape of the metrics.
const statsTime = 5 * time.Second

// countPayments registers what the platform watches of payments. Each scrape asks Postgres once.
func (k *cashier) countPayments(metrics *prometheus.Registry) error {
	return metrics.Register(paymentStats{k.Service})
}

// paymentStats collects the payment machine's state.
type paymentStats struct{ service *payments.Service }

var (
	liveDesc     = prometheus.NewDesc("tollhouse_payments_open", "Payments that are not at their end, by status.", []string{"status"}, nil)
	unknownDesc  = prometheus.NewDesc("tollhouse_payments_oldest_unknown_seconds", "How long the oldest payment's outcome is not known. Above 600: look.", nil, nil)
	lagDesc      = prometheus.NewDesc("tollhouse_processor_events_lag_seconds", "How long the oldest message of a processor waits.", nil, nil)
	parkedDesc   = prometheus.NewDesc("tollhouse_processor_events_parked", "Messages of processors that nobody could deal with. Above 0: look.", nil, nil)
	forgedDesc   = prometheus.NewDesc("tollhouse_processor_events_refused_total", "Messages whose signature did not fit, on this node.", nil, nil)
	overdueDesc  = prometheus.NewDesc("tollhouse_payment_looks_overdue_seconds", "How late the latest look at a processor is.", nil, nil)
	differDesc   = prometheus.NewDesc("tollhouse_payments_differences_total", "Differences that nightly comparisons found, on this node. Any: look.", nil, nil)
	paymentDescs = []*prometheus.Desc{liveDesc, unknownDesc, lagDesc, parkedDesc, forgedDesc, overdueDesc, differDesc}
)

// Describe lists the metrics.
func (paymentStats) Describe(to chan<- *prometheus.Desc) {
	for _, d := range paymentDescs {
		to <- d
	}
}

// Collect counts. While Postgres is away there is nothing to tell.
func (s paymentStats) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), statsTime)
	defer cancel()
	stats, err := s.service.Stats(ctx)
	if err != nil {
		return
	}
	for status, n := range stats.Live {
		to <- prometheus.MustNewConstMetric(liveDesc, prometheus.GaugeValue, float64(n), status)
	}
	to <- prometheus.MustNewConstMetric(unknownDesc, prometheus.GaugeValue, stats.OldestUnknown.Seconds())
	to <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, stats.EventLag.Seconds())
	to <- prometheus.MustNewConstMetric(parkedDesc, prometheus.GaugeValue, float64(stats.Parked))
	to <- prometheus.MustNewConstMetric(forgedDesc, prometheus.CounterValue, float64(stats.Forged))
	to <- prometheus.MustNewConstMetric(differDesc, prometheus.CounterValue, float64(stats.Differences))
	to <- prometheus.MustNewConstMetric(overdueDesc, prometheus.GaugeValue, stats.Late.Seconds())
}
