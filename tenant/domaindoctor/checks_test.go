package domaindoctor_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

// outline is every check in one word each: "name route ownership caa http tls" as p, f, u or s.
func outline(r domaindoctor.Report) string {
	var results []string
	for _, c := range r.Checks {
		results = append(results, string(c.Result[0]))
	}
	return strings.Join(results, "")
}

// check finds one check by its name.
func check(t *testing.T, r domaindoctor.Report, name string) domaindoctor.Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c domaindoctor.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no check %q in %+v", name, r.Checks)
	}
	return r.Checks[i]
}

// wellFormed holds the checks of a report to what all of them promise: all six in order, each with what was expected and what was there, and in
// agreement with the findings.
func wellFormed(t *testing.T, r domaindoctor.Report) {
	t.Helper()
	var names []string
	for _, c := range r.Checks {
		names = append(names, c.Name)
		if c.Expected == "" || c.Seen == "" || len(c.Seen) > 1200 || strings.ContainsFunc(c.Expected+c.Seen, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("an incomplete check: %+v", c)
		}
		found := slices.ContainsFunc(r.Findings, func(f domaindoctor.Finding) bool {
			return f.Code == c.Code && f.Certain == (c.Result == domaindoctor.Failed)
		})
		if troubled := c.Result == domaindoctor.Failed || c.Result == domaindoctor.Undecided; troubled != (c.Code != "") || troubled && !found {
			t.Errorf("a check that fits no finding: %+v\n%+v", c, r.Findings)
		}
	}
	if want := []string{"name", "route", "ownership", "caa", "http", "tls"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	for _, f := range r.Findings {
		if !slices.ContainsFunc(r.Checks, func(c domaindoctor.Check) bool { return c.Code == f.Code }) {
			t.Errorf("no check says %s: %+v", f.Code, r.Checks)
		}
	}
}

func TestExamine_TellsWhatItSawAlsoWhereAllIsWell(t *testing.T) {
	w := newWard(t)
	w.set(host, "CNAME "+target+".")
	w.set("acme.com", `CAA 0 issue "letsencrypt.org"`)
	r := w.examine(t, host, claim)
	wellFormed(t, r)
	for _, want := range []domaindoctor.Check{
		{Name: "name", Expected: "a name that can be served", Seen: host},
		{Name: "route", Expected: "CNAME " + target, Seen: "CNAME " + target + ", A " + ours},
		{Name: "ownership", Expected: host + " CNAME " + target + " or _tollhouse." + host + ` TXT "` + token + `"`, Seen: "CNAME " + target},
		{Name: "caa", Expected: `no CAA record, or CAA 0 issue "letsencrypt.org"`, Seen: `CAA 0 issue "letsencrypt.org" at acme.com`},
		{Name: "http", Expected: "an answer of ours over HTTP", Seen: fmt.Sprintf("status 404 at %s:%d", ours, w.cfg.Probe.HTTPPort)},
		{Name: "tls", Expected: "TLS", Seen: fmt.Sprintf("an alert at %s:%d", ours, w.cfg.Probe.TLSPort)},
	} {
		want.Result = domaindoctor.Passed
		if got := check(t, r, want.Name); got != want {
			t.Errorf("%+v, want\n%+v", got, want)
		}
	}
	w.set("shop.net", "A "+ours)
	w.set("_tollhouse.shop.net", `TXT "`+token+`"`)
	r = w.examine(t, "shop.net", claim)
	if got := check(t, r, "ownership").Seen; got != `TXT "`+token+`" at _tollhouse.shop.net` {
		t.Errorf("proven by TXT: %s", got)
	}
	if got := check(t, r, "caa").Seen; got != "no CAA record" {
		t.Errorf("without CAA: %s", got)
	}
}

// Every way in which an examination can end, and what each check says then.
func TestExamine_TellsOfEachCheckHowItEnded(t *testing.T) {
	right := func(w *ward) { w.set(host, "CNAME "+target+".") }
	for name, tc := range map[string]struct {
		change func(w *ward)
		want   string // name route ownership caa http tls
		of     string // one check
		seen   string
	}{
		"all well":               {right, "pppppp", "route", "CNAME " + target},
		"nothing there":          {func(*ward) {}, "pffpss", "http", "has to lead here first"},
		"a foreign address":      {func(w *ward) { w.set(host, "A 198.51.100.7") }, "pffpss", "route", "A 198.51.100.7"},
		"a loop":                 {func(w *ward) { w.set(host, "CNAME "+host+".") }, "pffsss", "caa", "before dns.wrong_target is mended"},
		"CAA":                    {func(w *ward) { right(w); w.set("acme.com", `CAA 0 issue "otherca.net"`) }, "pppfpp", "caa", "otherca.net"},
		"servfail":               {func(w *ward) { right(w); w.breakAll("acme.com", dnstest.ServFail) }, "puuuss", "ownership", "SERVFAIL"},
		"broken DNSSEC":          {func(w *ward) { right(w); w.breakAll("acme.com", dnstest.Bogus) }, "pfffss", "route", "SERVFAIL for"},
		"resolvers disagree":     {func(w *ward) { w.dns[0].Set(host, "CNAME "+target+".") }, "puupss", "route", "sees it right"},
		"no HTTP":                {func(w *ward) { right(w); _ = w.door.http.Close() }, "ppppfp", "http", "connection refused"},
		"no TLS":                 {func(w *ward) { right(w); _ = w.door.tls.Close() }, "pppppf", "tls", "connection refused"},
		"no addresses to try":    {func(w *ward) { right(w); w.cfg.Targets.Addresses = nil }, "ppppss", "tls", "the platform's operator has not named the addresses"},
		"a name of the platform": {func(w *ward) { w.cfg.Own = []tenant.Hostname{tenant.MustParseHostname("acme.com")} }, "fsssss", "route", "another one first"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			tc.change(w)
			r := w.examine(t, host, claim)
			wellFormed(t, r)
			if got := outline(r); got != tc.want {
				t.Errorf("%s, want %s\n%+v", got, tc.want, r.Checks)
			}
			if c := check(t, r, tc.of); !strings.Contains(c.Seen, tc.seen) {
				t.Errorf("%+v, want %q", c, tc.seen)
			}
		})
	}
}

