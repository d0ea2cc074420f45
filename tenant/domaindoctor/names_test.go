package domaindoctor_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tollhouse/tenant/domaindoctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParseName(t *testing.T) {
	w := newWard(t)
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat(strings.Repeat("a", 49)+".", 5)
	for typed, want := range map[string]struct {
		code domaindoctor.Code // empty: a good name
		fix  string
	}{
		"billing.acme.com":               {},
		"Billing.ACME.com.":              {},
		"acme.co.uk":                     {},
		"bücher.de":                      {},
		"例え.jp":                          {},
		"ラーメンtokyo.jp":                   {},
		"한국go.kr":                        {},
		"почта.рф":                       {},
		"пример.acme.com":                {}, // each part by itself
		"xn--bcher-kva.de":               {},
		"acme.example.de":                {},
		long + "de":                      {},
		"co.uk":                          {domaindoctor.NamePublicSuffix, "below a domain that you have registered"},
		"github.io":                      {domaindoctor.NamePublicSuffix, "below a domain"},
		"pay.example":                    {domaindoctor.NameReserved, "below a domain"},
		"acme.pay.example":               {domaindoctor.NameReserved, "below a domain"},
		target:                           {domaindoctor.NameReserved, "below a domain"},
		"acme.test":                      {domaindoctor.NameReserved, "below a domain"},
		"acme.localhost":                 {domaindoctor.NameReserved, "below a domain"},
		"printer.local":                  {domaindoctor.NameReserved, "below a domain"},
		"db.internal":                    {domaindoctor.NameReserved, "below a domain"},
		"abc.onion":                      {domaindoctor.NameReserved, "below a domain"},
		"www.example.com":                {domaindoctor.NameReserved, "below a domain"},
		"1.0.0.127.in-addr.arpa":         {domaindoctor.NameReserved, "below a domain"},
		"localhost":                      {domaindoctor.NameReserved, "write it in full"},
		"192.0.2.1":                      {domaindoctor.NameReserved, "point a name at it"},
		"[2001:db8::1]":                  {domaindoctor.NameReserved, "IP address"},
		"*.acme.com":                     {domaindoctor.NameReserved, "give each name in full"},
		"acme.com:443":                   {domaindoctor.NameReserved, "give the name alone"},
		"https://acme.com/":              {domaindoctor.NameReserved, "give the name alone"},
		"https://acme.de":                {domaindoctor.NameReserved, "begins with a scheme"},
		"HTTPS://acme.de:443/portal":     {domaindoctor.NameReserved, "begins with a scheme"},
		"acme.de:https":                  {domaindoctor.NameReserved, "has a port"},
		"\x1b[2J.com":                    {domaindoctor.NameReserved, "character"},
		"":                               {domaindoctor.NameReserved, "empty"},
		long + "abc." + "de":             {domaindoctor.NameTooLong, "shorter"},
		strings.Repeat("a", 64) + ".com": {domaindoctor.NameTooLong, "63"},
		strings.Repeat("a.", 12) + "com": {domaindoctor.NameTooLong, "10 parts"},
		strings.Repeat("ü", 100000):      {domaindoctor.NameTooLong, "shorter"},
		"раypal.com":                     {domaindoctor.NameMixedScript, "one script"},
		"xn--aypal-uye.com":              {domaindoctor.NameMixedScript, "one script"},
		"gοοgle.com":                     {domaindoctor.NameMixedScript, "one script"},
		"例えпример.jp":                    {domaindoctor.NameMixedScript, "one script"},
	} {
		host, findings := doctor.ParseName(typed)
		if want.code == "" {
			if len(findings) > 0 || host.IsZero() {
				t.Errorf("%.60q: %+v", typed, findings)
			}
			continue
		}
		if len(findings) != 1 || findings[0].Code != want.code || findings[0].Who != domaindoctor.Tenant || !findings[0].Certain || !strings.Contains(findings[0].Fix, want.fix) {
			t.Errorf("%.60q: %+v, want %s with %q", typed, findings, want.code, want.fix)
			continue
		}
		if f := findings[0]; len(f.Seen) > 400 || strings.ContainsFunc(f.Seen, func(r rune) bool { return r < ' ' }) || f.Expected == "" {
			t.Errorf("%.60q: %+v", typed, f)
		}
	}
}

func TestExamine_APrivateCACertifiesSpecialNames(t *testing.T) {
	w := newWard(t)
	w.set("billing.acme.test", "CNAME "+target+".")
	expect(t, w.examine(t, "billing.acme.test", claim), domaindoctor.Blocked, "name.reserved")
	w.cfg.PrivateCA = true
	expect(t, w.examine(t, "billing.acme.test", claim), domaindoctor.Ready)
	expect(t, w.examine(t, "acme.pay.example", claim), domaindoctor.Blocked, "name.reserved")
}

// With the label of the proof before it, a host of more than 242 characters is no DNS name any more: its CNAME is the only proof.
func TestExamine_ALongNameIsProvenByItsCNAME(t *testing.T) {
	w := newWard(t)
	long := strings.Repeat(strings.Repeat("a", 49)+".", 4) + strings.Repeat("b", 40) + ".de"
	w.set(long, "CNAME "+edge+".")
	r := w.examine(t, long, claim)
	expect(t, r, domaindoctor.Blocked, "name.too_long")
	if !strings.Contains(r.Findings[0].Fix, long+" CNAME "+target) {
		t.Errorf("%+v", r.Findings[0])
	}
	w.set(long, "CNAME "+target+".")
	expect(t, w.examine(t, long, claim), domaindoctor.Ready)
}
