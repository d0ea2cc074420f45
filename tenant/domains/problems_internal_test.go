package domains

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

func TestProblems_AreCompleteAndShort(t *testing.T) {
	r := testRules()
	trouble := func(code string) evidence {
		return evidence{now: noon, cert: Certificate{Trouble: code, RetryAt: noon.Add(time.Hour)}}
	}
	for name, tc := range map[string]struct {
		d    tenant.Domain
		e    evidence
		code domaindoctor.Code
		who  domaindoctor.Who
		wait time.Duration
	}{
		"rate limited": {since(tenant.DomainIssuing, day), trouble(CARateLimited), "ca.rate_limited", "ca", time.Hour},
		"paused":       {since(tenant.DomainIssuing, day), trouble(CAPaused), "ca.paused", "platform", time.Hour},
		"refused":      {since(tenant.DomainBlocked, day), trouble(CARejected), "ca.rejected_identifier", "tenant", time.Hour},
		"CAA":          {since(tenant.DomainBlocked, day), trouble("caa.forbids"), "caa.forbids", "tenant", time.Hour},
		"away":         {since(tenant.DomainIssuing, day), trouble(CAUnavailable), "ca.unavailable", "ca", time.Hour},
		"new trouble":  {since(tenant.DomainIssuing, day), trouble("ca.moonstruck"), "ca.moonstruck", "ca", time.Hour},
		"late": {since(tenant.DomainRenewalFailing, day), evidence{now: noon, cert: with(valid(), func(c *Certificate) { c.RenewAt = noon.Add(-20 * day) })},
			"certificate.late", "platform", 5 * time.Minute},
		"uneven":    {since(tenant.DomainActive, day), evidence{now: noon, cert: with(valid(), func(c *Certificate) { c.Serving = 1 })}, "deploy.partial", "platform", time.Minute},
		"suspended": {since(tenant.DomainSuspended, day), evidence{now: noon}, "domain.suspended", "platform", 0},
		"in use":    {since(tenant.DomainClaimConflict, day), evidence{now: noon}, "conflict.in_use", "tenant", time.Hour},
		"an apex in use": {changed(since(tenant.DomainClaimConflict, day), func(d *tenant.Domain) { d.Host = tenant.MustParseHostname("acme.com") }), evidence{now: noon},
			"conflict.in_use", "tenant", time.Hour},
	} {
		found := r.own(&tc.d, tc.e)
		if len(found) != 1 || found[0].Code != tc.code || found[0].Who != tc.who || found[0].RetryAfter != tc.wait || !found[0].Certain {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		expectWords(t, found[0])
	}
	held := since(tenant.DomainActive, day)
	expectWords(t, contested(&held))
	expectWords(t, distrusted())
}

func expectWords(t *testing.T, f domaindoctor.Finding) {
	t.Helper()
	for _, text := range []string{f.Expected, f.Seen, f.Fix} {
		if text == "" || len(text) > 300 || strings.ContainsAny(text, "\n\t") || strings.Contains(text, "%!") {
			t.Errorf("%s: %d bytes: %q", f.Code, len(text), text)
		}
	}
	if !strings.HasSuffix(f.Fix, ".") {
		t.Errorf("%s: %q", f.Code, f.Fix)
	}
}

func TestProblems_TheWarningEndsWhenTheOtherClaimDoes(t *testing.T) {
	d := since(tenant.DomainActive, day)
	d.Report, _ = report{Contested: noon.Add(time.Hour)}.encode()
	for later, want := range map[time.Duration]string{0: "conflict.claimed_elsewhere", time.Hour: ""} {
		after := d
		if err := testRules().judge(&after, evidence{now: noon.Add(later), seen: good(), cert: valid()}); err != nil || after.Reason != want {
			t.Errorf("after %s: %q, %v", later, after.Reason, err)
		}
	}
}

func TestReport_KeepsWhatItKnowsAndSkipsTheRest(t *testing.T) {
	d := since(tenant.DomainActive, day)
	if err := testRules().judge(&d, evidence{now: noon, seen: found("caa.forbids"), cert: valid()}); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(d.Report, &fields); err != nil || fields["version"] != float64(reportVersion) {
		t.Fatalf("%v %s", err, d.Report)
	}
	fields["version"], fields["new"] = 7, map[string]any{"a": 1}
	raw, _ := json.Marshal(fields)
	kept := readReport(raw)
	if len(kept.Findings) != 1 || kept.Findings[0].Code != "caa.forbids" || kept.Live.IsZero() || kept.Verdict != domaindoctor.Blocked {
		t.Errorf("%+v", kept)
	}
	for _, broken := range []string{"", "null", "[]", `{"checks": 3}`, "{"} {
		if kept := readReport([]byte(broken)); len(kept.Findings) != 0 {
			t.Errorf("%q: %+v", broken, kept)
		}
	}
}

// What was seen of another claim, or before something newer was, says nothing.
func TestEvidence_IsAboutTheClaimThatWasExamined(t *testing.T) {
	d := since(tenant.DomainActive, day)
	e := evidence{now: noon, seen: gone()}
	for name, tc := range map[string]struct {
		change func(d *tenant.Domain)
		counts bool
	}{
		"the same":                   {func(*tenant.Domain) {}, true},
		"another status":             {func(d *tenant.Domain) { d.Status = tenant.DomainMoving }, true},
		"another target":             {func(d *tenant.Domain) { d.Label = "m3x9" }, false},
		"another token":              {func(d *tenant.Domain) { d.Token = "u" }, false},
		"another host":               {func(d *tenant.Domain) { d.Host = tenant.MustParseHostname("pay.acme.com") }, false},
		"a newer look":               {func(d *tenant.Domain) { d.CheckedAt = noon.Add(time.Second) }, false},
		"a clock that is hours fast": {func(d *tenant.Domain) { d.CheckedAt = noon.Add(time.Hour) }, true},
	} {
		fresh := changed(d, tc.change)
		if counts := e.about(d, &fresh).seen != nil; counts != tc.counts {
			t.Errorf("%s: it counts: %v", name, counts)
		}
	}
}
