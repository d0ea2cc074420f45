package tenant_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tollhouse/tenant"
)

func TestFooterParts_LinksHTTPSAndMailOnly(t *testing.T) {
	text := func(s string) tenant.TextPart { return tenant.TextPart{Text: s} }
	link := func(s string) tenant.TextPart { return tenant.TextPart{Text: s, Href: s} }
	for in, want := range map[string][]tenant.TextPart{
		"":                       nil,
		"Acme Ltd, Oslo":         {text("Acme Ltd, Oslo")},
		"See https://acme.test.": {text("See "), link("https://acme.test"), text(".")},
		"(https://acme.test/a?b=c#d) or mailto:pay@acme.test!": {text("("), link("https://acme.test/a?b=c#d"), text(") or "),
			link("mailto:pay@acme.test"), text("!")},
		"a\nhttps://acme.test\nb":                    {text("a\n"), link("https://acme.test"), text("\nb")},
		"http://acme.test":                           {text("http://acme.test")},
		"javascript:alert(1)":                        {text("javascript:alert(1)")},
		"data:text/html,<script>":                    {text("data:text/html,<script>")},
		"<a href=https://evil.test>pay</a>":          {text("<a href=https://evil.test>pay</a>")},
		`"https://acme.test"`:                        {text(`"`), link("https://acme.test"), text(`"`)},
		`https://acme.test"onclick="x`:               {text(`https://acme.test"onclick="x`)},
		"https://bank.test@evil.test/":               {text("https://bank.test@evil.test/")},
		"https://":                                   {text("https://")},
		"https://127.0.0.1/":                         {text("https://127.0.0.1/")},
		"mailto:":                                    {text("mailto:")},
		"mailto:pay@acme.test?bcc=all@acme.test":     {text("mailto:pay@acme.test?bcc=all@acme.test")},
		"mailto:pay@acme.test%0d%0aBcc:x@y.test":     {text("mailto:pay@acme.test%0d%0aBcc:x@y.test")},
		"mailto:a%0d%0ax@acme.test":                  {text("mailto:a%0d%0ax@acme.test")},
		"xhttps://acme.test":                         {text("xhttps://acme.test")},
		"https://acme.test\u202etxt https://b.test/": {link("https://acme.test"), text("\u202etxt "), link("https://b.test/")},
	} {
		if diff := cmp.Diff(want, tenant.FooterParts(in)); diff != "" {
			t.Errorf("FooterParts(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestFooterParts_LosesNothing(t *testing.T) {
	words := []string{"https://", "acme.test", "mailto:", "a@b.test", " ", "\n", ".", "(", ")", "<", "\"", "@", "\x00", "é", "javascript:", "\xff"}
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(t, "words"), "")
		var out strings.Builder
		for _, part := range tenant.FooterParts(in) {
			out.WriteString(part.Text)
			if part.Href != "" && !strings.HasPrefix(part.Href, "https://") && !strings.HasPrefix(part.Href, "mailto:") {
				t.Fatalf("%q links to %q", in, part.Href)
			}
		}
		if out.String() != in {
			t.Fatalf("%q became %q", in, out.String())
		}
	})
}
