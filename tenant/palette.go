package tenant

// Contrast that a Palette promises, by WCAG 2.2: 1.4.3 for text, 1.4.11 for what is not text but must be seen.
const (
	TextContrast = 4.5
	MarkContrast = 3.0
)

// Palette is a tenant's two colours made fit for a page, light and dark. It is a plain value without references.
type Palette struct{ Light, Dark Scheme }

// Scheme is every colour of a page in one scheme. Each pair named here holds for every pair of colours a tenant may choose.
type Scheme struct {
	// The neutral scale, the same for every tenant.
	Page       Color // behind everything
	Surface    Color // cards, one step up
	Surface2   Color // a step within a card: table heads, quiet panels
	Line       Color // hairlines; decoration, promises no contrast
	LineStrong Color // edges of form fields: MarkContrast on Page, Surface and Surface2
	Text       Color // TextContrast on Page, Surface and Surface2
	TextQuiet  Color // TextContrast on Page, Surface and Surface2

	// The brand, corrected.
	Primary      Color // fill of the main button. It may be as light as the page: give the button an edge of PrimaryRule
	OnPrimary    Color // text on Primary and on PrimaryHover: TextContrast
	PrimaryHover Color // Primary under the pointer
	PrimaryText  Color // links and headings: TextContrast on Page, Surface and Surface2
	PrimaryRule  Color // the thin rule, edges, icons: MarkContrast on Page, Surface and Surface2
	AccentMark   Color // small marks: MarkContrast on Page, Surface and Surface2
	AccentText   Color // text in the accent: TextContrast on Page, Surface and Surface2

	// The focus ring, two tones and never the brand: whatever lies beneath, one of the two has MarkContrast to it.
	FocusInner, FocusOuter Color

	// Status: Text has TextContrast on its Tint.
	Due, Overdue, Processing, Paid, Void Tint

	LogoPlate Color // behind the logo, near-white in both schemes: most logos are drawn for white paper
}

// Tint is one status: words on a quiet ground.
type Tint struct{ Text, Tint Color }

// NewPalette corrects a tenant's colours. A colour is moved in lightness only, keeps its hue, and stays as near to what the tenant
// typed as the promised contrast allows. It costs some hundred microseconds: see Style, which does it once.
func NewPalette(primary, accent Color) Palette {
	return Palette{
		Light: lightNeutrals().branded(primary, accent),
		Dark:  darkNeutrals().branded(primary, accent),
	}
}

// neutrals is a scale of nine blue-grey steps, from the lightest to the darkest, and what in a scheme does not depend on the brand.
type neutrals struct {
	scheme Scheme
	dark   bool
	// fill is the least contrast of the main button to Page and Surface. On a light page it is low on purpose: a yellow that has to
	// reach 3:1 on white is no longer yellow. On a dark page a colour is raised, which leaves it the colour it was.
	fill float64
}

func lightNeutrals() neutrals {
	var (
		n1 = Color{0xff, 0xff, 0xff}
		n2 = Color{0xf7, 0xf8, 0xfa}
		n3 = Color{0xef, 0xf1, 0xf5}
		n4 = Color{0xdf, 0xe3, 0xea}
		n6 = Color{0x7d, 0x86, 0x96} // n5, between the lines, is left out: nothing on a light page needs it
		n7 = Color{0x56, 0x5f, 0x6f}
		n9 = Color{0x16, 0x1b, 0x25} // n8 likewise
	)
	return neutrals{fill: 1.2, scheme: Scheme{
		Page: n2, Surface: n1, Surface2: n3, Line: n4, LineStrong: n6, Text: n9, TextQuiet: n7,
		FocusInner: n1, FocusOuter: n9, LogoPlate: n1,
		Due:        Tint{Text: Color{0x75, 0x4a, 0x00}, Tint: Color{0xfd, 0xf1, 0xdb}},
		Overdue:    Tint{Text: Color{0xa1, 0x1f, 0x1c}, Tint: Color{0xfd, 0xec, 0xea}},
		Processing: Tint{Text: Color{0x1d, 0x4c, 0x99}, Tint: Color{0xe8, 0xf0, 0xfc}},
		Paid:       Tint{Text: Color{0x13, 0x60, 0x38}, Tint: Color{0xe4, 0xf4, 0xea}},
		Void:       Tint{Text: n7, Tint: n3},
	}}
}

