package api_test

import (
	"strings"
	"testing"
	"time"

	"tollhouse/tenant/domains"
)

func TestClaimDomain_ThatIsOneTooManyInAnHourHasToWait(t *testing.T) {
	b := setup(t)
	b.domains.set(func() { b.domains.err = &domains.ManyClaimsError{After: 90 * time.Second} })
	r := b.claim(b.acme, "billing.acme.com").problem(429, "rate_limited")
	if detail, _ := r.Body["detail"].(string); r.Header.Get("Retry-After") != "90" || !strings.Contains(detail, "claimed many names in the last hour") {
		t.Errorf("Retry-After %q, %v", r.Header.Get("Retry-After"), r.Body)
	}
}
