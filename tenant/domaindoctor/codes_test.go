package domaindoctor_test

import (
	"strings"
	"testing"
	"time"

	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

// Every code that DNS can cause, with who has to act and the exact record in the mend.
func TestExamine_NamesTheRecordToChange(t *testing.T) {
	for _, tc := range []struct {
		name string
		host string // billing.acme.com by default
		zone map[string][]string
		who  domaindoctor.Who
		code domaindoctor.Code
		seen string
		fix  string
	}{
		{name: "nothing there", who: domaindoctor.Tenant, code: domaindoctor.DNSNotFound, seen: "no such name",
			fix: "create billing.acme.com CNAME k7q2.edge.pay.example"},
		{name: "only a mail server there", zone: map[string][]string{host: {"MX 10 mx.acme.com."}}, who: domaindoctor.Tenant, code: domaindoctor.DNSNotFound,
			seen: "neither an address nor a CNAME", fix: "create billing.acme.com CNAME k7q2.edge.pay.example; beside records that must stay, like MX, create billing.acme.com A 127.0.0.1 instead"},
		{name: "nothing at an apex", host: "acme.com", who: domaindoctor.Tenant, code: domaindoctor.DNSNotFound, seen: "no such name",
			fix: "create acme.com A 127.0.0.1."},
		{name: "another host's address", zone: map[string][]string{host: {"A 198.51.100.7"}}, who: domaindoctor.Tenant, code: domaindoctor.DNSWrongTarget,
			seen: "A 198.51.100.7", fix: "delete billing.acme.com A 198.51.100.7 and create billing.acme.com CNAME k7q2.edge.pay.example"},
		{name: "another host's CNAME", zone: map[string][]string{host: {"CNAME shops.elsewhere.net."}, "shops.elsewhere.net": {"A 198.51.100.7"}},
			who: domaindoctor.Tenant, code: domaindoctor.DNSWrongTarget, seen: "CNAME shops.elsewhere.net, A 198.51.100.7",
			fix: "delete billing.acme.com CNAME shops.elsewhere.net and create billing.acme.com CNAME k7q2.edge.pay.example"},
		{name: "a CNAME to nothing", zone: map[string][]string{host: {"CNAME gone.elsewhere.net."}}, who: domaindoctor.Tenant, code: domaindoctor.DNSWrongTarget,
			seen: "CNAME gone.elsewhere.net, which has no address", fix: "delete billing.acme.com CNAME gone.elsewhere.net and create"},
		{name: "ours beside another", host: "acme.com", zone: map[string][]string{"acme.com": {"A 127.0.0.1", "A 198.51.100.7"}}, who: domaindoctor.Tenant,
			code: domaindoctor.DNSWrongTarget, seen: "A 127.0.0.1, A 198.51.100.7", fix: "delete acme.com A 198.51.100.7"},
		{name: "a loop", zone: map[string][]string{host: {"CNAME a.acme.com."}, "a.acme.com": {"CNAME billing.acme.com."}}, who: domaindoctor.Tenant,
			code: domaindoctor.DNSWrongTarget, seen: "a loop of CNAME records: CNAME a.acme.com, CNAME billing.acme.com",
			fix: "delete billing.acme.com CNAME a.acme.com and create billing.acme.com CNAME k7q2.edge.pay.example"},
		{name: "a CNAME to itself", zone: map[string][]string{host: {"CNAME billing.acme.com."}}, who: domaindoctor.Tenant, code: domaindoctor.DNSWrongTarget,
			seen: "a loop", fix: "delete billing.acme.com CNAME billing.acme.com"},
		{name: "an AAAA from before", host: "acme.com", zone: map[string][]string{"acme.com": {"A 127.0.0.1", "AAAA 2001:db8::7"}}, who: domaindoctor.Tenant,
			code: domaindoctor.DNSStaleAAAA, seen: "AAAA 2001:db8::7", fix: "delete acme.com AAAA 2001:db8::7"},
		{name: "an AAAA that maps our address", host: "acme.com", zone: map[string][]string{"acme.com": {"A 127.0.0.1", "AAAA ::ffff:127.0.0.1"}}, who: domaindoctor.Tenant,
			code: domaindoctor.DNSStaleAAAA, seen: "AAAA ::ffff:127.0.0.1", fix: "delete acme.com AAAA ::ffff:127.0.0.1"},
		{name: "a CDN before us", zone: map[string][]string{host: {"A 203.0.113.9"}, "_tollhouse." + host: {`TXT "` + token + `"`}}, who: domaindoctor.Tenant,
			code: domaindoctor.DNSCDNInFront, seen: "A 203.0.113.9", fix: "switch the proxy off for this name (\"DNS only\") and see that the record is billing.acme.com CNAME k7q2.edge.pay.example"},
		{name: "our own target gone", zone: map[string][]string{host: {"CNAME " + target + "."}, target: {"MX 10 mx.pay.example."}}, who: domaindoctor.Platform,
			code: domaindoctor.DNSNotFound, seen: "k7q2.edge.pay.example has no address", fix: "create A and AAAA records at *.edge.pay.example"},
		{name: "our own target led astray", zone: map[string][]string{host: {"CNAME " + target + "."}, target: {"A 198.51.100.7"}}, who: domaindoctor.Platform,
			code: domaindoctor.DNSWrongTarget, seen: "A 198.51.100.7", fix: "correct the records at k7q2.edge.pay.example"},
		{name: "no proof", host: "acme.com", zone: map[string][]string{"acme.com": {"A 127.0.0.1"}}, who: domaindoctor.Tenant, code: domaindoctor.OwnershipMissing,
			seen: "no such record", fix: `create _tollhouse.acme.com TXT "` + token + `"`},
		{name: "the edge domain is no proof", zone: map[string][]string{host: {"CNAME " + edge + "."}}, who: domaindoctor.Tenant, code: domaindoctor.OwnershipMissing,
			seen: "no such record", fix: "create billing.acme.com CNAME k7q2.edge.pay.example"},
		{name: "another claim's token", host: "acme.com", zone: map[string][]string{"acme.com": {"A 127.0.0.1"}, "_tollhouse.acme.com": {`TXT "0123"`, `TXT "4567"`}},
			who: domaindoctor.Tenant, code: domaindoctor.OwnershipMismatch, seen: `TXT "0123", "4567"`, fix: `add _tollhouse.acme.com TXT "` + token + `"`},
		{name: "another claim's target", zone: map[string][]string{host: {"CNAME " + other + "."}}, who: domaindoctor.Tenant, code: domaindoctor.OwnershipMismatch,
			seen: "CNAME m3x9.edge.pay.example", fix: `_tollhouse.billing.acme.com TXT "` + token + `"`},
		{name: "CAA above", zone: map[string][]string{host: {"CNAME " + target + "."}, "acme.com": {`CAA 0 issue "otherca.net"`}}, who: domaindoctor.Tenant,
			code: domaindoctor.CAAForbids, seen: `CAA 0 issue "otherca.net" at acme.com`, fix: `create acme.com CAA 0 issue "letsencrypt.org"`},
		{name: "CAA at our target", zone: map[string][]string{host: {"CNAME " + target + "."}, target: {"A 127.0.0.1", `CAA 0 issue ";"`}}, who: domaindoctor.Platform,
			code: domaindoctor.CAAForbids, seen: `CAA 0 issue ";" at k7q2.edge.pay.example`, fix: `create k7q2.edge.pay.example CAA 0 issue "letsencrypt.org"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWard(t)
			for name, records := range tc.zone {
				w.set(name, records...)
			}
			if tc.host == "" {
				tc.host = host
			}
			r := w.examine(t, tc.host, claim)
			if r.Verdict != domaindoctor.Blocked {
				t.Fatalf("%s, want blocked\n%+v", r.Verdict, r.Findings)
			}
			for _, f := range r.Findings {
				if f.Code == tc.code {
					if f.Who != tc.who || !f.Certain || !strings.Contains(f.Seen, tc.seen) || !strings.Contains(f.Fix, tc.fix) {
						t.Errorf("%s %s\nseen %s\nfix  %s\nwant %s, %q and %q", f.Code, f.Who, f.Seen, f.Fix, tc.who, tc.seen, tc.fix)
					}
					expect(t, r, r.Verdict, codes(r)...)
					return
				}
			}
			t.Errorf("%v, want %s", codes(r), tc.code)
		})
	}
}

func TestExamine_IsReadyWhenAllIsRight(t *testing.T) {
	for name, tc := range map[string]struct {
		host string
		zone map[string][]string
		want domaindoctor.Proof
		by   domaindoctor.Method
	}{
		"CNAME to the target":               {host, map[string][]string{host: {"CNAME " + target + "."}}, claim, domaindoctor.ByCNAME},
		"CNAME in capitals":                 {host, map[string][]string{host: {"CNAME " + strings.ToUpper(target) + "."}}, claim, domaindoctor.ByCNAME},
		"CNAME by way of another":           {host, map[string][]string{host: {"CNAME www.acme.com."}, "www.acme.com": {"CNAME " + target + "."}}, claim, domaindoctor.ByCNAME},
		"apex with TXT":                     {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {`TXT "` + token + `"`}}, claim, domaindoctor.ByTXT},
		"one of several TXT":                {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {`TXT "x"`, `TXT "` + token + `"`, `TXT "y"`}}, claim, domaindoctor.ByTXT},
		"TXT in pieces":                     {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {`TXT "` + token[:9] + `" "` + token[9:] + `"`}}, claim, domaindoctor.ByTXT},
		"TXT with quotes kept":              {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {`TXT "\"` + token + `\""`}}, claim, domaindoctor.ByTXT},
		"TXT by way of an alias":            {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {"CNAME t.acme.net."}, "t.acme.net": {`TXT "` + token + `"`}}, claim, domaindoctor.ByTXT},
		"TXT and another's target":          {host, map[string][]string{host: {"CNAME " + other + "."}, "_tollhouse." + host: {`TXT "` + token + `"`}}, claim, domaindoctor.ByTXT},
		"no claim to look for":              {host, map[string][]string{host: {"CNAME " + edge + "."}}, domaindoctor.Proof{}, ""},
		"the edge domain and TXT":           {host, map[string][]string{host: {"CNAME " + edge + "."}, "_tollhouse." + host: {`TXT "` + token + `"`}}, claim, domaindoctor.ByTXT},
		"CAA that names the CA":             {host, map[string][]string{host: {"CNAME " + target + "."}, "acme.com": {`CAA 0 issue "letsencrypt.org"`}}, claim, domaindoctor.ByCNAME},
		"CAA of the target first":           {host, map[string][]string{host: {"CNAME " + target + "."}, target: {"A " + ours, `CAA 0 issue "letsencrypt.org"`}, "acme.com": {`CAA 0 issue "otherca.net"`}}, claim, domaindoctor.ByCNAME},
		"CAA above the target is no matter": {host, map[string][]string{host: {"CNAME " + target + "."}, "pay.example": {`CAA 0 issue "otherca.net"`}}, claim, domaindoctor.ByCNAME},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			for name, records := range tc.zone {
				w.set(name, records...)
			}
			r := w.examine(t, tc.host, tc.want)
			expect(t, r, domaindoctor.Ready)
			if r.Proven != (tc.by != "") || r.By != tc.by || r.Disproven() {
				t.Errorf("proven %v by %q, disproven %v; want %q", r.Proven, r.By, r.Disproven(), tc.by)
			}
			if w.door.knocks.Load() != 2 {
				t.Errorf("%d knocks at our doors, want one each", w.door.knocks.Load())
			}
		})
	}
}

// What a resolver cannot say is never evidence: the verdict is open, and nothing is disproven.
func TestExamine_ConcludesNothingFromFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		zone  string // that fails
		fault dnstest.Fault
		one   bool // at one resolver only
		who   domaindoctor.Who
		code  string
		fix   string
	}{
		"SERVFAIL everywhere":           {"acme.com", dnstest.ServFail, false, domaindoctor.Tenant, "dns.servfail?", "name servers that are responsible for billing.acme.com"},
		"SERVFAIL at one":               {"acme.com", dnstest.ServFail, true, domaindoctor.Nobody, "dns.servfail?", "Wait"},
		"the name's servers are silent": {"acme.com", dnstest.Silent, false, domaindoctor.Tenant, "dns.servfail?", "name servers that are responsible"},
		"one resolver is silent":        {".", dnstest.Silent, true, domaindoctor.Nobody, "dns.servfail?", "Wait"},
		"all resolvers are silent":      {".", dnstest.Silent, false, domaindoctor.Platform, "dns.servfail?", "TOLLHOUSE_DNS_RESOLVERS"},
		"resolvers refuse":              {".", dnstest.Refused, false, domaindoctor.Platform, "dns.servfail?", "TOLLHOUSE_DNS_RESOLVERS"},
		"lame servers":                  {"acme.com", dnstest.Lame, false, domaindoctor.Platform, "dns.servfail?", "TOLLHOUSE_DNS_RESOLVERS"},
		"garbage":                       {"acme.com", dnstest.Garbage, false, domaindoctor.Tenant, "dns.servfail?", "name servers"},
		"answers to other questions":    {"acme.com", dnstest.Stranger, false, domaindoctor.Platform, "dns.servfail?", "TOLLHOUSE_DNS_RESOLVERS"},
		"our own edge domain fails":     {edge, dnstest.ServFail, false, domaindoctor.Platform, "dns.servfail?", "repair the name servers of edge.pay.example"},
		"broken DNSSEC at one":          {"acme.com", dnstest.Bogus, true, domaindoctor.Tenant, "dns.dnssec_bogus?", "delete the DS record of the domain of billing.acme.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t)
			if tc.fault == dnstest.Silent {
				w.cfg.QueryTime = time.Second
			}
			w.set(host, "CNAME "+target+".")
			w.dns[0].Break(tc.zone, tc.fault)
			if !tc.one {
				w.dns[1].Break(tc.zone, tc.fault)
			}
			r := w.examine(t, host, claim)
			expect(t, r, domaindoctor.Unknown, tc.code)
			if r.Disproven() || len(r.Findings) == 0 {
				t.Fatalf("disproven %v, %d findings", r.Disproven(), len(r.Findings))
			}
			if f := r.Findings[0]; f.Who != tc.who || !strings.Contains(f.Fix, tc.fix) || f.RetryAfter <= 0 {
				t.Errorf("%s: %s, again in %s; want %s: %q", f.Who, f.Fix, f.RetryAfter, tc.who, tc.fix)
			}
			if w.breakAll(tc.zone, 0); w.examine(t, host, claim).Verdict != domaindoctor.Ready {
				t.Error("mended, it is not ready")
			}
		})
	}
}

func TestExamine_BrokenDNSSECBlocks(t *testing.T) {
	w := newWard(t)
	w.set(host, "CNAME "+target+".")
	w.breakAll("acme.com", dnstest.Bogus)
	r := w.examine(t, host, claim)
	expect(t, r, domaindoctor.Blocked, "dns.dnssec_bogus")
	if f := r.Findings[0]; f.Who != domaindoctor.Tenant || !strings.Contains(f.Fix, "delete the DS record of the domain of billing.acme.com") || r.Disproven() {
		t.Errorf("%+v", f)
	}
	w.breakAll("acme.com", 0)
	w.breakAll(edge, dnstest.Bogus)
	if f := w.examine(t, host, claim).Findings[0]; f.Code != domaindoctor.DNSBogus || f.Who != domaindoctor.Platform {
		t.Errorf("in our own zone: %+v", f)
	}
}
