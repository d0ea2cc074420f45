package domains

import (
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// ErrQuota says that the tenant has as many domains as it may.
var ErrQuota = errors.New("the tenant has as many domains as it may")

// ErrSuspended says that the operator has suspended the domain, so that its tenant cannot give it up.
var ErrSuspended = errors.New("the operator has suspended the domain")

// TooSoonError says that a check was asked for too soon after the last; After is how long to wait.
type TooSoonError struct{ After time.Duration }

func (e *TooSoonError) Error() string { return fmt.Sprintf("checked too often; wait %s", e.After) }

// NameError says why a name can never be claimed. Findings is never empty.
type NameError struct{ Findings []domaindoctor.Finding }

func (e *NameError) Error() string { return string(e.Findings[0].Code) }

// View is a domain with all that its tenant may know of it.
type View struct {
	tenant.Domain
	Records     []Record
	Checks      []domaindoctor.Check // of the last examination, in a fixed order; empty before the first
	Problems    []domaindoctor.Finding
	Certificate Certificate
	CanCheckAt  time.Time           // when Check is taken again; zero or past: now
	History     []tenant.DomainStep // newest first; only of a single domain
}

// Record is one DNS record to create. Of the records of one Purpose any one is enough; the first is what suits most.
type Record struct {
	Purpose  string // "route": leads the name here; "proof": proves the claim. The CNAME of the claim does both.
	Type     string // "CNAME", "ALIAS", "A", "AAAA" or "TXT"
	Name     string // in full, like "_tollhouse.billing.acme.com"
	Relative string // as most providers' forms want it, like "_tollhouse.billing"; "@" for the registered domain itself
	Value    string
	TTL      int    // seconds
	When     string // in which case this record is the one to take; "" for the first
	Why      string
}
