package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/edge"
	"tollhouse/payments"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/access/accessredis"
	"tollhouse/portal/api"
	"tollhouse/portal/api/apidb"
	"tollhouse/portal/mail"
	"tollhouse/portal/mail/maildb"
	"tollhouse/portal/mail/senders"
	"tollhouse/portal/portaldb"
	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/localcopy"
	"tollhouse/tenant/request"
	"tollhouse/tenant/request/pgtrips"
	"tollhouse/tenant/request/redistrips"
	"tollhouse/tenant/tenantdb"
)

type serveCmd struct {
	TestMode bool `help:"Allow the test clock and its control socket. Refused with a public CA."`
}

// Help is shown by `tollhouse serve --help`.
func (serveCmd) Help() string {
	return "Any number of these run side by side over one Postgres and one Redis. SIGTERM lets running requests finish. Settings: `tollhouse config`; what is missing: `tollhouse doctor`."
}

// Run serves until the context ends.
func (s serveCmd) Run(e *env) error {
	c, err := loadConfig(e.getenv, e.file, s.TestMode)
	if err == nil {
		err = c.realProcessors()
	}
	if err != nil {
		return err
	}
	listeners, err := edge.Listen(e.ctx, edge.Addresses{HTTPS: c.HTTPSAddr, HTTP: c.HTTPAddr, Ops: c.OpsAddr})
	if err != nil {
		return err
	}
	log := newLog(e.stderr, c.LogLevel)
	h, err := build(e.ctx, c, listeners, log)
	if err != nil {
		listeners.Close()
		return err
	}
	if err := checkDatabase(e.ctx, h.pool); errors.Is(err, errRole) || errors.Is(err, errSchema) {
		h.Close()
		listeners.Close()
		return err
	} else if err != nil {
		h.unchecked = true
		log.Warn("postgres cannot be asked yet; hosts are served once it can", "error", reason(err))
	}
	if e.getenv("GOGC") == "" {
		go collectLess(e.ctx)
	}
	log.Info("serving", "https", listeners.HTTPS().String(), "http", listeners.HTTP().String(), "ops", listeners.Ops().String())
	return h.Run(e.ctx)
}

func newLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// house is one node with everything in it, built and not yet running.
type house struct {
	config    Config
	log       *slog.Logger
	clock     *testClock // nil but in test mode
	pool      *pgxpool.Pool
	redis     redis.UniversalClient
	tenants   *tenantdb.Store
	directory *tenant.Directory
	feed      *tenantdb.Feed
	copy      *localcopy.Directory // nil without a local folder
	certStore *certsdb.Store
	certs     *certs.Manager
	rotation  *rotation
	domains   *domains.Service
	senders   *senders.Service
	access    *access.Service
	counted   countedAccess
	clients   *accessdb.Clients
	invoices  *payments.Invoices
	cashier   *cashier
	jobs      *river.Client[pgx.Tx]
	unchecked bool // the database could not be asked at the start
	portal    *portal.Server
	api       *api.Server
	edge      *edge.Server
}

