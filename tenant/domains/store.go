package domains

import (
	"context"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// Store is the record of domains; tenantdb implements it. A domain that does not exist, or is another tenant's, is tenant.ErrNotFound.
type Store interface {
	// Claim returns the tenant's live claim to the host, or makes one with this label and token, to be checked at once. A claim beyond the
	// tenant's limit is ErrQuota, one beyond those of an hour a *ManyClaimsError.
	Claim(ctx context.Context, t tenant.ID, c NewClaim) (d tenant.Domain, created bool, err error)
	// Domain returns one domain, deleted ones not.
	Domain(ctx context.Context, t tenant.ID, id string) (tenant.Domain, error)
	// DomainPage returns up to limit domains but the deleted ones, newest first, that come after the given id ("" begins).
	DomainPage(ctx context.Context, t tenant.ID, after string, limit int) ([]tenant.Domain, error)
	// History returns the newest steps of a domain, newest first.
	History(ctx context.Context, t tenant.ID, id string, limit int) ([]tenant.DomainStep, error)

	// Update locks a domain, calls change with it and writes what that did, with each step's history and audit entry and the time of the
	// next check, in one transaction. A step to a status that holds the name fails with tenant.ErrTaken when somebody else holds it, and
	// nothing is written. The same tenant's own quarantined domain of that name is deleted for it. change must not call over the network.
	Update(ctx context.Context, t tenant.ID, id string, change func(d *tenant.Domain) error) (tenant.Domain, error)
	// Holder returns who holds a host and the holding domain, across tenants; tenant.ErrNotFound when nobody does.
	Holder(ctx context.Context, host tenant.Hostname) (tenant.Domain, error)
	// TakeOver ends the holder's domain (to quarantined, then deleted) and then does an Update of the claimant's, in one transaction.
	// lose is called with the holder's domain under its lock and returns an error to leave all as it is.
	TakeOver(ctx context.Context, holder, claimant Ref, lose func(holder *tenant.Domain) error, win func(claimant *tenant.Domain) error) error

	// Take picks domains whose check is due and puts each off by hold so that no other node takes it meanwhile. Tenants take turns; of one
	// tenant's the longest waiting comes first.
	Take(ctx context.Context, limit int, hold time.Duration, at Work) ([]Ref, error)
	// Hurry makes a domain's next check due at once. Restart counts: an unknown one is not an error.
	Hurry(ctx context.Context, t tenant.ID, id string) error

	// Turned counts the names that were proven by DNS and are served, and of those the ones that turned bad and were not accepted as such.
	Turned(ctx context.Context) (turned, of int, err error)
	// TurnedOfOthers counts the same without the tenant that most of the bad ones belong to.
	TurnedOfOthers(ctx context.Context) (turned, of int, err error)
	Brake(ctx context.Context) (Brake, error)
	// Trip sets the brake unless it is set; Release takes it off. accept says that the names that are bad now are really lost.
	Trip(ctx context.Context, turned, of int) (tripped bool, err error)
	Release(ctx context.Context, accept bool) error
	// Counts tells how many domains have each status, deleted ones not, across tenants.
	Counts(ctx context.Context) (map[tenant.DomainStatus]int, error)
}

// NewClaim is what a claim begins with.
type NewClaim struct {
	Host  tenant.Hostname
	Label string
	Token string
	Limit int // of the tenant's domains that are not deleted
	// PerHour is the limit of the tenant's new claims in an hour, deleted ones too; 0: none.
	PerHour int
}

// Work is what a node that takes more is at work on already.
type Work struct {
	Share int               // how many of one tenant's it works on at once; 0: any number
	Busy  map[tenant.ID]int // how many of each tenant's it works on now
}

// Ref names one domain of one tenant.
type Ref struct {
	Tenant tenant.ID
	ID     string
}

// Brake stops every loss of a domain while it is set.
type Brake struct {
	TrippedAt time.Time // zero: not set
	Turned    int       // names that had turned bad when it tripped
	Of        int
}

// Doctor examines names; *domaindoctor.Doctor does.
type Doctor interface {
	ParseName(typed string) (tenant.Hostname, []domaindoctor.Finding)
	Examine(ctx context.Context, host tenant.Hostname, want domaindoctor.Proof) domaindoctor.Report
}

// Certificates tells how the hosts' certificates are. A host that it does not mention has none and met no trouble.
type Certificates interface {
	Certificates(ctx context.Context, hosts []tenant.Hostname) (map[tenant.Hostname]Certificate, error)
}

// Certificate is what the fleet has for one host.
type Certificate struct {
	Issuer    string // host name of the CA's directory
	Serial    string // hex; "" when there is no certificate
	NotBefore time.Time
	NotAfter  time.Time
	RenewAt   time.Time

	Live    int // nodes that live
	Serving int // of those, the ones seen serving this serial

	// Trouble is why the last order did not succeed: "ca.rate_limited", "ca.paused", "ca.rejected_identifier", "ca.unavailable" or
	// "caa.forbids"; "" when the last one did, or none was made.
	Trouble      string
	TroubleSince time.Time
	RetryAt      time.Time // when the CA is asked again; zero: now
}
