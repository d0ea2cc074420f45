package domaindoctor_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

// thirdResolver adds one to a ward, with the records of the others.
func (w *ward) thirdResolver(t *testing.T) {
	t.Helper()
	w.dns = append(w.dns, dnstest.Start(t))
	w.cfg.Resolvers = append(w.cfg.Resolvers, w.dns[2].Addr)
	w.dns[2].Set("*."+edge, "A "+ours)
	w.dns[2].Set(edge, "A "+ours)
}

// state is what one resolver shows of a name.
type state struct {
	name    string
	records []string
	fault   dnstest.Fault
}

var states = []state{
	{"right", []string{"CNAME " + target + "."}, 0},
	{"none", nil, 0},
	{"wrong", []string{"A 198.51.100.7"}, 0},
	{"servfail", nil, dnstest.ServFail},
	{"refused", nil, dnstest.Refused},
	{"lame", nil, dnstest.Lame},
	{"bogus", []string{"CNAME " + target + "."}, dnstest.Bogus},
}

// conclusion is the rule in plain words: at least two that can say, and all of those either see it right or do not. DNSSEC that fails anywhere
// leaves everything open, and blocks where nothing else is seen.
func conclusion(seen []state) (domaindoctor.Verdict, bool) {
	count := map[string]int{}
	heard := 0
	for _, s := range seen {
		count[s.name]++
		if s.fault == 0 {
			heard++
		}
	}
	switch {
	case count["bogus"] == len(seen):
		return domaindoctor.Blocked, false
	case count["bogus"] > 0, heard < 2, count["right"] > 0 && count["right"] < heard:
		return domaindoctor.Unknown, false
	case count["right"] == 0:
		return domaindoctor.Blocked, true
	}
	return domaindoctor.Ready, false
}

// All that three resolvers can say together.
func TestExamine_ConcludesOnlyWhatTwoSayAndNoneDenies(t *testing.T) {
	w := newWard(t)
	w.thirdResolver(t)
	for i := range len(states) * len(states) * len(states) {
		seen := []state{states[i%len(states)], states[i/len(states)%len(states)], states[i/len(states)/len(states)]}
		var names []string
		for k, s := range seen {
			w.dns[k].Set(host, s.records...)
			w.dns[k].Break(host, s.fault)
			names = append(names, s.name)
		}
		verdict, disproven := conclusion(seen)
		r := w.examine(t, host, claim)
		if r.Verdict != verdict || r.Disproven() != disproven || r.Proven && !slices.Contains(names, "right") {
			t.Errorf("%v: %s, disproven %v; want %s, %v: %+v", names, r.Verdict, r.Disproven(), verdict, disproven, r.Findings)
		}
	}
}

