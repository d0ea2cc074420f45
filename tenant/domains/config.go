package domains

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
)

// Config is what a Service works with. Store, Doctor, Certificates, Edge and Log are required.
type Config struct {
	Store        Store
	Doctor       Doctor
	Certificates Certificates

	// Edge is the domain below which every claim has its own CNAME target.
	Edge tenant.Hostname
	// Addresses are the gateway's public ones, for names at which no CNAME can stand. Empty: such names are offered ALIAS and TXT only.
	Addresses []netip.Addr

	Log *slog.Logger
	// Registerer takes the metrics; nil keeps them unregistered. None carries a host or a tenant.
	Registerer prometheus.Registerer

	Limits   Limits
	Timing   Timing
	Tick     time.Duration // between two looks for domains that are due; 1 s by default
	Parallel int           // domains checked at once by this node; 8 by default. One tenant's take half of them at most.

	Now func() time.Time // time.Now by default
	// ClockRight reports whether Now may be gone by; nil: always. While it is not, this node judges no domain: a name would be lost, or taken over,
	// before its time, also by other nodes that go by what was written.
	ClockRight func() bool

	Rand io.Reader // for labels and tokens; crypto/rand by default
}

// Limits bound what a tenant may ask for.
type Limits struct {
	Domains       int           // of one tenant that are not deleted; 100 by default
	ClaimsPerHour int           // of one tenant, deleted ones too, because each has its name looked at; three times Domains by default
	CheckEvery    time.Duration // between two checks of one domain that somebody asks for; 10 s by default
	ChecksPerHour int           // of one domain that somebody asks for; 50 by default
}

// Timing holds the times and counts of the rules. A zero field has its default; tests shrink them.
type Timing struct {
	// Waiting for the tenant: the first SoonChecks checks come CheckSoon apart, later ones ever more rarely, at most CheckRarely apart. After
	// MaxChecks checks, or GiveUpAfter, only "check now" begins anew.
	CheckSoon   time.Duration // 2 min
	SoonChecks  int           // 10
	CheckRarely time.Duration // 4 h
	MaxChecks   int           // 75
	GiveUpAfter time.Duration // 7 days
	Undecided   time.Duration // until a look at something that could not be decided is repeated; 1 min

	// On the way to being served.
	Poll      time.Duration // of the certificate while it is awaited; 2 s
	SlowPoll  time.Duration // the same after Patience; 30 s
	Patience  time.Duration // 5 min
	DeployFor time.Duration // how long every node may take to serve a certificate; 60 s
	LookAgain time.Duration // at the DNS of a name whose certificate does not come; 10 min
	Retry     time.Duration // until the CA is tried again after it refused the name for good; 1 h

	// A name that is served.
	Reverify    time.Duration // 24 h
	BadSoon     time.Duration // between the first two bad checks, growing to BadRarely; 30 min
	BadRarely   time.Duration // 6 h
	BadChecks   int           // 4
	BadFor      time.Duration // how long a name must be bad before it is moving; 24 h
	MovingFor   time.Duration // 72 h
	MovedFor    time.Duration // 7 days
	Quarantine  time.Duration // 30 days
	OverdueLife float64       // share of a certificate's life that its renewal may be late; 0.1

	// A name that two claim.
	ConflictFor    time.Duration // how long the second must be proven before it gets the name; 24 h
	ConflictChecks int           // how often it must have been seen proven; 4
	ConflictEvery  time.Duration // 1 h

	Hold     time.Duration // how long a taken domain is left alone by other nodes; 2 min
	PassTime time.Duration // the longest that one domain may take; less than Hold; 45 s
	// CheckTime is the longest that Check lets its caller wait; 25 s. The doctor's own 20 s fit into it, and it into the 30 s that the edge
	// gives a request.
	CheckTime time.Duration
}

func (c *Config) complete() error {
	switch {
	case c.Store == nil || c.Doctor == nil || c.Certificates == nil:
		return errors.New("the domains service needs a store, a doctor and the state of certificates")
	case c.Edge.IsZero():
		return errors.New("the domains service needs the edge domain")
	case c.Log == nil:
		return errors.New("the domains service needs a log")
	}
	orDefault(&c.Tick, time.Second)
	orDefault(&c.Parallel, 8)
	orDefault(&c.Limits.Domains, 100)
	orDefault(&c.Limits.ClaimsPerHour, 3*c.Limits.Domains)
	orDefault(&c.Limits.CheckEvery, 10*time.Second)
	orDefault(&c.Limits.ChecksPerHour, 50)
	c.Timing.complete()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ClockRight == nil {
		c.ClockRight = func() bool { return true }
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Timing.PassTime >= c.Timing.Hold {
		return errors.New("the domains service needs Timing.PassTime below Timing.Hold")
	}
	return nil
}

func (t *Timing) complete() {
	const day = 24 * time.Hour
	orDefault(&t.CheckSoon, 2*time.Minute)
	orDefault(&t.SoonChecks, 10)
	orDefault(&t.CheckRarely, 4*time.Hour)
	orDefault(&t.MaxChecks, 75)
	orDefault(&t.GiveUpAfter, 7*day)
	orDefault(&t.Undecided, time.Minute)
	orDefault(&t.Poll, 2*time.Second)
	orDefault(&t.SlowPoll, 30*time.Second)
	orDefault(&t.Patience, 5*time.Minute)
	orDefault(&t.DeployFor, time.Minute)
	orDefault(&t.LookAgain, 10*time.Minute)
	orDefault(&t.Retry, time.Hour)
	orDefault(&t.Reverify, day)
	orDefault(&t.BadSoon, 30*time.Minute)
	orDefault(&t.BadRarely, 6*time.Hour)
	orDefault(&t.BadChecks, 4)
	orDefault(&t.BadFor, day)
	orDefault(&t.MovingFor, 3*day)
	orDefault(&t.MovedFor, 7*day)
	orDefault(&t.Quarantine, 30*day)
	orDefault(&t.OverdueLife, 0.1)
	orDefault(&t.ConflictFor, day)
	orDefault(&t.ConflictChecks, 4)
	orDefault(&t.ConflictEvery, time.Hour)
	orDefault(&t.Hold, 2*time.Minute)
	orDefault(&t.PassTime, 45*time.Second)
	orDefault(&t.CheckTime, 25*time.Second)
}

func orDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
