package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// CSS returns the palette as a stylesheet of custom properties on :root, light first, dark for screens that prefer it (print stays
// light). It is built from typed colours alone, so nothing a tenant typed can reach it as text. The properties:
//
//	--page --surface --surface-2 --line --line-strong --text --text-quiet
//	--primary --on-primary --primary-hover --primary-text --rule --accent --accent-text
//	--focus-inner --focus-outer --logo-plate
//	--due-text --due-tint --overdue-text --overdue-tint --processing-text --processing-tint
//	--paid-text --paid-tint --void-text --void-tint
//
// --rule is PrimaryRule and --accent is AccentMark; the others carry their field's name.
func (p Palette) CSS() string {
	var b strings.Builder
	b.WriteString(":root{")
	p.Light.write(&b)
	b.WriteString("}\n@media screen and (prefers-color-scheme:dark){:root{")
	p.Dark.write(&b)
	b.WriteString("}}\n")
	return b.String()
}

// StylesheetHash names the stylesheet in its address, /brand/<hash>.css: the first 16 hexadecimal digits of the SHA-256 of CSS.
func (p Palette) StylesheetHash() string { return stylesheetHash(p.CSS()) }

func stylesheetHash(css string) string {
	sum := sha256.Sum256([]byte(css))
	return hex.EncodeToString(sum[:8])
}

func (s Scheme) write(b *strings.Builder) {
	for _, p := range []struct {
		name  string
		value Color
	}{
		{"page", s.Page}, {"surface", s.Surface}, {"surface-2", s.Surface2},
		{"line", s.Line}, {"line-strong", s.LineStrong},
		{"text", s.Text}, {"text-quiet", s.TextQuiet},
		{"primary", s.Primary}, {"on-primary", s.OnPrimary}, {"primary-hover", s.PrimaryHover},
		{"primary-text", s.PrimaryText}, {"rule", s.PrimaryRule},
		{"accent", s.AccentMark}, {"accent-text", s.AccentText},
		{"focus-inner", s.FocusInner}, {"focus-outer", s.FocusOuter}, {"logo-plate", s.LogoPlate},
		{"due-text", s.Due.Text}, {"due-tint", s.Due.Tint},
		{"overdue-text", s.Overdue.Text}, {"overdue-tint", s.Overdue.Tint},
		{"processing-text", s.Processing.Text}, {"processing-tint", s.Processing.Tint},
		{"paid-text", s.Paid.Text}, {"paid-tint", s.Paid.Tint},
		{"void-text", s.Void.Text}, {"void-tint", s.Void.Tint},
	} {
		b.WriteString("--" + p.name + ":" + p.value.String() + ";")
	}
}

// Style is a brand's stylesheet, worked out on first use and kept: a node may hold a hundred thousand tenants and show a few of them.
// It is safe for concurrent use. A nil Style is one of two black colours; it works, but keeps nothing.
type Style struct {
	primary, accent Color
	once            sync.Once
	palette         Palette
	css             []byte
	hash            string
}

// NewStyle returns the style of a brand's two colours.
func NewStyle(primary, accent Color) *Style { return &Style{primary: primary, accent: accent} }

// Palette returns the corrected colours.
func (s *Style) Palette() Palette { return s.made().palette }

// CSS returns the stylesheet; it must not be changed.
func (s *Style) CSS() []byte { return s.made().css }

// Hash returns the stylesheet's name, as Palette.StylesheetHash does.
func (s *Style) Hash() string { return s.made().hash }

// Equal reports whether both styles are of the same colours.
func (s *Style) Equal(other *Style) bool {
	if s == nil || other == nil {
		return s == other
	}
	return s.primary == other.primary && s.accent == other.accent
}

func (s *Style) made() *Style {
	if s == nil {
		s = &Style{}
	}
	s.once.Do(func() {
		s.palette = NewPalette(s.primary, s.accent)
		css := s.palette.CSS()
		s.css, s.hash = []byte(css), stylesheetHash(css)
	})
	return s
}
