package certs_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// stays lists what other people's packages start and never end.
var stays = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"),
	goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.process"),
	goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.performValidation"),
	goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).loop"),
}

// TestMain is also the program of a second node: certmagic keeps much in package variables, so two Managers in one process prove less than
// two processes.
func TestMain(m *testing.M) {
	if os.Getenv("CERTS_TEST_NODE") != "" {
		if err := nodeProcess(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// nodeProcess serves until its standard input ends.
func nodeProcess() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pool, err := pgxpool.New(ctx, os.Getenv("CERTS_TEST_DB"))
	if err != nil {
		return err
	}
	defer pool.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	ring := must(seal.ParseRing(os.Getenv("CERTS_TEST_KEYS")))
	roots, endpoint := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(os.Getenv("CERTS_TEST_ROOT")))
	endpoint.AppendCertsFromPEM([]byte(os.Getenv("CERTS_TEST_ENDPOINT")))
	ca := os.Getenv("CERTS_TEST_CA")
	store := must(certsdb.New(certsdb.Config{Pool: pool, Ring: ring, CA: ca, Roots: roots, Log: log}))
	directory := tenant.NewDirectory(log)
	names := &feed{changed: make(chan struct{}, 1)}
	names.set(1, strings.Fields(os.Getenv("CERTS_TEST_HOSTS"))...)
	go func() { _ = directory.Run(ctx, names) }()
	manager := must(certs.New(certs.Config{CA: certs.Authority{Directory: ca, EndpointRoots: endpoint, Email: "ops@example.com"}, Directory: onDemandOnly{directory},
		Store: store, Ring: ring, Log: log}))
	go func() { _ = manager.Run(ctx) }()
	for tick := time.NewTicker(time.Millisecond); !directory.Loaded(); {
		<-tick.C
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	go func() { _ = http.Serve(tls.NewListener(listener, manager.TLSConfig()), http.NotFoundHandler()) }()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startProcess starts a node in a process of its own and returns where it listens.
func (f *fleet) startProcess(hosts ...string) *node {
	f.t.Helper()
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), "CERTS_TEST_NODE=1", "CERTS_TEST_DB="+f.db.AppURL, "CERTS_TEST_KEYS="+f.keys,
		"CERTS_TEST_CA="+f.ca.DirectoryURL, "CERTS_TEST_ROOT="+string(f.ca.RootPEM),
		"CERTS_TEST_ENDPOINT="+string(f.ca.EndpointPEM), "CERTS_TEST_HOSTS="+strings.Join(hosts, " "))
	cmd.Stderr = os.Stderr
	in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		f.t.Fatalf("the node process did not start: %v", err)
	}
	return &node{fleet: f, addr: strings.TrimSpace(addr)}
}
