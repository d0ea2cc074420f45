package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"

	"tollhouse/tenant"
)

// Manager gives handshakes their certificates. Its methods are safe for concurrent use, before and while Run runs; until Run has begun,
// handshakes for hosts without a certificate wait.
type Manager struct {
	cfg        Config
	store      *countedStore
	cache      *cache
	flights    *flights
	failed     *failures // first certificates
	unrenewed  *failures // renewals: what is stored is served all the same
	challenges *challenges
	tickets    *tickets
	intern     *interner
	metrics    *metrics
	pending    *pending
	copies     *copies
	sights     *sights
	node       *node
	surveyed   *surveyed
	drops      atomic.Uint64 // certificates that were deleted, as far as was heard
	revocable  chan struct{} // holds one when something may be there to be revoked
	onDemand   chan struct{} // orders for handshakes

	started chan struct{} // closed by Run once the next three are set
	ctx     context.Context
	acme    *acmeClient
	work    sync.WaitGroup // flights; Run waits for them
}

// New checks the configuration and registers the metrics. It starts nothing and connects to nothing.
func New(cfg Config) (*Manager, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	m := &Manager{
		cfg:        cfg,
		cache:      newCache(cfg.Capacity),
		flights:    newFlights(),
		failed:     newFailures(cfg.Pause, 0, cfg.Now),
		unrenewed:  newFailures(cfg.Pause, cfg.Pause.Max, cfg.Now),
		challenges: newChallenges(),
		intern:     newInterner(),
		pending:    newPending(),
		copies:     newCopies(cfg.Copy),
		sights:     newSights(cfg.Fleet != nil),
		node:       newNode(),
		surveyed:   newSurveyed(),
		revocable:  make(chan struct{}, 1),
		onDemand:   make(chan struct{}, cfg.Orders),
		started:    make(chan struct{}),
	}
	m.metrics = newMetrics(m)
	m.store = &countedStore{backing: cfg.Store, reads: m.metrics.storeReads}
	m.tickets = newTickets(cfg.Ring, cfg.Directory, cfg.Now)
	if cfg.Registerer != nil {
		if err := m.metrics.register(cfg.Registerer); err != nil {
			return nil, fmt.Errorf("registering the metrics of certs: %w", err)
		}
	}
	return m, nil
}

// Run obtains, renews and reloads until ctx ends, and returns once all that it started has ended. It is called once.
func (m *Manager) Run(ctx context.Context) error {
	client, err := m.newACMEClient()
	if err != nil {
		return err
	}
	defer client.close()
	m.ctx, m.acme = ctx, client
	close(m.started)
	defer m.cfg.Directory.Subscribe(m.directoryChanged)()
	var loops sync.WaitGroup
	loops.Go(func() { m.followChanges(ctx) })
	loops.Go(func() { m.renewAlways(ctx) })
	loops.Go(func() { m.issueAhead(ctx) })
	loops.Go(func() { m.keepCopies(ctx) })
	loops.Go(func() { m.keepNode(ctx) })
	loops.Go(func() { m.revokeAlways(ctx) })
	loops.Go(func() { m.keepSights(ctx) })
	loops.Go(func() { m.surveyAlways(ctx) })
	<-ctx.Done()
	loops.Wait()
	m.flights.close()
	m.work.Wait()
	return nil
}

// directoryChanged takes note of hosts that began or ceased to be served: the former are issued ahead of their first visitor, the latter lose
// their place in memory at once, and their local copy.
func (m *Manager) directoryChanged(appeared, gone []*tenant.Entry) {
	m.pending.change(appeared, gone)
	for _, entry := range gone {
		m.cache.remove(entry)
		m.failed.forget(entry.Host)
		m.unrenewed.forget(entry.Host)
		m.copies.settled(entry.Host)
	}
	m.copies.changed(appeared...)
	m.sights.appeared(appeared)
	m.copies.changed(gone...)
}

// suites are the six of TLS 1.2 with forward secrecy and authenticated encryption; those of TLS 1.3 are not configurable and all of them are.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// TLSConfig returns a fresh configuration for a listener: TLS 1.2 and 1.3, forward secrecy, authenticated encryption, the hybrid
// post-quantum key exchange first, HTTP/2, and tickets that every node takes but only for the host they were made for. A connection that
// negotiated acme-tls/1 is the CA's and carries nothing further: the server closes it (RFC 8737 section 3).
func (m *Manager) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS12,
		CipherSuites:     suites,
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384},
		NextProtos:       []string{"h2", "http/1.1", "acme-tls/1"},
		GetCertificate:   m.GetCertificate,
		WrapSession:      m.tickets.wrap,
		UnwrapSession:    m.tickets.unwrap,
	}
}
