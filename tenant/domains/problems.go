package domains

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

// The codes of this package, beside those of domaindoctor. They are part of the API: programs branch on them.
const (
	CARateLimited   = "ca.rate_limited"
	CAPaused        = "ca.paused"
	CARejected      = "ca.rejected_identifier"
	CAUnavailable   = "ca.unavailable"
	CertificateLate = "certificate.late" // not renewed in time, or run out, for no reason that the CA gave
	ConflictInUse   = "conflict.in_use"
	ConflictClaimed = "conflict.claimed_elsewhere"
	DeployPartial   = "deploy.partial"
	DomainSuspended = "domain.suspended"
	QuotaExceeded   = "quota.exceeded" // of ErrQuota
)

// explain writes down what is in a domain's way, and makes the worst of it its reason.
func (r rules) explain(d *tenant.Domain, kept report, e evidence) error {
	kept.Own = keep(r.own(d, e))
	if e.braked && e.disproven(d) && !d.ProvenAt.IsZero() {
		kept.Findings = keep([]domaindoctor.Finding{distrusted()})
	}
	d.Reason, d.BlockingOn = reasonOf(d, ranked(d, kept, e.now))
	raw, err := kept.encode()
	d.Report = raw
	return err
}

// problems is all that is in a domain's way, worst first.
func (s *Service) problems(d tenant.Domain, kept report) []domaindoctor.Finding {
	return ranked(&d, kept, s.cfg.Now())
}

// ranked sorts the doctor's findings and ours: what stands earlier has to be mended before what stands later means anything.
func ranked(d *tenant.Domain, kept report, now time.Time) []domaindoctor.Finding {
	all := restore(kept.Own)
	if now.Before(kept.Contested) && d.Status.Holds() && d.Status != tenant.DomainQuarantined {
		all = append(all, contested(d))
	}
	switch d.Status {
	case tenant.DomainSuspended, tenant.DomainQuarantined, tenant.DomainDeleted:
	default:
		all = append(all, restore(kept.Findings)...)
	}
	slices.SortStableFunc(all, func(a, b domaindoctor.Finding) int { return rank(d.Status, a) - rank(d.Status, b) })
	return all
}

func rank(s tenant.DomainStatus, f domaindoctor.Finding) int {
	switch {
	case f.Code == DomainSuspended, f.Code == ConflictInUse:
		return 0
	case isOwnership(f.Code) && f.Certain && (s == tenant.DomainPendingOwnership || s == tenant.DomainTimedOut):
		return 1
	case f.Code == DeployPartial:
		return 5
	case f.Code == ConflictClaimed:
		return 6
	case f.Code == domaindoctor.DNSCDNInFront:
		return 7
	case strings.HasPrefix(string(f.Code), "ca."), f.Code == CertificateLate:
		return 3
	case f.Certain:
		return 2
	}
	return 4
}

// reasonOf is the worst problem that is in the way. What is only worth knowing is none, and neither is a doubt about a name that is well, unless
// it is ours.
func reasonOf(d *tenant.Domain, problems []domaindoctor.Finding) (string, tenant.BlockingOn) {
	well := d.Status.Served() && d.Status != tenant.DomainIssuing && d.Status != tenant.DomainMoving
	i := slices.IndexFunc(problems, func(f domaindoctor.Finding) bool {
		return f.Code != domaindoctor.DNSCDNInFront && (f.Certain || !well || f.Who == domaindoctor.Platform)
	})
	switch {
	case i >= 0 && !problems[i].Certain && isDNS(problems[i].Code):
		return string(domaindoctor.DNSServfail), tenant.BlockingOn(problems[i].Who)
	case i >= 0:
		return string(problems[i].Code), tenant.BlockingOn(problems[i].Who)
	case d.Status == tenant.DomainPendingOwnership, d.Status == tenant.DomainTimedOut, d.Status == tenant.DomainMoved:
		return string(domaindoctor.OwnershipMissing), tenant.BlockingOnTenant
	}
	return "", tenant.BlockingOnNobody
}

// own finds what the doctor cannot know.
func (r rules) own(d *tenant.Domain, e evidence) []domaindoctor.Finding {
	var found []domaindoctor.Finding
	switch d.Status {
	case tenant.DomainClaimConflict:
		found = append(found, r.inUse(d, e))
	case tenant.DomainSuspended:
		found = append(found, problem(DomainSuspended, domaindoctor.Platform, "a domain in good standing", "suspended by the platform's operator",
			"Ask the platform's operator why. The name stays yours meanwhile."))
	case tenant.DomainActive, tenant.DomainMoving:
		if e.cert.Serial != "" && partial(e.cert) {
			found = append(found, unevenly(e.cert))
		}
	}
	if f, ok := r.certificateTrouble(d, e); ok {
		found = append(found, f)
	}
	return found
}

