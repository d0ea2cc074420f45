package tenant_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tollhouse/tenant"
)

// One name in every form in which a client, a resolver or a neighbour may write it. All of them are the same host or none.
func TestParseHostname_HasOneFormForEveryName(t *testing.T) {
	for in, want := range map[string]string{
		"billing.acme.com":          "billing.acme.com",
		"BILLING.Acme.COM":          "billing.acme.com",
		"billing.acme.com.":         "billing.acme.com",
		"BILLING.ACME.COM.":         "billing.acme.com",
		"ｂilling.acme.com":          "billing.acme.com",
		"ＢＩＬＬＩＮＧ.ａｃｍｅ.ｃｏｍ":          "billing.acme.com",
		"billing。acme．com":          "billing.acme.com",
		"billing｡acme.com":          "billing.acme.com",
		"billing.acme.com。":         "billing.acme.com",
		"bil\u00adling.acme.com":    "billing.acme.com",
		"bil\u200bling.acme.com":    "billing.acme.com",
		"𝓫illing.acme.com":          "billing.acme.com",
		"ⓑilling.acme.com":          "billing.acme.com",
		"bücher.example":            "xn--bcher-kva.example",
		"BÜCHER.example":            "xn--bcher-kva.example",
		"bu\u0308cher.example":      "xn--bcher-kva.example",
		"xn--bcher-kva.example":     "xn--bcher-kva.example",
		"XN--BCHER-KVA.example.":    "xn--bcher-kva.example",
		"straße.example":            "xn--strae-oqa.example",
		"strasse.example":           "strasse.example",
		"例え.テスト":                    "xn--r8jz45g.xn--zckzah",
		"אתר.example":               "xn--4db2cf.example",
		"acme.localhost":            "acme.localhost",
		"a.b.c.d.e.f.g.h.i.example": "a.b.c.d.e.f.g.h.i.example",
		"1.2.3.example":             "1.2.3.example",
		"0x7f.acme.com":             "0x7f.acme.com",
		"a--b.example":              "a--b.example",
		label(63) + ".example":      label(63) + ".example",
	} {
		got, err := tenant.ParseHostname(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseHostname(%+q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

var badNames = []struct{ name, in string }{
	{"empty", ""},
	{"dot", "."},
	{"only a soft hyphen", "\u00ad.com"},
	{"two trailing dots", "acme.com.."},
	{"leading dot", ".acme.com"},
	{"empty label", "billing..com"},
	{"ideographic empty label", "billing。.com"},
	{"single label", "localhost"},
	{"single label with a dot", "localhost."},
	{"254 bytes", strings.Repeat("abcdefg.", 31) + "abcdef"},
	{"label of 64", label(64) + ".example"},
	{"label of 64 after mapping", strings.Repeat("ｂ", 64) + ".example"},
	{"A-label of more than 63", strings.Repeat("bü", 40) + ".example"},
	{"11 labels", strings.Repeat("a.", 10) + "example"},
	{"11 ideographic labels", strings.Repeat("a。", 10) + "example"},
	{"5,000 labels", strings.Repeat("a.", 5000) + "example"},
	{"64 KB", strings.Repeat("a", 65535)},
	{"64 KB beyond ASCII", strings.Repeat("ü.", 21845)},
	{"IPv4", "192.0.2.1"},
	{"IPv4 with a dot", "192.0.2.1."},
	{"IPv4 full width", "１９２.０.２.１"},
	{"IPv4 short", "127.1"},
	{"IPv4 as a number", "2130706433"},
	{"IPv4 in hex", "0x7f.0x0.0x0.0x1"},
	{"IPv6", "2001:db8::1"},
	{"IPv6 bracketed", "[2001:db8::1]"},
	{"numeric top level", "acme.123"},
	{"hex top level", "acme.0x1f"},
	{"port", "acme.com:443"},
	{"underscore", "_acme.example.com"},
	{"wildcard", "*.acme.com"},
	{"leading hyphen", "-acme.com"},
	{"trailing hyphen", "acme-.com"},
	{"reserved hyphens", "ab--cd.example"},
	{"reserved hyphens in capitals", "AB--cd.example"},
	{"NUL", "acme\x00.com"},
	{"NUL at the end", "acme.com\x00"},
	{"space", "acme .com"},
	{"line break", "acme.com\r\n"},
	{"slash", "acme.com/portal"},
	{"URL", "https://acme.com"},
	{"user", "me@acme.com"},
	{"percent", "acme%2ecom.example"},
	{"invalid UTF-8", "acme\xff.com"},
	{"surrogate half", "acme\xed\xa0\x80.com"},
	{"invalid punycode", "xn--zzzzzzzzzz99999.example"},
	{"empty punycode", "xn--.example"},
	{"punycode of plain ASCII", "xn--acme-.example"},
	{"punycode of what maps away", "xn--bcher-KVA-.example"},
	{"punycode of an upper-case letter", "xn--bcher-2pa.example"},
	{"right-to-left override", "acme\u202e.com"},
	{"mixed directions", "אa.example"},
	{"ideographic space", "acme\u3000x.com"},
	{"account of", "\u2100.com"},
}

func TestParseHostname_Refuses(t *testing.T) {
	for _, tt := range badNames {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tenant.ParseHostname(tt.in)
			if !errors.Is(err, tenant.ErrHostname) || !got.IsZero() {
				t.Fatalf("ParseHostname(%.60q) = %q, %v; want ErrHostname", tt.in, got, err)
			}
			if len(err.Error()) > 120 {
				t.Errorf("the error repeats the input: %.200s", err)
			}
		})
	}
}

func TestParseHostPort(t *testing.T) {
	for in, want := range map[string]string{
		"billing.acme.com":       "billing.acme.com",
		"billing.acme.com:443":   "billing.acme.com",
		"BILLING.Acme.COM.:8443": "billing.acme.com",
		"billing.acme.com.":      "billing.acme.com",
		"acme.localhost:1":       "acme.localhost",
		"acme.localhost:65535":   "acme.localhost",
		"billing。acme.com:443":   "billing.acme.com",
		"xn--bcher-kva.test:443": "xn--bcher-kva.test",
	} {
		if got, err := tenant.ParseHostPort(in); err != nil || got.String() != want {
			t.Errorf("ParseHostPort(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", ":", ":443", "acme.com:", "acme.com:0", "acme.com:65536", "acme.com:+443", "acme.com:-1", "acme.com:000443",
		"acme.com: 443", "acme.com:443 ", "acme.com:https", "acme.com:４４３", "acme.com:443:443", "acme.com..:443", "me@acme.com:443", "me:pw@acme.com",
		"[::1]:443", "[::1]", "::1", "127.0.0.1:443", "localhost:443", "acme.com:443/", "acme.com:99999999999999999999"} {
		if got, err := tenant.ParseHostPort(in); !errors.Is(err, tenant.ErrHostname) {
			t.Errorf("ParseHostPort(%q) = %q, %v; want ErrHostname", in, got, err)
		}
	}
}

func TestParseHostname_CostsNothingForACanonicalName(t *testing.T) {
	for _, in := range []string{"billing.acme.com", "billing.acme.com.", "192.0.2.1", strings.Repeat("a", 65535)} {
		if n := testing.AllocsPerRun(100, func() { _, _ = tenant.ParseHostname(in) }); n != 0 {
			t.Errorf("%.40q costs %v allocations, want 0", in, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = tenant.ParseHostPort("billing.acme.com:8443") }); n != 0 {
		t.Errorf("a Host header costs %v allocations, want 0", n)
	}
}

func TestParseHostname_IsIdempotent(t *testing.T) {
	letters := []rune("abcXYZ019-.-.xn。．ｂＢüÜßאب例\u00ad\u200d\u0308ⓐ_*:")
	rapid.Check(t, func(t *rapid.T) {
		checkCanonical(t, rapid.StringOfN(rapid.SampledFrom(letters), 1, 40, -1).Draw(t, "name"))
	})
}

func FuzzParseHostname(f *testing.F) {
	for _, tt := range badNames {
		f.Add(tt.in)
	}
	for _, in := range []string{"billing.acme.com", "BÜCHER.example.", "xn--bcher-kva.example", "例え。テスト", "acme.com:443", "faß.de", "xn--fa-hia.de"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkCanonical(t, s)
		if h, err := tenant.ParseHostPort(s); err == nil {
			checkCanonical(t, h.String())
		}
	})
}

// checkCanonical holds for every input: what is taken is canonical, and parsing it again, or its form for people, gives the same.
func checkCanonical(t interface{ Fatalf(string, ...any) }, s string) {
	h, err := tenant.ParseHostname(s)
	if err != nil {
		if !errors.Is(err, tenant.ErrHostname) || !h.IsZero() {
			t.Fatalf("ParseHostname(%q) = %q, %v", s, h, err)
		}
		return
	}
	name := h.String()
	if again, err := tenant.ParseHostname(name); err != nil || again != h {
		t.Fatalf("%q became %q and then %q, %v", s, name, again, err)
	}
	if shown, err := tenant.ParseHostname(h.Unicode()); err != nil || shown != h {
		t.Fatalf("%q is shown as %q, which parses to %q, %v", name, h.Unicode(), shown, err)
	}
	if upper, err := tenant.ParseHostname(strings.ToUpper(name) + "."); err != nil || upper != h {
		t.Fatalf("%q in capitals is %q, %v", name, upper, err)
	}
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 || len(labels) > 10 || !utf8.ValidString(name) {
		t.Fatalf("%q is not canonical", name)
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || l[0] == '-' || l[len(l)-1] == '-' {
			t.Fatalf("%q has the label %q", name, l)
		}
	}
}

func TestHostname_Unicode(t *testing.T) {
	for in, want := range map[string]string{"xn--bcher-kva.example": "bücher.example", "acme.example": "acme.example"} {
		if got := tenant.MustParseHostname(in).Unicode(); got != want {
			t.Errorf("%s is shown as %q, want %q", in, got, want)
		}
	}
}

func TestHostname_Under(t *testing.T) {
	parent := tenant.MustParseHostname("pay.example")
	for name, want := range map[string]bool{"a.pay.example": true, "b.a.pay.example": true, "pay.example": false, "repay.example": false, "pay.example.com": false} {
		if got := tenant.MustParseHostname(name).Under(parent); got != want {
			t.Errorf("%s under %s = %v, want %v", name, parent, got, want)
		}
	}
	if parent.Under(tenant.Hostname{}) {
		t.Error("a name is under no name")
	}
}

func BenchmarkParseHostname(b *testing.B) {
	for name, in := range map[string]string{"canonical": "billing.acme.com", "upper": "BILLING.Acme.COM", "idn": "xn--bcher-kva.example",
		"labels": strings.Repeat("a.", 5000), "64KB": strings.Repeat("ü", 32768)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = tenant.ParseHostname(in)
			}
		})
	}
}

func label(n int) string { return strings.Repeat("a", n) }
