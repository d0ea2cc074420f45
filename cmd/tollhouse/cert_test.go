package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
)

func TestCertList_ShowsWhatIsDueAndWhatFails(t *testing.T) {
	o := newOffice(t)
	o.certificate(t, "globe.pay.example", "0b", -time.Hour)
	out := o.says(t, "cert list")
	for first, want := range map[string]string{
		"HOST":              "HOST ISSUER SERIAL ENDS RENEWED NODES TROUBLE ASKED AGAIN",
		"billing.acme.com":  "billing.acme.com acme-v02.api.letsencrypt.org 04ab in 60 days in 40 days 1/1 – –",
		"waiting.globe.com": "waiting.globe.com – – – – 0/2 ca.rate_limited in 2 hours",
		"globe.pay.example": "globe.pay.example acme-v02.api.letsencrypt.org 0b 60 minutes ago due for 40 minutes",
	} {
		if got := strings.ReplaceAll(row(out, first), "in 120 minutes", "in 2 hours"); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if out := o.says(t, "cert list --due", "globe.pay.example"); strings.Contains(out, "billing") {
		t.Errorf("not due:\n%s", out)
	}
	if out := o.says(t, "cert list --failing", "waiting.globe.com"); strings.Contains(out, "billing") || strings.Contains(out, "globe.pay") {
		t.Errorf("not failing:\n%s", out)
	}
	var lines []certLine
	if err := json.Unmarshal([]byte(o.says(t, "cert list --json")), &lines); err != nil || len(lines) != 3 || lines[2].Reason != "too many certificates already issued" {
		t.Errorf("%v: %+v", err, lines)
	}
	o.refuses(t, "cert list --due --failing", "can't be used together")
	empty := emptyOffice(t)
	empty.says(t, "cert list", "There are no certificates.")
	empty.says(t, "cert list --due", "No certificate is due.")
	empty.says(t, "cert list --failing", "The CA refused none")
}

func TestCertRenew_MakesItDueForWhatIsServed(t *testing.T) {
	o := newOffice(t)
	o.says(t, "cert renew billing.acme.com", "The certificate of billing.acme.com is due now.", "tollhouse explain billing.acme.com")
	o.says(t, "cert list --due", "billing.acme.com")
	o.says(t, "cert renew waiting.globe.com", "waiting.globe.com has no certificate yet. Its back-off is over")
	o.says(t, "cert list --failing", "The CA refused none")
	for host, why := range map[string]string{"held.globe.com": "globe has it, and an operator suspended it", "new.acme.com": "acme has claimed it and did not prove it", "nobody.net": "no tenant has claimed it",
		"x.pay.example": "no tenant has this slug"} {
		o.refuses(t, "cert renew "+host, host+" is not served, so that nobody orders a certificate for it: ")
		o.refuses(t, "cert renew "+host, why)
	}
	o.says(t, "cert renew acme.pay.example", "acme.pay.example has no certificate yet")
	o.says(t, "cert renew api.pay.example", "api.pay.example has no certificate yet")
	o.refuses(t, "cert renew", "name one host, or give --all")
	o.refuses(t, "cert renew billing.acme.com --all", "name one host, or give --all")
	o.refuses(t, "cert renew *.acme.com", "not a host name")
	o.certificate(t, "acme.pay.example", "0a", time.Hour)
	o.says(t, "cert renew --all", "2 certificates are due now.")
}

func TestCertRevoke_TakesTheCertificateFromTheNodes(t *testing.T) {
	o := newOffice(t)
	host := tenant.MustParseHostname("billing.acme.com")
	o.says(t, "cert revoke billing.acme.com --reason keyCompromise", "Every node drops the certificate of billing.acme.com", "a new certificate with a new key at once")
	revoked, err := o.fleet.RevocationsOf(t.Context(), host)
	if err != nil || len(revoked) != 1 || revoked[0].Serial != "04ab" || revoked[0].Reason != 1 || !revoked[0].RevokedAt.IsZero() {
		t.Errorf("%+v, %v", revoked, err)
	}
	if n := o.audited(t, "acme", "certificate.revoked"); n != 1 {
		t.Errorf("%d audit entries", n)
	}
	o.says(t, "explain billing.acme.com", "revoked  04ab of acme-v02.api.letsencrypt.org, asked for", "the CA is told next", "none is stored")
	o.refuses(t, "cert revoke billing.acme.com", "billing.acme.com has no certificate; what was revoked before is in: tollhouse explain billing.acme.com")
	o.refuses(t, "cert revoke billing.acme.com --reason bored", "--reason must be one of")
	o.exec(t, `UPDATE certificate_revocations SET attempts = 3, error = 'the CA is down', due_at = now() + interval '1 hour'`)
	o.says(t, "explain billing.acme.com", "not yet, after 3 attempts", "the CA is down")
	o.exec(t, `UPDATE certificate_revocations SET revoked_at = now()`)
	o.says(t, "explain billing.acme.com", "the CA has taken it")
	o.certificate(t, "gone.globe.com", "0f", time.Hour)
	if out := o.says(t, "cert revoke gone.globe.com"); strings.Contains(out, "new key") {
		t.Errorf("nobody is served there:\n%s", out)
	}
}
