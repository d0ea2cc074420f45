package portaltest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

const logoWidth, logoHeight = 420, 108

type point struct{ x, y float64 }

// logoShapes is a flash and the letters VOLT, as polygons on a grid of 420 by 108.
var logoShapes = [][]point{
	{{60, 4}, {14, 62}, {44, 62}, {34, 104}, {84, 42}, {52, 42}},
	{{112, 24}, {130, 24}, {146, 66}, {162, 24}, {180, 24}, {154, 86}, {138, 86}},
	{{194, 24}, {258, 24}, {258, 86}, {194, 86}, {194, 24}, {211, 40}, {211, 70}, {241, 70}, {241, 40}, {211, 40}},
	{{276, 24}, {293, 24}, {293, 70}, {326, 70}, {326, 86}, {276, 86}},
	{{332, 24}, {396, 24}, {396, 40}, {372, 40}, {372, 86}, {355, 86}, {355, 40}, {332, 40}},
}

// LogoPNG is the logo of Bold: dark blue on nothing, so that only a plate makes it readable on a dark page.
func LogoPNG() []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, logoWidth, logoHeight))
	for y := range logoHeight {
		for x := range logoWidth {
			if shade := coverage(float64(x), float64(y)); shade > 0 {
				picture.SetNRGBA(x, y, color.NRGBA{B: 0x80, A: shade})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return out.Bytes()
}

// coverage samples a pixel at sixteen points.
func coverage(x, y float64) uint8 {
	hits := 0
	for i := range 16 {
		if inLogo(x+float64(i%4)/4+0.125, y+float64(i/4)/4+0.125) {
			hits++
		}
	}
	return uint8(hits * 255 / 16)
}

func inLogo(x, y float64) bool {
	for _, shape := range logoShapes {
		inside := false
		for i, a := range shape {
			b := shape[(i+1)%len(shape)]
			if (a.y > y) != (b.y > y) && x < (b.x-a.x)*(y-a.y)/(b.y-a.y)+a.x {
				inside = !inside
			}
		}
		if inside {
			return true
		}
	}
	return false
}
