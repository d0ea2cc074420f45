package main

import (
	"encoding/json"
	"strings"
	"testing"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func TestDomainList_SaysWhoActsAndWhenItGoesOn(t *testing.T) {
	o := newOffice(t)
	out := o.says(t, "domain list")
	for first, want := range map[string]string{
		"HOST":              "HOST TENANT STATUS REASON WHO ACTS CERTIFICATE ENDS NEXT CHECK ID",
		"billing.acme.com":  "billing.acme.com acme active – – in 60 days in 3 hours " + o.ids["billing.acme.com acme"],
		"new.acme.com":      "new.acme.com acme pending_ownership – –",
		"blocked.globe.com": "blocked.globe.com globe blocked caa.forbids tenant – in 3 hours " + o.ids["blocked.globe.com globe"],
		"gone.globe.com":    "gone.globe.com globe quarantined",
	} {
		if got := row(out, first); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	// The claim of somebody else shows nothing of the holder's certificate.
	if got := row(o.says(t, "domain list globe"), "billing.acme.com"); got != "billing.acme.com globe claim_conflict conflict.in_use tenant – in 3 hours "+o.ids["billing.acme.com globe"] {
		t.Errorf("the claimant's line: %q", got)
	}
	var all []domainLine
	if err := json.Unmarshal([]byte(o.says(t, "domain list --json")), &all); err != nil || len(all) != 7 {
		t.Errorf("%v: %+v", err, all)
	}
	for _, l := range all {
		if shown := l.NotAfter != nil; shown != (l.ID == o.ids["billing.acme.com acme"]) {
			t.Errorf("the end of a certificate is shown at %+v", l)
		}
	}
	if out := o.says(t, "domain list --status blocked"); strings.Count(out, "\n") != 2 {
		t.Errorf("more than the blocked one:\n%s", out)
	}
	if out := o.says(t, "domain list acme --status blocked", "There are no such custom hosts"); out != "" {
		t.Errorf("an empty list prints %q", out)
	}
	var lines []domainLine
	if err := json.Unmarshal([]byte(o.says(t, "domain list globe --json")), &lines); err != nil || len(lines) != 5 || lines[1].BlockingOn != "tenant" {
		t.Errorf("%v: %+v", err, lines)
	}
	o.refuses(t, "domain list nobody", `there is no tenant "nobody"`)
	o.refuses(t, "domain list --status ready", `"ready" is none of pending_ownership,`)
}

func TestDomainList_ListsMoreThanOnePage(t *testing.T) {
	o := emptyOffice(t)
	if out := o.says(t, "domain list --json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("nothing is %q", out)
	}
	const many = linesAtOnce + 3
	o.as(t, o.tenants["acme"], `INSERT INTO domains (tenant_id, id, host, status) SELECT $1, 'dom_' || lpad(n::text, 26, '0'), n || '.acme.com', 'pending_ownership' FROM generate_series(1, $2) n`,
		o.tenants["acme"], many)
	if n := strings.Count(o.says(t, "domain list"), "\n") - 1; n != many {
		t.Errorf("%d lines of %d hosts", n, many)
	}
}

func TestDomainShow_ShowsEveryClaim(t *testing.T) {
	o := newOffice(t)
	out := o.says(t, "domain show billing.acme.com",
		"billing.acme.com of acme is active.", "proven      by its CNAME", "_tollhouse.billing.acme.com  TXT    token-of-acme",
		"Certificate 04ab of acme-v02.api.letsencrypt.org, served by 1 of 1 nodes", "edge-1  node-1  alive", "seen serving 04ab", "not seen serving this host",
		"deploying → active", "claimed, pending_ownership",
		"billing.acme.com of globe is claim_conflict.", "conflict.in_use: the tenant has to act", "token-of-globe")
	if strings.Index(out, "of acme is") > strings.Index(out, "of globe is") || strings.Count(out, "04ab") != 2 {
		t.Errorf("the holder comes first, and only it has the certificate:\n%s", out)
	}
	if out := o.says(t, "domain show "+o.ids["billing.acme.com globe"], "of globe is claim_conflict"); strings.Contains(out, "of acme") {
		t.Errorf("by id, the others are shown too:\n%s", out)
	}
	o.says(t, "domain show waiting.globe.com", "Certificate: none", "✗ ca.rate_limited since", "the CA is asked again")
	o.says(t, "domain show held.globe.com", "before      issuing")
	var shown []shownDomain
	if err := json.Unmarshal([]byte(o.says(t, "domain show billing.acme.com --json")), &shown); err != nil || len(shown) != 2 {
		t.Fatalf("%v: %+v", err, shown)
	}
	if s := shown[0]; s.Tenant != "acme" || s.Domain.Certificate == nil || s.Domain.Certificate.Serial != "04ab" || len(s.Domain.History) != 6 || len(s.Nodes) != 2 {
		t.Errorf("%+v", s)
	}
	if s := shown[1]; s.Domain.Certificate != nil || len(s.Nodes) != 0 {
		t.Errorf("the claimant: %+v", s)
	}
	o.refuses(t, "domain show nobody.net", "no tenant has claimed nobody.net; `tollhouse explain nobody.net`")
	o.refuses(t, "domain show dom_x", `there is no domain "dom_x"`)
	o.refuses(t, "domain show 192.0.2.1", "it is an IP address")
	o.refuses(t, "domain show", "expected")
}

func TestDomainChange_GoesByTheRulesOfTheService(t *testing.T) {
	o := newOffice(t)
	status := func(key string, want tenant.DomainStatus) {
		t.Helper()
		if found, err := o.store.FindDomain(t.Context(), o.ids[key]); err != nil || found.Status != want {
			t.Errorf("%s is %s, %v; want %s", key, found.Status, err, want)
		}
	}
	o.says(t, "domain suspend billing.acme.com", "billing.acme.com of acme is suspended.", "To undo: tollhouse domain resume "+o.ids["billing.acme.com acme"])
	status("billing.acme.com acme", tenant.DomainSuspended)
	status("billing.acme.com globe", tenant.DomainClaimConflict)
	o.says(t, "domain suspend billing.acme.com", "is suspended")
	if n := o.audited(t, "acme", "domain.suspended"); n != 1 {
		t.Errorf("%d audit entries of one suspension by an operator", n)
	}
	o.says(t, "domain resume billing.acme.com", "is active")
	status("billing.acme.com acme", tenant.DomainActive)
	o.refuses(t, "domain suspend new.acme.com", "nobody holds new.acme.com yet: acme has claimed it and is pending_ownership")
	o.refuses(t, "domain remove billing.acme.com", "there are 2 claims to billing.acme.com; give the id of the one that you mean: "+o.ids["billing.acme.com acme"]+" (acme, active)")
	o.says(t, "domain remove "+o.ids["billing.acme.com acme"], "is quarantined", "What is left: tollhouse domain show")
	status("billing.acme.com acme", tenant.DomainQuarantined)
	o.says(t, "domain remove new.acme.com", "new.acme.com of acme is deleted.")
	o.refuses(t, "domain remove new.acme.com", "no tenant has claimed new.acme.com")
	o.refuses(t, "domain remove "+o.ids["new.acme.com acme"], "it is deleted")
	o.refuses(t, "domain suspend gone.globe.com", "only a domain that has its name can be suspended")
}

func TestDomainRetry_MakesTheCheckDueAndEndsTheBackOff(t *testing.T) {
	o := newOffice(t)
	if taken, err := o.store.Take(t.Context(), 10, 1, domains.Work{}); err != nil || len(taken) != 1 { // the new claim
		t.Fatalf("due before: %v, %v", taken, err)
	}
	o.says(t, "domain retry waiting.globe.com", "waiting.globe.com of globe is issuing.", "what the CA refused is asked for again", "tollhouse domain show "+o.ids["waiting.globe.com globe"])
	taken, err := o.store.Take(t.Context(), 10, 1, domains.Work{})
	if err != nil || len(taken) == 0 || taken[len(taken)-1].ID != o.ids["waiting.globe.com globe"] {
		t.Errorf("due after: %v, %v", taken, err)
	}
	if held, err := o.fleet.HeldBack(t.Context(), tenant.MustParseHostname("waiting.globe.com")); err != nil || len(held) != 0 {
		t.Errorf("held back still: %+v, %v", held, err)
	}
	if out := o.says(t, "domain retry new.acme.com", "A node checks it within seconds."); strings.Contains(out, "the CA") {
		t.Errorf("an unproven claim has no certificate to ask for:\n%s", out)
	}
}

// A claim that somebody else makes to a host does not end the holder's back-off.
func TestDomainRetry_LeavesTheHoldersCertificateAlone(t *testing.T) {
	o := newOffice(t)
	o.refusal(t, "billing.acme.com", "ca.unavailable", "no answer", 1<<40)
	o.says(t, "domain retry "+o.ids["billing.acme.com globe"], "of globe is claim_conflict")
	if held, err := o.fleet.HeldBack(t.Context(), tenant.MustParseHostname("billing.acme.com")); err != nil || len(held) != 1 {
		t.Errorf("%+v, %v", held, err)
	}
}

func TestDomainBrake_ShowsAndReleases(t *testing.T) {
	o := newOffice(t)
	o.says(t, "domain brake", "0 of the 2 hosts that DNS had proven look bad now.", "The brake is not set")
	o.says(t, "domain brake release", "The brake is not set; nothing was changed.")
	for range 2 {
		if tripped, err := o.store.Trip(t.Context(), 7, 100); err != nil || !tripped {
			t.Fatal(tripped, err)
		}
		o.says(t, "domain brake", "The brake is set since", "7 of 100 had turned bad", "tollhouse domain brake release --accept")
		o.says(t, "domain brake show", "The brake is set since")
		o.says(t, "domain brake release", "The brake is off. It sets itself again")
	}
	o.says(t, "domain brake release --accept", "only others set it again")
	if brake, err := o.store.Brake(t.Context()); err != nil || !brake.TrippedAt.IsZero() {
		t.Errorf("%+v, %v", brake, err)
	}
}

func TestOperator_IsToldWhatIsWrongWithTheSettings(t *testing.T) {
	for _, command := range []string{"domain list", "domain show a.example", "cert list", "explain a.example", "domain brake"} {
		_, _, err := cliRun(t, map[string]string{"PLATFORM_DOMAIN": "pay.example"}, strings.Fields(command)...)
		if err == nil || !strings.Contains(err.Error(), "TOLLHOUSE_POSTGRES_URL: is required") {
			t.Errorf("%s: %v", command, err)
		}
	}
}
