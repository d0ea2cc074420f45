package tenant

import (
	"encoding/hex"
	"errors"
	"math"
)

// Color is an opaque sRGB colour. The zero value is black.
type Color struct{ R, G, B uint8 }

// ErrColor is returned by ParseColor for everything that is not a colour.
var ErrColor = errors.New("not a colour: write it as #RRGGBB, like #1f5fbf")

// ParseColor reads "#RRGGBB" with upper- or lower-case digits, and nothing else: the value ends up in a stylesheet, so what is not
// seven plain characters never becomes a Color.
func ParseColor(s string) (Color, error) {
	if len(s) != 7 || s[0] != '#' {
		return Color{}, ErrColor
	}
	var rgb [3]byte
	if _, err := hex.Decode(rgb[:], []byte(s[1:])); err != nil {
		return Color{}, ErrColor
	}
	return Color{rgb[0], rgb[1], rgb[2]}, nil
}

// String returns the colour as "#rrggbb".
func (c Color) String() string { return "#" + hex.EncodeToString([]byte{c.R, c.G, c.B}) }

// MarshalText writes the colour as String does.
func (c Color) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText parses like ParseColor.
func (c *Color) UnmarshalText(text []byte) error {
	parsed, err := ParseColor(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// Contrast returns the contrast ratio of two colours by WCAG 2.2, from 1 (equal) to 21 (black and white). The order does not matter.
func Contrast(a, b Color) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is WCAG's relative luminance, 0 to 1.
func (c Color) luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// linear undoes the sRGB transfer curve of one channel.
func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// encoded applies the sRGB transfer curve to one linear channel; what lies outside 0 to 1 is cut off.
func encoded(v float64) uint8 {
	v = min(max(v, 0), 1)
	if v <= 0.0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	return uint8(math.Round(v * 255))
}
