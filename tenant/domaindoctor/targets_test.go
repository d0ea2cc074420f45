package domaindoctor_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

func (w *ward) examineTargets(t *testing.T) domaindoctor.TargetReport {
	t.Helper()
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return doctor.ExamineTargets(context.Background())
}

const wildcard = "*." + edge

func TestExamineTargets_SaysHowTheWildcardIs(t *testing.T) {
	bound := `CAA 0 issue "letsencrypt.org; accounturi=` + account + `; validationmethods=http-01,tls-alpn-01"`
	for name, tc := range map[string]struct {
		records []string // at the wildcard
		change  func(w *ward)
		route   domaindoctor.Result
		caa     domaindoctor.Result
		bound   bool
		seen    string // by the route
		fix     string // of the first finding
	}{
		"right, without CAA":       {[]string{"A " + ours}, nil, domaindoctor.Passed, domaindoctor.Passed, false, "A 127.0.0.1", ""},
		"right and bound":          {[]string{"A " + ours, bound}, nil, domaindoctor.Passed, domaindoctor.Passed, true, "A 127.0.0.1", ""},
		"permitted, not bound":     {[]string{"A " + ours, `CAA 0 issue "letsencrypt.org"`}, nil, domaindoctor.Passed, domaindoctor.Passed, false, "A", ""},
		"bound beside not bound":   {[]string{"A " + ours, bound, `CAA 0 issue "letsencrypt.org"`}, nil, domaindoctor.Passed, domaindoctor.Passed, false, "A", ""},
		"bound to somebody else":   {[]string{"A " + ours, strings.Replace(bound, account, account+"1", 1)}, nil, domaindoctor.Passed, domaindoctor.Failed, false, "A", "create *.edge.pay.example " + bound},
		"forbidden":                {[]string{"A " + ours, `CAA 0 issue ";"`}, nil, domaindoctor.Passed, domaindoctor.Failed, false, "A", "create *.edge.pay.example " + bound},
		"nothing there":            {nil, nil, domaindoctor.Failed, domaindoctor.Passed, false, "no address at", "create *.edge.pay.example A 127.0.0.1 and nothing else"},
		"another address":          {[]string{"A 198.51.100.7"}, nil, domaindoctor.Failed, domaindoctor.Passed, false, "A 198.51.100.7", "correct TOLLHOUSE_PUBLIC_ADDRESSES"},
		"one of two addresses":     {[]string{"A " + ours}, func(w *ward) { w.addAddress("2001:db8::1") }, domaindoctor.Passed, domaindoctor.Passed, false, "A 127.0.0.1; not AAAA 2001:db8::1", ""},
		"an alias":                 {[]string{"CNAME lb.pay.example."}, func(w *ward) { w.set("lb.pay.example", "A "+ours, bound) }, domaindoctor.Passed, domaindoctor.Passed, true, "CNAME lb.pay.example, A 127.0.0.1", ""},
		"CAA above does not count": {[]string{"A " + ours}, func(w *ward) { w.set("pay.example", `CAA 0 issue ";"`) }, domaindoctor.Passed, domaindoctor.Passed, false, "A", ""},
		"no addresses configured":  {[]string{"A 198.51.100.7"}, func(w *ward) { w.cfg.Targets.Addresses = nil }, domaindoctor.Passed, domaindoctor.Passed, false, "A 198.51.100.7", ""},
		"none at all":              {nil, func(w *ward) { w.cfg.Targets.Addresses = nil }, domaindoctor.Failed, domaindoctor.Passed, false, "no address at", "let *.edge.pay.example have A and AAAA records"},
		"resolvers disagree":       {[]string{"A " + ours}, func(w *ward) { w.dns[1].Set(wildcard) }, domaindoctor.Undecided, domaindoctor.Passed, false, "sees it right", "Wait"},
		"servfail":                 {nil, func(w *ward) { w.breakAll(edge, dnstest.ServFail) }, domaindoctor.Undecided, domaindoctor.Undecided, false, "SERVFAIL", "repair the name servers of edge.pay.example"},
		"a loop":                   {[]string{"CNAME x." + edge + "."}, nil, domaindoctor.Failed, domaindoctor.Skipped, false, "CNAME records without end", "create *.edge.pay.example A 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			w.cfg.AccountURI = func() string { return account }
			w.set(wildcard, tc.records...)
			if tc.change != nil {
				tc.change(w)
			}
			r := w.examineTargets(t)
			if r.Route.Result != tc.route || r.CAA.Result != tc.caa || r.Bound != tc.bound || !strings.Contains(r.Route.Seen, tc.seen) {
				t.Errorf("route %+v\ncaa %+v\nbound %v; want %s, %s, %v, %q", r.Route, r.CAA, r.Bound, tc.route, tc.caa, tc.bound, tc.seen)
			}
			if (len(r.Findings) == 0) != (tc.fix == "") || len(r.Findings) > 0 && (r.Findings[0].Who == domaindoctor.Tenant || !strings.Contains(r.Findings[0].Fix, tc.fix)) {
				t.Errorf("%+v, want %q", r.Findings, tc.fix)
			}
		})
	}
}

func (w *ward) addAddress(address string) {
	w.cfg.Targets.Addresses = append(w.cfg.Targets.Addresses, netip.MustParseAddr(address))
}

func TestExamineTargets_SaysWhatToPublish(t *testing.T) {
	w := newWard(t)
	w.cfg.CAs = []string{"letsencrypt.org", "second.example"}
	second := `CAA 0 issue "second.example; validationmethods=http-01,tls-alpn-01"`
	if got, want := w.examineTargets(t).Publish, []string{wildcard + ` CAA 0 issue "letsencrypt.org; validationmethods=http-01,tls-alpn-01"`, wildcard + " " + second}; !slices.Equal(got, want) {
		t.Errorf("without an account: %q, want %q", got, want)
	}
	w.cfg.AccountURI = func() string { return account }
	w.set(wildcard, "CNAME lb.pay.example.")
	w.set("lb.pay.example", "A "+ours)
	r := w.examineTargets(t)
	if want := []string{`lb.pay.example CAA 0 issue "letsencrypt.org; accounturi=` + account + `; validationmethods=http-01,tls-alpn-01"`, "lb.pay.example " + second}; !slices.Equal(r.Publish, want) {
		t.Errorf("behind an alias: %q, want %q", r.Publish, want)
	}
	// What is said to be published is taken for right, and lets a tenant's own CAA no longer hinder.
	w.set("lb.pay.example", "A "+ours, strings.TrimPrefix(r.Publish[0], "lb.pay.example "), second)
	w.set("acme.com", `CAA 0 issue "otherca.net"`)
	w.set(host, "CNAME "+target+".")
	w.set(target, "CNAME lb.pay.example.")
	if r := w.examineTargets(t); !r.Bound || len(r.Findings) > 0 {
		t.Errorf("published: %+v", r)
	}
	expect(t, w.examine(t, host, claim), domaindoctor.Ready)
}
