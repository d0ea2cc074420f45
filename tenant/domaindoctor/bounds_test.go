package domaindoctor_test

import (
	"fmt"
	"strings"
	"testing"

	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

// chainOf makes a name lead to an end through a number of CNAMEs in all.
func (w *ward) chainOf(name, end string, hops int) {
	for i := range hops - 1 {
		next := fmt.Sprintf("hop%d.acme.net", i)
		w.set(name, "CNAME "+next+".")
		name = next
	}
	w.set(name, "CNAME "+end+".")
}

func TestExamine_FollowsSixteenAliasesAndNoMore(t *testing.T) {
	for hops, verdict := range map[int]domaindoctor.Verdict{1: domaindoctor.Ready, 2: domaindoctor.Ready, 16: domaindoctor.Ready, 17: domaindoctor.Blocked, 30: domaindoctor.Blocked} {
		w := newWard(t)
		w.chainOf(host, target, hops)
		r := w.examine(t, host, claim)
		if r.Verdict != verdict {
			t.Errorf("%d aliases: %s, %+v", hops, r.Verdict, r.Findings)
		}
		if verdict == domaindoctor.Blocked && (r.Findings[0].Code != domaindoctor.DNSWrongTarget || !strings.Contains(r.Findings[0].Seen, "more than 16 CNAME")) {
			t.Errorf("%d aliases: %+v", hops, r.Findings[0])
		}
	}
}

func many(n int, record func(i int) string) []string {
	records := make([]string, n)
	for i := range records {
		records[i] = record(i)
	}
	return records
}

// Answers that somebody made large on purpose. Each is judged, none costs more than a few questions, and what is shown stays short.
func TestExamine_SurvivesLargeAnswers(t *testing.T) {
	text := strings.Repeat(`"`+strings.Repeat("x", 250)+`" `, 240)
	hops := map[string][]string{host: {"CNAME " + target + "."}}
	for name, tc := range map[string]struct {
		host string
		zone map[string][]string
		want []string
	}{
		"1,000 addresses": {host, map[string][]string{host: many(1000, func(i int) string { return fmt.Sprintf("A 198.51.%d.%d", i/250, i%250) })},
			[]string{"dns.wrong_target", "ownership.missing"}},
		"1,000 IPv6 addresses beside ours": {host, map[string][]string{host: append(many(1000, func(i int) string { return fmt.Sprintf("AAAA 2001:db8::%x", i+1) }), "A "+ours)},
			[]string{"dns.wrong_target", "ownership.missing"}},
		"1,000 texts": {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": many(1000, func(i int) string { return fmt.Sprintf(`TXT "value %d"`, i) })},
			[]string{"ownership.mismatch"}},
		"a text of 60 KB":                  {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {"TXT " + text}}, []string{"ownership.mismatch"}},
		"a text of 60 KB beside the token": {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {"TXT " + text, `TXT "` + token + `"`}}, nil},
		"1,000 CAA records": {host, map[string][]string{host: hops[host], "acme.com": many(1000, func(i int) string { return fmt.Sprintf(`CAA 0 issue "ca%d.net"`, i) })},
			[]string{"caa.forbids"}},
		"1,000 mail servers": {host, map[string][]string{host: many(1000, func(i int) string { return fmt.Sprintf("MX 10 mx%d.acme.com.", i) })},
			[]string{"dns.not_found", "ownership.missing"}},
		"1,000 aliases of one name": {host, map[string][]string{host: many(1000, func(i int) string { return fmt.Sprintf("CNAME a%d.acme.net.", i) })},
			[]string{"dns.wrong_target", "ownership.missing"}},
		"control characters": {"acme.com", map[string][]string{"acme.com": {"A " + ours}, "_tollhouse.acme.com": {`TXT "\027[2J\007\000\255" "\010"`}}, []string{"ownership.mismatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			for name, records := range tc.zone {
				w.set(name, records...)
			}
			r := w.examine(t, tc.host, claim)
			verdict := domaindoctor.Ready
			if len(tc.want) > 0 {
				verdict = r.Verdict
			}
			expectCodes(t, r, verdict, tc.want)
			if n := w.asked(); n > 60 {
				t.Errorf("%d questions", n)
			}
		})
	}
}

// expectCodes is expect without a view on certainty: of too many CAA records not all are read.
func expectCodes(t *testing.T, r domaindoctor.Report, verdict domaindoctor.Verdict, want []string) {
	t.Helper()
	if got := strings.ReplaceAll(strings.Join(codes(r), " "), "?", ""); got != strings.Join(want, " ") {
		t.Errorf("%s, want %v", got, want)
	}
	expect(t, r, verdict, codes(r)...)
}

// The dearest name that anybody can make: loops and long chains everywhere, under a resolver that fails wherever it can.
func TestExamine_AsksABoundedNumberOfQuestions(t *testing.T) {
	w := newWard(t)
	deep := "a.b.c.d.e.f.g.h.acme.com"
	w.chainOf(deep, "x.acme.net", 16)
	w.chainOf("_tollhouse."+deep, "y.acme.net", 16)
	w.set("x.acme.net", "CNAME y.acme.net.")
	w.set("y.acme.net", "CNAME x.acme.net.")
	for name := deep; name != ""; _, name, _ = strings.Cut(name, ".") {
		if name != deep {
			w.set(name, "CNAME x.acme.net.")
		}
	}
	w.examine(t, deep, claim)
	if n := w.asked(); n > 160 {
		t.Errorf("%d questions to two resolvers", n)
	}
	w.breakAll(".", dnstest.ServFail)
	before := w.asked()
	w.examine(t, deep, claim)
	if n := w.asked() - before; n > 20 {
		t.Errorf("%d questions to two resolvers that fail", n)
	}
}

func TestExamine_AsksNothingAboutANameThatCanNeverBe(t *testing.T) {
	w := newWard(t)
	for _, name := range []string{"co.uk", "acme.pay.example", "acme.test"} {
		if r := w.examine(t, name, claim); r.Verdict != domaindoctor.Blocked {
			t.Errorf("%s is %s", name, r.Verdict)
		}
	}
	if n := w.asked(); n != 0 {
		t.Errorf("%d questions", n)
	}
}