func darkNeutrals() neutrals {
	var (
		n1 = Color{0xff, 0xff, 0xff}
		n2 = Color{0xe9, 0xec, 0xf2}
		n3 = Color{0xa6, 0xaf, 0xbf}
		n5 = Color{0x78, 0x82, 0x94}
		n6 = Color{0x2c, 0x33, 0x40}
		n7 = Color{0x20, 0x26, 0x31}
		n8 = Color{0x17, 0x1c, 0x25}
		n9 = Color{0x0f, 0x13, 0x1a}
	)
	return neutrals{dark: true, fill: MarkContrast, scheme: Scheme{
		Page: n9, Surface: n8, Surface2: n7, Line: n6, LineStrong: n5, Text: n2, TextQuiet: n3,
		FocusInner: n9, FocusOuter: n1, LogoPlate: Color{0xf4, 0xf5, 0xf8},
		Due:        Tint{Text: Color{0xf1, 0xc4, 0x77}, Tint: Color{0x33, 0x28, 0x12}},
		Overdue:    Tint{Text: Color{0xf9, 0xa8, 0xa1}, Tint: Color{0x3d, 0x1c, 0x1d}},
		Processing: Tint{Text: Color{0xa1, 0xc4, 0xf9}, Tint: Color{0x17, 0x28, 0x42}},
		Paid:       Tint{Text: Color{0x8a, 0xd6, 0xa8}, Tint: Color{0x13, 0x31, 0x21}},
		Void:       Tint{Text: n3, Tint: n7},
	}}
}

// branded fills in the brand's part of the scheme.
func (n neutrals) branded(primary, accent Color) Scheme {
	s := n.scheme
	s.Primary, s.OnPrimary = n.button(primary)
	s.PrimaryHover = hover(s.Primary, s.OnPrimary)
	s.PrimaryText = n.readable(primary, TextContrast)
	s.PrimaryRule = n.readable(primary, MarkContrast)
	s.AccentMark = n.readable(accent, MarkContrast)
	s.AccentText = n.readable(accent, TextContrast)
	return s
}

// away is the direction of lightness that leads away from the scheme's grounds.
func (n neutrals) away() float64 {
	if n.dark {
		return 1
	}
	return -1
}

// readable moves c away from the grounds until it has the ratio to all three.
func (n neutrals) readable(c Color, ratio float64) Color {
	return nearest(c, n.away(), func(c Color) bool { return n.onGrounds(c) >= ratio })
}

// onGrounds is c's lowest contrast to Page, Surface and Surface2.
func (n neutrals) onGrounds(c Color) float64 {
	return min(Contrast(c, n.scheme.Page), Contrast(c, n.scheme.Surface), Contrast(c, n.scheme.Surface2))
}

// visible reports whether a button filled with c is told from what it lies on.
func (n neutrals) visible(c Color) bool {
	return min(Contrast(c, n.scheme.Page), Contrast(c, n.scheme.Surface)) >= n.fill
}

// button returns the main button's fill and the text on it: white, or the darkest neutral when that takes the smaller correction.
func (n neutrals) button(c Color) (fill, text Color) {
	fill = nearest(c, n.away(), n.visible)
	white, ink := Color{0xff, 0xff, 0xff}, darkNeutrals().scheme.Page
	darker := nearest(fill, -1, func(c Color) bool { return Contrast(c, white) >= TextContrast })
	lighter := nearest(fill, +1, func(c Color) bool { return Contrast(c, ink) >= TextContrast })
	// On a dark page a darker fill may sink below the floor; raising never does.
	if n.visible(darker) && distance(fill, darker) <= distance(fill, lighter) {
		return darker, white
	}
	if n.visible(lighter) {
		return lighter, ink
	}
	return darker, white
}

// hover is the fill a little darker, or lighter where it is near black already or its dark text needs the light.
func hover(fill, text Color) Color {
	const step = 0.05
	o := fill.oklch()
	lightness := []float64{o.l - step, min(o.l+step, 1)}
	if o.l < 0.3 {
		lightness = []float64{0.2 + o.l/2} // near black, equal steps are no longer equal to the eye
	}
	for _, l := range lightness {
		moved := oklch{l, o.c, o.h}.color()
		if Contrast(moved, text) >= TextContrast {
			return moved
		}
	}
	return fill
}

// distance is how far two colours are apart in lightness, 0 to 1.
func distance(a, b Color) float64 {
	d := a.oklch().l - b.oklch().l
	return max(d, -d)
}
