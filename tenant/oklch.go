package tenant

import "math"

// oklch is a colour by lightness (0 to 1), chroma and hue (radians), in which equal steps of lightness look equal and moving the
// lightness keeps the hue: a corrected brand colour is still that brand's colour. Matrices by Björn Ottosson, "A perceptual color
// space for image processing", 2020.
type oklch struct{ l, c, h float64 }

func (c Color) oklch() oklch {
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	lightness := 0.2104542553*l + 0.7936177850*m - 0.0040720468*s
	a := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	bb := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return oklch{lightness, math.Hypot(a, bb), math.Atan2(bb, a)}
}

// color returns the nearest colour that a screen can show with this lightness and hue: chroma gives way, the other two stay.
func (o oklch) color() Color {
	if c, ok := o.inGamut(); ok {
		return c
	}
	low, high := 0.0, o.c
	for range 12 {
		mid := (low + high) / 2
		if _, ok := (oklch{o.l, mid, o.h}).inGamut(); ok {
			low = mid
		} else {
			high = mid
		}
	}
	c, _ := oklch{o.l, low, o.h}.inGamut()
	return c
}

// inGamut converts to sRGB and reports whether the colour lies inside it, within half a step of eight bits.
func (o oklch) inGamut() (Color, bool) {
	a, b := o.c*math.Cos(o.h), o.c*math.Sin(o.h)
	l := cube(o.l + 0.3963377774*a + 0.2158037573*b)
	m := cube(o.l - 0.1055613458*a - 0.0638541728*b)
	s := cube(o.l - 0.0894841775*a - 1.2914855480*b)
	red := 4.0767416621*l - 3.3077115913*m + 0.2309699292*s
	green := -1.2684380046*l + 2.6097574011*m - 0.3413193965*s
	blue := -0.0041960863*l - 0.7034186147*m + 1.7076147010*s
	const slack = 0.0002
	ok := min(red, green, blue) >= -slack && max(red, green, blue) <= 1+slack
	return Color{encoded(red), encoded(green), encoded(blue)}, ok
}

func cube(v float64) float64 { return v * v * v }

// nearest returns c, or the colour nearest to it in lightness for which good holds, looking only darker (step < 0) or only lighter
// (step > 0). good must hold at the far end, black or white, and is taken to hold from some lightness on.
func nearest(c Color, step float64, good func(Color) bool) Color {
	if good(c) {
		return c
	}
	o := c.oklch()
	bad, fine := o.l, 0.0
	if step > 0 {
		fine = 1
	}
	for range 14 {
		mid := (bad + fine) / 2
		if good(oklch{mid, o.c, o.h}.color()) {
			fine = mid
		} else {
			bad = mid
		}
	}
	return oklch{fine, o.c, o.h}.color()
}
