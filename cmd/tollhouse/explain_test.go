package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/tenant"
)

func TestExplain_SaysWhatAVisitorMeets(t *testing.T) {
	o := newOffice(t)
	o.certificate(t, "acme.pay.example", "0a", 10*24*time.Hour)
	o.certificate(t, "globe.pay.example", "0b", 10*24*time.Hour)
	o.certificate(t, "api.pay.example", "0c", 10*24*time.Hour)
	o.claim(t, "acme", "late.acme.com", tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainIssuing, tenant.DomainDeploying, tenant.DomainActive, tenant.DomainDegraded)
	o.certificate(t, "late.acme.com", "0d", -time.Minute)
	o.claim(t, "acme", "soon.acme.com", tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainIssuing)
	if _, err := o.store.Suspend(t.Context(), o.tenants["globe"]); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]struct{ answer, says string }{
		"billing.acme.com":   {"portal", "The portal of tenant acme answers, with certificate 04ab, which ends in 60 days."},
		"acme.pay.example":   {"portal", "The portal of tenant acme answers, with certificate 0a"},
		"globe.pay.example":  {"suspended", "Status 403 on a plain page: tenant globe is suspended (tollhouse tenant resume globe)."},
		"api.pay.example":    {"api", "The API answers, with certificate 0c"},
		"late.acme.com":      {"expired", "The certificate 0d ran out"},
		"soon.acme.com":      {"no_certificate", "The handshake waits up to 10s for the first certificate"},
		"waiting.globe.com":  {"no_certificate", "ends with the alert internal_error: there is no certificate. ca.rate_limited since"},
		"new.acme.com":       {"unserved", "alert unrecognized_name: nobody is served at this name, because acme has claimed it and did not prove it (pending_ownership). On a connection made for another name it is status 421."},
		"blocked.globe.com":  {"unserved", "because globe has proven it, and something would stop the CA: caa.forbids."},
		"held.globe.com":     {"unserved", "because globe has it, and an operator suspended it."},
		"gone.globe.com":     {"unserved", "because globe gave it up or lost it, and it is in quarantine."},
		"nobody.net":         {"unserved", "because no tenant has claimed it."},
		"x.pay.example":      {"unserved", "because it is the platform's, and no tenant has this slug."},
		"pay.example":        {"unserved", "because it is the platform's"},
		"a.acme.pay.example": {"unserved", "because it is the platform's"},
		// An id is no label of a host, though a tenant is found by it.
		string(o.tenants["acme"]) + ".pay.example": {"", ""},
	} {
		out, _, err := o.run(t, "explain", host, "--json")
		if want.answer == "" {
			if err == nil {
				t.Errorf("%s is explained:\n%s", host, out)
			}
			continue
		}
		var x explanationJSON
		if decoding := json.Unmarshal([]byte(out), &x); err != nil || decoding != nil || x.Host != host || x.Answer != want.answer || !strings.Contains(x.Says, want.says) {
			t.Errorf("%s: %s, %q, %v %v; want %s, %q", host, x.Answer, x.Says, err, decoding, want.answer, want.says)
		}
	}
}

func TestExplain_ShowsWhatTheFleetKnows(t *testing.T) {
	o := newOffice(t)
	o.exec(t, `INSERT INTO ca_health (issuer, failing_since, code, error, failed_at, retry_at)
		VALUES ($1, now() - interval '10 minutes', 'ca.unavailable', 'connection refused', now(), now() + interval '10 minutes')`, testIssuer)
	o.exec(t, `INSERT INTO ca_ledger (issuer, bucket, tat) VALUES ($1, 'orders', now() + interval '2 hours'), ($1, 'registered:globe.com', now() + interval '8 days'),
		($1, 'registered:acme.com', now() + interval '1 day'), ($1, 'names:waiting.globe.com', now() - interval '1 hour')`, testIssuer)
	if _, err := o.store.Trip(t.Context(), 7, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := o.fleet.Beat(t.Context(), certs.Node{ID: "node-3", Name: "edge-3", DirectorySeq: 1}); err != nil {
		t.Fatal(err)
	}
	o.exec(t, `UPDATE nodes SET seen_at = now() - interval '5 minutes' WHERE id = 'node-2'`)
	out := o.says(t, "explain waiting.globe.com",
		"globe  issuing since", "none is stored", "refused  ca.rate_limited by acme-v02.api.letsencrypt.org, 3 times", "too many certificates already issued",
		"edge-2  node-2  silent for 5 minutes", "! edge-3 has heard of changes up to 1 of",
		"brake   set since", "7 of 100 hosts had turned bad",
		"CA      acme-v02.api.letsencrypt.org: in trouble since", "ca.unavailable, connection refused; asked again",
		"orders: 200 of 300 in 3h are used\n", "registered:globe.com: 50 of 50 in 168h are used; one more in 27 hours",
		"Not known from here\n  what DNS says now: tollhouse domain doctor waiting.globe.com")
	for _, others := range []string{"acme", "names:", "! edge-2"} {
		if strings.Contains(strings.ReplaceAll(out, "acme-v02", ""), others) {
			t.Errorf("%q does not belong here:\n%s", others, out)
		}
	}
	o.says(t, "explain billing.acme.com", "serial   04ab, version 1, by acme-v02.api.letsencrypt.org", "served   by 1 of 1 nodes", "acme   active since", "globe  claim_conflict since")
	o.certificate(t, "waiting.globe.com", "0e", time.Hour)
	o.node(t, "node-1", "edge-1", "waiting.globe.com", "0d")
	o.says(t, "explain waiting.globe.com", "! edge-1 was last seen serving 0d, which is not the stored certificate")
}

func TestExplain_WithoutANodeNobodyAnswers(t *testing.T) {
	o := newOffice(t)
	o.exec(t, `UPDATE nodes SET seen_at = now() - interval '16 seconds'`)
	o.says(t, "explain billing.acme.com", "Nobody answers: no node has told of itself in the last 15 seconds. Once one lives: The portal of tenant acme answers")
	o.exec(t, `DELETE FROM nodes`)
	o.says(t, "explain billing.acme.com", "Nobody answers", "Nodes: none has told of itself in the last hour")
}

// A part that cannot be read is named, and the rest is explained.
func TestExplain_SaysWhatItCouldNotLearn(t *testing.T) {
	o := newOffice(t)
	if _, err := o.db.Owner.Exec(t.Context(), `REVOKE ALL ON ca_ledger, certificate_revocations FROM tollhouse_app`); err != nil {
		t.Fatal(err)
	}
	o.says(t, "explain billing.acme.com", "The portal of tenant acme answers", "  the ledger: ", "  revocations: ", "permission denied for table ca_ledger")
	o.refuses(t, "explain 192.0.2.1", "it is an IP address")
	o.refuses(t, "explain", "expected")
	o.db.Owner.Close()
	o.settings["POSTGRES_URL"] = "postgres://x:hunter2@127.0.0.1:1/x"
	if _, _, err := o.run(t, "explain", "billing.acme.com"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("without Postgres: %v", err)
	}
}
