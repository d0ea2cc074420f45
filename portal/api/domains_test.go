package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domains"
)

const domainsPath = "/api/domains"

func (b *bench) claim(p party, host string) answer {
	b.t.Helper()
	text, err := json.Marshal(host)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.call(p, "POST", domainsPath, `{"host":`+string(text)+`}`)
}

func TestClaimDomain_AnswersTheRecordsAndIsTheSameClaimAgain(t *testing.T) {
	b := setup(t)
	first := b.claim(b.acme, "billing.acme.com").want(201)
	if first.Body["host"] != "billing.acme.com" || first.Body["status"] != "pending_ownership" || first.Body["certificate"] != nil || first.Body["reason"] != nil {
		t.Errorf("a fresh claim: %s", first.Raw)
	}
	record := first.Body["records"].([]any)[0].(map[string]any)
	if record["type"] != "CNAME" || record["name"] != "billing.acme.com" || record["relative_name"] != "billing" || record["ttl"] != 300.0 || record["why"] == "" {
		t.Errorf("the record: %v", record)
	}
	for _, host := range []string{"billing.acme.com", "Billing.ACME.com.", "ｂilling.acme.com"} {
		if again := b.claim(b.acme, host).want(200); again.Raw != first.Raw {
			t.Errorf("%s once more answers %s, want %s", host, again.Raw, first.Raw)
		}
	}
	if n := b.domains.size(); n != 1 {
		t.Errorf("%d claims, want 1", n)
	}
}

func TestClaimDomain_ShowsInternationalNamesInBothForms(t *testing.T) {
	b := setup(t)
	a := b.claim(b.acme, "Rechnung.Müller.de").want(201)
	if a.Body["host"] != "rechnung.xn--mller-kva.de" || a.Body["unicode_host"] != "rechnung.müller.de" {
		t.Errorf("%s", a.Raw)
	}
	if again := b.claim(b.acme, "rechnung.xn--mller-kva.de").want(200); again.id() != a.id() {
		t.Errorf("the A-label is another claim: %s", again.Raw)
	}
}

func TestClaimDomain_RefusesNamesThatNobodyCanClaim(t *testing.T) {
	b := setup(t)
	for name, tt := range map[string]struct{ host, code string }{
		"nothing":            {"", "name.reserved"},
		"ours":               {"portal.example", "name.reserved"},
		"below ours":         {"billing.portal.example", "name.reserved"},
		"a claim's target":   {"abc.edge.portal.example", "name.reserved"},
		"localhost":          {"localhost", "name.reserved"},
		"below localhost":    {"billing.localhost", "name.reserved"},
		"nobody's":           {"billing.acme.test", "name.reserved"},
		"an IPv4 address":    {"192.0.2.7", "name.reserved"},
		"an IPv6 address":    {"[2001:db8::7]", "name.reserved"},
		"a wildcard":         {"*.acme.com", "name.reserved"},
		"a port":             {"billing.acme.com:443", "name.reserved"},
		"a scheme":           {"https://billing.acme.com/", "name.reserved"},
		"one label":          {"billing", "name.reserved"},
		"a control":          {"bill\u0007ing.acme.com", "name.reserved"},
		"a public suffix":    {"co.uk", "name.public_suffix"},
		"a private suffix":   {"github.io", "name.public_suffix"},
		"254 characters":     {strings.Repeat("abcdefg.", 31) + "ac.com", "name.too_long"},
		"a mebibyte":         {strings.Repeat("a", 1<<20-13), "name.too_long"},
		"mixed scripts":      {"\u0430cme.com", "name.idn_mixed_script"},
		"mixed, as A-labels": {"xn--cme-7cd.com", "name.idn_mixed_script"},
	} {
		got := b.claim(b.acme, tt.host).problem(422, tt.code)
		if got.fields()["host"] != tt.code {
			t.Errorf("%s: fields %v", name, got.fields())
		}
		detail := got.Body["detail"].(string)
		message := got.Body["errors"].([]any)[0].(map[string]any)["message"].(string)
		if !strings.Contains(detail, "Expected ") || !strings.Contains(detail, "seen ") || !strings.Contains(detail, message) || len(message) < 10 || len(got.Raw) > 2000 {
			t.Errorf("%s does not say what to mend: %s", name, got.Raw)
		}
	}
	b.call(b.acme, "POST", domainsPath, `{}`).problem(422, "invalid")
	b.call(b.acme, "POST", domainsPath, `{"host":"a.acme.com","status":"active"}`).problem(400, "unknown_field")
	if n := b.domains.size(); n != 0 {
		t.Errorf("refused names left %d claims", n)
	}
}

func TestClaimDomain_TellsNobodyWhoElseHasTheName(t *testing.T) {
	b := setup(t)
	plain := func(a answer) string {
		for _, v := range []any{a.Body["id"], a.Body["records"].([]any)[0].(map[string]any)["value"]} {
			a.Raw = strings.ReplaceAll(a.Raw, v.(string), "")
		}
		return a.Raw
	}
	alone := b.claim(b.acme, "billing.acme.com").want(201)
	second := b.claim(b.bolt, "billing.acme.com").want(201)
	if plain(alone) != plain(second) || alone.id() == second.id() {
		t.Errorf("the first claim answers\n%s, another tenant's\n%s", alone.Raw, second.Raw)
	}
}

