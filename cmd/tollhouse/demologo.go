package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// drawing is a logo on a clear ground, in pixels.
type drawing struct{ *image.NRGBA }

func newDrawing(width, height int) drawing {
	return drawing{image.NewNRGBA(image.Rect(0, 0, width, height))}
}

// fill fills a closed outline, smoothly.
func (d drawing) fill(c color.Color, outline ...[2]float64) {
	r := vector.NewRasterizer(d.Rect.Dx(), d.Rect.Dy())
	for i, p := range outline {
		if i == 0 {
			r.MoveTo(float32(p[0]), float32(p[1]))
			continue
		}
		r.LineTo(float32(p[0]), float32(p[1]))
	}
	r.ClosePath()
	r.Draw(d, d.Rect, image.NewUniform(c), image.Point{})
}

// arc is the outline of a disc's part, from one angle to another.
func arc(x, y, radius, from, to float64) (outline [][2]float64) {
	const steps = 90
	for i := range steps + 1 {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/steps)
		outline = append(outline, [2]float64{x + radius*cos, y + radius*sin})
	}
	return outline
}

// write sets a word in type with its baseline at y, and returns where it ends.
func (d drawing) write(c color.Color, word string, x, y int, size float64) int {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err)
	}
	pen := font.Drawer{Dst: d, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	pen.DrawString(word)
	return pen.Dot.X.Ceil()
}

// png is the drawing up to a width.
func (d drawing) png(width int) []byte {
	var out bytes.Buffer
	_ = png.Encode(&out, d.SubImage(image.Rect(0, 0, width, d.Rect.Dy()))) // a buffer takes everything
	return out.Bytes()
}

// acmeLogo is a peak with a way through it, and the name.
func acmeLogo() []byte {
	d := newDrawing(800, 128)
	blue, green, ink := color.NRGBA{0x2f, 0x4b, 0xd8, 0xff}, color.NRGBA{0x14, 0xa3, 0x8b, 0xff}, color.NRGBA{0x14, 0x1a, 0x33, 0xff}
	d.fill(blue, [2]float64{4, 104}, [2]float64{48, 20}, [2]float64{78, 20}, [2]float64{34, 104})
	d.fill(green, [2]float64{78, 20}, [2]float64{122, 104}, [2]float64{92, 104}, [2]float64{63, 49})
	return d.png(d.write(ink, "Acme Studio", 146, 103, 84) + 4)
}

// sunnysideLogo is a sun over a panel, and the name.
func sunnysideLogo() []byte {
	d := newDrawing(800, 128)
	gold, ink := color.NRGBA{0xff, 0xa8, 0x00, 0xff}, color.NRGBA{0x1c, 0x23, 0x33, 0xff}
	d.fill(gold, arc(68, 82, 32, math.Pi, 2*math.Pi)...)
	for i := range 7 {
		angle := math.Pi + math.Pi*float64(i)/6
		sin, cos := math.Sincos(angle)
		at := func(radius, side float64) [2]float64 {
			return [2]float64{68 + radius*cos - side*sin, 82 + radius*sin + side*cos}
		}
		d.fill(gold, at(42, 4), at(60, 4), at(60, -4), at(42, -4))
	}
	d.fill(ink, [2]float64{4, 92}, [2]float64{132, 92}, [2]float64{132, 102}, [2]float64{4, 102})
	return d.png(d.write(ink, "Sunnyside", 156, 102, 84) + 4)
}
