package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor/dnstest"
)

func TestOnboarding_FromTheClaimToTheServedPageAndBack(t *testing.T) {
	const host = "pay.acme.test"
	zones := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	f := newFleet(t, 2, map[string]string{"DNS_RESOLVERS": zones[0].Addr.String() + "," + zones[1].Addr.String()})
	b := f.addBusiness(t, "alpha")

	claim := f.api(t, b, "POST", "/api/domains", `{"host":"`+host+`"}`, 201)
	at := "/api/domains/" + claim["id"].(string)
	target := claim["records"].([]any)[0].(map[string]any)["value"].(string)
	for _, zone := range zones {
		zone.Set(host, "CNAME "+target+".")
		zone.Set(target, "A 127.0.0.1")
	}
	if first := f.api(t, b, "POST", at+"/check", "", 200); first["proven_by"] != "cname" || first["can_check_at"] == nil {
		t.Errorf("a check after the record was set: %v", first)
	}
	var d map[string]any
	waitFor(t, "the domain to be active", func() bool {
		d = f.api(t, b, "GET", at, "", 200)
		return d["status"] == "active"
	})
	certificate := d["certificate"].(map[string]any)
	if certificate["nodes_live"] != 2.0 || certificate["nodes_serving"] != 2.0 || d["reason"] != nil || d["blocking_on"] != "nobody" || len(d["problems"].([]any)) != 0 {
		t.Errorf("active: %v", d)
	}
	if n := f.ordersFor(host); n != 1 {
		t.Errorf("%d orders, want 1", n)
	}
	for i, n := range f.nodes {
		page := ask(t, f.client(n), "GET", "https://"+host+"/portal/test", "")
		if page.StatusCode != 200 || !strings.Contains(page.body, "Business alpha") {
			t.Errorf("node %d serves %s", i, page.Status)
		}
		if serial := page.TLS.PeerCertificates[0].SerialNumber.Text(16); strings.TrimLeft(certificate["serial"].(string), "0") != serial {
			t.Errorf("node %d serves the serial %s, the API says %v", i, serial, certificate["serial"])
		}
	}
	f.giveUp(t, b, at, target)
}

func TestOnboarding_StopsAtTheLimitOfATenant(t *testing.T) {
	f := newFleet(t, 1, map[string]string{"LIMIT_DOMAINS": "3"})
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta") // one domain each already
	var claims sync.WaitGroup
	var taken, refused atomic.Int32
	for i := range 8 {
		claims.Go(func() {
			switch r := f.claim(t, alpha, fmt.Sprintf("pay%d.acme.test", i)); r.StatusCode {
			case 201:
				taken.Add(1)
			case 409:
				refused.Add(1)
				clearProblem(t, "over the limit", r, 409, "quota.exceeded")
				if !strings.Contains(r.body, "may have 3 domains") {
					t.Errorf("the limit is not named: %s", r.body)
				}
			default:
				t.Errorf("%s: %s", r.Status, r.body)
			}
		})
	}
	claims.Wait()
	if taken.Load() != 2 || refused.Load() != 6 {
		t.Errorf("%d claims taken and %d refused, want 2 and 6", taken.Load(), refused.Load())
	}
	if r := f.claim(t, beta, "pay0.acme.test"); r.StatusCode != 201 {
		t.Errorf("another tenant's claim: %s", r.Status)
	}
}

func TestOnboarding_OneClaimHoweverManyAsk(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "alpha")
	var claims sync.WaitGroup
	var made atomic.Int32
	bodies := make([]string, 12)
	for i := range bodies {
		claims.Go(func() {
			c := f.client(f.nodes[i%2])
			defer c.CloseIdleConnections()
			r := ask(t, c, "POST", "https://api."+fleetDomain+"/api/domains", `{"host":"pay.acme.test"}`, "Authorization: Bearer "+b.key, "Content-Type: application/json")
			if r.StatusCode == 201 {
				made.Add(1)
			} else if r.StatusCode != 200 {
				t.Errorf("%s: %s", r.Status, r.body)
			}
			var d struct{ ID string }
			if err := json.Unmarshal([]byte(r.body), &d); err != nil {
				t.Error(err)
			}
			bodies[i] = d.ID
		})
	}
	claims.Wait()
	if slices.Sort(bodies); made.Load() != 1 || len(slices.Compact(bodies)) != 1 {
		t.Errorf("%d claims were made: %v", made.Load(), slices.Compact(bodies))
	}
}

// giveUp removes an active domain and claims it anew.
func (f *fleet) giveUp(t *testing.T, b *business, at, target string) {
	t.Helper()
	gone := f.api(t, b, "DELETE", at, "", 200)
	host := tenant.MustParseHostname(gone["host"].(string))
	if gone["status"] != "quarantined" || gone["certificate"] != nil || len(gone["records"].([]any)) != 0 {
		t.Errorf("given up: %v", gone)
	}
	for _, n := range f.nodes {
		waitFor(t, "the host to be gone", func() bool { _, served := n.directory.Lookup(host); return !served })
		if c, err := f.tryDial(n, host.String(), nil); err == nil {
			_ = c.Close()
			t.Error("a host that was given up is served")
		}
	}
	if again := f.api(t, b, "DELETE", at, "", 200); again["status"] != "quarantined" || again["status_at"] != gone["status_at"] {
		t.Errorf("given up again: %v", again)
	}
	anew := f.api(t, b, "POST", "/api/domains", `{"host":"`+host.String()+`"}`, 201)
	if value := anew["records"].([]any)[0].(map[string]any)["value"]; value == target || anew["id"] == gone["id"] {
		t.Errorf("the new claim has the old target %v", value)
	}
	f.audited(t, b, gone["id"].(string))
}

// audited asserts that the log tells of a domain's claim and of its end as the key's doing.
func (f *fleet) audited(t *testing.T, b *business, id string) {
	t.Helper()
	keys, err := f.nodes[0].tenants.Keys(t.Context(), b.ID)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	var kinds []string
	for _, row := range f.api(t, b, "GET", "/api/crm/audit-events?document_id="+id, "", 200)["data"].([]any) {
		e := row.(map[string]any)
		kinds = append(kinds, e["kind"].(string))
		byKey := e["actor"] == "api" && e["actor_id"] == keys[0].ID
		if kind := e["kind"]; (kind == "domain.claimed" || kind == "domain.quarantined") && !byKey {
			t.Errorf("%v is by %v %v, want the key", kind, e["actor"], e["actor_id"])
		}
	}
	for _, want := range []string{"domain.claimed", "domain.active", "domain.quarantined"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("the log has %v, and no %s", kinds, want)
		}
	}
}

// ordersFor counts the orders for a host that the CA was given.
func (f *fleet) ordersFor(host string) (n int) {
	for _, order := range f.ca.OrderLog() {
		if slices.Contains(order.Names, host) {
			n++
		}
	}
	return n
}