func TestClaimDomain_OverTheQuotaSaysTheLimit(t *testing.T) {
	b := setup(t)
	for i := range quota {
		b.claim(b.acme, fmt.Sprintf("b%d.acme.com", i)).want(201)
	}
	got := b.claim(b.acme, "one-more.acme.com").problem(409, "quota.exceeded")
	if !strings.Contains(got.Body["detail"].(string), "3 domains") {
		t.Errorf("%s", got.Raw)
	}
	b.claim(b.acme, "b0.acme.com").want(200)
	b.claim(b.bolt, "billing.bolt.com").want(201)
}

func TestClaimDomain_RepeatsItsAnswerUnderAKey(t *testing.T) {
	b := setup(t)
	post := func(host string) answer {
		return b.call(b.acme, "POST", domainsPath, `{"host":"`+host+`"}`, "Idempotency-Key", "k1")
	}
	first := post("billing.acme.com").want(201)
	if again := post("billing.acme.com").want(201); again.Raw != first.Raw || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the repeat answers %s", again.Raw)
	}
	post("pay.acme.com").problem(409, "idempotency_mismatch")
}

func TestCheckDomain_SaysWhenItIsTakenAgain(t *testing.T) {
	b := setup(t)
	at := domainsPath + "/" + b.claim(b.acme, "billing.acme.com").want(201).id()
	checked := b.call(b.acme, "POST", at+"/check", "").want(200)
	if checked.Body["reason"] != "ownership.missing" || checked.Body["can_check_at"] != "2026-05-03T08:12:53.5Z" {
		t.Errorf("%s", checked.Raw)
	}
	soon := b.call(b.acme, "POST", at+"/check", `{}`).problem(429, "rate_limited")
	if soon.Header.Get("Retry-After") != "10" || !strings.Contains(soon.Body["detail"].(string), "10 s") {
		t.Errorf("Retry-After %q: %s", soon.Header.Get("Retry-After"), soon.Raw)
	}
	b.domains.set(func() { b.domains.now = b.domains.now.Add(10 * time.Second) })
	b.call(b.acme, "POST", at+"/check", "").want(200)
	b.call(b.acme, "POST", at+"/check", `{"force":true}`).problem(400, "unknown_field")
}

func TestRemoveDomain_AnswersWhatIsLeftAndAgainTheSame(t *testing.T) {
	b := setup(t)
	at := domainsPath + "/" + b.claim(b.acme, "billing.acme.com").want(201).id()
	first := b.call(b.acme, "DELETE", at, "").want(200)
	if first.Body["status"] != "quarantined" || len(first.Body["records"].([]any)) != 0 {
		t.Errorf("%s", first.Raw)
	}
	if again := b.call(b.acme, "DELETE", at, "").want(200); again.Raw != first.Raw {
		t.Errorf("again: %s", again.Raw)
	}
}

func TestRemoveDomain_DoesNotEndASuspension(t *testing.T) {
	b := setup(t)
	at := domainsPath + "/" + b.claim(b.acme, "billing.acme.com").want(201).id()
	b.domains.set(func() { b.domains.claims[0].Status = tenant.DomainSuspended })
	b.call(b.acme, "DELETE", at, "").problem(409, "domain.suspended")
}