func TestExamine_ResolversThatDisagreeMeanWaiting(t *testing.T) {
	for name, change := range map[string]func(w *ward){
		"of the name":    func(w *ward) { w.dns[1].Set(host) },
		"of the target":  func(w *ward) { w.dns[1].Set(host, "CNAME "+other+".") },
		"of the address": func(w *ward) { w.dns[1].Set(target, "A 198.51.100.7") },
		"of CAA":         func(w *ward) { w.dns[1].Set("acme.com", `CAA 0 issue "otherca.net"`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			w.set(host, "CNAME "+target+".")
			change(w)
			r := w.examine(t, host, claim)
			if r.Verdict != domaindoctor.Unknown || r.Disproven() {
				t.Fatalf("%s: %+v", r.Verdict, r.Findings)
			}
			expect(t, r, domaindoctor.Unknown, codes(r)...)
			for _, f := range r.Findings {
				if f.Who != domaindoctor.Nobody || !strings.Contains(f.Fix, "still spreading") || !strings.Contains(f.Seen, "sees it right") || f.RetryAfter != time.Minute {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// A name at a CDN or a load balancer elsewhere answers each resolver with other addresses: that is agreement about what matters.
func TestExamine_DifferentWrongAddressesAreAgreement(t *testing.T) {
	w := newWard(t)
	w.dns[0].Set(host, "A 198.51.100.7")
	w.dns[1].Set(host, "A 203.0.113.9", "A 203.0.113.10")
	expect(t, w.examine(t, host, claim), domaindoctor.Blocked, "dns.wrong_target", "ownership.missing")
}

func TestExamine_FlappingDNSIsNeverEvidence(t *testing.T) {
	w := newWard(t)
	w.set(host, "CNAME "+target+".")
	w.dns[0].Break(host, dnstest.Flap)
	verdicts := map[domaindoctor.Verdict]int{}
	for range 6 {
		r := w.examine(t, host, claim)
		if r.Verdict == domaindoctor.Blocked || r.Disproven() {
			t.Errorf("%+v", r.Findings)
		}
		verdicts[r.Verdict]++
	}
	if verdicts[domaindoctor.Ready] != 3 || verdicts[domaindoctor.Unknown] != 3 {
		t.Errorf("%v, want ready and unknown by turns", verdicts)
	}
}

func TestExamine_OneOfThreeMayBeSilent(t *testing.T) {
	w := newWard(t)
	w.thirdResolver(t)
	w.set(host, "CNAME "+target+".")
	w.dns[1].Break(".", dnstest.Silent)
	w.cfg.QueryTime = time.Second
	expect(t, w.examine(t, host, claim), domaindoctor.Ready)
	w.set(host)
	expect(t, w.examine(t, host, claim), domaindoctor.Blocked, "dns.not_found", "ownership.missing")
}

// The same resolver twice is one truth said twice, as in development.
func TestExamine_WorksWithOneResolverTwice(t *testing.T) {
	w := newWard(t)
	w.cfg.Resolvers = []netip.AddrPort{w.dns[0].Addr, w.dns[0].Addr}
	w.set(host, "CNAME "+target+".")
	expect(t, w.examine(t, host, claim), domaindoctor.Ready)
}

func TestExamine_LearnsItsAddressesFromTheEdgeDomain(t *testing.T) {
	w := newWard(t)
	w.cfg.Targets.Addresses = nil
	w.set("acme.com", "A "+ours)
	w.set("_tollhouse.acme.com", `TXT "`+token+`"`)
	expect(t, w.examine(t, "acme.com", claim), domaindoctor.Ready)
	if n := w.door.knocks.Load(); n != 0 {
		t.Errorf("%d knocks at addresses that nobody configured", n)
	}
	w.set("shop.com", "A 198.51.100.7")
	r := w.examine(t, "shop.com", claim)
	expect(t, r, domaindoctor.Blocked, "dns.wrong_target", "ownership.missing")
	if !strings.Contains(r.Findings[0].Fix, "create shop.com ALIAS k7q2.edge.pay.example") {
		t.Errorf("an apex whose addresses are learned: %s", r.Findings[0].Fix)
	}
	w.set("*." + edge)
	w.set(edge)
	r = w.examine(t, "shop.com", domaindoctor.Proof{})
	expect(t, r, domaindoctor.Blocked, "dns.not_found")
	if r.Findings[0].Who != domaindoctor.Platform {
		t.Errorf("without any address of ours: %+v", r.Findings[0])
	}
}

func TestExamine_EndsWithItsContext(t *testing.T) {
	w := newWard(t)
	w.breakAll(".", dnstest.Silent)
	w.cfg.QueryTime = 10 * time.Second
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	r := doctor.Examine(ctx, tenant.MustParseHostname(host), claim)
	if took := time.Since(began); r.Verdict != domaindoctor.Unknown || took > 5*time.Second {
		t.Errorf("%s after %s", r.Verdict, took)
	}
	w.cfg.TotalTime = 100 * time.Millisecond
	began = time.Now()
	if r, took := w.examine(t, host, claim), time.Since(began); r.Verdict != domaindoctor.Unknown || took > 5*time.Second {
		t.Errorf("%s after %s of a total of 100 ms", r.Verdict, took)
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	good := newWard(t).cfg
	if _, err := domaindoctor.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *domaindoctor.Config){
		"one resolver":    func(c *domaindoctor.Config) { c.Resolvers = c.Resolvers[:1] },
		"no port":         func(c *domaindoctor.Config) { c.Resolvers = []netip.AddrPort{{}, {}} },
		"no edge domain":  func(c *domaindoctor.Config) { c.Targets.Edge = tenant.Hostname{} },
		"no name of a CA": func(c *domaindoctor.Config) { c.CAs = nil },
	} {
		c := good
		change(&c)
		if _, err := domaindoctor.New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
