package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tollhouse/certs/localca"
	"tollhouse/deploy/services"
	"tollhouse/portal/mail/mailsink"
)

const (
	platform   = "platform.test"
	clientHost = "billing.bench.test"
)

// world is everything that the measured server reaches over the network, in this process or as children of it, and that server.
type world struct {
	dir     string
	program string
	https   int // ports that the server will take
	http    int
	ops     int
	env     []string
	roots   *x509.CertPool
	sink    *mailsink.Sink

	record  string // the database, as the cluster's administrator reaches it
	server  *exec.Cmd
	closers []func()
}

// startTollhouse starts a server with a client who has invoices, and signs in. The returned function ends all of it.
func startTollhouse(ctx context.Context, o options) (*world, target, func(), error) {
	w := &world{program: o.program}
	t, err := w.start(ctx)
	if err != nil {
		w.end()
		return nil, target{}, nil, err
	}
	return w, t, w.end, nil
}

func (w *world) start(ctx context.Context) (t target, err error) {
	if w.dir, err = os.MkdirTemp("", "tollhouse-bench-"); err != nil {
		return t, err
	}
	w.closers = append(w.closers, func() { _ = os.RemoveAll(w.dir) })
	for _, step := range []func(context.Context) error{w.startServices, w.prepare, w.serve} {
		if err := step(ctx); err != nil {
			return t, err
		}
	}
	t = target{address: loopback(w.https), ops: loopback(w.ops), host: clientHost, roots: w.roots, pid: w.server.Process.Pid}
	t.cookie, err = w.seed(ctx, t)
	return t, err
}

// end ends everything, the last started first.
func (w *world) end() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

func (w *world) startServices(ctx context.Context) error {
	for _, port := range []*int{&w.https, &w.http, &w.ops} {
		if err := freePort(port); err != nil {
			return err
		}
	}
	postgres, err := services.StartPostgres(ctx, services.PostgresOptions{})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, postgres.Close)
	redis, err := services.StartRedis(ctx)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, redis.Close)
	ca, err := localca.Start(ctx, localca.Options{HTTPPort: w.http, TLSPort: w.https})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, func() { _ = ca.Close() })
	w.roots = ca.Roots()
	if w.sink, err = mailsink.Listen(mailsink.Config{}); err != nil {
		return err
	}
	go func() { _ = w.sink.Run(ctx) }()
	w.settings(postgres, redis, ca)
	return errors.Join(w.write("root.pem", ca.RootPEM), w.write("endpoint.pem", ca.EndpointPEM), w.write("mail.pem", w.sink.RootPEM()),
		postgres.CreateDatabase(ctx, "bench", ""))
}

// settings is the server's whole environment: nothing of ours but what steers Go's collector.
func (w *world) settings(postgres *services.Postgres, redis *services.Redis, ca *localca.CA) {
	w.record = postgres.URL("postgres", "bench")
	var key [32]byte
	_, _ = rand.Read(key[:])
	for name, value := range map[string]string{
		"PLATFORM_DOMAIN": platform, "HTTPS_ADDR": loopback(w.https), "HTTP_ADDR": loopback(w.http), "OPS_ADDR": loopback(w.ops),
		"PUBLIC_HTTPS_PORT": strconv.Itoa(w.https), "PPROF": "true", "SEAL_KEYS": "bench:" + hex.EncodeToString(key[:]),
		"POSTGRES_URL": postgres.URL(services.ServerRole, "bench"), "POSTGRES_MIGRATE_URL": postgres.URL(services.OwnerRole, "bench"),
		"REDIS_URL": redis.URL(), "DNS_RESOLVERS": strings.Join(ca.DNSAddrs, ","), "ACME_LIMITS": "none", "ACME_DIRECTORY": ca.DirectoryURL, "ACME_EMAIL": "operator@" + platform,
		"ACME_ROOT_FILE": w.path("root.pem"), "ACME_CA_FILE": w.path("endpoint.pem"),
		"SMTP_ADDR": w.sink.Addr(), "SMTP_CA_FILE": w.path("mail.pem"), "MAIL_FROM": "billing@" + platform, "DRAIN_TIME": "2s",
		// One client stands for all the world here, so what bounds one client is out of the way.
		"LIMIT_HANDSHAKES": "1000000", "LIMIT_PAGES": "100000000", "LIMIT_API": "1000000",
	} {
		w.env = append(w.env, "TOLLHOUSE_"+name+"="+value)
	}
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if value := os.Getenv(name); value != "" {
			w.env = append(w.env, name+"="+value)
		}
	}
}

// prepare makes the schema and a tenant, as an operator does.
func (w *world) prepare(ctx context.Context) error {
	for _, args := range [][]string{{"migrate"}, {"tenant", "create", "bench", "Bench and Sons"}, {"domain", "add", "bench", clientHost}} {
		if _, err := w.command(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// command runs one of the operator's commands and returns what it printed.
func (w *world) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, w.program, args...)
	cmd.Env, cmd.Stderr = w.env, &tail{}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", w.program, args[0], err, cmd.Stderr)
	}
	return string(out), nil
}

// serve starts the server that is measured and waits until it is ready.
func (w *world) serve(ctx context.Context) error {
	log, err := w.launch()
	if err != nil {
		return err
	}
	if err := w.ready(ctx); err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("waiting for the server: %w\n%s", err, text)
	}
	return nil
}

// launch starts the server and returns where its log is: in a file, as a container's goes to a pipe.
func (w *world) launch() (path string, err error) {
	log, err := os.Create(w.path("log"))
	if err != nil {
		return "", err
	}
	w.closers = append(w.closers, func() { _ = log.Close() })
	w.server = exec.Command(w.program, "serve", "--test-mode")
	w.server.Env, w.server.Stdout, w.server.Stderr = w.env, log, log
	w.server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM} // it ends with us, and Ctrl-C is ours to handle
	if err := w.server.Start(); err != nil {
		return "", err
	}
	w.closers = append(w.closers, w.stop)
	return log.Name(), nil
}

// stop ends the server that runs; it may be called again.
func (w *world) stop() {
	kill := time.AfterFunc(10*time.Second, func() { _ = w.server.Process.Kill() })
	defer kill.Stop()
	_ = w.server.Process.Signal(syscall.SIGTERM)
	_ = w.server.Wait()
}

func (w *world) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+loopback(w.ops)+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name string, content []byte) error {
	return os.WriteFile(w.path(name), content, 0o600)
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// freePort finds a port that was free a moment ago.
func freePort(port *int) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	*port = l.Addr().(*net.TCPAddr).Port
	return l.Close()
}

// tail keeps the first kilobyte that a command says about its trouble.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[:min(len(p), 1024-min(1024, len(t.text)))]...)
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
