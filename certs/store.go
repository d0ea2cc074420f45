package certs

import (
	"context"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

// Store keeps certificates, challenge answers and leases for all nodes. It is bound to one CA or two, which it counts as a Manager does, from
// 0: certificates of other CAs, or of a root that is no longer trusted, do not exist for it. A host has one certificate, of either CA, and
// its versions grow over both. Implemented by certsdb. Safe for concurrent use.
//
// It is also certmagic's storage, with these promises beyond that contract: key, chain and metadata of one name are committed together or
// not at all, and only under a lease that still stands; fs.ErrNotExist means absent and never "cannot tell"; Exists answers true for
// a certificate when it cannot tell, because false would make an order.
type Store interface {
	certmagic.Storage
	certmagic.TryLocker
	certmagic.LockLeaseRenewer
	Ledger

	// Find returns what is stored for a host, in one query. No certificate is not an error.
	Find(ctx context.Context, host tenant.Hostname) (Found, error)
	// Trusts reports whether a certificate with this chain, leaf first, may exist for the store: whether it comes from a root of ours. It
	// asks nobody.
	Trusts(chain [][]byte) bool
	// Missing returns those of the hosts that have no valid certificate.
	Missing(ctx context.Context, hosts []tenant.Hostname) ([]Missing, error)
	// Versions returns the stored version of each host that has a certificate.
	Versions(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]int64, error)
	// Due lists certificates whose time to renew has come and that are not in back-off, in order of that time, after the given one.
	Due(ctx context.Context, after Due, limit int) ([]Due, error)
	// ClaimRefresh picks certificates whose renewal window is to be asked for again, and puts each off by pause so that no other node
	// picks it and a failure is not repeated at once.
	ClaimRefresh(ctx context.Context, pause time.Duration, limit int) ([]tenant.Hostname, error)
	// SetWindow stores what the CA says about the time to renew, unless the stored certificate is another one.
	SetWindow(ctx context.Context, host tenant.Hostname, window acme.RenewalInfo) error
	// Failed notes a refusal that is about the host; no node asks that CA for it again until the time that it returns is over. A validation
	// that failed goes for all CAs. With a zero Backoff it is not a failure but a wait, as long as r says. The next commit ends it.
	Failed(ctx context.Context, host tenant.Hostname, r Refusal, b Backoff) (time.Duration, error)
	// Retry ends the back-off of a host and tells every node.
	Retry(ctx context.Context, host tenant.Hostname) error
	// Challenges returns the answers to all challenges that are under way.
	Challenges(ctx context.Context) ([]acme.Challenge, error)
	// Challenge returns the answer for one host, or fs.ErrNotExist.
	Challenge(ctx context.Context, host tenant.Hostname) (acme.Challenge, error)
	// Listen calls ready once changes are being listened for and then handle with each change, until ctx ends or the connection is lost,
	// which is an error.
	Listen(ctx context.Context, ready func(), handle func(Event)) error
	Revocations
	// Sweep deletes challenge answers that have expired, and certificates a month after they did.
	Sweep(ctx context.Context) error
}

// Found is what the store has for one host.
type Found struct {
	Bundle  *Bundle         // nil: no certificate
	Wait    []time.Duration // how long to leave each CA alone; zero: not at all
	RetryIn time.Duration   // the shortest of them
	Code    string          // of the refusal that is waited for
	Reason  string          // what the CA said
}

// Missing is a host without a valid certificate.
type Missing struct {
	Host    tenant.Hostname
	RetryIn time.Duration // as in Found
}

// Bundle is one generation of a host's certificate. It prints without its key.
type Bundle struct {
	Host      tenant.Hostname
	CA        int // that issued it
	Version   int64
	ChainPEM  []byte
	KeyPEM    []byte `json:"-"`
	NotBefore time.Time
	NotAfter  time.Time
	RenewAt   time.Time
}

// String names the bundle and nothing of its content.
func (b *Bundle) String() string { return "certificate of " + b.Host.String() }

// Due is one certificate that the schedule has to take up. The zero value stands before all others.
type Due struct {
	Host     tenant.Hostname
	RenewAt  time.Time
	NotAfter time.Time
}

// Backoff says how long the CA is left alone after a refusal: Base after the first, three times as long after each further, at most Max.
type Backoff struct{ Base, Max time.Duration }

// Event is one change that every node hears of.
type Event struct {
	Kind    EventKind
	Host    tenant.Hostname
	Version int64 // of a commit
}

// EventKind says what changed.
type EventKind uint8

const (
	Committed EventKind = iota + 1 // a new generation of a certificate
	Dropped                        // a certificate was deleted
	Presented                      // a challenge awaits its answer
	Answered                       // a challenge is over
	Retried                        // a back-off was ended by hand
)
