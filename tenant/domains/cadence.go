package domains

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// nextCheck is when a domain is taken up again; zero for one at which nothing is to come.
func (r rules) nextCheck(d *tenant.Domain, kept report, e evidence) time.Time {
	switch d.Status {
	case tenant.DomainTimedOut, tenant.DomainSuspended, tenant.DomainDeleted:
		return time.Time{}
	case tenant.DomainQuarantined:
		return d.StatusAt.Add(r.Quarantine)
	case tenant.DomainPendingOwnership, tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainBlocked:
		return e.now.Add(r.patience(d, kept, e.now))
	case tenant.DomainClaimConflict:
		return r.nextConflict(d, e.now)
	}
	at := r.lookAt(d, kept)
	if next := r.certificateAt(d, e); !next.IsZero() && next.Before(at) {
		at = next
	}
	return later(at, e.now.Add(time.Second))
}

// lookDue reports whether an examination of DNS belongs to this pass; while a certificate is awaited most passes look at that only.
func (r rules) lookDue(d *tenant.Domain, kept report, asked bool, now time.Time) bool {
	switch d.Status {
	case tenant.DomainTimedOut, tenant.DomainSuspended, tenant.DomainQuarantined, tenant.DomainDeleted:
		return false
	case tenant.DomainPendingOwnership, tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainBlocked, tenant.DomainClaimConflict:
		return true
	}
	return asked || !now.Before(r.lookAt(d, kept))
}

// lookAt is when the DNS of a served or leaving name is examined next.
func (r rules) lookAt(d *tenant.Domain, kept report) time.Time {
	rarely := d.CheckedAt.Add(jittered(r.BadRarely, d))
	switch {
	case d.CheckedAt.IsZero():
		return d.CheckedAt
	case d.Status == tenant.DomainMoving:
		return notPast(rarely, d.StatusAt.Add(r.MovingFor), d.CheckedAt)
	case d.Status == tenant.DomainMoved:
		return notPast(rarely, d.StatusAt.Add(r.MovedFor), d.CheckedAt)
	case !d.BadSince.IsZero():
		every := growing(r.BadSoon, 2, d.BadChecks-1, r.BadRarely)
		return notPast(d.CheckedAt.Add(jittered(every, d)), d.BadSince.Add(r.BadFor), d.CheckedAt)
	case d.Status == tenant.DomainIssuing || d.Status == tenant.DomainDeploying:
		return d.CheckedAt.Add(r.LookAgain)
	case kept.Verdict == domaindoctor.Unknown:
		return d.CheckedAt.Add(jittered(r.BadSoon, d))
	}
	return slot(d.Host, d.CheckedAt, r.Reverify)
}

// patience is how long to wait for a tenant: short at first. What could not be decided is looked at soon and costs no patience, but the longer
// it lasts the more rarely.
func (r rules) patience(d *tenant.Domain, kept report, now time.Time) time.Duration {
	if kept.undecided() {
		return jittered(min(max(now.Sub(d.ArmedAt)/8, r.Undecided), r.CheckRarely), d)
	}
	return jittered(growing(r.CheckSoon, 1.5, d.Checks-r.SoonChecks, r.CheckRarely), d)
}

// nextConflict looks soon after a conflict began, so that the holder is warned.
func (r rules) nextConflict(d *tenant.Domain, now time.Time) time.Time {
	if d.Checks == 0 {
		return now.Add(r.Undecided)
	}
	at := now.Add(jittered(r.ConflictEvery, d))
	if d.GoodSince.IsZero() {
		return at
	}
	return notPast(at, d.GoodSince.Add(r.ConflictFor), now)
}

// certificateAt is when a served name's certificate may have changed so that its status does.
func (r rules) certificateAt(d *tenant.Domain, e evidence) time.Time {
	c := e.cert
	switch d.Status {
	case tenant.DomainIssuing, tenant.DomainDeploying:
		if passed(d.StatusAt, r.Patience, e.now) {
			return e.now.Add(r.SlowPoll)
		}
		return e.now.Add(r.Poll)
	case tenant.DomainActive, tenant.DomainRenewalFailing, tenant.DomainDegraded, tenant.DomainMoving:
	default:
		return time.Time{}
	}
	switch {
	case c.Serial == "" && d.Status == tenant.DomainActive && !passed(d.StatusAt, r.Patience, e.now):
		return e.now.Add(r.Poll) // it was just vouched for, and its first certificate is under way
	case c.Serial == "":
		return e.now.Add(r.Patience)
	case r.overdue(c, e.now) || !e.now.Before(c.NotAfter):
		return e.now.Add(min(max(c.NotAfter.Sub(c.NotBefore)/20, r.Poll), r.Patience))
	case partial(c):
		return e.now.Add(r.SlowPoll)
	}
	late := r.lateAt(c)
	if c.RenewAt.IsZero() || c.NotAfter.Before(late) {
		late = c.NotAfter
	}
	return late
}

// slot is the first time after t that is the host's own in the period, at least half a period away: hosts come evenly spread, whenever they
// were added.
func slot(host tenant.Hostname, t time.Time, period time.Duration) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(host.String()))
	at := t.Truncate(period).Add(time.Duration(h.Sum64() % uint64(period)))
	for at.Before(t.Add(period / 2)) {
		at = at.Add(period)
	}
	return at
}

// growing is first, times factor for each of n, and at most most.
func growing(first time.Duration, factor float64, n int, most time.Duration) time.Duration {
	return min(time.Duration(min(float64(first)*math.Pow(factor, float64(max(n, 0))), float64(most))), most)
}

// jittered shortens a wait by up to a tenth, differently for each domain and each of its checks.
func jittered(d time.Duration, of *tenant.Domain) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of.ID + strconv.Itoa(of.Checks)))
	return d - time.Duration(h.Sum64()%1000)*d/10000
}

// notPast is at, but not past a limit that is still ahead.
func notPast(at, limit, now time.Time) time.Time {
	if limit.After(now) && limit.Before(at) {
		return limit
	}
	return at
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
