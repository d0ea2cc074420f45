package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs/localca"
	"tollhouse/deploy/migrations"
	"tollhouse/deploy/services"
	"tollhouse/edge"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
)

// devDomain is the platform domain of a development run: browsers take every name under localhost to this machine by themselves.
const devDomain = "tollhouse.localhost"

type devCmd struct {
	Dir     string `help:"Where data is kept between runs, .dev unless you say otherwise." default:".dev" placeholder:"DIR"`
	Verbose bool   `help:"Log what the server logs to the terminal instead of DIR/tollhouse.log."`
}

// Help is shown by `tollhouse dev --help`.
func (devCmd) Help() string {
	return "Starts a private Postgres and Redis, an ACME CA, a DNS server for *.test and *.localhost, a mail server with a web page, both payment processors, and the gateway with three demo tenants, all on loopback. Ctrl-C ends all of it; the data stays."
}

// Run starts everything and serves until the context ends.
func (d devCmd) Run(e *env) error {
	started := time.Now()
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return err
	}
	log, closeLog, err := d.log(e)
	if err != nil {
		return err
	}
	defer closeLog()
	world, err := startWorld(e.ctx, d.Dir, log, e.stdout)
	if err != nil {
		return err
	}
	defer world.Close()
	h, err := build(e.ctx, world.config, world.listeners, log)
	if err != nil {
		world.listeners.Close()
		return err
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	go func() { done <- h.Run(ctx) }()
	err = d.welcome(ctx, h, world, e.stdout, started)
	if err != nil {
		cancel()
	}
	return errors.Join(quiet(err), <-done)
}

// welcome waits until every demo page can be opened, and says what to open.
func (d devCmd) welcome(ctx context.Context, h *house, w *world, out io.Writer, started time.Time) error {
	if err := until(ctx, h.directory.Loaded); err != nil {
		return err
	}
	guide, err := demo(ctx, h, w)
	if err != nil {
		return fmt.Errorf("preparing the demo: %w", err)
	}
	if err := until(ctx, func() bool { return certified(h.directory, guide.allHosts()) }); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(d.Dir, "dev.json"), guide); err != nil {
		return err
	}
	guide.print(out, d.Dir, time.Since(started))
	return nil
}

// certified reports whether every host has its certificate.
func certified(d *tenant.Directory, hosts []tenant.Hostname) bool {
	for _, host := range hosts {
		if entry, ok := d.Lookup(host); !ok || entry.Certificate.Load() == nil {
			return false
		}
	}
	return true
}

