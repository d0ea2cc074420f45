package domains

import (
	"slices"
	"strings"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// nextOfWaiting is about names that are proven and cannot have a certificate yet.
func (r rules) nextOfWaiting(d *tenant.Domain, kept report, e evidence) (tenant.DomainStatus, string) {
	if e.seen == nil {
		return "", ""
	}
	if r.proofGone(d, kept, e) {
		return tenant.DomainPendingOwnership, ownershipCode(e)
	}
	f, stands := obstacle(*e.seen)
	switch d.Status {
	case tenant.DomainPendingDNS:
		return r.nextOfPendingDNS(d, kept, f, e)
	case tenant.DomainPreflight:
		return r.nextOfPreflight(d, f, stands, e)
	}
	return r.nextOfBlocked(d, kept, f, stands, e)
}

func (r rules) nextOfPendingDNS(d *tenant.Domain, kept report, f domaindoctor.Finding, e evidence) (tenant.DomainStatus, string) {
	switch {
	case !isRoute(f.Code) && !dnsOpen(*e.seen) && !e.disproven(d):
		return tenant.DomainPreflight, ""
	case isRoute(f.Code) && f.Who == domaindoctor.Tenant && r.givesUp(d, kept, e):
		return tenant.DomainTimedOut, string(f.Code)
	}
	return "", ""
}

// givesUp reports whether a name that never was live is let go for the next claim. One that was keeps its name as long as its proof is there.
func (r rules) givesUp(d *tenant.Domain, kept report, e evidence) bool {
	return kept.Live.IsZero() && d.ProvenBy != tenant.ProvenByOperator && r.exhausted(d, e)
}

// nextOfPreflight lets the CA decide in the end what we cannot: a doubt that is no doubt about DNS blocks for Timing.Retry only.
func (r rules) nextOfPreflight(d *tenant.Domain, f domaindoctor.Finding, stands bool, e evidence) (tenant.DomainStatus, string) {
	switch {
	case isRoute(f.Code):
		return tenant.DomainPendingDNS, string(f.Code)
	case stands:
		return tenant.DomainBlocked, string(f.Code)
	case e.disproven(d), dnsOpen(*e.seen), doubtful(*e.seen) && !passed(d.StatusAt, r.Retry, e.now):
		return "", ""
	}
	return tenant.DomainIssuing, ""
}

func (r rules) nextOfBlocked(d *tenant.Domain, kept report, f domaindoctor.Finding, stands bool, e evidence) (tenant.DomainStatus, string) {
	switch {
	case isRoute(f.Code):
		return tenant.DomainPendingDNS, string(f.Code)
	case stands && f.Who == domaindoctor.Tenant && r.givesUp(d, kept, e):
		return tenant.DomainTimedOut, string(f.Code)
	case stands, dnsOpen(*e.seen), e.disproven(d):
		return "", ""
	case tenantTrouble(e.cert) && !r.mayRetry(d, e):
		return "", ""
	}
	return tenant.DomainPreflight, ""
}

// mayRetry reports whether the CA, which refused the name, is asked once more.
func (r rules) mayRetry(d *tenant.Domain, e evidence) bool {
	if e.asked {
		return d.StatusAt.Before(e.now) // not in the pass that has just blocked it
	}
	return passed(d.StatusAt, r.Retry, e.now) && !e.now.Before(e.cert.RetryAt)
}

func (r rules) nextOfIssuing(d *tenant.Domain, kept report, e evidence) (tenant.DomainStatus, string) {
	fresh := !passed(d.StatusAt, r.Patience, e.now)
	switch {
	case r.proofGone(d, kept, e):
		return tenant.DomainPendingDNS, ownershipCode(e)
	case e.cert.Serial != "" && e.now.Before(e.cert.NotAfter):
		return tenant.DomainDeploying, ""
	case tenantTrouble(e.cert) && (e.cert.TroubleSince.After(d.StatusAt) || !fresh):
		return tenant.DomainBlocked, e.cert.Trouble
	case e.seen == nil || e.disproven(d):
		return "", ""
	}
	f, stands := obstacle(*e.seen)
	switch {
	case isRoute(f.Code) && kept.Live.IsZero():
		return tenant.DomainPendingDNS, string(f.Code)
	case stands && !isRoute(f.Code):
		return tenant.DomainBlocked, string(f.Code)
	}
	return "", ""
}

// nextOfServed is about names that a certificate was seen for.
func (r rules) nextOfServed(d *tenant.Domain, e evidence) (tenant.DomainStatus, string) {
	vouched := d.Status == tenant.DomainActive && d.ProvenBy == tenant.ProvenByOperator // it is live before its first certificate
	switch {
	case r.lost(d, e):
		return tenant.DomainMoving, ownershipCode(e)
	case e.cert.Serial == "" && vouched:
		return "", ""
	case d.Status == tenant.DomainDeploying:
		return r.nextOfDeploying(d, e)
	}
	health := r.health(e)
	switch {
	case health == d.Status:
		return "", ""
	case health == tenant.DomainRenewalFailing && d.Status == tenant.DomainDegraded:
		return tenant.DomainActive, "" // and on from there
	}
	return health, troubleCode(e.cert, health)
}

func (r rules) nextOfDeploying(d *tenant.Domain, e evidence) (tenant.DomainStatus, string) {
	switch {
	case e.cert.Serial == "" || !e.now.Before(e.cert.NotAfter):
		return tenant.DomainIssuing, ""
	case !partial(e.cert):
		return tenant.DomainActive, ""
	case passed(d.StatusAt, r.DeployFor, e.now):
		return tenant.DomainActive, DeployPartial
	}
	return "", ""
}

// health is the status of a served name by its certificate alone.
func (r rules) health(e evidence) tenant.DomainStatus {
	switch c := e.cert; {
	case c.Serial == "":
		return tenant.DomainIssuing
	case !e.now.Before(c.NotAfter):
		return tenant.DomainDegraded
	case r.overdue(c, e.now):
		return tenant.DomainRenewalFailing
	}
	return tenant.DomainActive
}

// overdue reports whether a renewal is so late that somebody should know.
func (r rules) overdue(c Certificate, now time.Time) bool {
	if c.RenewAt.IsZero() || now.Before(c.RenewAt) {
		return false
	}
	return c.Trouble != "" || !now.Before(r.lateAt(c))
}

func (r rules) lateAt(c Certificate) time.Time {
	return c.RenewAt.Add(time.Duration(r.OverdueLife * float64(c.NotAfter.Sub(c.NotBefore))))
}

// partial reports whether not every live node was seen serving the certificate.
func partial(c Certificate) bool { return c.Serving < max(c.Live, 1) }

// tenantTrouble reports whether the CA refused a name for what only its tenant can mend.
func tenantTrouble(c Certificate) bool {
	return c.Serial == "" && (c.Trouble == CARejected || c.Trouble == string(domaindoctor.CAAForbids))
}

func troubleCode(c Certificate, health tenant.DomainStatus) string {
	if health == tenant.DomainActive {
		return ""
	}
	return c.Trouble
}

// obstacle is the worst certain finding that would stop the CA. What is wrong with the proof is not its business, and a proxy in front of a
// name that is proven by TXT passes the challenge on.
func obstacle(r domaindoctor.Report) (domaindoctor.Finding, bool) {
	i := slices.IndexFunc(r.Findings, func(f domaindoctor.Finding) bool {
		return f.Certain && !isOwnership(f.Code) && f.Code != domaindoctor.DNSCDNInFront
	})
	if i < 0 {
		return domaindoctor.Finding{}, false
	}
	return r.Findings[i], true
}

// isRoute tells the findings that say that a name does not lead here at all.
func isRoute(c domaindoctor.Code) bool {
	return c == domaindoctor.DNSNotFound || c == domaindoctor.DNSWrongTarget
}

// dnsOpen reports whether something about DNS could not be decided.
func dnsOpen(r domaindoctor.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f domaindoctor.Finding) bool { return !f.Certain && isDNS(f.Code) })
}

// doubtful reports whether anything could not be decided.
func doubtful(r domaindoctor.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f domaindoctor.Finding) bool { return !f.Certain })
}

func isDNS(c domaindoctor.Code) bool {
	return c != domaindoctor.DNSCDNInFront && (strings.HasPrefix(string(c), "dns.") || isOwnership(c))
}
