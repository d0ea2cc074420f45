package senders

import (
	"net/netip"
	"strings"
	"testing"

	"tollhouse/tenant/domaindoctor"
)

func views(each ...[]string) []domaindoctor.TextView {
	list := make([]domaindoctor.TextView, len(each))
	for i, values := range each {
		list[i] = domaindoctor.TextView{Resolver: netip.MustParseAddrPort("127.0.0.1:53"), Known: values != nil, Values: values}
	}
	return list
}

func TestJudge_ReadsRecordsAsVerifiersDo(t *testing.T) {
	dkim := Record{Purpose: "dkim", Name: "th1._domainkey.acme.com", Value: "v=DKIM1; k=rsa; p=AAAA"}
	spf := Record{Purpose: "spf", Name: "acme.com", Value: "v=spf1 include:_spf.p.example ~all"}
	dmarc := Record{Purpose: "dmarc", Name: "_dmarc.acme.com", Value: "v=DMARC1; p=none"}
	for _, c := range []struct {
		name   string
		record Record
		values []string
		want   Result
	}{
		{"as shown", dkim, []string{"v=DKIM1; k=rsa; p=AAAA"}, OK},
		{"without what is the default", dkim, []string{"p=AAAA"}, OK},
		{"with spaces", dkim, []string{" v = DKIM1 ;k=rsa;  p=AA AA ;"}, OK},
		{"with the quotes of a form", dkim, []string{`"v=DKIM1; k=rsa; p=AAAA"`}, OK},
		{"for SHA-256", dkim, []string{"v=DKIM1; h=sha1:sha256; s=email; p=AAAA"}, OK},
		{"nothing", dkim, []string{}, Missing},
		{"revoked", dkim, []string{"v=DKIM1; p="}, Mismatch},
		{"another key", dkim, []string{"v=DKIM1; p=AAAB"}, Mismatch},
		{"in another case", dkim, []string{"v=DKIM1; p=aaaa"}, Mismatch},
		{"beside another", dkim, []string{"v=DKIM1; p=AAAA", "v=DKIM1; p=BBBB"}, Mismatch},
		{"twice in one", dkim, []string{"v=DKIM1; p=AAAA; p=BBBB"}, Mismatch},
		{"of another kind", dkim, []string{"v=DKIM1; k=ed25519; p=AAAA"}, Mismatch},
		{"of another version", dkim, []string{"v=DKIM2; p=AAAA"}, Mismatch},
		{"for SHA-1 only", dkim, []string{"h=sha1; p=AAAA"}, Mismatch},
		{"for another service", dkim, []string{"s=tlsrpt; p=AAAA"}, Mismatch},
		{"for testing only", dkim, []string{"t=s:y; p=AAAA"}, Mismatch},
		{"the key in a comment", dkim, []string{"n=p=AAAA"}, Mismatch},

		{"SPF with ours", spf, []string{"some other text", "V=SPF1 mx Include:_spf.p.example -all"}, OK},
		{"SPF without ours", spf, []string{"v=spf1 -all"}, Mismatch},
		{"SPF with one that begins alike", spf, []string{"v=spf1 include:_spf.p.example.evil.test -all"}, Mismatch},
		{"two SPF records", spf, []string{"v=spf1 -all", "v=spf1 include:_spf.p.example ~all"}, Mismatch},
		{"no SPF", spf, []string{"v=spf10 include:_spf.p.example"}, Missing},

		{"DMARC", dmarc, []string{"v=DMARC1; p=reject; rua=mailto:x@acme.com"}, OK},
		{"two DMARC records", dmarc, []string{"v=DMARC1; p=none", "v=DMARC1; p=reject"}, Mismatch},
		{"no DMARC", dmarc, []string{"hello"}, Missing},
		{"DMARC whose version comes late", dmarc, []string{"p=none; v=DMARC1"}, Missing},
		{"DMARC without a policy", dmarc, []string{"v=DMARC1; rua=mailto:x@acme.com"}, Mismatch},
		{"DMARC with an unknown policy", dmarc, []string{"v=DMARC1; p=nonsense"}, Mismatch},
	} {
		got := judge(c.record, views(c.values, c.values))
		if got.Result != c.want || (got.Fix == "") != (c.want == OK) || got.Seen == "" {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

func TestJudge_ConcludesNothingFromOneResolver(t *testing.T) {
	r := Record{Purpose: "dkim", Name: "th1._domainkey.acme.com", Value: "v=DKIM1; k=rsa; p=AAAA"}
	right, none := []string{"p=AAAA"}, []string{}
	for name, seen := range map[string][]domaindoctor.TextView{
		"nobody": views(nil, nil), "one": views(right, nil), "one says no": views(nil, none), "they differ": views(right, none), "one of three differs": views(right, right, none),
	} {
		if got := judge(r, seen); got.Result != Undecided || got.Fix == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := judge(r, views(right, nil, right)); got.Result != OK {
		t.Errorf("two of three, and one that is silent: %+v", got)
	}
}

func TestShown_IsShortAndPrintable(t *testing.T) {
	got := shown([]string{"a\r\nb\x1b[31m\u202e\xff", strings.Repeat("x", 5000), "c"})
	if len(got) > 300 || strings.ContainsAny(got, "\r\n\x1b\u202e") || !strings.Contains(got, "1 more") {
		t.Errorf("%q", got)
	}
}

func TestJudge_TellsPolicyAndAlignmentOfDMARC(t *testing.T) {
	for value, want := range map[string]string{
		"v=DMARC1; p=none":                          "none relaxed",
		" v=DMARC1 ; p = Reject ; adkim=s ; aspf=s": "reject strict",
		"v=DMARC1; p=reject; sp=quarantine":         "reject relaxed",
		"v=DMARC1; p=quarantine; adkim=x":           "quarantine relaxed",
	} {
		got := judge(Record{Purpose: "dmarc", Name: "_dmarc.acme.com"}, views([]string{value}, []string{value}))
		if got.Policy+" "+got.Alignment != want || got.Result != OK {
			t.Errorf("%s: %+v, want %s", value, got, want)
		}
	}
	above := judge(Record{Purpose: "dmarc", Inherited: true}, views([]string{"v=DMARC1; p=reject; sp=none"}, []string{"v=DMARC1; p=reject; sp=none"}))
	if above.Policy != "none" {
		t.Errorf("above the domain: %+v", above)
	}
}