// until waits for a condition that comes about by itself; a minute is more than any of them takes.
func until(ctx context.Context, met func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

func (d devCmd) log(e *env) (*slog.Logger, func(), error) {
	if d.Verbose {
		return newLog(e.stderr, slog.LevelInfo), func() {}, nil
	}
	f, err := os.OpenFile(filepath.Join(d.Dir, "tollhouse.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return newLog(f, slog.LevelInfo), func() { f.Close() }, nil
}

// world is everything outside the gateway, as it is in development.
type world struct {
	config    Config
	listeners *edge.Listeners
	postgres  *services.Postgres
	redis     *miniredis.Miniredis
	ca        *localca.CA
	caFile    string
	sink      *mailsink.Sink
	mailPage  string
	zone      *localca.Zone
	dnsPage   string
	till      *till
	closers   []func()
}

// Close ends everything, the last started first.
func (w *world) Close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

// startWorld starts what the gateway reaches over the network, and points a configuration at it.
func startWorld(ctx context.Context, dir string, log *slog.Logger, out io.Writer) (*world, error) {
	w := &world{}
	keys, err := devKeys(filepath.Join(dir, "seal-keys"))
	if err != nil {
		return nil, err
	}
	for _, start := range []func(context.Context, string, *slog.Logger) error{w.startPostgres, w.startRedis, w.listen, w.startZone, w.startCA, w.startMail, w.startTill} {
		if err := start(ctx, dir, log); err != nil {
			w.Close()
			return nil, err
		}
	}
	settings := w.settings(keys)
	if err := writeDevSettings(w.beside("settings.env"), settings); err != nil {
		w.Close()
		return nil, err
	}
	w.config, err = loadConfig(func(name string) string { return settings[strings.TrimPrefix(name, prefix)] }, "", true)
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// writeDevSettings lets the operator's commands work on this run: `tollhouse --config .dev/settings.env domain doctor billing.acme.test`.
func writeDevSettings(path string, settings map[string]string) error {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if name != "CONTROL_SOCKET" { // serve takes it in test mode only
			fmt.Fprintf(&b, "%s%s=%s\n", prefix, name, settings[name])
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

func (w *world) startPostgres(ctx context.Context, dir string, _ *slog.Logger) error {
	pg, err := services.StartPostgres(ctx, services.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Durable: true})
	if err != nil {
		return err
	}
	w.postgres = pg
	w.closers = append(w.closers, pg.Close)
	if err := pg.CreateDatabase(ctx, "tollhouse", ""); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, pg.URL(services.OwnerRole, "tollhouse"))
	if err != nil {
		return err
	}
	defer pool.Close()
	return migrations.Apply(ctx, pool)
}

// startRedis runs a Redis in this process. Its clock stands still unless it is told that time has passed.
func (w *world) startRedis(ctx context.Context, _ string, _ *slog.Logger) error {
	w.redis = miniredis.NewMiniRedis()
	if err := w.redis.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				w.redis.FastForward(time.Second)
			}
		}
	}()
	w.closers = append(w.closers, func() { cancel(); w.redis.Close() })
	return nil
}

// listen takes the usual ports when they are free, and any others when they are not.
func (w *world) listen(ctx context.Context, _ string, _ *slog.Logger) error {
	var err error
	w.listeners, err = edge.Listen(ctx, edge.Addresses{HTTPS: "127.0.0.1:8443", HTTP: "127.0.0.1:8080", Ops: "127.0.0.1:9100"})
	if err != nil {
		w.listeners, err = edge.Listen(ctx, edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	}
	return err
}

func (w *world) startCA(ctx context.Context, dir string, log *slog.Logger) error {
	var err error
	w.ca, err = localca.Start(ctx, localca.Options{HTTPPort: int(w.listeners.HTTP().Port()), TLSPort: int(w.listeners.HTTPS().Port()), Zone: w.zone, Log: log})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, func() { w.ca.Close() })
	w.caFile = filepath.Join(dir, "ca.pem")
	return errors.Join(os.WriteFile(w.caFile, w.ca.RootPEM, 0o644), os.WriteFile(w.beside("acme-endpoint.pem"), w.ca.EndpointPEM, 0o644))
}

func (w *world) startMail(ctx context.Context, dir string, log *slog.Logger) error {
	var err error
	if w.sink, err = mailsink.Listen(mailsink.Config{}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { _ = w.sink.Run(ctx) }()
	w.closers = append(w.closers, cancel)
	if w.mailPage, err = w.page("127.0.0.1:8025", w.sink.Handler()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "mail-ca.pem"), w.sink.RootPEM(), 0o644)
}

// startZone opens the place where records of *.test names are set, as at a DNS provider. They stay between runs.
func (w *world) startZone(_ context.Context, dir string, _ *slog.Logger) (err error) {
	w.zone = &localca.Zone{}
	path := filepath.Join(dir, "dns.zone")
	if kept, err := os.ReadFile(path); err == nil {
		if err := w.zone.Set(string(kept)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	w.closers = append(w.closers, func() { _ = os.WriteFile(path, []byte(w.zone.String()), 0o600) }) // a full disk loses a toy
	w.dnsPage, err = w.page("127.0.0.1:8053", http.NewCrossOriginProtection().Handler(w.zone))
	return err
}

// page serves something on this port or, when it is taken, on another, and returns its address.
func (w *world) page(addr string, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	w.closers = append(w.closers, func() { server.Close() })
	return "http://" + listener.Addr().String(), nil
}

// settings are those of this run; nothing of the caller's environment counts.
func (w *world) settings(keys string) map[string]string {
	all := map[string]string{
		"PLATFORM_DOMAIN": devDomain, "PUBLIC_HTTPS_PORT": fmt.Sprint(w.listeners.HTTPS().Port()),
		"POSTGRES_URL": w.postgres.URL(services.ServerRole, "tollhouse"), "REDIS_URL": "redis://" + w.redis.Addr(),
		"SEAL_KEYS": keys, "ACME_DIRECTORY": w.ca.DirectoryURL, "ACME_EMAIL": "operator@" + devDomain, "ACME_ROOT_FILE": w.caFile, "ACME_CA_FILE": w.beside("acme-endpoint.pem"),
		"SMTP_ADDR": w.sink.Addr(), "SMTP_CA_FILE": w.beside("mail-ca.pem"), "MAIL_FROM": "billing@" + devDomain,
		"DRAIN_TIME": "2s", "HSTS": "0s", "LIMIT_HANDSHAKES": "100000", "LIMIT_PAGES": "10000000",
		"CONTROL_SOCKET": w.beside("control.sock"), "LOCAL_DIR": w.beside("local"),
		"HTTPS_ADDR": w.listeners.HTTPS().String(), "HTTP_ADDR": w.listeners.HTTP().String(), "PUBLIC_ADDRESSES": "127.0.0.1",
		"DNS_RESOLVERS": strings.Join(w.ca.DNSAddrs, ","), "ACME_LIMITS": "none",
	}
	maps.Copy(all, w.till.settings())
	return all
}

// beside names a file in the folder of this run.
func (w *world) beside(name string) string { return filepath.Join(filepath.Dir(w.caFile), name) }

// devKeys keeps one random key ring between runs.
func devKeys(path string) (string, error) {
	if old, err := os.ReadFile(path); err == nil {
		return string(old), nil
	}
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	keys := "dev:" + hex.EncodeToString(raw[:])
	return keys, os.WriteFile(path, []byte(keys), 0o600)
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600) // it holds API keys and magic links
}