// build makes a node from the bottom up. It starts nothing, and connects to nothing that it could do without at first.
func build(ctx context.Context, c Config, listeners *edge.Listeners, log *slog.Logger) (*house, error) {
	h := &house{config: c, log: log}
	if c.TestMode {
		h.clock = &testClock{}
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, step := range []func(context.Context, *prometheus.Registry) error{h.openStores, h.buildCerts, h.buildDomains, h.buildSenders, h.buildAccess, h.buildPortal} {
		if err := step(ctx, metrics); err != nil {
			h.Close()
			return nil, err
		}
	}
	return h, h.buildEdge(listeners, metrics)
}

func (h *house) now() time.Time {
	if h.clock != nil {
		return h.clock.Now()
	}
	return time.Now()
}

func (h *house) openStores(ctx context.Context, metrics *prometheus.Registry) error {
	tracer, err := pgtrips.New(metrics)
	if err != nil {
		return err
	}
	hook, err := redistrips.New(metrics)
	if err != nil {
		return err
	}
	if h.pool, err = openPostgres(ctx, h.config, tracer, h.clock); err != nil {
		return err
	}
	if h.redis, err = openRedis(h.config, hook); err != nil {
		return err
	}
	h.tenants = tenantdb.New(h.pool, h.config.PlatformDomain, tenantdb.Hooks{Note: noteChange, Lost: revokeLost})
	h.directory = tenant.NewDirectory(h.log)
	h.feed = h.tenants.Feed(h.log)
	h.keepDirectory(metrics)
	return nil
}

func (h *house) buildCerts(_ context.Context, metrics *prometheus.Registry) error {
	first, err := h.config.ACME.authority(h.config.ACME.Email)
	if err != nil {
		return err
	}
	fallback, err := h.config.Fallback.authority(h.config.ACME.Email)
	if err != nil {
		return err
	}
	roots, err := h.config.issuedRoots()
	if err != nil {
		return err
	}
	h.certStore, err = certsdb.New(certsdb.Config{Pool: h.pool, Ring: h.config.SealKeys, CA: first.Directory, Fallback: fallback.Directory, Roots: roots,
		Log: h.log, Now: h.now})
	if err != nil {
		return err
	}
	h.rotation = h.newRotation(metrics)
	h.certs, err = certs.New(certs.Config{CA: first, Fallback: fallback, Directory: h.directory, Store: h.certStore, Ring: h.config.SealKeys,
		Log: h.log, Fleet: h.certStore, NodeName: machineName(), Copy: h.certificateCopies(), Registerer: metrics, HandshakeWait: h.config.HandshakeWait,
		Capacity: h.config.Certificates, Check: h.config.RenewalCheck, Now: h.now})
	return err
}

func (h *house) buildAccess(_ context.Context, metrics *prometheus.Registry) error {
	queue, err := maildb.NewQueue()
	if err != nil {
		return err
	}
	links, err := accessdb.New(h.pool, h.config.SealKeys, h.config.PlatformDomain, enqueue(queue))
	if err != nil {
		return err
	}
	cache := accessredis.New(h.redis, h.log, h.now)
	metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tollhouse_redis_failures_total",
		Help: "Times that Redis did not answer and sessions were read from Postgres."}, func() float64 { return float64(cache.Failures()) }))
	h.access, err = access.New(access.Config{Store: links, Cache: cache, Ring: h.config.SealKeys, PublicPort: h.config.PublicHTTPSPort, Now: h.now,
		Limits: access.Limits{SessionRequests: access.Rate{Burst: h.config.PagesPerMinute, Per: time.Minute},
			Redeem: access.Rate{Burst: h.config.LinksPerIP, Per: time.Minute}}})
	if err != nil {
		return err
	}
	if h.counted, err = countAccess(h.access, metrics); err != nil {
		return err
	}
	h.clients = accessdb.NewClients(h.pool, enqueue(queue))
	books := paymentsdb.New(h.pool, billingHooks(links, queue))
	h.invoices = payments.NewInvoices(books, h.now)
	if h.cashier, err = h.newCashier(books); err != nil {
		return err
	}
	if err := h.cashier.countPayments(metrics); err != nil {
		return err
	}
	h.api, err = api.New(api.Config{Keys: h.tenants, Tenants: tenants{h.directory, h.tenants}, Clients: h.clients, Invoices: h.invoices,
		Brands: h.tenants, Logos: tenant.NewLogoChecker(), Links: h.counted,
		Connections: h.cashier, Payments: h.cashier, PaymentEvents: h.cashier,
		Domains: h.domains, DomainLimit: h.config.Domains, Senders: h.senders, Mails: maildb.NewDeliveries(h.pool), Audit: apidb.NewAuditLog(h.pool),
		Replies: apidb.NewReplies(h.pool, h.config.SealKeys), Limits: apiLimits{cache, h.config.APIPerMinute, h.config.RefusalsPerIP}, Log: h.log, Now: h.now})
	if err != nil {
		return err
	}
	return h.buildJobs(links, metrics)
}

func (h *house) buildJobs(links *accessdb.Store, metrics *prometheus.Registry) error {
	sender, err := mailSender(h.config)
	if err != nil {
		return err
	}
	counted, err := countSender(sender, metrics)
	if err != nil {
		return err
	}
	returns, err := h.config.mailReturns()
	if err != nil {
		return err
	}
	documents, err := h.newPapers()
	if err != nil {
		return err
	}
	worker, err := maildb.NewWorker(maildb.WorkerConfig{Pool: h.pool, Links: h.access, Sender: counted, Identities: h.senders, Returns: returns, Documents: documents})
	if err != nil {
		return err
	}
	workers := river.NewWorkers()
	if err := errors.Join(river.AddWorkerSafely(workers, worker), river.AddWorkerSafely(workers, accessdb.NewRequestWorker(links)),
		river.AddWorkerSafely(workers, accessdb.NewAskWorker(links)), river.AddWorkerSafely(workers, accessdb.NewSweepWorker(links)), addBounceWorker(workers, metrics)); err != nil {
		return err
	}
	h.jobs, err = maildb.NewClient(h.pool, workers, maildb.ClientConfig{Logger: h.log})
	return err
}

func mailSender(c Config) (*mail.Sender, error) {
	roots, err := readRoots(c.SMTPCAFile)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(c.SMTPAddr)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("SMTP_ADDR: %q is not a port", port)
	}
	key, err := c.mailKey()
	if err != nil {
		return nil, err
	}
	security := map[string]mail.Security{"starttls": mail.STARTTLS, "tls": mail.ImplicitTLS, "none": mail.Plain}[c.SMTPSecurity]
	return mail.NewSender(mail.Config{Host: host, Port: number, Security: security, Username: c.SMTPUsername, Password: string(c.SMTPPassword),
		Roots: roots, From: c.MailFrom, DKIM: key})
}

