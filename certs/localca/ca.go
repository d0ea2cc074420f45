package localca

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Options say where the CA listens and where it looks for the hosts that it validates. The zero value of each field works, except for the
// two ports of whoever is to be validated.
type Options struct {
	Addr     string // of the ACME directory; "127.0.0.1:0" by default
	DNSAddr  string // of the first DNS server, UDP and TCP; "127.0.0.1:0" by default
	HTTPPort int    // where HTTP-01 looks; required
	TLSPort  int    // where TLS-ALPN-01 looks; required

	// Validity of the certificates, in whole seconds; 90 days by default, 2 s at least.
	Validity time.Duration
	// Profiles are further ACME profiles with the validity of their certificates, beside "default", which has Validity. When there are any, an
	// order that asks for none gets one of them at random: so is Pebble.
	Profiles map[string]time.Duration
	// Hosts overrides the DNS answer of single names: an address that nobody listens on makes a name whose validation fails.
	Hosts map[string]netip.Addr
	// Resolver is the DNS server, as host:port, that validation asks, over TCP, instead of the CA's own. Hosts says
	// nothing then.
	Resolver string
	// Zone holds records that win over Hosts and over all that is made up; nil holds none.
	Zone *Zone
	// Log takes what Pebble says, at debug level; nil drops it.
	Log *slog.Logger
}

// CA is a running authority. Its methods are safe for concurrent use.
type CA struct {
	DirectoryURL string   // like "https://127.0.0.1:14000/dir"
	EndpointPEM  []byte   // the root to trust for that address, and for it alone
	DNSAddr      string   // the first of DNSAddrs
	DNSAddrs     []string // like "127.0.0.1:8053": two servers of the same content, for those who want resolvers to agree
	RootPEM      []byte   // the root of what this run signs

	record  record
	fault   atomic.Pointer[Fault]
	nonces  nonces
	windows windows
	pebble  http.Handler
	http    *http.Server
	dns     []*dnsServer
	ended   chan struct{} // closed when Close begins
	ending  sync.Once
	done    chan struct{}
}

const shortestValidity = 2 * time.Second

// Start runs a CA until Close or until ctx ends. It sets environment variables that Pebble reads, because Pebble has no other switch for
// them; no other part of the program reads those.
func Start(ctx context.Context, o Options) (*CA, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	dns, err := startAllDNS(o)
	if err != nil {
		return nil, fmt.Errorf("starting the local DNS server: %w", err)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for the local CA: %w", err), closeAll(dns))
	}
	shown, endpointPEM, err := endpointCertificate()
	if err != nil {
		return nil, errors.Join(err, listener.Close(), closeAll(dns))
	}
	c := &CA{
		EndpointPEM:  endpointPEM,
		DirectoryURL: "https://" + listener.Addr().String() + wfe.DirectoryPath,
		dns:          dns,
		ended:        make(chan struct{}),
		done:         make(chan struct{}),
	}
	for _, server := range dns {
		c.DNSAddrs = append(c.DNSAddrs, server.addr)
	}
	c.DNSAddr = c.DNSAddrs[0]
	c.SetFault(Fault{})
	c.pebble, c.RootPEM = pebble(o, cmp.Or(o.Resolver, c.DNSAddr))
	c.http = &http.Server{
		Handler: c.faulty(c.record.keep(c.windows.answer(c.pebble))), ReadHeaderTimeout: 5 * time.Second, ErrorLog: o.errorLog(),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{shown}},
	}
	listener = &faultyListener{listener, c}
	go func() {
		defer close(c.done)
		_ = c.http.ServeTLS(listener, "", "") // always ErrServerClosed after Close
	}()
	context.AfterFunc(ctx, func() { _ = c.Close() })
	return c, nil
}

func (o *Options) complete() error {
	if o.HTTPPort == 0 || o.TLSPort == 0 {
		return errors.New("the local CA needs the HTTP and the TLS port of the host that it validates")
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.DNSAddr == "" {
		o.DNSAddr = "127.0.0.1:0"
	}
	if o.Validity == 0 {
		o.Validity = 90 * 24 * time.Hour
	}
	for _, validity := range o.validities() {
		if validity < shortestValidity {
			return fmt.Errorf("a validity of %s is shorter than %s", validity, shortestValidity)
		}
	}
	return nil
}

// validities are those of all profiles by their names.
func (o *Options) validities() map[string]time.Duration {
	all := map[string]time.Duration{}
	maps.Copy(all, o.Profiles)
	all["default"] = o.Validity
	return all
}

func (o *Options) errorLog() *log.Logger {
	if o.Log == nil {
		return log.New(io.Discard, "", 0)
	}
	return slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)
}

// pebble wires the CA as its own main does, without its management port.
func pebble(o Options, dnsAddr string) (http.Handler, []byte) {
	for name, value := range map[string]string{
		"PEBBLE_VA_NOSLEEP": "1", // validate at once
		"PEBBLE_AUTHZREUSE": "0", // validate each order
	} {
		_ = os.Setenv(name, value) // fails only for an empty name or a NUL
	}
	logger := o.errorLog()
	// Exactly one profile unless more are asked for: among several, an order without one gets a random one.
	profiles := map[string]ca.Profile{}
	for name, validity := range o.validities() {
		profiles[name] = ca.Profile{Description: "development", ValidityPeriod: uint64(validity / time.Second)}
	}
	store := db.NewMemoryStore()
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, profiles)
	validator := va.New(logger, o.HTTPPort, o.TLSPort, false, dnsAddr, store)
	front := wfe.New(logger, store, validator, authority, []string{"localca"}, false, false, 0, 0)
	return front.Handler(), authority.GetRootCert(0).PEM()
}

// EndpointRoots returns EndpointPEM as a pool, for whoever connects to the ACME endpoint.
func (c *CA) EndpointRoots() *x509.CertPool { return poolOf(c.EndpointPEM) }

// Roots returns RootPEM as a pool, for whoever checks certificates of this CA.
func (c *CA) Roots() *x509.CertPool { return poolOf(c.RootPEM) }

func poolOf(pem []byte) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

// Close ends all servers and waits for them. Further calls do nothing.
func (c *CA) Close() error {
	c.ending.Do(func() { close(c.ended) })
	err := c.http.Close()
	<-c.done
	return errors.Join(err, closeAll(c.dns))
}
