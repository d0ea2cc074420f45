package tenant_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"tollhouse/tenant"
)

func TestContrast_KnownValues(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21},
		{"#ffffff", "#ffffff", 1},
		{"#767676", "#ffffff", 4.54},
		{"#777777", "#ffffff", 4.48},
		{"#0000ff", "#ffffff", 8.59},
	} {
		got := tenant.Contrast(hex(t, tt.a), hex(t, tt.b))
		if got < tt.want-0.005 || got > tt.want+0.005 {
			t.Errorf("Contrast(%s, %s) = %.3f, want %.2f", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestParseColor_TakesOnlySixDigits(t *testing.T) {
	for in, want := range map[string]string{"#1F5fbF": "#1f5fbf", "#000000": "#000000", "#FFFF00": "#ffff00"} {
		if got := hex(t, in).String(); got != want {
			t.Errorf("ParseColor(%q) = %s, want %s", in, got, want)
		}
	}
	for _, bad := range []string{"", "#fff", "1f5fbf", "#1f5fbf ", " #1f5fbf", "#1f5fbg", "#+1f5fb", "#-12345", "#0x1f5f", "#1f5fbf;}", "red",
		"#１ｆ５", "#1f5fb", "#1f5fbf0", "#1f5fbf\x00", "rgb(1,2,3)", "#1f 5fb", "#\u0661\u0661\u0661", "red;}body{background:url(//x)}"} {
		if c, err := tenant.ParseColor(bad); err == nil {
			t.Errorf("ParseColor(%q) = %s, want an error", bad, c)
		}
	}
}

// Every pair that Scheme promises, for colours that are hard to place and for a thousand at random.
func TestNewPalette_HoldsEveryPromisedContrast(t *testing.T) {
	hard := []string{"#FFFF00", "#000080", "#FFFFFF", "#000000", "#FFE600", "#808080", "#777777", "#00FF00", "#FF0000", "#0F131A", "#f7f8fa"}
	for _, primary := range hard {
		for _, accent := range hard {
			holds(t, hex(t, primary), hex(t, accent))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		holds(t, randomColor(random), randomColor(random))
	}
}

func randomColor(r *rand.Rand) tenant.Color {
	return tenant.Color{R: uint8(r.Uint32()), G: uint8(r.Uint32()), B: uint8(r.Uint32())}
}

func holds(t *testing.T, primary, accent tenant.Color) {
	t.Helper()
	p := tenant.NewPalette(primary, accent)
	for name, s := range map[string]tenant.Scheme{"light": p.Light, "dark": p.Dark} {
		for _, ground := range []tenant.Color{s.Page, s.Surface, s.Surface2} {
			for what, text := range map[string]tenant.Color{"text": s.Text, "quiet": s.TextQuiet, "primary": s.PrimaryText, "accent": s.AccentText} {
				atLeast(t, name+" "+what, text, ground, tenant.TextContrast)
			}
			for what, mark := range map[string]tenant.Color{"line": s.LineStrong, "rule": s.PrimaryRule, "accent": s.AccentMark} {
				atLeast(t, name+" "+what, mark, ground, tenant.MarkContrast)
			}
		}
		atLeast(t, name+" button", s.OnPrimary, s.Primary, tenant.TextContrast)
		atLeast(t, name+" button under the pointer", s.OnPrimary, s.PrimaryHover, tenant.TextContrast)
		for _, tint := range []tenant.Tint{s.Due, s.Overdue, s.Processing, s.Paid, s.Void} {
			atLeast(t, name+" status", tint.Text, tint.Tint, tenant.TextContrast)
			atLeast(t, name+" status on the page", tint.Text, s.Page, tenant.TextContrast)
			atLeast(t, name+" status on a surface", tint.Text, s.Surface, tenant.TextContrast)
		}
		for _, under := range []tenant.Color{s.Page, s.Surface, s.Surface2, s.Primary, s.LogoPlate} {
			if tenant.Contrast(s.FocusInner, under) < tenant.MarkContrast && tenant.Contrast(s.FocusOuter, under) < tenant.MarkContrast {
				t.Errorf("%s focus ring is lost on %s", name, under)
			}
		}
	}
}

func atLeast(t *testing.T, what string, a, b tenant.Color, ratio float64) {
	t.Helper()
	if got := tenant.Contrast(a, b); got < ratio {
		t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", what, a, b, got, ratio)
	}
}

func TestNewPalette_LeavesAFittingColourAlone(t *testing.T) {
	blue := hex(t, "#1f5fbf")
	if s := tenant.NewPalette(blue, blue).Light; s.Primary != blue || s.PrimaryText != blue || s.AccentMark != blue {
		t.Errorf("light: button %s, text %s, mark %s; want all %s", s.Primary, s.PrimaryText, s.AccentMark, blue)
	}
	yellow := hex(t, "#ffd000")
	if s := tenant.NewPalette(yellow, yellow).Light; s.Primary != yellow {
		t.Errorf("a yellow button turned %s; it should stay yellow under dark text", s.Primary)
	}
}

var stylesheet = regexp.MustCompile(`^:root\{(--[a-z0-9-]+:#[0-9a-f]{6};){27}\}\n@media screen and \(prefers-color-scheme:dark\)\{:root\{(--[a-z0-9-]+:#[0-9a-f]{6};){27}\}\}\n$`)

func TestCSS_IsPlainAndNamesEveryProperty(t *testing.T) {
	p := tenant.NewPalette(hex(t, "#FFFF00"), hex(t, "#000080"))
	css := p.CSS()
	if !stylesheet.MatchString(css) {
		t.Fatalf("unexpected shape:\n%s", css)
	}
	for _, name := range strings.Fields(`page surface surface-2 line line-strong text text-quiet primary on-primary primary-hover primary-text
		rule accent accent-text focus-inner focus-outer due-text due-tint overdue-text overdue-tint processing-text processing-tint
		paid-text paid-tint void-text void-tint logo-plate`) {
		if strings.Count(css, "--"+name+":") != 2 {
			t.Errorf("--%s is not there twice", name)
		}
	}
	if hash := p.StylesheetHash(); len(hash) != 16 {
		t.Errorf("hash %q, want 16 digits", hash)
	}
}

func TestStyle_IsThePalette(t *testing.T) {
	primary, accent := hex(t, "#123456"), hex(t, "#fedcba")
	style, p := tenant.NewStyle(primary, accent), tenant.NewPalette(primary, accent)
	if string(style.CSS()) != p.CSS() || style.Hash() != p.StylesheetHash() || style.Palette() != p {
		t.Error("a style differs from the palette of its colours")
	}
	if style.Hash() == tenant.NewStyle(accent, primary).Hash() {
		t.Error("two brands share an address")
	}
	var none *tenant.Style
	if none.Hash() == "" {
		t.Error("a tenant without a style has no stylesheet")
	}
}

func BenchmarkNewPalette(b *testing.B) {
	for b.Loop() {
		tenant.NewPalette(tenant.Color{R: 255, G: 255}, tenant.Color{B: 128})
	}
}

func hex(t *testing.T, s string) tenant.Color {
	t.Helper()
	c, err := tenant.ParseColor(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
