package domains

import (
	"slices"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// rules decides what becomes of a domain. It reads no clock and asks nobody: all that counts is in the domain and in the evidence.
type rules struct {
	Timing
	edge tenant.Hostname
}

// evidence is what was learned about a domain, without its lock being held.
type evidence struct {
	now   time.Time
	asked bool // somebody pressed "check now"

	seen   *domaindoctor.Report // nil: DNS was not looked at
	cert   Certificate
	braked bool // our resolvers are not trusted: nothing may be lost

	taken       bool           // writing showed that somebody else holds the name
	holder      *tenant.Domain // who that is, in claim_conflict; nil: nobody
	holderLeads bool           // the name's CNAME leads to the holder's own target, or that could not be decided
	won         bool           // the holder has just given way
}

func (e evidence) proven() bool { return e.seen != nil && e.seen.Proven }

// disproven is the only evidence against a tenant.
func (e evidence) disproven(d *tenant.Domain) bool {
	return e.seen != nil && !e.seen.Proven && e.seen.Disproven() && d.ProvenBy != tenant.ProvenByOperator
}

// mostSteps ends a pass whatever happens; the longest way, from a claim to active, has six steps.
const mostSteps = 12

// judge lets a domain go as far as the evidence carries it, and says why it stands there and when to look again.
func (r rules) judge(d *tenant.Domain, e evidence) error {
	kept := readReport(d.Report)
	if !d.Status.Holds() {
		e.cert = Certificate{} // it is the holder's, and goes with that one
	}
	if e.seen != nil && r.watched(d.Status) {
		r.note(d, &kept, e)
	}
	for range mostSteps {
		next, reason := r.next(d, kept, e)
		if next == "" {
			break
		}
		if err := r.enter(d, &kept, next, reason, e); err != nil {
			return err
		}
	}
	d.NextCheckAt = r.nextCheck(d, kept, e)
	return r.explain(d, kept, e)
}

// note counts what an examination says of the proof.
func (r rules) note(d *tenant.Domain, kept *report, e evidence) {
	d.CheckedAt = e.seen.CheckedAt
	if e.proven() || e.seen.Verdict != domaindoctor.Unknown {
		d.Checks++
	}
	kept.take(*e.seen)
	switch {
	case e.proven():
		d.BadSince, d.BadChecks = time.Time{}, 0
		if d.GoodSince.IsZero() && d.Status == tenant.DomainClaimConflict {
			d.GoodSince = e.now
		}
		if d.ProvenBy == tenant.ProvenByCNAME || d.ProvenBy == tenant.ProvenByTXT {
			d.ProvenBy = string(e.seen.By)
		}
	case e.disproven(d):
		d.GoodSince = time.Time{}
		if d.ProvenAt.IsZero() {
			return
		}
		if d.BadSince.IsZero() {
			d.BadSince = e.now
		}
		d.BadChecks++
	}
}

// enter takes one step with all that belongs to it.
func (r rules) enter(d *tenant.Domain, kept *report, next tenant.DomainStatus, reason string, e evidence) error {
	from := d.Status
	if err := d.Go(next, reason, e.now); err != nil {
		return err
	}
	switch next {
	case tenant.DomainPendingOwnership, tenant.DomainTimedOut:
		r.unprove(d, e.now)
		kept.Live = time.Time{}
	case tenant.DomainClaimConflict:
		d.ArmedAt, d.Checks, d.GoodSince = e.now, 0, e.now
	case tenant.DomainPendingDNS:
		d.ArmedAt, d.Checks, d.GoodSince = e.now, 0, time.Time{}
		if !from.Holds() {
			d.ProvenAt, d.ProvenBy = e.now, string(e.seen.By)
		}
	case tenant.DomainActive:
		if kept.Live.IsZero() {
			kept.Live = e.now
		}
	}
	return nil
}

func (r rules) unprove(d *tenant.Domain, now time.Time) {
	d.ProvenAt, d.ProvenBy = time.Time{}, ""
	d.BadSince, d.BadChecks, d.GoodSince = time.Time{}, 0, time.Time{}
	d.ArmedAt, d.Checks = now, 0
}

// next is the one step that the evidence asks for, and its reason; "" when the domain stays.
func (r rules) next(d *tenant.Domain, kept report, e evidence) (tenant.DomainStatus, string) {
	switch d.Status {
	case tenant.DomainPendingOwnership, tenant.DomainClaimConflict:
		return r.nextOfClaim(d, e)
	case tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainBlocked:
		return r.nextOfWaiting(d, kept, e)
	case tenant.DomainIssuing:
		return r.nextOfIssuing(d, kept, e)
	case tenant.DomainDeploying, tenant.DomainActive, tenant.DomainRenewalFailing, tenant.DomainDegraded:
		return r.nextOfServed(d, e)
	case tenant.DomainMoving, tenant.DomainMoved:
		return r.nextOfLeaving(d, e)
	case tenant.DomainQuarantined:
		if passed(d.StatusAt, r.Quarantine, e.now) {
			return tenant.DomainDeleted, ""
		}
	}
	return "", ""
}

// nextOfClaim is about names that are not proven, or that somebody else holds.
func (r rules) nextOfClaim(d *tenant.Domain, e evidence) (tenant.DomainStatus, string) {
	conflict := d.Status == tenant.DomainClaimConflict
	switch {
	case e.seen == nil:
	case e.proven() && conflict && (e.won || e.holder == nil && !e.taken):
		return tenant.DomainPendingDNS, ""
	case e.proven() && conflict:
	case e.proven() && e.taken:
		return tenant.DomainClaimConflict, ConflictInUse
	case e.proven():
		return tenant.DomainPendingDNS, ""
	case conflict && e.disproven(d):
		return tenant.DomainPendingOwnership, ownershipCode(e)
	case !conflict && r.exhausted(d, e):
		return tenant.DomainTimedOut, ownershipCode(e)
	}
	return "", ""
}

// nextOfLeaving is about names whose proof has been gone for a day. Each further step needs the proof to be missing once more.
func (r rules) nextOfLeaving(d *tenant.Domain, e evidence) (tenant.DomainStatus, string) {
	moved := d.Status == tenant.DomainMoved
	switch {
	case e.proven() && moved:
		return tenant.DomainIssuing, ""
	case e.proven():
		return r.health(e), ""
	case !e.disproven(d) || e.braked:
	case !moved && passed(d.StatusAt, r.MovingFor, e.now):
		return tenant.DomainMoved, ownershipCode(e)
	case moved && passed(d.StatusAt, r.MovedFor, e.now):
		return tenant.DomainQuarantined, ownershipCode(e)
	}
	return "", ""
}

// exhausted reports whether the tenant has had its time and its checks.
func (r rules) exhausted(d *tenant.Domain, e evidence) bool {
	return d.Checks >= r.MaxChecks || passed(d.ArmedAt, r.GiveUpAfter, e.now)
}

// proofGone reports whether a name goes back to being a mere claim. One that was live before has the same time of grace as one that is.
func (r rules) proofGone(d *tenant.Domain, kept report, e evidence) bool {
	if !kept.Live.IsZero() {
		return r.lost(d, e)
	}
	return e.disproven(d) && !e.braked
}

// lost is the hysteresis: the proof is gone now, and was at every check that could tell, for long enough.
func (r rules) lost(d *tenant.Domain, e evidence) bool {
	return e.disproven(d) && !e.braked && d.BadChecks >= r.BadChecks && !d.BadSince.IsZero() && passed(d.BadSince, r.BadFor, e.now)
}

// watched reports whether looking at a domain can change anything.
func (r rules) watched(s tenant.DomainStatus) bool {
	switch s {
	case tenant.DomainTimedOut, tenant.DomainSuspended, tenant.DomainQuarantined, tenant.DomainDeleted:
		return false
	}
	return true
}

func passed(since time.Time, d time.Duration, now time.Time) bool { return !now.Before(since.Add(d)) }

func ownershipCode(e evidence) string {
	i := slices.IndexFunc(e.seen.Findings, func(f domaindoctor.Finding) bool { return isOwnership(f.Code) })
	if i < 0 {
		return string(domaindoctor.OwnershipMissing)
	}
	return string(e.seen.Findings[i].Code)
}

func isOwnership(c domaindoctor.Code) bool {
	return c == domaindoctor.OwnershipMissing || c == domaindoctor.OwnershipMismatch
}
