package edge_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/edge"
	"tollhouse/tenant"
)

// BenchmarkRequest and BenchmarkHandshake hold our edge beside net/http with the same TLS configuration and the same handler; both ends run
// in this process, so the difference of the two is what our chain costs.
func BenchmarkRequest(b *testing.B) {
	bothServers(b, func(b *testing.B, address string, config *tls.Config) {
		for _, protocol := range []string{"http/1.1", "h2"} {
			b.Run(protocol, func(b *testing.B) {
				var protocols http.Protocols
				protocols.SetHTTP1(protocol == "http/1.1")
				protocols.SetHTTP2(protocol == "h2")
				transport := &http.Transport{Protocols: &protocols, TLSClientConfig: config.Clone(), DialContext: to(address)}
				defer transport.CloseIdleConnections()
				r, err := http.NewRequestWithContext(b.Context(), "GET", "https://"+acme.String()+"/", nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					res, err := transport.RoundTrip(r)
					if err != nil {
						b.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			})
		}
	})
}

func BenchmarkHandshake(b *testing.B) {
	bothServers(b, func(b *testing.B, address string, config *tls.Config) {
		b.ReportAllocs()
		for b.Loop() {
			c, err := tls.Dial("tcp", address, config)
			if err != nil {
				b.Fatal(err)
			}
			_ = c.NetConn().(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	})
}

func to(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
}

func bothServers(b *testing.B, run func(b *testing.B, address string, config *tls.Config)) {
	listeners, err := edge.Listen(b.Context(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	directory := tenant.NewDirectory(slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { _ = directory.Run(ctx, newFeed()); ended <- struct{}{} }()
	config, roots := testTLS(b, directory)
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") })
	server, err := edge.New(edge.Config{Listeners: listeners, TLS: config, Directory: directory, Portal: hello, API: hello,
		Limits: edge.Limits{HandshakeRate: -1}, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Metrics: prometheus.NewRegistry()})
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Run(ctx); ended <- struct{}{} }()
	within(b, "the Directory", directory.Loaded)

	bare := &http.Server{Handler: hello, TLSConfig: config, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = bare.ServeTLS(socket, "", ""); ended <- struct{}{} }()
	b.Cleanup(func() {
		stop()
		_ = bare.Close()
		for range cap(ended) + 1 {
			<-ended
		}
	})
	client := &tls.Config{RootCAs: roots, ServerName: acme.String()}
	b.Run("net/http", func(b *testing.B) { run(b, socket.Addr().String(), client) })
	b.Run("edge", func(b *testing.B) { run(b, listeners.HTTPS().String(), client) })
}
