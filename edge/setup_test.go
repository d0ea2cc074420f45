package edge_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"tollhouse/edge"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a running server with everything a test looks at.
type house struct {
	addrs     *edge.Listeners
	feed      *feed
	directory *tenant.Directory
	tls       *tls.Config
	roots     *x509.CertPool
	log       *safeBuffer
	metrics   *prometheus.Registry
	stop      context.CancelFunc
	ended     chan error // Run's answer
}

// start serves with a portal and an API that answer by name; change adjusts the configuration first.
func start(t *testing.T, change ...func(*edge.Config)) *house {
	t.Helper()
	h := prepare(t)
	config := h.config(t)
	for _, f := range change {
		f(&config)
	}
	server, err := edge.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() { h.ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		within(t, "the server's end", func() bool { return len(h.ended) > 0 })
	})
	return h
}

func prepare(t *testing.T) *house {
	t.Helper()
	listeners, err := edge.Listen(t.Context(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{addrs: listeners, feed: newFeed(), log: &safeBuffer{}, metrics: prometheus.NewRegistry(), ended: make(chan error, 1)}
	h.directory = tenant.NewDirectory(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.directory.Run(ctx, h.feed) }()
	t.Cleanup(func() { cancel(); <-done })
	within(t, "the Directory", h.directory.Loaded)
	return h
}

func (h *house) config(t *testing.T) edge.Config {
	t.Helper()
	h.tls, h.roots = testTLS(t, h.directory)
	return edge.Config{
		Listeners: h.addrs,
		TLS:       h.tls,
		Directory: h.directory,
		Portal:    named("portal"),
		API:       named("api"),
		Limits:    edge.Limits{HandshakeRate: -1},
		Log:       slog.New(slog.NewJSONHandler(h.log, nil)),
		Metrics:   h.metrics,
		DrainTime: 5 * time.Second,
	}
}

// named answers with who it is and which tenant it was asked as.
func named(who string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := request.From(r.Context())
		info.SetRoute("/who")
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, who+" of "+info.Site.Host.String())
	})
}

// testTLS has a certificate for every name that the directory holds, and none for others.
func testTLS(t testing.TB, directory *tenant.Directory) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "edge test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{acme.String(), globex.String(), suspended.String(), api.String()},
		IsCA:         true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	certificate := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1", "acme-tls/1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			host, err := tenant.ParseHostname(hello.ServerName)
			if err != nil {
				return nil, nil
			}
			if _, known := directory.Lookup(host); !known {
				return nil, nil
			}
			return certificate, nil
		},
	}, roots
}

// client speaks HTTP/2 or HTTP/1.1 to the house, whatever name is asked for.
func (h *house) client(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	transport := &http.Transport{
		Protocols:       &protocols,
		TLSClientConfig: &tls.Config{RootCAs: h.roots},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			_, port, _ := net.SplitHostPort(addr)
			target := h.addrs.HTTPS().String()
			if port == "80" {
				target = h.addrs.HTTP().String()
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", target)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dial opens a TLS connection for a name.
func (h *house) dial(t *testing.T, name string, protos ...string) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", h.addrs.HTTPS().String(), &tls.Config{RootCAs: h.roots, ServerName: name, NextProtos: protos})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// get asks and returns the status, the header and the body.
func get(t *testing.T, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func newRequest(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// within waits for a condition, and fails the test when it does not come true in ten seconds.
func within(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-tick.C
	}
}

// safeBuffer is a log that a test may read while the server writes.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// count returns the sum of a metric's series, of those with the label value when one is given.
func (h *house) count(t testing.TB, name, label string) float64 {
	t.Helper()
	families, err := h.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			match := label == ""
			for _, pair := range m.GetLabel() {
				match = match || pair.GetValue() == label
			}
			if family.GetName() == name && match {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}
