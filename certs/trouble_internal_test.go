package certs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/tenant"
)

func problem(kind string, status int, detail string) acme.Problem {
	return acme.Problem{Type: acme.ProblemTypeNamespace + kind, Status: status, Detail: detail}
}

func inValidation(p acme.Problem) acme.Problem {
	p.Resource = acme.Authorization{}
	return p
}

func TestJudge_TellsWhoIsConcernedAndWhetherToGoElsewhere(t *testing.T) {
	soon := time.Now().UTC().Add(90 * time.Minute).Format(time.DateTime)
	compound := problem("compound", 403, "several")
	compound.Subproblems = []acme.Subproblem{{Problem: problem("caa", 403, "forbidden")}}
	for _, tc := range []struct {
		name      string
		err       error
		code      string
		reach     reach
		elsewhere bool
	}{
		{"validation", inValidation(problem("connection", 400, "refused")), CodeValidation, oneHost, false},
		{"wrong answer", inValidation(problem("unauthorized", 403, "wrong key")), CodeValidation, oneHost, false},
		{"CAA", inValidation(problem("caa", 403, "forbidden")), CodeCAA, oneHost, true},
		{"CAA among others", compound, CodeCAA, oneHost, true},
		{"rejected", problem("rejectedIdentifier", 400, "policy"), CodeRejected, oneHost, false},
		{"account", problem("unauthorized", 403, "deactivated"), CodeUnavailable, everyHost, true},
		{"our request", problem("malformed", 400, "what?"), CodeUnavailable, nobody, true},
		{"500", problem("serverInternal", 500, "sorry"), CodeUnavailable, everyHost, true},
		{"500 in validation", inValidation(problem("serverInternal", 500, "sorry")), CodeUnavailable, everyHost, true},
		{"500 without document", fmt.Errorf("attempt 3: %w", errors.New("HTTP 503: down")), CodeUnavailable, everyHost, true},
		{"no connection", fmt.Errorf("x: %w", &url.Error{Op: "Get", URL: "https://ca", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}), CodeUnavailable, everyHost, true},
		{"too slow", fmt.Errorf("creating new order: %w", context.DeadlineExceeded), CodeUnavailable, everyHost, true},
		{"a slow name", fmt.Errorf("solving challenges: %w", context.DeadlineExceeded), CodeUnavailable, nobody, true},
		{"account's limit", problem("rateLimited", 429, "too many new orders (300) from this account in the last 3h0m0s, retry after "+soon+" UTC: see"), CodeRateLimited, everyHost, true},
		{"domain's limit", problem("rateLimited", 429, `too many certificates (50) already issued for "acme.com" in the last 168h0m0s`), CodeRateLimited, oneDomain, true},
		{"name's limit", problem("rateLimited", 429, "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s"), CodeRateLimited, oneHost, true},
		{"failures", problem("rateLimited", 429, "too many failed authorizations (5) for \"a.test\""), CodeRateLimited, oneHost, true},
		{"paused", problem("rateLimited", 429, "Your account is temporarily prevented from requesting certificates for a.test"), CodePaused, oneHost, true},
	} {
		v := judge(tc.err, 0)
		if v.Code != tc.code || v.reach != tc.reach || v.elsewhere() != tc.elsewhere || v.Reason == "" {
			t.Errorf("%s: got %+v, elsewhere %v", tc.name, v, v.elsewhere())
		}
		if tc.name == "account's limit" && (v.RetryIn < 89*time.Minute || v.RetryIn > 90*time.Minute) {
			t.Errorf("in words it says 90 minutes, read as %s", v.RetryIn)
		}
	}
	if v := judge(problem("rateLimited", 429, "something new"), 5*24*time.Hour); v.reach != everyHost || v.RetryIn != longestForAll {
		t.Errorf("words that we do not know: %+v", v)
	}
	if v := judge(problem("rateLimited", 429, "slow down"), time.Minute); v.RetryIn != time.Minute || v.elsewhere() {
		t.Errorf("a limit of a minute: %+v", v)
	}
}

func TestJudge_SaysTheReasonWithoutItsWay(t *testing.T) {
	err := fmt.Errorf("[a.test] Obtain: [a.test] attempt 1: %w (ca=x)", errors.New("HTTP 502: bad gateway"))
	if got := judge(err, 0).Reason; got != "HTTP 502: bad gateway" {
		t.Errorf("got %q", got)
	}
	if got := judge(inValidation(problem("dns", 400, "no records")), 0).Reason; got != "dns: no records" {
		t.Errorf("got %q", got)
	}
}

func TestLimits_CountWhatTheCACounts(t *testing.T) {
	host := tenant.MustParseHostname("billing.acme.co.uk")
	for p, want := range map[purpose][]string{
		firstOrder:  {"orders", "registered:acme.co.uk", "tenant:ten_a", "names:billing.acme.co.uk", "failed:billing.acme.co.uk"},
		newOrder:    {"orders", "registered:acme.co.uk", "names:billing.acme.co.uk", "failed:billing.acme.co.uk"},
		sameNames:   {"names:billing.acme.co.uk", "failed:billing.acme.co.uk"},
		replacement: nil,
	} {
		buckets := LetsEncrypt().buckets(host, "ten_a", p)
		var got []string
		for _, b := range buckets {
			got = append(got, b.Name)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("purpose %d: got %v, want %v", p, got, want)
		}
		if len(buckets) > 0 && buckets[0].Name == ordersBucket && (buckets[0].Keep > 0) != (p == firstOrder) {
			t.Errorf("purpose %d leaves %d orders to others", p, buckets[0].Keep)
		}
	}
	if got := (Limits{}).buckets(host, "ten_a", firstOrder); len(got) != 0 {
		t.Errorf("without limits: %v", got)
	}
	buckets := LetsEncrypt().buckets(host, "ten_a", firstOrder)
	if got := uncounted(buckets, true); len(got) != 2 {
		t.Errorf("of an order that was made but gave nothing, %v is given back", got)
	}
	if got := uncounted(buckets, false); len(got) != 4 {
		t.Errorf("of an order that was not made, %v is given back", got)
	}
}
