package tenant

import "time"

// DomainStatus is where a custom host is in its life.
type DomainStatus string

// The statuses that exist so far. A host is served from the moment its certificate is being fetched.
const (
	DomainIssuing        DomainStatus = "issuing"
	DomainDeploying      DomainStatus = "deploying"
	DomainActive         DomainStatus = "active"
	DomainRenewalFailing DomainStatus = "renewal_failing"
	DomainDegraded       DomainStatus = "degraded" // its certificate has run out
	DomainMoving         DomainStatus = "moving"
)

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

// Domain is a custom host of a tenant.
type Domain struct {
	ID        string
	Tenant    ID
	Host      Hostname
	Status    DomainStatus
	Epoch     int64     // grows when the host changes hands or its tenant is suspended
	ProvenAt  time.Time // zero: not proven
	CreatedAt time.Time
}
