package domains

import (
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

var (
	noon = time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)
	day  = 24 * time.Hour
)

func testRules() rules {
	r := rules{edge: tenant.MustParseHostname("edge.pay.example")}
	r.Timing.complete()
	return r
}

// found makes a report of findings; one with "?" is not certain. Proven unless one is about ownership, or not certain.
func found(codes ...string) *domaindoctor.Report {
	r := &domaindoctor.Report{CheckedAt: noon, Verdict: domaindoctor.Ready, Proven: true, By: domaindoctor.ByCNAME}
	for _, code := range codes {
		f := domaindoctor.Finding{Code: domaindoctor.Code(code), Who: domaindoctor.Tenant, Certain: true, Expected: "x", Seen: "y", Fix: "z."}
		if code[len(code)-1] == '?' {
			f.Code, f.Who, f.Certain = f.Code[:len(code)-1], domaindoctor.Nobody, false
		}
		if isOwnership(f.Code) || f.Code == domaindoctor.DNSServfail {
			r.Proven, r.By = false, ""
		}
		r.Verdict = domaindoctor.Unknown
		r.Findings = append(r.Findings, f)
	}
	for _, f := range r.Findings {
		if f.Certain {
			r.Verdict = domaindoctor.Blocked
		}
	}
	return r
}

func good() *domaindoctor.Report    { return found() }
func gone() *domaindoctor.Report    { return found("dns.wrong_target", "ownership.missing") }
func unknown() *domaindoctor.Report { return found("dns.servfail?") }

// valid is a certificate in the middle of its life that every node serves.
func valid() Certificate {
	return Certificate{Serial: "4f", NotBefore: noon.Add(-40 * day), NotAfter: noon.Add(50 * day), RenewAt: noon.Add(20 * day), Live: 3, Serving: 3}
}

func with(c Certificate, change func(c *Certificate)) Certificate { change(&c); return c }

// since makes a domain that has been in a status for so long, proven by CNAME if it holds its name, live before if it is served.
func since(s tenant.DomainStatus, ago time.Duration) tenant.Domain {
	d := tenant.Domain{ID: "dom_1", Tenant: "ten_1", Host: tenant.MustParseHostname("billing.acme.com"), Label: "k7q2", Token: "t", Status: s,
		StatusAt: noon.Add(-ago), ArmedAt: noon.Add(-ago), CheckedAt: noon.Add(-ago)}
	if s.Holds() {
		d.ProvenAt, d.ProvenBy = noon.Add(-ago), tenant.ProvenByCNAME
	}
	if s.Served() && s != tenant.DomainIssuing && s != tenant.DomainDeploying || s == tenant.DomainMoved {
		live(&d)
	}
	return d
}

func live(d *tenant.Domain) { d.Report, _ = report{Live: noon.Add(-90 * day)}.encode() }

// bad makes the proof of a domain have been gone at so many checks, for so long.
func bad(d tenant.Domain, checks int, ago time.Duration) tenant.Domain {
	d.BadChecks, d.BadSince = checks, noon.Add(-ago)
	return d
}

func changed(d tenant.Domain, change func(d *tenant.Domain)) tenant.Domain { change(&d); return d }

type ruleCase struct {
	name   string
	d      tenant.Domain
	e      evidence
	want   tenant.DomainStatus
	reason string
	who    tenant.BlockingOn
}

func (tc ruleCase) run(t *testing.T) {
	t.Helper()
	d, e := tc.d, tc.e
	if e.now.IsZero() {
		e.now = noon
	}
	if err := testRules().judge(&d, e); err != nil {
		t.Fatalf("%s: %v", tc.name, err)
	}
	if d.Status != tc.want || d.Reason != tc.reason || d.BlockingOn != tc.who {
		t.Errorf("%s: %s %q %s, want %s %q %s", tc.name, d.Status, d.Reason, d.BlockingOn, tc.want, tc.reason, tc.who)
	}
	if d.NextCheckAt.IsZero() == testRules().watched(d.Status) && d.Status != tenant.DomainQuarantined {
		t.Errorf("%s: %s is looked at next at %v", tc.name, d.Status, d.NextCheckAt)
	}
	if !d.NextCheckAt.IsZero() && !d.NextCheckAt.After(noon) {
		t.Errorf("%s: %s is looked at next at %v, which is past", tc.name, d.Status, d.NextCheckAt)
	}
}

func runAll(t *testing.T, cases []ruleCase) {
	for _, tc := range cases {
		tc.run(t)
	}
}

