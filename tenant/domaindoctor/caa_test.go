package domaindoctor_test

import (
	"fmt"
	"strings"
	"testing"

	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

const account = "https://acme-v02.api.letsencrypt.org/acme/acct/27182818"

// RFC 8659 section 4 and RFC 8657, as a CA reads them for a name without a wildcard.
func TestExamine_ReadsCAAAsACADoes(t *testing.T) {
	for set, want := range map[string]string{ // records apart by " | "
		"":                              "",
		`0 issue "letsencrypt.org"`:     "",
		`0 issue "LetsEncrypt.ORG"`:     "",
		`0 ISSUE "letsencrypt.org"`:     "",
		`0 issue " letsencrypt.org ; "`: "",
		`128 issue "letsencrypt.org"`:   "",
		`0 issue "otherca.net" | 0 issue "letsencrypt.org"`:               "",
		`0 issue "second.example"`:                                        "",
		`0 issue "letsencrypt.org; unknown=x"`:                            "",
		`0 issuewild ";"`:                                                 "",
		`0 issuewild "otherca.net"`:                                       "",
		`0 iodef "mailto:a@acme.com"`:                                     "",
		`128 iodef "mailto:a@acme.com"`:                                   "",
		`128 issuemail ";"`:                                               "",
		`0 unknown "x"`:                                                   "",
		`0 issue "letsencrypt.org; accounturi=` + account + `"`:           "",
		`0 issue "letsencrypt.org; validationmethods=http-01"`:            "",
		`0 issue "letsencrypt.org; validationmethods=dns-01,tls-alpn-01"`: "",
		`0 issue "letsencrypt.org; validationmethods=dns-01" | 0 issue "letsencrypt.org"`: "",
		`0 issue ";"`:           "caa.forbids",
		`0 issue ""`:            "caa.forbids",
		`0 issue "otherca.net"`: "caa.forbids",
		`0 issue "otherca.net" | 0 issuewild "letsencrypt.org"`:     "caa.forbids",
		`0 issue "notletsencrypt.org"`:                              "caa.forbids",
		`0 issue "letsencrypt.org.evil.net"`:                        "caa.forbids",
		`128 unknown "x"`:                                           "caa.forbids",
		`1 unknown "x"`:                                             "caa.forbids",
		`128 unknown "x" | 0 issue "letsencrypt.org"`:               "caa.forbids",
		`0 issue "letsencrypt.org; accounturi=https://elsewhere/1"`: "caa.forbids",
		`0 issue "letsencrypt.org; accounturi=` + account + `; accounturi=` + account + `"`: "caa.forbids",
		`0 issue "letsencrypt.org; validationmethods=dns-01"`:                               "caa.forbids",
		`0 issue "letsencrypt.org; validationmethods="`:                                     "caa.forbids",
		`0 issue "letsencrypt.org; accounturi"`:                                             "caa.forbids",
		`0 issue "letsencrypt.org accounturi=x"`:                                            "caa.forbids",
	} {
		w := newWard(t)
		w.cfg.CAs, w.cfg.AccountURI = []string{"letsencrypt.org", "second.example"}, func() string { return account }
		w.set(host, "CNAME "+target+".")
		if set != "" {
			w.set("acme.com", strings.Split("CAA "+strings.ReplaceAll(set, " | ", "\nCAA "), "\n")...)
		}
		r := w.examine(t, host, claim)
		if got := strings.Join(codes(r), " "); got != want {
			t.Errorf("%s: %q, want %q", set, got, want)
		}
	}
}

func TestExamine_TheNearestCAASetCounts(t *testing.T) {
	w := newWard(t)
	w.set("a.b.acme.com", "A "+ours)
	w.set("com", `CAA 0 issue ";"`)
	expect(t, w.examine(t, "a.b.acme.com", domaindoctor.Proof{}), domaindoctor.Blocked, "caa.forbids")
	w.set("acme.com", `CAA 0 issue "letsencrypt.org"`)
	expect(t, w.examine(t, "a.b.acme.com", domaindoctor.Proof{}), domaindoctor.Ready)
	w.set("b.acme.com", `CAA 0 issue "otherca.net"`)
	expect(t, w.examine(t, "a.b.acme.com", domaindoctor.Proof{}), domaindoctor.Blocked, "caa.forbids")
	w.set("a.b.acme.com", "A "+ours, `CAA 0 iodef "mailto:a@acme.com"`)
	expect(t, w.examine(t, "a.b.acme.com", domaindoctor.Proof{}), domaindoctor.Ready)
	w.set("b.acme.com", "CNAME caa.acme.net.") // and the parents' aliases are followed
	w.set("a.b.acme.com", "A "+ours)
	w.set("caa.acme.net", `CAA 0 issue "otherca.net"`)
	r := w.examine(t, "a.b.acme.com", domaindoctor.Proof{})
	expect(t, r, domaindoctor.Blocked, "caa.forbids")
	if !strings.Contains(r.Findings[0].Fix, `create caa.acme.net CAA 0 issue "letsencrypt.org"`) {
		t.Errorf("%+v", r.Findings[0])
	}
}

func TestExamine_AnUnknownCAAIsNoPermission(t *testing.T) {
	w := newWard(t)
	w.set("acme.com", "A "+ours)
	w.breakAll("com", dnstest.ServFail)
	w.set("shop.net", "A "+ours)
	expect(t, w.examine(t, "shop.net", domaindoctor.Proof{}), domaindoctor.Ready)
	w.breakAll("com", 0)
	w.set("acme.com", "A "+ours, `CAA 0 issue "letsencrypt.org; accounturi=`+account+`"`)
	r := w.examine(t, "acme.com", domaindoctor.Proof{})
	expect(t, r, domaindoctor.Unknown, "caa.forbids?") // we were not told our account
	if !strings.Contains(r.Findings[0].Fix, "bound to one account") {
		t.Errorf("%+v", r.Findings[0])
	}
	w.cfg.AccountURI = func() string { return account }
	expect(t, w.examine(t, "acme.com", domaindoctor.Proof{}), domaindoctor.Ready)
}

// The record's tag and value are any octets: none comes to a terminal or a log as it is, also not a piece of one.
func TestExamine_ShowsHostileCAAInASCII(t *testing.T) {
	tag, value := "x\x1b[2J\xff\n", "\x1b[31m\u202e"+strings.Repeat("é", 60)
	rdata := string([]byte{128, byte(len(tag))}) + tag + value
	w := newWard(t)
	w.set(host, "CNAME "+target+".")
	w.set("acme.com", fmt.Sprintf(`TYPE257 \# %d %x`, len(rdata), rdata))
	r := w.examine(t, host, claim)
	expect(t, r, domaindoctor.Blocked, "caa.forbids")
	for _, text := range []string{r.Findings[0].Seen, r.Findings[0].Fix} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }) || !strings.Contains(text, "CAA 128") {
			t.Errorf("%+q", text)
		}
	}
}