func TestListDomains_IsPagedNewestFirstAndWithoutHistories(t *testing.T) {
	b := setup(t)
	var want, got []string
	for i := range quota {
		b.domains.set(func() { b.domains.now = b.domains.now.Add(time.Second) })
		want = append(want, b.claim(b.acme, fmt.Sprintf("b%d.acme.com", i)).want(201).id())
	}
	slices.Reverse(want)
	b.claim(b.bolt, "billing.bolt.com").want(201)
	for cursor := ""; ; {
		page := b.call(b.acme, "GET", domainsPath+"?limit=2"+cursor, "").want(200)
		for _, row := range page.data() {
			got = append(got, row.(map[string]any)["id"].(string))
			if _, has := row.(map[string]any)["history"]; has {
				t.Errorf("a row of the list has a history")
			}
		}
		next, more := page.Body["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	one := b.call(b.acme, "GET", domainsPath+"/"+want[0], "").want(200)
	if steps := one.Body["history"].([]any); len(steps) != 1 || steps[0].(map[string]any)["from"] != nil {
		t.Errorf("history %v", steps)
	}
}

func TestShowDomain_TellsEverythingThatIsKnown(t *testing.T) {
	b := setup(t)
	id := b.claim(b.acme, "billing.acme.com").want(201).id()
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.FixedZone("", 7200))
	b.domains.set(func() {
		b.domains.show = func(v *domains.View) {
			v.Status, v.Reason, v.BlockingOn, v.ProvenAt, v.ProvenBy = tenant.DomainRenewalFailing, "ca.rate_limited", tenant.BlockingOnCA, at, tenant.ProvenByTXT
			v.Checks = []domaindoctor.Check{{Name: "caa", Result: domaindoctor.Failed, Code: domaindoctor.CAAForbids, Expected: "letsencrypt.org", Seen: "other.example"}, {Name: "name", Result: domaindoctor.Passed}}
			v.Problems = []domaindoctor.Finding{{Code: "ca.rate_limited", Who: domaindoctor.CA, Fix: "Wait.", Expected: "a certificate", Seen: "too many", RetryAfter: 90*time.Second + 1}, {Code: domaindoctor.DNSNotFound, Who: domaindoctor.Tenant, Fix: "Create it."}}
			v.Certificate = domains.Certificate{Issuer: "ca.example", Serial: "0a", NotBefore: at, NotAfter: at, RenewAt: at, Live: 3, Serving: 2, Trouble: "ca.rate_limited", RetryAt: at}
			v.History = []tenant.DomainStep{{At: at, From: tenant.DomainActive, To: tenant.DomainRenewalFailing, Reason: "ca.rate_limited"}}
		}
	})
	got := b.call(b.acme, "GET", domainsPath+"/"+id, "").want(200)
	for field, want := range map[string]string{
		"status": `"renewal_failing"`, "reason": `"ca.rate_limited"`, "blocking_on": `"ca"`, "proven_at": `"2026-06-01T10:00:00Z"`, "proven_by": `"txt"`,
		"rate_limited_until": `"2026-06-01T10:00:00Z"`,
		"checks": `[{"code":"caa.forbids","expected":"letsencrypt.org","name":"caa","result":"failed","seen":"other.example"},` +
			`{"code":null,"expected":"","name":"name","result":"passed","seen":""}]`,
		"problems": `[{"code":"ca.rate_limited","expected":"a certificate","fix":"Wait.","retry_after_seconds":91,"seen":"too many","who":"ca"},` +
			`{"code":"dns.not_found","expected":"","fix":"Create it.","retry_after_seconds":null,"seen":"","who":"tenant"}]`,
		"certificate": `{"issuer":"ca.example","nodes_live":3,"nodes_serving":2,"not_after":"2026-06-01T10:00:00Z","not_before":"2026-06-01T10:00:00Z","renew_at":"2026-06-01T10:00:00Z","serial":"0a"}`,
		"history":     `[{"at":"2026-06-01T10:00:00Z","from":"active","reason":"ca.rate_limited","to":"renewal_failing"}]`,
	} {
		if text, err := json.Marshal(got.Body[field]); err != nil || string(text) != want {
			t.Errorf("%s is %s, want %s", field, text, want)
		}
	}
	b.domains.set(func() {
		b.domains.show = func(v *domains.View) { v.Certificate = domains.Certificate{Trouble: "ca.unavailable", RetryAt: at} }
	})
	if got := b.call(b.acme, "GET", domainsPath+"/"+id, "").want(200); got.Body["rate_limited_until"] != nil || got.Body["certificate"] != nil {
		t.Errorf("a CA that is away: %s", got.Raw)
	}
}

func TestDomains_OurTroubleIsNeverToldAsTheirs(t *testing.T) {
	b := setup(t)
	at := domainsPath + "/" + b.claim(b.acme, "billing.acme.com").want(201).id()
	for err, code := range map[error]string{tenant.ErrUnavailable: "unavailable", errors.New("secret of ours"): "internal"} {
		b.domains.set(func() { b.domains.err = err })
		for _, a := range []answer{b.claim(b.acme, "pay.acme.com"), b.call(b.acme, "GET", at, ""), b.call(b.acme, "GET", domainsPath, ""),
			b.call(b.acme, "POST", at+"/check", ""), b.call(b.acme, "DELETE", at, "")} {
			if a.Body["code"] != code || strings.Contains(a.Raw, "secret") {
				t.Errorf("%v is told as %s", err, a.Raw)
			}
		}
	}
}

func TestDomains_ChangesAreTheKeys(t *testing.T) {
	b := setup(t)
	at := domainsPath + "/" + b.claim(b.acme, "billing.acme.com").want(201).id()
	b.call(b.acme, "POST", at+"/check", "").want(200)
	b.call(b.acme, "DELETE", at, "").want(200)
	keys, err := b.tenants.Keys(t.Context(), b.acme.tenant.ID)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if len(b.domains.actors) != 3 {
		t.Fatalf("%d changes, want 3", len(b.domains.actors))
	}
	for _, by := range b.domains.actors {
		if by.Kind != "api" || by.ID != keys[0].ID {
			t.Errorf("a change is by %+v, want the key %s", by, keys[0].ID)
		}
	}
}

func TestDocument_DescribesEveryFieldOfADomain(t *testing.T) {
	found := 0
	for name, schema := range loadDocument(t).Components.Schemas {
		if !strings.HasPrefix(name, "Domain") {
			continue
		}
		for field, property := range schema.Value.Properties {
			found++
			if property.Value.Description == "" {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
	if found < 45 {
		t.Errorf("only %d fields found", found)
	}
}