func TestJudge_AClaim(t *testing.T) {
	pending, conflict := since(tenant.DomainPendingOwnership, time.Hour), since(tenant.DomainClaimConflict, time.Hour)
	other := since(tenant.DomainActive, day)
	runAll(t, []ruleCase{
		{"proven goes on to issuing at once", pending, evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"proven while the holder's certificate is there", pending, evidence{seen: good(), cert: valid()}, tenant.DomainIssuing, "", "nobody"},
		{"proven by TXT, no route", pending, evidence{seen: found("dns.not_found")}, tenant.DomainPendingDNS, "dns.not_found", "tenant"},
		{"proven, CAA forbids", pending, evidence{seen: found("caa.forbids")}, tenant.DomainBlocked, "caa.forbids", "tenant"},
		{"not proven", pending, evidence{seen: gone()}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},
		{"proven wrongly", pending, evidence{seen: found("ownership.mismatch")}, tenant.DomainPendingOwnership, "ownership.mismatch", "tenant"},
		{"not decided", pending, evidence{seen: unknown()}, tenant.DomainPendingOwnership, "dns.servfail", "nobody"},
		{"75 checks", changed(pending, func(d *tenant.Domain) { d.Checks = 74 }), evidence{seen: gone()}, tenant.DomainTimedOut, "ownership.missing", "tenant"},
		{"74 checks", changed(pending, func(d *tenant.Domain) { d.Checks = 73 }), evidence{seen: gone()}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},
		{"7 days", since(tenant.DomainPendingOwnership, 7*day), evidence{seen: gone()}, tenant.DomainTimedOut, "ownership.missing", "tenant"},
		{"7 days, proven at last", since(tenant.DomainPendingOwnership, 7*day), evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"taken", pending, evidence{seen: good(), taken: true}, tenant.DomainClaimConflict, "conflict.in_use", "tenant"},
		{"taken while unproven", pending, evidence{seen: gone(), taken: true}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},

		{"conflict goes on", conflict, evidence{seen: good(), holder: &other}, tenant.DomainClaimConflict, "conflict.in_use", "tenant"},
		{"conflict undecided", conflict, evidence{seen: unknown(), holder: &other}, tenant.DomainClaimConflict, "conflict.in_use", "tenant"},
		{"conflict, proof gone", conflict, evidence{seen: gone(), holder: &other}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},
		{"conflict, the holder is gone", conflict, evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"conflict, somebody was faster", conflict, evidence{seen: good(), taken: true}, tenant.DomainClaimConflict, "conflict.in_use", "tenant"},
		{"conflict won", conflict, evidence{seen: good(), holder: &other, won: true, cert: valid()}, tenant.DomainIssuing, "", "nobody"},
		{"timed out stays", since(tenant.DomainTimedOut, day), evidence{seen: good()}, tenant.DomainTimedOut, "ownership.missing", "tenant"},
	})
}

