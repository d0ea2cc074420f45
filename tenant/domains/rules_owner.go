package domains

import (
	"fmt"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// giveUp is remove on the tenant's word. It does not end a suspension: the tenant would claim the name anew and be back on the air.
func (r rules) giveUp(d *tenant.Domain, now time.Time) error {
	if d.Status == tenant.DomainSuspended {
		return ErrSuspended
	}
	return r.remove(d, now)
}

// remove ends a domain on somebody's word. No brake stops it.
func (r rules) remove(d *tenant.Domain, now time.Time) error {
	next := tenant.DomainDeleted
	switch {
	case d.Status == tenant.DomainQuarantined || d.Status == tenant.DomainDeleted:
		return nil
	case d.Status.Holds():
		next = tenant.DomainQuarantined
	}
	return r.put(d, next, "", now)
}

func (r rules) suspend(d *tenant.Domain, now time.Time) error {
	switch {
	case d.Status == tenant.DomainSuspended:
		return nil
	case !d.Status.Holds() || d.Status == tenant.DomainQuarantined:
		return fmt.Errorf("domain %s is %s: only a domain that has its name can be suspended", d.ID, d.Status)
	}
	return r.put(d, tenant.DomainSuspended, DomainSuspended, now)
}

// resume gives a domain the time again that it was not looked at: what had turned bad before has to be seen anew.
func (r rules) resume(d *tenant.Domain, now time.Time) error {
	if d.Status != tenant.DomainSuspended {
		return nil
	}
	before := d.Before
	if err := r.put(d, before, "", now); err != nil {
		return err
	}
	d.Before = ""
	d.BadSince, d.BadChecks = time.Time{}, 0
	d.ArmedAt, d.Checks, d.NextCheckAt = now, 0, now
	return nil
}

func (r rules) put(d *tenant.Domain, next tenant.DomainStatus, reason string, now time.Time) error {
	if err := d.Go(next, reason, now); err != nil {
		return err
	}
	kept := readReport(d.Report)
	e := evidence{now: now}
	d.NextCheckAt = r.nextCheck(d, kept, e)
	return r.explain(d, kept, e)
}

// rearm renews the patience with a domain that waits for its tenant.
func (r rules) rearm(d *tenant.Domain, now time.Time) error {
	switch d.Status {
	case tenant.DomainTimedOut:
		if err := d.Go(tenant.DomainPendingOwnership, "", now); err != nil {
			return err
		}
	case tenant.DomainPendingOwnership, tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainBlocked:
	default:
		return nil
	}
	d.ArmedAt, d.Checks = now, 0
	return nil
}

// yields reports whether the holder of a name gives way to a claimant. A holder that went by itself, or whose proof is gone, yields at once to
// a CNAME, which cannot be left over from before: every claim has its own target.
func (r rules) yields(holder, claimant *tenant.Domain, e evidence) bool {
	leaving := holder.Status == tenant.DomainMoving || holder.Status == tenant.DomainMoved || holder.Status == tenant.DomainQuarantined
	vouched := holder.ProvenBy == tenant.ProvenByOperator && holder.Status != tenant.DomainQuarantined
	switch {
	case claimant.Status != tenant.DomainClaimConflict, !e.proven(), e.braked, e.holderLeads:
		return false
	case holder.Status == tenant.DomainSuspended, vouched:
		return false
	case leaving && e.seen.By == domaindoctor.ByCNAME:
		return true
	}
	return !claimant.GoodSince.IsZero() && claimant.Checks >= r.ConflictChecks && passed(claimant.GoodSince, r.ConflictFor, e.now)
}
