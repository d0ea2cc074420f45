package tenant

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Bounds of a logo: of what is taken, and of what is kept.
const (
	MaxLogoBytes  = 1 << 20    // of the upload
	maxLogoSide   = 10_000     // pixels of the upload
	maxLogoPixels = 16_000_000 // of the upload
	keptWidth     = 800        // pixels of what is stored; a page shows it at 40 px height, three times as dense at most
	keptHeight    = 400
)

// LogoError says why an image is no logo. Code is for programs, Reason for people and says what to mend.
type LogoError struct {
	Code   string // "too_large", "unsupported_format", "too_many_pixels" or "damaged"
	Reason string
}

func (e *LogoError) Error() string { return "logo: " + e.Reason }

// EncodedLogo is a logo as it is stored and served: drawn anew from its pixels, so that nothing else of the upload is left.
type EncodedLogo struct {
	Bytes         []byte
	ContentType   string // always "image/png"
	Width, Height int    // pixels
	Hash          string // hex SHA-256 of Bytes
}

// LogoChecker turns uploads into logos, a few at a time: a small file may take a hundred megabytes to draw. It is safe for concurrent use.
type LogoChecker struct {
	slots chan struct{}
}

// NewLogoChecker returns a checker that decodes at most two images at once.
func NewLogoChecker() *LogoChecker { return &LogoChecker{slots: make(chan struct{}, 2)} }

// Check takes a PNG, JPEG or WebP, known by its content and whatever it is called, and draws it anew as a PNG of at most 800 by 400
// pixels. Size and dimensions are judged before a pixel is decoded. Its errors are *LogoError, or ctx's while it waits for its turn.
func (c *LogoChecker) Check(ctx context.Context, data []byte) (*EncodedLogo, error) {
	if len(data) > MaxLogoBytes {
		return nil, &LogoError{"too_large", "the file is larger than 1 MB; save it smaller"}
	}
	format, err := formatOf(data)
	if err != nil {
		return nil, err
	}
	config, err := format.config(bytes.NewReader(data))
	if err != nil {
		return nil, damaged()
	}
	if err := checkSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	if err := c.turn(ctx); err != nil {
		return nil, err
	}
	defer func() { <-c.slots }()
	return redraw(format, data)
}

// turn waits for one of the slots, and takes it.
func (c *LogoChecker) turn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func checkSize(width, height int) error {
	switch {
	case width < 1 || height < 1:
		return damaged()
	case width > maxLogoSide || height > maxLogoSide || width*height > maxLogoPixels:
		reason := fmt.Sprintf("the image is %d × %d pixels; 16 megapixels and 10,000 pixels a side are the most, and 800 × 400 is enough", width, height)
		return &LogoError{"too_many_pixels", reason}
	}
	return nil
}

// redraw decodes the image, turns it upright, scales it down and encodes it.
func redraw(format imageFormat, data []byte) (*EncodedLogo, error) {
	img, err := format.decode(bytes.NewReader(data))
	if err != nil {
		return nil, damaged()
	}
	img = scaled(img, format.orientation(data))
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("encoding a logo: %w", err)
	}
	sum := sha256.Sum256(out.Bytes())
	size := img.Bounds().Size()
	return &EncodedLogo{Bytes: out.Bytes(), ContentType: "image/png", Width: size.X, Height: size.Y, Hash: hex.EncodeToString(sum[:])}, nil
}

// scaled draws the image into fresh pixels, within the bounds that are kept and turned as the camera said.
func scaled(img image.Image, turn orientation) image.Image {
	from := img.Bounds()
	upright := turn.size(from.Size())
	factor := min(1, keptWidth/float64(upright.X), keptHeight/float64(upright.Y))
	size := image.Pt(max(1, int(float64(from.Dx())*factor)), max(1, int(float64(from.Dy())*factor)))
	fresh := image.NewNRGBA(image.Rectangle{Max: size})
	if size == from.Size() {
		draw.Draw(fresh, fresh.Bounds(), img, from.Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(fresh, fresh.Bounds(), img, from, draw.Src, nil)
	}
	return turn.apply(fresh)
}

func damaged() *LogoError {
	return &LogoError{"damaged", "the image cannot be read to its end; export it again"}
}

// imageFormat is one of the formats that are taken.
type imageFormat struct {
	magic, inner string // inner is looked for at byte 8
	decode       func(*bytes.Reader) (image.Image, error)
	config       func(*bytes.Reader) (image.Config, error)
	orientation  func([]byte) orientation
}

// formatOf looks at the first bytes: names and declared types are the sender's word, and the decoder is chosen by this alone.
func formatOf(data []byte) (imageFormat, error) {
	asShot := func([]byte) orientation { return upright }
	for _, f := range []imageFormat{
		{
			magic: "\x89PNG\r\n\x1a\n", orientation: asShot,
			decode: func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) },
			config: func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) },
		},
		{
			magic: "\xff\xd8\xff", orientation: jpegOrientation,
			decode: func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) },
			config: func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) },
		},
		{
			magic: "RIFF", inner: "WEBP", orientation: asShot,
			decode: func(r *bytes.Reader) (image.Image, error) { return webp.Decode(r) },
			config: func(r *bytes.Reader) (image.Config, error) { return webp.DecodeConfig(r) },
		},
	} {
		if bytes.HasPrefix(data, []byte(f.magic)) && (f.inner == "" || len(data) > 12 && string(data[8:12]) == f.inner) {
			return f, nil
		}
	}
	return imageFormat{}, unsupported(data)
}

// unsupported finds words for what was sent instead.
func unsupported(data []byte) *LogoError {
	start := bytes.ToLower(data[:min(len(data), 1024)])
	if bytes.Contains(start, []byte("<svg")) {
		return &LogoError{"unsupported_format", "SVG can carry programs and is not taken; export the logo as a PNG, 800 pixels wide"}
	}
	return &LogoError{"unsupported_format", "the file is not a PNG, JPEG or WebP image; export the logo as one of them"}
}