func TestJudge_BeforeTheCertificate(t *testing.T) {
	dns, pre, blocked := since(tenant.DomainPendingDNS, time.Minute), since(tenant.DomainPreflight, time.Minute), since(tenant.DomainBlocked, time.Minute)
	issuing := since(tenant.DomainIssuing, time.Minute)
	trouble := func(code string, ago time.Duration) Certificate {
		return Certificate{Trouble: code, TroubleSince: noon.Add(-ago), RetryAt: noon.Add(time.Hour)}
	}
	vouched := changed(dns, func(d *tenant.Domain) { d.ProvenBy = tenant.ProvenByOperator })
	runAll(t, []ruleCase{
		{"the route is there", dns, evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"the route is elsewhere", dns, evidence{seen: found("dns.wrong_target")}, tenant.DomainPendingDNS, "dns.wrong_target", "tenant"},
		{"the route is open", dns, evidence{seen: found("dns.wrong_target?")}, tenant.DomainPendingDNS, "dns.servfail", "nobody"},
		{"nothing was looked at", dns, evidence{}, tenant.DomainPendingDNS, "", "nobody"},
		{"the proof is gone", dns, evidence{seen: gone()}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},
		{"the proof is gone, with the brake", dns, evidence{seen: gone(), braked: true}, tenant.DomainPendingDNS, "dns.servfail", "platform"},
		{"the proof is gone, and was live once", changed(dns, live), evidence{seen: gone()}, tenant.DomainPendingDNS, "dns.wrong_target", "tenant"},
		{"vouched for", vouched, evidence{seen: gone()}, tenant.DomainPendingDNS, "dns.wrong_target", "tenant"},
		{"a proxy in front", dns, evidence{seen: found("dns.cdn_in_front")}, tenant.DomainIssuing, "", "nobody"},
		{"7 days without a route", since(tenant.DomainPendingDNS, 7*day), evidence{seen: found("dns.not_found")}, tenant.DomainTimedOut, "dns.not_found", "tenant"},

		{"the route is lost", pre, evidence{seen: found("dns.not_found")}, tenant.DomainPendingDNS, "dns.not_found", "tenant"},
		{"a stale AAAA", pre, evidence{seen: found("dns.stale_aaaa")}, tenant.DomainBlocked, "dns.stale_aaaa", "tenant"},
		{"bogus", pre, evidence{seen: found("dns.dnssec_bogus")}, tenant.DomainBlocked, "dns.dnssec_bogus", "tenant"},
		{"a doubt", pre, evidence{seen: found("caa.forbids?")}, tenant.DomainPreflight, "caa.forbids", "nobody"},
		{"a doubt of an hour", since(tenant.DomainPreflight, time.Hour), evidence{seen: found("caa.forbids?")}, tenant.DomainIssuing, "caa.forbids", "nobody"},
		{"open DNS of a day", since(tenant.DomainPreflight, day), evidence{seen: unknown()}, tenant.DomainPreflight, "dns.servfail", "nobody"},

		{"still blocked", blocked, evidence{seen: found("caa.forbids")}, tenant.DomainBlocked, "caa.forbids", "tenant"},
		{"blocked for 7 days", since(tenant.DomainBlocked, 7*day), evidence{seen: found("caa.forbids")}, tenant.DomainTimedOut, "caa.forbids", "tenant"},
		{"mended", blocked, evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"refused a minute ago", blocked, evidence{seen: good(), cert: trouble(CARejected, time.Minute)}, tenant.DomainBlocked, "ca.rejected_identifier", "tenant"},
		{"refused, asked", blocked, evidence{seen: good(), cert: trouble(CARejected, 2*time.Minute), asked: true}, tenant.DomainIssuing, "ca.rejected_identifier", "tenant"},
		{"refused two hours ago", since(tenant.DomainBlocked, 2*time.Hour), evidence{seen: good(), now: noon.Add(2 * time.Hour), cert: trouble(CARejected, 3*time.Hour)},
			tenant.DomainIssuing, "ca.rejected_identifier", "tenant"},

		{"no certificate yet", issuing, evidence{}, tenant.DomainIssuing, "", "nobody"},
		{"the certificate is everywhere", issuing, evidence{cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"the certificate is somewhere", issuing, evidence{cert: with(valid(), func(c *Certificate) { c.Serving = 1 })}, tenant.DomainDeploying, "", "nobody"},
		{"an expired certificate", issuing, evidence{cert: with(valid(), func(c *Certificate) { c.NotAfter = noon })}, tenant.DomainIssuing, "", "nobody"},
		{"rate limited", issuing, evidence{cert: trouble(CARateLimited, 0)}, tenant.DomainIssuing, "ca.rate_limited", "ca"},
		{"the CA is away", issuing, evidence{cert: trouble(CAUnavailable, day)}, tenant.DomainIssuing, "ca.unavailable", "ca"},
		{"refused since", issuing, evidence{cert: trouble(CARejected, time.Second)}, tenant.DomainBlocked, "ca.rejected_identifier", "tenant"},
		{"refused before", issuing, evidence{cert: trouble(CARejected, time.Hour)}, tenant.DomainIssuing, "ca.rejected_identifier", "tenant"},
		{"CAA seen by the CA", issuing, evidence{cert: trouble("caa.forbids", time.Second)}, tenant.DomainBlocked, "caa.forbids", "tenant"},
		{"the route is lost while issuing", issuing, evidence{seen: found("dns.wrong_target")}, tenant.DomainPendingDNS, "dns.wrong_target", "tenant"},
		{"the proof is lost while issuing", issuing, evidence{seen: gone()}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},
		{"the same after it was live", changed(issuing, live), evidence{seen: gone()}, tenant.DomainIssuing, "dns.wrong_target", "tenant"},
		{"the same after it was live, a day later", bad(changed(issuing, live), 3, day), evidence{seen: gone()}, tenant.DomainPendingOwnership, "ownership.missing", "tenant"},
	})
}

func TestJudge_AServedName(t *testing.T) {
	active, deploying, failing, expired := since(tenant.DomainActive, day), since(tenant.DomainDeploying, 10*time.Second), since(tenant.DomainRenewalFailing, day), since(tenant.DomainDegraded, day)
	some := with(valid(), func(c *Certificate) { c.Serving = 2 })
	late := with(valid(), func(c *Certificate) { c.RenewAt = noon.Add(-10 * day) })
	due := with(valid(), func(c *Certificate) { c.RenewAt = noon.Add(-8 * day) })
	failed := with(due, func(c *Certificate) { c.Trouble = CAUnavailable })
	early := with(valid(), func(c *Certificate) { c.Trouble = CAUnavailable })
	past := with(valid(), func(c *Certificate) { c.NotAfter, c.RenewAt = noon, noon.Add(-20*day) })
	vouched := changed(active, func(d *tenant.Domain) { d.ProvenBy, d.Label = tenant.ProvenByOperator, "" })
	runAll(t, []ruleCase{
		{"not everywhere yet", deploying, evidence{cert: some}, tenant.DomainDeploying, "", "nobody"},
		{"not everywhere after a minute", since(tenant.DomainDeploying, time.Minute), evidence{cert: some}, tenant.DomainActive, "deploy.partial", "platform"},
		{"no node lives", deploying, evidence{cert: with(valid(), func(c *Certificate) { c.Live, c.Serving = 0, 0 })}, tenant.DomainDeploying, "", "nobody"},
		{"everywhere", deploying, evidence{cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"revoked while deploying", deploying, evidence{}, tenant.DomainIssuing, "", "nobody"},

		{"well", active, evidence{seen: good(), cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"still not everywhere", active, evidence{cert: some}, tenant.DomainActive, "deploy.partial", "platform"},
		{"the renewal is due", active, evidence{cert: due}, tenant.DomainActive, "", "nobody"},
		{"the renewal is late", active, evidence{cert: late}, tenant.DomainRenewalFailing, "certificate.late", "platform"},
		{"the renewal failed", active, evidence{cert: failed}, tenant.DomainRenewalFailing, "ca.unavailable", "ca"},
		{"an early renewal failed", active, evidence{cert: early}, tenant.DomainActive, "", "nobody"},
		{"expired", active, evidence{cert: past}, tenant.DomainDegraded, "certificate.late", "platform"},
		{"the certificate is gone", active, evidence{}, tenant.DomainIssuing, "", "nobody"},
		{"vouched for, none yet", vouched, evidence{seen: good()}, tenant.DomainActive, "", "nobody"},
		{"vouched for, gone from DNS for a year", bad(vouched, 1000, 365*day), evidence{seen: gone(), cert: valid()}, tenant.DomainActive, "dns.wrong_target", "tenant"},
		{"the route is elsewhere, the proof there", active, evidence{seen: found("dns.wrong_target"), cert: valid()}, tenant.DomainActive, "dns.wrong_target", "tenant"},
		{"a proxy in front", active, evidence{seen: found("dns.cdn_in_front"), cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"SERVFAIL", active, evidence{seen: unknown(), cert: valid()}, tenant.DomainActive, "", "nobody"},

		{"renewed", failing, evidence{cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"failing until the end", failing, evidence{cert: past}, tenant.DomainDegraded, "certificate.late", "platform"},
		{"renewed after the end", expired, evidence{cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"renewed, and late again", expired, evidence{cert: late}, tenant.DomainRenewalFailing, "certificate.late", "platform"},

		{"bad once", active, evidence{seen: gone(), cert: valid()}, tenant.DomainActive, "dns.wrong_target", "tenant"},
		{"bad for a day", bad(active, 3, day), evidence{seen: gone(), cert: valid()}, tenant.DomainMoving, "dns.wrong_target", "tenant"},
		{"bad for a day, seen thrice", bad(active, 2, day), evidence{seen: gone(), cert: valid()}, tenant.DomainActive, "dns.wrong_target", "tenant"},
		{"bad for less than a day", bad(active, 50, day-time.Second), evidence{seen: gone(), cert: valid()}, tenant.DomainActive, "dns.wrong_target", "tenant"},
		{"bad for a day, undecided now", bad(active, 50, day), evidence{seen: unknown(), cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"bad for a day, not looked at", bad(active, 50, day), evidence{cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"bad for a day, with the brake", bad(active, 50, day), evidence{seen: gone(), cert: valid(), braked: true}, tenant.DomainActive, "dns.servfail", "platform"},
		{"bad for a day while failing", bad(failing, 3, day), evidence{seen: gone(), cert: late}, tenant.DomainMoving, "dns.wrong_target", "tenant"},
		{"bad for a day while expired", bad(expired, 3, day), evidence{seen: gone(), cert: past}, tenant.DomainMoving, "dns.wrong_target", "tenant"},
		{"bad for a day while deploying", bad(deploying, 3, day), evidence{seen: gone(), cert: some}, tenant.DomainMoving, "dns.wrong_target", "tenant"},
	})
}

// Who adds a name on the operator's word waits for its certificate as one who claims it does.
func TestJudge_ANameVouchedForIsLookedAtSoonUntilItsFirstCertificate(t *testing.T) {
	var timing Timing
	timing.complete()
	r := rules{Timing: timing, edge: tenant.MustParseHostname("edge.pay.example")}
	for ago, want := range map[time.Duration]time.Duration{time.Second: timing.Poll, timing.Patience: timing.Patience} {
		d := changed(since(tenant.DomainActive, ago), func(d *tenant.Domain) { d.ProvenBy, d.Label = tenant.ProvenByOperator, "" })
		if err := r.judge(&d, evidence{now: noon}); err != nil || !d.NextCheckAt.Equal(noon.Add(want)) {
			t.Errorf("%s after it was added: looked at in %s, %v; want %s", ago, d.NextCheckAt.Sub(noon), err, want)
		}
	}
}

func TestJudge_ANameOnItsWayOut(t *testing.T) {
	moving, moved := bad(since(tenant.DomainMoving, 3*day), 9, 4*day), bad(since(tenant.DomainMoved, 7*day), 20, 11*day)
	late := with(valid(), func(c *Certificate) { c.RenewAt = noon.Add(-10 * day) })
	past := with(valid(), func(c *Certificate) { c.NotAfter = noon })
	runAll(t, []ruleCase{
		{"72 hours", moving, evidence{seen: gone(), cert: valid()}, tenant.DomainMoved, "dns.wrong_target", "tenant"},
		{"less", since(tenant.DomainMoving, 3*day-time.Second), evidence{seen: gone(), cert: valid()}, tenant.DomainMoving, "dns.wrong_target", "tenant"},
		{"72 hours, undecided", moving, evidence{seen: unknown(), cert: valid()}, tenant.DomainMoving, "dns.servfail", "nobody"},
		{"72 hours, with the brake", moving, evidence{seen: gone(), cert: valid(), braked: true}, tenant.DomainMoving, "dns.servfail", "platform"},
		{"back", moving, evidence{seen: good(), cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"back, with the brake", moving, evidence{seen: good(), cert: valid(), braked: true}, tenant.DomainActive, "", "nobody"},
		{"back, the renewal late", moving, evidence{seen: good(), cert: late}, tenant.DomainRenewalFailing, "certificate.late", "platform"},
		{"back, expired", moving, evidence{seen: good(), cert: past}, tenant.DomainDegraded, "certificate.late", "platform"},
		{"back, no certificate", moving, evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"moved back", moved, evidence{seen: good(), cert: valid()}, tenant.DomainActive, "", "nobody"},
		{"moved back, the certificate revoked", moved, evidence{seen: good()}, tenant.DomainIssuing, "", "nobody"},
		{"moved for 7 days", moved, evidence{seen: gone()}, tenant.DomainQuarantined, "", "nobody"},
		{"moved for 7 days, undecided", moved, evidence{seen: unknown()}, tenant.DomainMoved, "dns.servfail", "nobody"},
		{"moved for 7 days, with the brake", moved, evidence{seen: gone(), braked: true}, tenant.DomainMoved, "dns.servfail", "platform"},
		{"moved for less", since(tenant.DomainMoved, 7*day-time.Second), evidence{seen: gone()}, tenant.DomainMoved, "dns.wrong_target", "tenant"},
		{"quarantined", since(tenant.DomainQuarantined, 30*day-time.Second), evidence{seen: good()}, tenant.DomainQuarantined, "", "nobody"},
		{"quarantined for 30 days", since(tenant.DomainQuarantined, 30*day), evidence{braked: true}, tenant.DomainDeleted, "", "nobody"},
		{"suspended", since(tenant.DomainSuspended, 365*day), evidence{seen: gone()}, tenant.DomainSuspended, "domain.suspended", "platform"},
	})
}
