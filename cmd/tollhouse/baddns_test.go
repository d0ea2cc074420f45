package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"tollhouse/tenant/domaindoctor/dnstest"
)

// badDNS is what a tenant's DNS may answer, and the code that its domain then has.
var badDNS = []struct {
	name    string
	proven  bool // by a TXT record, which stands whatever else is wrong
	fault   dnstest.Fault
	records []string // at the host
	texts   []string // at _tollhouse.<host>
	code    string
}{
	{"nothing", false, 0, nil, nil, "dns.not_found"},
	{"loop", false, 0, []string{"CNAME billing.loop.test."}, nil, "dns.wrong_target"},
	{"thousand", false, 0, addresses(1000), nil, "dns.wrong_target"},
	{"elsewhere", false, 0, []string{"CNAME shops.elsewhere.test."}, nil, "dns.wrong_target"},
	{"text", false, 0, []string{"A 127.0.0.1"}, []string{"TXT " + strings.Repeat(`"`+strings.Repeat("x", 250)+`" `, 240)}, "ownership.mismatch"},
	{"stale", true, 0, []string{"A 127.0.0.1", "AAAA 2001:db8::1"}, nil, "dns.stale_aaaa"},
	{"forbidden", true, 0, []string{"A 127.0.0.1", `CAA 0 issue "otherca.net"`}, nil, "caa.forbids"},
	{"lame", true, dnstest.Lame, []string{"A 127.0.0.1"}, nil, "dns.servfail"},
	{"silent", true, dnstest.Silent, []string{"A 127.0.0.1"}, nil, "dns.servfail"},
	{"refused", true, dnstest.Refused, []string{"A 127.0.0.1"}, nil, "dns.servfail"},
	{"bogus", true, dnstest.Bogus, []string{"A 127.0.0.1"}, nil, "dns.dnssec_bogus"},
}

func addresses(n int) (records []string) {
	for i := range n {
		records = append(records, fmt.Sprintf("A 198.51.%d.%d", i/250, i%250))
	}
	return records
}

// Whatever DNS answers, the tenant is told who has to mend what, and the CA hears nothing of it.
func TestBadInput_DNSAnswersAreToldWithTheMendAndCauseNoOrder(t *testing.T) {
	resolvers := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	for _, s := range resolvers {
		s.Set("*.edge."+fleetDomain, "A 127.0.0.1")
	}
	f := newFleet(t, 1, map[string]string{"DNS_RESOLVERS": resolvers[0].Addr.String() + "," + resolvers[1].Addr.String(), "RENEWAL_CHECK": "1s"})
	b := f.addBusiness(t, "acme")
	waitFor(t, "the schedule to have fetched what it fetches by itself", func() bool { return f.ca.Orders() == 3 })
	var all sync.WaitGroup
	for _, tt := range badDNS {
		all.Go(func() {
			host := "billing." + tt.name + ".test"
			claimed := f.claimed(t, b, host)
			texts := tt.texts
			if tt.proven {
				texts = append(texts, `TXT "`+claimed.token+`"`)
			}
			for _, s := range resolvers {
				s.Set(host, tt.records...)
				s.Set("_tollhouse."+host, texts...)
				s.Break(tt.name+".test", tt.fault)
			}
			f.toldOf(t, b, claimed.id, tt.code)
		})
	}
	all.Wait()
	if n := f.ca.Orders(); n != 3 {
		t.Errorf("%d orders were placed, for %v", n-3, f.ca.OrderLog()[3:])
	}
	good := f.claimed(t, b, "billing.good.test")
	for _, s := range resolvers {
		s.Set("billing.good.test", "A 127.0.0.1")
		s.Set("_tollhouse.billing.good.test", `TXT "`+good.token+`"`)
	}
	f.api(t, b, "POST", "/api/domains/"+good.id+"/check", "{}", 200)
	waitFor(t, "control: an order for a name that is right", func() bool { return f.ca.Orders() == 4 })
}

type claimed struct{ id, token string }

// claimed claims a host and returns what its TXT record has to hold.
func (f *fleet) claimed(t *testing.T, b *business, host string) claimed {
	t.Helper()
	v := f.api(t, b, "POST", "/api/domains", `{"host":"`+host+`"}`, 201)
	for _, r := range v["records"].([]any) {
		if r := r.(map[string]any); r["type"] == "TXT" {
			return claimed{v["id"].(string), r["value"].(string)}
		}
	}
	t.Errorf("%s has no TXT record to set: %v", host, v["records"])
	return claimed{id: v["id"].(string)}
}

// toldOf checks a domain now and wants a problem of this code, with its mend.
func (f *fleet) toldOf(t *testing.T, b *business, id, code string) {
	t.Helper()
	v := f.api(t, b, "POST", "/api/domains/"+id+"/check", "{}", 200)
	problems := v["problems"].([]any)
	found := slices.ContainsFunc(problems, func(p any) bool {
		p1 := p.(map[string]any)
		return p1["code"] == code && p1["fix"] != "" && p1["expected"] != "" && p1["seen"] != ""
	})
	if waits := []any{"pending_ownership", "pending_dns", "preflight", "blocked"}; !found || !slices.Contains(waits, v["status"]) || v["certificate"] != nil {
		t.Errorf("%v is %v, %v; want a problem %s\n%v", v["host"], v["status"], v["reason"], code, problems)
	}
}
