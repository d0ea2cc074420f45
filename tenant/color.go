package tenant

import (
	"errors"
	"fmt"
)

// Color is an opaque sRGB colour. The zero value is black.
type Color struct{ R, G, B uint8 }

// ErrColor is wrapped by every error of ParseColor.
var ErrColor = errors.New("not a colour: write it as #RRGGBB, like #1f5fbf")

// ParseColor reads "#RRGGBB" with upper- or lower-case digits, and nothing else.
func ParseColor(s string) (Color, error) {
	var c Color
	if len(s) != 7 || s[0] != '#' {
		return Color{}, ErrColor
	}
	if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		return Color{}, ErrColor
	}
	return c, nil
}

// String returns the colour as "#rrggbb".
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