func (h *house) buildPortal(context.Context, *prometheus.Registry) (err error) {
	h.portal, err = portal.New(portal.Config{Access: h.counted, Pages: portaldb.New(h.pool), Logos: h.tenants, Methods: h.cashier.methods,
		Processors: portal.Processors{StripeScript: h.config.Processors.StripeScript}, Now: h.now, Log: h.log})
	return err
}

func (h *house) buildEdge(listeners *edge.Listeners, metrics *prometheus.Registry) error {
	hsts := h.config.HSTS
	if hsts == 0 {
		hsts = -1
	}
	var err error
	h.edge, err = edge.New(edge.Config{Listeners: listeners, TLS: h.certs.TLSConfig(), Directory: h.directory, Portal: h.portal, API: h.api,
		Challenge: h.certs.HTTPChallengeHandler, ErrorPage: h.errorPage, PublicHTTPSPort: h.config.PublicHTTPSPort, TrustedProxies: h.config.ProxyPeers,
		Limits: edge.Limits{Connections: h.config.MaxConnections, ConnectionsPerClient: h.config.ClientConns, HandshakeRate: h.config.HandshakeRate,
			HandshakeBurst: 4 * h.config.HandshakeRate},
		HSTS: hsts, DrainDelay: h.config.DrainDelay, DrainTime: h.config.DrainTime, Ready: h.ready, Pprof: h.config.Pprof, Log: h.log, Metrics: metrics, Now: h.now})
	return err
}

// errorPage answers for the edge as whoever is behind the host would: programs read problem documents, people pages.
func (h *house) errorPage(w http.ResponseWriter, r *http.Request, status int) {
	if request.From(r.Context()).Site.Kind == tenant.API {
		h.api.Error(w, r, status)
		return
	}
	h.portal.Error(w, r, status)
}

// Run serves until ctx ends. The edge stops first, so that what it drains still finds everything behind it at work; then the rest.
func (h *house) Run(ctx context.Context) error {
	defer h.Close()
	behind, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, behind := errgroup.WithContext(behind)
	group.Go(func() error { return quiet(h.directory.Run(behind, h.feed)) })
	if h.copy != nil {
		group.Go(func() error { return h.copy.Run(behind) })
	}
	group.Go(func() error { return quiet(h.certs.Run(behind)) })
	group.Go(func() error { return quiet(h.domains.Run(behind)) })
	group.Go(func() error { return h.senders.Run(behind) })
	group.Go(func() error { return h.rotation.Run(behind) })
	group.Go(func() error { return h.runJobs(behind) })
	group.Go(func() error { return h.cashier.Run(behind) })
	group.Go(func() error { return h.anchorDaily(behind) })
	if h.unchecked {
		group.Go(func() error { return h.checkLater(behind) })
	}
	if h.clock != nil && h.config.ControlSocket != "" {
		group.Go(func() error { return h.clock.control(behind, h.config.ControlSocket) })
	}
	// Whatever fails behind the edge ends the edge too.
	front, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(behind, cancel)()
	err := h.edge.Run(front)
	stop()
	return errors.Join(err, group.Wait())
}

// checkLater asks what could not be asked at the start, until it is answered. A node that began during an outage must not go on with a role that
// sees every tenant, or on an older schema, once Postgres is back.
func (h *house) checkLater(ctx context.Context) error {
	for {
		err := checkDatabase(ctx, h.pool)
		if err == nil || errors.Is(err, errRole) || errors.Is(err, errSchema) {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// runJobs works the job queue, and starts again when it could not start because Postgres is away: portals are served meanwhile.
func (h *house) runJobs(ctx context.Context) error {
	for {
		err := maildb.Run(ctx, h.jobs)
		if ctx.Err() != nil {
			return nil
		}
		h.log.Warn("the job queue does not run; trying again", "error", fmt.Sprint(err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Second):
		}
	}
}

// quiet makes an orderly end no error.
func quiet(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Close releases what build opened.
func (h *house) Close() {
	if h.feed != nil {
		h.feed.Close()
	}
	if h.redis != nil {
		_ = h.redis.Close()
	}
	if h.pool != nil {
		h.pool.Close()
	}
}

// ready tells /readyz how the parts behind are. None of them makes a node unready: it serves on without.
func (h *house) ready(ctx context.Context) []edge.Check {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	check := func(name, mend string, err error) edge.Check {
		if err == nil {
			return edge.Check{Name: name, OK: true}
		}
		return edge.Check{Name: name, Detail: mend}
	}
	var restored error
	if h.directory.Loaded() && !h.directory.Current() {
		restored = errors.New("from the local copy")
	}
	return []edge.Check{
		check("directory", "hosts are served as this node kept them until Postgres is back", restored),
		check("postgres", "pages answer 503 until it is back; certificates and hosts are served from memory", h.pool.Ping(ctx)),
		check("redis", "sessions are read from Postgres until it is back", h.redis.Ping(ctx).Err()),
	}
}

// readRoots reads a PEM file of certificates; "" is nil, which means the system's or none, as the caller says.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading trusted roots: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return roots, nil
}
