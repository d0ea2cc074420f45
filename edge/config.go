package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
)

// Config is what a Server needs. Fields without "default" are required.
type Config struct {
	Listeners *Listeners // from Listen; Run closes them

	// TLS answers hellos. A copy of it is used, so its ticket keys must come from WrapSession and UnwrapSession, or last as long as the
	// server. Its NextProtos must offer h2 and http/1.1, its GetConfigForClient must be nil. A connection that negotiates "acme-tls/1" is
	// closed after its handshake. GetCertificate is asked about a name that the Directory does not hold before the key exchange, and once
	// more when it answers with a certificate or an error.
	TLS *tls.Config
	// Directory says whose host was called, and whether it still is.
	Directory *tenant.Directory
	Portal    http.Handler // answers tenants' hosts
	API       http.Handler // answers the API host

	// Challenge wraps the plain listener's handler to answer ACME HTTP-01. Default: none.
	Challenge func(next http.Handler) http.Handler
	// ErrorPage writes a page of a status in the brand of the request's site. It is only called when the site is known; otherwise, and by
	// default, a neutral page is written.
	ErrorPage func(w http.ResponseWriter, r *http.Request, status int)

	// PublicHTTPSPort is the port that redirects name. Default: 443; or the port that Listen was given by the kernel when it asked for 0.
	PublicHTTPSPort int
	// TrustedProxies are the peers that must begin each connection with a PROXY header, version 1 or 2, and whose header is believed.
	// Default: none. From everybody else such a header is a malformed hello or request.
	TrustedProxies []netip.Prefix
	Limits         Limits

	// HSTS is the max-age of Strict-Transport-Security on tenants' hosts. Default: 5 minutes, so that a tenant who leaves is not locked out
	// of its own name for long; negative: no header. includeSubDomains and preload are never sent: the name is not ours.
	HSTS time.Duration

	// DrainDelay is how long a server that was told to stop still accepts connections while /readyz already says 503: as long as a load
	// balancer takes to notice. Default: 0.
	DrainDelay time.Duration
	// DrainTime is how long running requests may take to finish after that. Default: 30 s.
	DrainTime time.Duration

	// Ready reports on what the process depends on, for /readyz. It does not decide readiness. Default: no checks.
	Ready func(ctx context.Context) []Check
	Pprof bool // serve /debug/pprof/ on the operator's listener

	Log     *slog.Logger         // one line a request; default: none
	Metrics *prometheus.Registry // default: a fresh one
	Now     func() time.Time     // default: time.Now
}

// Check is one dependency as /readyz shows it.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // what to do about it, without secrets
}

// Limits bound what strangers can take. The zero value of each field means its default; a negative value means no limit, except where it
// says otherwise.
type Limits struct {
	// Connections is the most that are open at once, all listeners but the operator's together. An idle one costs about 32 KiB, so the
	// default of 10,000 stays near 320 MiB.
	Connections int
	// ConnectionsPerClient is the same for one /24 (IPv4) or /48 (IPv6). Default: 256, an office of a hundred people behind one address.
	ConnectionsPerClient int
	// HandshakeRate and HandshakeBurst bound TLS handshakes of one /24 or /48, a second and at once. One costs about a millisecond of CPU.
	// Defaults: 50 and 200.
	HandshakeRate, HandshakeBurst int
	// Handshakes is how many may compute at once, and HandshakeQueue how many more may wait for it before newcomers are turned away.
	// Defaults: four for each processor, and 1,024, which is about a second of work. Both must not be negative.
	Handshakes, HandshakeQueue int

	// HandshakeTime bounds a handshake. Default: 15 s, because the first visitor of a new host may wait 10 s for its certificate.
	HandshakeTime time.Duration
	// ProxyHeaderTime bounds the wait for a PROXY header. Default: 2 s; it comes from a machine next door.
	ProxyHeaderTime time.Duration
	// HeaderTime bounds the reading of a request's header. Default: 5 s; a header is one or two packets.
	HeaderTime time.Duration
	// RequestTime bounds everything else of a request: body, handler, answer. Default: 30 s. A handler that needs longer extends its own
	// deadlines with http.ResponseController.
	RequestTime time.Duration
	// IdleTime is how long a connection is kept between requests. Default: 60 s.
	IdleTime time.Duration

	// HeaderBytes bounds a request's header. Default: 32 KiB. Must not be negative.
	HeaderBytes int
	// PortalBody and APIBody bound a request's body, by the kind of host. Defaults: 2 MiB each, a logo of 1 MiB in its JSON or form wrapping.
	PortalBody, APIBody int64
	// Streams is the most that one HTTP/2 connection may have open. Default: 100. Must not be negative.
	Streams int
}

func (l Limits) withDefaults(processors int) Limits {
	orInt(&l.Connections, 10_000)
	orInt(&l.ConnectionsPerClient, 256)
	orInt(&l.HandshakeRate, 50)
	orInt(&l.HandshakeBurst, 200)
	orInt(&l.Handshakes, 4*processors)
	orInt(&l.HandshakeQueue, 1024)
	orInt(&l.HandshakeTime, 15*time.Second)
	orInt(&l.ProxyHeaderTime, 2*time.Second)
	orInt(&l.HeaderTime, 5*time.Second)
	orInt(&l.RequestTime, 30*time.Second)
	orInt(&l.IdleTime, 60*time.Second)
	orInt(&l.HeaderBytes, 32<<10)
	orInt(&l.PortalBody, 2<<20)
	orInt(&l.APIBody, 2<<20)
	orInt(&l.Streams, 100)
	return l
}

// orInt gives *v its default when it is zero.
func orInt[T ~int | ~int64](v *T, byDefault T) {
	if *v == 0 {
		*v = byDefault
	}
}

// check names everything that is missing or impossible, all at once.
func (c *Config) check() error {
	var errs []error
	need := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New("edge: "+text))
		}
	}
	need(c.Listeners != nil, "Listeners are missing")
	need(c.TLS != nil, "TLS is missing")
	need(c.TLS == nil || slices.Contains(c.TLS.NextProtos, "h2") && slices.Contains(c.TLS.NextProtos, "http/1.1"),
		"TLS.NextProtos must offer h2 and http/1.1")
	need(c.TLS == nil || c.TLS.GetConfigForClient == nil, "TLS.GetConfigForClient must be nil")
	need(c.Directory != nil, "Directory is missing")
	need(c.Portal != nil && c.API != nil, "Portal and API are both needed")
	need(c.PublicHTTPSPort >= 0 && c.PublicHTTPSPort < 1<<16, "PublicHTTPSPort is no port")
	need(c.Limits.Handshakes >= 0 && c.Limits.HandshakeQueue >= 0, "Limits of handshakes at once cannot be negative")
	need(c.Limits.HeaderBytes >= 0 && c.Limits.Streams >= 0, "Limits of header bytes and streams cannot be negative")
	need(c.DrainDelay >= 0 && c.DrainTime >= 0, "drain times cannot be negative")
	return errors.Join(errs...)
}

func (c Config) withDefaults(processors int) Config {
	c.Limits = c.Limits.withDefaults(processors)
	orInt(&c.HSTS, 5*time.Minute)
	orInt(&c.DrainTime, 30*time.Second)
	if c.Challenge == nil {
		c.Challenge = func(next http.Handler) http.Handler { return next }
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) []Check { return nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
