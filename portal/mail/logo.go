package mail

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // what a stored logo may be
	"image/png"

	"golang.org/x/image/draw"
)

// A logo is shown at most this large, in CSS pixels, and sent at twice that for sharp screens: a mail carries it every time.
const (
	logoHeight = 36
	logoWidth  = 240
	logoScale  = 2
	maxPixels  = 16 << 20 // what the logo check lets in; more is not ours
)

// FitLogo makes a stored logo, PNG or JPEG, small enough to travel inside each mail.
func FitLogo(stored []byte) (Image, error) {
	config, kind, err := image.DecodeConfig(bytes.NewReader(stored))
	if err != nil {
		return Image{}, fmt.Errorf("reading a logo: %w", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width*config.Height > maxPixels {
		return Image{}, errors.New("reading a logo: its size is out of bounds")
	}
	w, h := fit(config.Width, config.Height)
	if config.Width <= w*logoScale && config.Height <= h*logoScale {
		return Image{Bytes: stored, ContentType: "image/" + kind, Width: w, Height: h}, nil
	}
	small, err := shrink(stored, w*logoScale, h*logoScale)
	if err != nil {
		return Image{}, fmt.Errorf("making a logo smaller: %w", err)
	}
	return Image{Bytes: small, ContentType: "image/png", Width: w, Height: h}, nil
}

// fit keeps the picture's proportions inside the box and never enlarges it.
func fit(width, height int) (w, h int) {
	w, h = width, height
	if h > logoHeight {
		w, h = w*logoHeight/h, logoHeight
	}
	if w > logoWidth {
		w, h = logoWidth, h*logoWidth/w
	}
	return max(w, 1), max(h, 1)
}

func shrink(stored []byte, width, height int) ([]byte, error) {
	large, _, err := image.Decode(bytes.NewReader(stored))
	if err != nil {
		return nil, err
	}
	small := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(small, small.Bounds(), large, large.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	err = png.Encode(&out, small)
	return out.Bytes(), err
}
