package tenant

import (
	"fmt"
	"slices"
	"time"
)

// DomainStatus is where a custom host is in its life.
type DomainStatus string

// The statuses. A tenant's claim begins at pending_ownership; one that the operator vouches for begins at active.
const (
	DomainPendingOwnership DomainStatus = "pending_ownership" // no proof was seen yet
	DomainClaimConflict    DomainStatus = "claim_conflict"    // proven, and somebody else holds the name
	DomainTimedOut         DomainStatus = "timed_out"         // not proven in time; "check now" begins anew
	DomainPendingDNS       DomainStatus = "pending_dns"       // proven, and the name does not lead here yet
	DomainPreflight        DomainStatus = "preflight"         // leads here; what else could stop the CA is looked at
	DomainBlocked          DomainStatus = "blocked"           // something would stop the CA; Reason says what
	DomainIssuing          DomainStatus = "issuing"           // the certificate is being fetched
	DomainDeploying        DomainStatus = "deploying"         // the certificate is there; not every node was seen serving it
	DomainActive           DomainStatus = "active"
	DomainRenewalFailing   DomainStatus = "renewal_failing"
	DomainDegraded         DomainStatus = "degraded"    // its certificate has run out
	DomainMoving           DomainStatus = "moving"      // the proof is gone; served for a while yet
	DomainMoved            DomainStatus = "moved"       // the proof stays gone; no longer served
	DomainSuspended        DomainStatus = "suspended"   // by the operator; goes back to Before
	DomainQuarantined      DomainStatus = "quarantined" // given up; nobody else gets the name for a while
	DomainDeleted          DomainStatus = "deleted"
)

// lifecycle is the whole life of a domain: which statuses may follow which. The database holds the same table and refuses everything else.
var lifecycle = map[DomainStatus][]DomainStatus{
	DomainPendingOwnership: {DomainClaimConflict, DomainPendingDNS, DomainTimedOut, DomainDeleted},
	DomainClaimConflict:    {DomainPendingOwnership, DomainPendingDNS, DomainTimedOut, DomainDeleted},
	DomainTimedOut:         {DomainPendingOwnership, DomainDeleted},
	DomainPendingDNS:       {DomainPreflight, DomainPendingOwnership, DomainTimedOut, DomainSuspended, DomainQuarantined},
	DomainPreflight:        {DomainIssuing, DomainBlocked, DomainPendingDNS, DomainPendingOwnership, DomainSuspended, DomainQuarantined},
	DomainBlocked:          {DomainPreflight, DomainPendingDNS, DomainPendingOwnership, DomainTimedOut, DomainSuspended, DomainQuarantined},
	DomainIssuing:          {DomainDeploying, DomainBlocked, DomainPendingDNS, DomainSuspended, DomainQuarantined},
	DomainDeploying:        {DomainActive, DomainIssuing, DomainMoving, DomainSuspended, DomainQuarantined},
	DomainActive:           {DomainRenewalFailing, DomainDegraded, DomainIssuing, DomainMoving, DomainSuspended, DomainQuarantined},
	DomainRenewalFailing:   {DomainActive, DomainDegraded, DomainIssuing, DomainMoving, DomainSuspended, DomainQuarantined},
	DomainDegraded:         {DomainActive, DomainIssuing, DomainMoving, DomainSuspended, DomainQuarantined},
	DomainMoving:           {DomainActive, DomainRenewalFailing, DomainDegraded, DomainIssuing, DomainMoved, DomainSuspended, DomainQuarantined},
	DomainMoved:            {DomainIssuing, DomainSuspended, DomainQuarantined},
	DomainSuspended: {DomainPendingDNS, DomainPreflight, DomainBlocked, DomainIssuing, DomainDeploying, DomainActive, DomainRenewalFailing,
		DomainDegraded, DomainMoving, DomainMoved, DomainQuarantined},
	DomainQuarantined: {DomainDeleted},
	DomainDeleted:     nil,
}

// DomainStatuses lists every status, in order of a domain's life.
func DomainStatuses() []DomainStatus {
	return []DomainStatus{DomainPendingOwnership, DomainClaimConflict, DomainTimedOut, DomainPendingDNS, DomainPreflight, DomainBlocked,
		DomainIssuing, DomainDeploying, DomainActive, DomainRenewalFailing, DomainDegraded, DomainMoving, DomainMoved, DomainSuspended,
		DomainQuarantined, DomainDeleted}
}