// certificateTrouble tells of trouble that holds the name up: an early renewal that failed once does not.
func (r rules) certificateTrouble(d *tenant.Domain, e evidence) (domaindoctor.Finding, bool) {
	health := r.health(e)
	switch d.Status {
	case tenant.DomainIssuing, tenant.DomainRenewalFailing, tenant.DomainDegraded, tenant.DomainActive, tenant.DomainMoving:
	case tenant.DomainBlocked:
		if !tenantTrouble(e.cert) {
			return domaindoctor.Finding{}, false
		}
	default:
		return domaindoctor.Finding{}, false
	}
	switch {
	case health == tenant.DomainActive:
		return domaindoctor.Finding{}, false
	case e.cert.Trouble != "":
		return troubled(d, e), true
	case d.Status != tenant.DomainIssuing && (health == tenant.DomainRenewalFailing || health == tenant.DomainDegraded):
		f := problem(CertificateLate, domaindoctor.Platform, "a renewal at "+clock(e.cert.RetryAt, e.cert.RenewAt),
			"the certificate until "+clock(e.cert.NotAfter), "Wait: the renewal is being tried. The platform's operator is alarmed if it stays like this.")
		f.RetryAfter = r.Patience
		return f, true
	}
	return domaindoctor.Finding{}, false
}

// troubled says in words why the CA's last answer was no.
func troubled(d *tenant.Domain, e evidence) domaindoctor.Finding {
	who, seen, fix := domaindoctor.CA, "", ""
	switch e.cert.Trouble {
	case CARateLimited:
		seen, fix = "a limit of the certificate authority is reached", "Wait: the order is repeated as soon as the limit allows it."
	case CAPaused:
		seen, fix = "the certificate authority paused orders for this name after many failures", "Ask the platform's operator to have the pause lifted."
		who = domaindoctor.Platform
	case CARejected:
		seen, fix = "the certificate authority refuses to certify this name", "Use another name; if you think that this is wrong, ask the platform's operator."
		who = domaindoctor.Tenant
	case string(domaindoctor.CAAForbids):
		seen, fix = "a CAA record forbids the certificate authority to certify this name", "At your DNS provider, allow our certificate authority in the CAA records of "+d.Host.String()+" and of the domain above it, or delete them."
		who = domaindoctor.Tenant
	default:
		seen, fix = "the certificate authority does not answer as it should", "Wait: the order is repeated by itself."
	}
	f := problem(domaindoctor.Code(e.cert.Trouble), who, "a certificate", seen, fix)
	f.RetryAfter = max(e.cert.RetryAt.Sub(e.now), time.Minute)
	return f
}

func unevenly(c Certificate) domaindoctor.Finding {
	f := problem(DeployPartial, domaindoctor.Platform, fmt.Sprintf("%d nodes that serve the certificate", max(c.Live, 1)), fmt.Sprintf("%d", c.Serving),
		"Wait: the other nodes take it up by themselves. The platform's operator sees which do not.")
	f.RetryAfter = time.Minute
	return f
}

// inUse never tells who holds the name, nor why that one does not give way.
func (r rules) inUse(d *tenant.Domain, e evidence) domaindoctor.Finding {
	f := problem(ConflictInUse, domaindoctor.Tenant, "a name that nobody else uses here", "another account uses it",
		fmt.Sprintf("Leave your proof in place for %s. If the name is still in use then: %s", hours(r.ConflictFor), r.conflictMend(d)))
	f.RetryAfter = r.ConflictEvery
	return f
}

func (r rules) conflictMend(d *tenant.Domain) string {
	if apex(d.Host) {
		return "delete every CNAME or ALIAS of it to another target here, or ask the platform's operator."
	}
	return fmt.Sprintf("make it a CNAME to %s, or ask the platform's operator.", target(*d, r.edge))
}

// contested warns the holder, without telling of the claimant.
func contested(d *tenant.Domain) domaindoctor.Finding {
	return problem(ConflictClaimed, domaindoctor.Tenant, "DNS that proves only your own claim", "another account has proven a claim to this name in its DNS",
		fmt.Sprintf("If the name is still yours, delete every TXT record at %s%s but your own, and see who can change its DNS. Otherwise remove the domain here.", proofPrefix, d.Host))
}

// distrusted stands for findings that we do not believe ourselves.
func distrusted() domaindoctor.Finding {
	return domaindoctor.Finding{Code: domaindoctor.DNSServfail, Who: domaindoctor.Platform, Expected: "resolvers that can be trusted",
		Seen: "many names that changed at the same time", RetryAfter: 5 * time.Minute,
		Fix: "Wait: the platform's operator looks at the resolvers. Nothing about the domain follows from it."}
}

func problem(code domaindoctor.Code, who domaindoctor.Who, expected, seen, fix string) domaindoctor.Finding {
	return domaindoctor.Finding{Code: code, Who: who, Expected: expected, Seen: seen, Fix: fix, Certain: true}
}

// clock writes the first time that has come or will.
func clock(times ...time.Time) string {
	for _, t := range times {
		if !t.IsZero() {
			return t.UTC().Format("2006-01-02 15:04 UTC")
		}
	}
	return "an unknown time"
}

func hours(d time.Duration) string { return fmt.Sprintf("%.4g hours", d.Hours()) }
