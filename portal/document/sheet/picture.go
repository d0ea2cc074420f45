package sheet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // read beside PNG
	"image/png"

	"github.com/go-pdf/fpdf"
	scale "golang.org/x/image/draw"
)

// Picture is a picture made fit for paper. It is not changed and can be used by many sheets at once.
type Picture struct {
	Width, Height int // pixels
	name          string
	png           []byte
}

// Bounds of a picture, in pixels: of what is read, and of what is kept, which is enough for a logo at 300 dots an inch.
const (
	maxPixels  = 16_000_000
	keptWidth  = 640
	keptHeight = 240
)

// ErrPicture is wrapped by the reasons why a picture cannot be used.
var ErrPicture = errors.New("the picture cannot be read")

// NewPicture reads a PNG or JPEG, lays it on white, because that is what paper is, and makes it as small as its place needs. Its errors wrap
// ErrPicture.
func NewPicture(data []byte) (*Picture, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("%w: %d × %d pixels", ErrPicture, config.Width, config.Height)
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	flat := flatten(decoded)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, flat); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	sum := sha256.Sum256(out.Bytes())
	size := flat.Bounds().Size()
	return &Picture{Width: size.X, Height: size.Y, name: hex.EncodeToString(sum[:8]), png: out.Bytes()}, nil
}

// flatten draws a picture on white within the bounds that are kept.
func flatten(from image.Image) *image.RGBA {
	size := from.Bounds().Size()
	width, height := size.X, size.Y
	if width > keptWidth {
		width, height = keptWidth, max(1, height*keptWidth/width)
	}
	if height > keptHeight {
		width, height = max(1, width*keptHeight/height), keptHeight
	}
	flat := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if width == size.X && height == size.Y {
		draw.Draw(flat, flat.Bounds(), from, from.Bounds().Min, draw.Over)
	} else {
		scale.CatmullRom.Scale(flat, flat.Bounds(), from, from.Bounds(), draw.Over, nil)
	}
	return flat
}

// place draws the picture on fpdf's page.
func (p *Picture) place(f *fpdf.Fpdf, at placed) {
	options := fpdf.ImageOptions{ImageType: "PNG"}
	if f.GetImageInfo(p.name) == nil {
		f.RegisterImageOptionsReader(p.name, options, bytes.NewReader(p.png))
	}
	f.ImageOptions(p.name, points(at.x), points(at.y), points(at.w), points(at.h), false, options, 0, "")
}
