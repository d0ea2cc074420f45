package certs

import (
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
	CA        Authority  // the CA; its directory and its contact are required, since certmagic asks for the latter on stdin otherwise
	Fallback  Authority  // asked when the first CA is in trouble; without a directory there is none
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
	// Challenges are the ways of validation to use: "http-01" and "tls-alpn-01"; both by default.
	Challenges []string
	// Registerer takes the metrics; nil keeps them unregistered. None carries a host.
	Registerer prometheus.Registerer

	HandshakeWait  time.Duration // how long a handshake waits for its certificate; 10 s
	WaitersPerName int           // handshakes that wait for one name; 256
	Waiters        int           // handshakes that wait for any name; 2,048
	OrderTimeout   time.Duration // how long an order may take; 90 s
	Orders         int           // orders under way for handshakes; 16
	OrdersAhead    int           // orders under way for the schedule, each for first certificates and for renewals; 4
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
	if c.CA.Directory == "" || c.CA.Email == "" || c.Directory == nil || c.Store == nil || c.Ring == nil || c.Log == nil {
		return errors.New("certs: CA with its directory and contact, Directory, Store, Ring and Log are required")
	}
	if c.Fallback.Directory == c.CA.Directory || c.Fallback.Directory != "" && c.Fallback.Email == "" {
		return errors.New("certs: Fallback is another CA than CA and has a contact, or is not there")
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