// May reports whether next may follow s. Staying is not following.
func (s DomainStatus) May(next DomainStatus) bool { return slices.Contains(lifecycle[s], next) }

// Holds reports whether a domain in this status has the name to itself. Many may claim a name, one may hold it.
func (s DomainStatus) Holds() bool {
	switch s {
	case DomainPendingOwnership, DomainClaimConflict, DomainTimedOut, DomainDeleted:
		return false
	}
	return true
}

// Served reports whether a host in this status belongs into the Directory.
func (s DomainStatus) Served() bool {
	switch s {
	case DomainIssuing, DomainDeploying, DomainActive, DomainRenewalFailing, DomainDegraded, DomainMoving:
		return true
	}
	return false
}

// Linkable reports whether new links may point to a host in this status: its certificate is good, and its DNS leads here.
func (s DomainStatus) Linkable() bool { return s == DomainActive || s == DomainRenewalFailing }

// BlockingOn says who has to act before a domain gets on.
type BlockingOn string

// Nobody has to act when a domain is well, and when only time is needed.
const (
	BlockingOnTenant   BlockingOn = "tenant"
	BlockingOnPlatform BlockingOn = "platform" // the operator of this gateway
	BlockingOnCA       BlockingOn = "ca"
	BlockingOnNobody   BlockingOn = "nobody"
)

// How a domain was proven. The zero value is "not".
const (
	ProvenByCNAME    = "cname"
	ProvenByTXT      = "txt"
	ProvenByOperator = "operator" // somebody's word; its DNS is never taken as evidence against it
)

// Domain is a custom host of a tenant. Times that are zero have not come.
type Domain struct {
	ID     string
	Tenant ID
	Host   Hostname
	Status DomainStatus
	// Epoch grows when the host changes hands, is suspended or given up. Tickets and sessions of an older one are refused.
	Epoch int64

	// Label is the claim's own label below the edge domain, where its CNAME has to lead; never used again. Empty for a domain that the
	// operator vouches for.
	Label string
	// Token is what the TXT record at _tollhouse.<host> has to hold.
	Token string

	ProvenAt time.Time
	ProvenBy string // ProvenByCNAME, ProvenByTXT, ProvenByOperator or ""

	Reason     string     // code of what is in the way, like "dns.not_found"; "" when nothing is
	BlockingOn BlockingOn // who has to act about it
	Before     DomainStatus
	StatusAt   time.Time // since when it has this status

	ArmedAt     time.Time // when the present series of checks began
	Checks      int       // since then
	CheckedAt   time.Time
	NextCheckAt time.Time
	BadSince    time.Time // since when every check that could tell found no proof, of a domain that had been proven
	BadChecks   int       // how many those are
	GoodSince   time.Time // in claim_conflict: since when every check that could tell found the proof
	Report      []byte    // the last check, as package domains keeps it; nil before the first

	CreatedAt time.Time

	steps []DomainStep
	told  []string
}

// DomainStep is one change of a domain's status, as its history keeps it.
type DomainStep struct {
	At       time.Time
	From, To DomainStatus
	Reason   string // code of why; may be ""
}

// Go changes the status and notes the step. A step that the life cycle does not have is an error, and the domain stays as it was; so is
// going where it is already.
func (d *Domain) Go(next DomainStatus, reason string, at time.Time) error {
	if !d.Status.May(next) {
		return fmt.Errorf("domain %s: from %s nothing leads to %s", d.ID, d.Status, next)
	}
	d.steps = append(d.steps, DomainStep{At: at, From: d.Status, To: next, Reason: reason})
	if next == DomainSuspended {
		d.Before = d.Status
	}
	d.Status, d.StatusAt = next, at
	return nil
}

// Steps returns what Go noted since the domain was read.
func (d *Domain) Steps() []DomainStep { return slices.Clone(d.steps) }

// Tell notes something that befell the domain and that its tenant's audit log should have although no step was taken, like "contested". The
// entry does not say who brought it about.
func (d *Domain) Tell(what string) { d.told = append(d.told, what) }

// Told returns what Tell noted since the domain was read.
func (d *Domain) Told() []string { return slices.Clone(d.told) }
