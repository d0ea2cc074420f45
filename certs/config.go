package certs

import (
	"crypto/x509"
	"errors"
	"log/slog"
	"time"

	"github.com/mholt/acmez/v3/acme"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
	"tollhouse/tenant/localcopy"
	"tollhouse/tenant/seal"
)

// Directory knows every served host without asking anybody. *tenant.Directory is one.
type Directory interface {
	// Lookup returns the entry of a served host. It is called by every handshake.
	Lookup(host tenant.Hostname) (*tenant.Entry, bool)
	// Subscribe calls tell with every host that is served and then with each that appears or is gone, until cancel is called.
	Subscribe(tell func(appeared, gone []*tenant.Entry)) (cancel func())
	// Current reports whether it knows all hosts from the record, and not from what a node kept.
	Current() bool
	// Stats tells how far it has followed the record.
	Stats() tenant.Stats
}

// Config is what a Manager needs. Durations and counts that are zero get the default that their comment names.
type Config struct {
	CA        string     // URL of the ACME directory; required
	Email     string     // contact of the ACME account; required, since certmagic asks on stdin otherwise
	Directory Directory  // required
	Store     Store      // required
	Ring      *seal.Ring // derives the ticket keys, the same on every node; required
	Log       *slog.Logger

	// Fleet is told that this node lives and which certificates it was seen serving; nil tells nobody.
	Fleet Fleet
	// NodeName is what people call this machine.
	NodeName string
	// Copy keeps a sealed copy of every served host's certificate on this node, for when the store does not answer; nil keeps none.
	Copy *localcopy.Folder
	// CARoots are the roots that the ACME endpoint's own TLS certificate must come from; nil takes the system's.
	CARoots *x509.CertPool
	// Profile is the ACME profile to ask for, like "tlsserver"; empty leaves it to the CA.
	Profile string
	// ExternalAccount binds a new ACME account to one at the CA (RFC 8555 section 7.3.4); nil for CAs that need none.
	ExternalAccount *acme.EAB
	// Challenges are the ways of validation to use: "http-01" and "tls-alpn-01"; both by default.
	Challenges []string
	// Registerer takes the metrics; nil keeps them unregistered. None carries a host.
	Registerer prometheus.Registerer

	HandshakeWait  time.Duration // how long a handshake waits for its certificate; 10 s
	WaitersPerName int           // handshakes that wait for one name; 256
	Waiters        int           // handshakes that wait for any name; 2,048
	OrderTimeout   time.Duration // how long an order may take; 90 s
	Orders         int           // orders under way for handshakes; 16
	OrdersAhead    int           // orders under way for the schedule, each for first certificates and for renewals; 4. certmagic begins ten in 10 s at most
	Capacity       int           // certificates kept in memory, about 5 KB each; 100,000
	Check          time.Duration // how often the schedule looks for work; 1 min

	// Backoff is kept to by all nodes together after the CA refused a name; 5 min, then threefold up to 6 h, which stays below Let's
	// Encrypt's five failed validations a name and hour.
	Backoff Backoff
	// Pause is how long this node alone leaves a name alone after trouble of ours: the database, the network, a CA that is down. 5 s,
	// doubled up to 5 min.
	Pause Backoff

	Now func() time.Time // time.Now by default
}

func (c *Config) complete() error {
	if c.CA == "" || c.Email == "" || c.Directory == nil || c.Store == nil || c.Ring == nil || c.Log == nil {
		return errors.New("certs: CA, Email, Directory, Store, Ring and Log are required")
	}
	for _, name := range c.Challenges {
		if name != acme.ChallengeTypeHTTP01 && name != acme.ChallengeTypeTLSALPN01 {
			return errors.New("certs: Challenges knows http-01 and tls-alpn-01 only")
		}
	}
	c.HandshakeWait = orElse(c.HandshakeWait, 10*time.Second)
	c.WaitersPerName = orElse(c.WaitersPerName, 256)
	c.Waiters = orElse(c.Waiters, 2048)
	c.OrderTimeout = orElse(c.OrderTimeout, 90*time.Second)
	c.Orders = orElse(c.Orders, 16)
	c.OrdersAhead = orElse(c.OrdersAhead, 4)
	c.Capacity = orElse(c.Capacity, 100_000)
	c.Check = orElse(c.Check, time.Minute)
	c.Backoff.Base = orElse(c.Backoff.Base, 5*time.Minute)
	c.Backoff.Max = orElse(c.Backoff.Max, 6*time.Hour)
	c.Pause.Base = orElse(c.Pause.Base, 5*time.Second)
	c.Pause.Max = orElse(c.Pause.Max, 5*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