func TestExamine_SaysWhichResolverShowsWhat(t *testing.T) {
	w := newWard(t)
	w.cfg.Targets.Addresses = append(w.cfg.Targets.Addresses, netip.MustParseAddr("127.0.0.2"))
	w.dns[0].Set("acme.com", "A "+ours)
	w.dns[1].Set("acme.com", "A 127.0.0.2")
	r := w.examine(t, "acme.com", domaindoctor.Proof{})
	want := fmt.Sprintf("%s shows A %s; %s shows A 127.0.0.2", w.cfg.Resolvers[0], ours, w.cfg.Resolvers[1])
	if c := check(t, r, "route"); c.Result != domaindoctor.Passed || c.Seen != want {
		t.Errorf("%+v, want %s", c, want)
	}
	if c := check(t, r, "ownership"); c.Result != domaindoctor.Skipped || c.Code != "" {
		t.Errorf("without a claim: %+v", c)
	}
}

func TestExamine_ThatIsInterruptedDecidesNoCheck(t *testing.T) {
	w := newWard(t)
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := doctor.Examine(ctx, tenant.MustParseHostname(host), claim)
	if wellFormed(t, r); outline(r) != "puuuuu" || r.Verdict != domaindoctor.Unknown {
		t.Errorf("%s: %+v", r.Verdict, r.Checks)
	}
	if r := doctor.Examine(ctx, tenant.MustParseHostname("co.uk"), claim); r.Verdict != domaindoctor.Blocked || w.asked() != 0 {
		t.Errorf("a name that is refused without looking: %s, %d questions", r.Verdict, w.asked())
	}
}

func TestExamineTyped_ReportsOnNamesThatAreNone(t *testing.T) {
	w := newWard(t)
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	for typed, zero := range map[string]bool{"192.0.2.1": true, "": true, "*.acme.com": true, strings.Repeat("a", 64) + ".com": true, "co.uk": false, "x.pay.example": false} {
		r := doctor.ExamineTyped(context.Background(), typed, claim)
		if wellFormed(t, r); r.Verdict != domaindoctor.Blocked || r.Host.IsZero() != zero || outline(r) != "fsssss" {
			t.Errorf("%q: %s, host %q, %s", typed, r.Verdict, r.Host, outline(r))
		}
	}
	if w.asked() != 0 {
		t.Errorf("%d questions about names that are none", w.asked())
	}
	w.set(host, "CNAME "+target+".")
	if r := doctor.ExamineTyped(context.Background(), "Billing.ACME.com.", claim); r.Verdict != domaindoctor.Ready || r.Host.String() != host {
		t.Errorf("%s of %s: %+v", r.Verdict, r.Host, r.Findings)
	}
}

// The account is registered while the program runs: it counts from the next examination on.
func TestExamine_AsksForTheAccountEachTime(t *testing.T) {
	w := newWard(t)
	known := ""
	w.cfg.AccountURI = func() string { return known }
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.set(host, "CNAME "+target+".")
	w.set("acme.com", `CAA 0 issue "letsencrypt.org; accounturi=`+account+`"`)
	for _, step := range []struct {
		account string
		want    domaindoctor.Verdict
	}{{"", domaindoctor.Unknown}, {account, domaindoctor.Ready}, {account + "1", domaindoctor.Blocked}} {
		known = step.account
		if r := doctor.Examine(context.Background(), tenant.MustParseHostname(host), claim); r.Verdict != step.want {
			t.Errorf("with account %q: %s, want %s", step.account, r.Verdict, step.want)
		}
	}
}
