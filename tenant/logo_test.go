package tenant_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"tollhouse/tenant"
)

func check(t *testing.T, data []byte) *tenant.EncodedLogo {
	t.Helper()
	logo, err := tenant.NewLogoChecker().Check(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return logo
}

func decoded(t *testing.T, logo *tenant.EncodedLogo) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(logo.Bytes))
	if err != nil {
		t.Fatalf("what was stored is no PNG: %v", err)
	}
	if size := img.Bounds().Size(); size != image.Pt(logo.Width, logo.Height) || logo.ContentType != "image/png" {
		t.Fatalf("stored as %s of %d × %d, is %v", logo.ContentType, logo.Width, logo.Height, size)
	}
	return img
}

func TestCheckLogo_TakesPNGJPEGAndWebP(t *testing.T) {
	for name, data := range map[string][]byte{"PNG": asPNG(t, picture(40, 20)), "JPEG": asJPEG(t, picture(40, 20)), "WebP": asWebP(t)} {
		t.Run(name, func(t *testing.T) {
			logo := check(t, data)
			decoded(t, logo)
			if again := check(t, data); again.Hash != logo.Hash || len(logo.Hash) != 64 {
				t.Errorf("hashes %s and %s", logo.Hash, again.Hash)
			}
		})
	}
}

func TestCheckLogo_ScalesDownAndNeverUp(t *testing.T) {
	for _, tt := range []struct{ w, h, wantW, wantH int }{
		{40, 20, 40, 20}, {800, 400, 800, 400}, {1600, 400, 800, 200}, {400, 1600, 100, 400}, {3000, 1, 800, 1}, {801, 400, 800, 399},
	} {
		logo := check(t, asPNG(t, picture(tt.w, tt.h)))
		decoded(t, logo)
		if logo.Width != tt.wantW || logo.Height != tt.wantH {
			t.Errorf("%d × %d became %d × %d, want %d × %d", tt.w, tt.h, logo.Width, logo.Height, tt.wantW, tt.wantH)
		}
	}
}

func TestCheckLogo_KeepsTransparency(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2000, 1000))
	img.SetNRGBA(0, 0, color.NRGBA{R: 255, A: 255})
	if _, _, _, a := decoded(t, check(t, asPNG(t, img))).At(400, 200).RGBA(); a != 0 {
		t.Errorf("alpha of an empty pixel is %d", a)
	}
}

func TestCheckLogo_RefusesWithTheReason(t *testing.T) {
	whole := asPNG(t, picture(400, 200))
	var animated bytes.Buffer
	if err := gif.Encode(&animated, picture(10, 10), nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, code, words string
		data              []byte
	}{
		{"nothing", "unsupported_format", "PNG, JPEG or WebP", nil},
		{"SVG", "unsupported_format", "SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)},
		{"SVG with a prologue", "unsupported_format", "SVG", []byte("<?xml version=\"1.0\"?>\n<!-- x -->\n<SVG onload=alert(1)>")},
		{"HTML", "unsupported_format", "PNG, JPEG or WebP", []byte("<!doctype html><script>alert(1)</script>")},
		{"GIF", "unsupported_format", "PNG, JPEG or WebP", animated.Bytes()},
		{"PDF", "unsupported_format", "PNG, JPEG or WebP", []byte("%PDF-1.7\n")},
		{"more than 1 MB", "too_large", "1 MB", append(whole, make([]byte, 1<<20)...)},
		{"20,000 × 20,000", "too_many_pixels", "20000 × 20000", huge(20000, 20000)},
		{"a long line", "too_many_pixels", "10,000", huge(10001, 1)},
		{"over 16 megapixels", "too_many_pixels", "16 megapixels", huge(4001, 4000)},
		{"2³¹ − 1 a side", "damaged", "", huge(1<<31-1, 1<<31-1)},
		{"no pixels", "damaged", "export it again", huge(0, 10)},
		{"only a header", "damaged", "export it again", huge(100, 100)},
		{"truncated PNG", "damaged", "export it again", whole[:len(whole)*2/3]},
		{"truncated JPEG", "damaged", "export it again", asJPEG(t, picture(400, 200))[:900]},
		{"truncated WebP", "damaged", "export it again", asWebP(t)[:24]},
		{"only magic", "damaged", "export it again", []byte("\x89PNG\r\n\x1a\n")},
		{"only magic of a JPEG", "damaged", "export it again", []byte("\xff\xd8\xff")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			logo, err := tenant.NewLogoChecker().Check(t.Context(), tt.data)
			var refusal *tenant.LogoError
			if !errors.As(err, &refusal) || logo != nil {
				t.Fatalf("Check = %v, %v; want a LogoError", logo, err)
			}
			if refusal.Code != tt.code || !strings.Contains(refusal.Reason, tt.words) {
				t.Errorf("refused as %s: %s", refusal.Code, refusal.Reason)
			}
		})
	}
}

// Thirty bombs at once cost neither time nor memory: their headers tell.
func TestCheckLogo_RefusesABombBeforeItBlows(t *testing.T) {
	bomb := huge(20000, 20000)
	checker := tenant.NewLogoChecker()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := checker.Check(context.Background(), bomb); err == nil {
				t.Error("a bomb was taken")
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

func TestCheckLogo_DropsAllButThePixels(t *testing.T) {
	const trailer = "<script>alert('polyglot')</script>"
	clean := check(t, asPNG(t, picture(40, 20)))
	polyglot := check(t, append(asPNG(t, picture(40, 20)), trailer...))
	if polyglot.Hash != clean.Hash {
		t.Error("what follows the picture changed what is stored")
	}
	const secret = "GPS 59.9139 N 10.7522 E"
	shot := withEXIF(asJPEG(t, picture(40, 20)), 1, secret)
	if !bytes.Contains(shot, []byte(secret)) {
		t.Fatal("the fixture has no metadata")
	}
	for _, logo := range []*tenant.EncodedLogo{polyglot, check(t, shot)} {
		for _, word := range []string{"script", "GPS", "Exif", "eXIf", "tEXt"} {
			if bytes.Contains(logo.Bytes, []byte(word)) {
				t.Errorf("%q is in what is stored", word)
			}
		}
	}
}

// The red quarter is top left in the file; a viewer that follows the EXIF orientation sees it where want says.
func TestCheckLogo_StandsUpright(t *testing.T) {
	for orientation, want := range map[uint16]string{0: "top left", 1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left", 5: "top left",
		6: "top right", 7: "bottom right", 8: "bottom left", 9: "top left"} {
		img := decoded(t, check(t, withEXIF(asJPEG(t, picture(80, 40)), orientation, "")))
		size := img.Bounds().Size()
		if turned := orientation >= 5 && orientation <= 8; turned != (size.Y > size.X) {
			t.Errorf("orientation %d: %v", orientation, size)
		}
		vertical, horizontal := "top", "left"
		if red(img, 0, size.Y-1) || red(img, size.X-1, size.Y-1) {
			vertical = "bottom"
		}
		if red(img, size.X-1, 0) || red(img, size.X-1, size.Y-1) {
			horizontal = "right"
		}
		if got := vertical + " " + horizontal; got != want {
			t.Errorf("orientation %d: red is %s, want %s", orientation, got, want)
		}
	}
}

func red(img image.Image, x, y int) bool {
	r, _, b, _ := img.At(x, y).RGBA()
	return r > b
}

func TestCheckLogo_ServesMoreCallersThanItDecodesAtOnce(t *testing.T) {
	checker := tenant.NewLogoChecker()
	data := asPNG(t, picture(60, 30))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := checker.Check(t.Context(), data); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := checker.Check(gone, data); !errors.Is(err, context.Canceled) {
		t.Errorf("for a caller that has gone: %v", err)
	}
}

func FuzzLogo(f *testing.F) {
	f.Add(asPNG(f, picture(8, 4)))
	f.Add(asJPEG(f, picture(8, 4)))
	f.Add(withEXIF(asJPEG(f, picture(8, 4)), 6, "x"))
	f.Add(asWebP(f))
	f.Add(huge(20000, 20000))
	f.Add(huge(3, 3))
	f.Add([]byte("<svg>"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	checker := tenant.NewLogoChecker()
	f.Fuzz(func(t *testing.T, data []byte) {
		logo, err := checker.Check(t.Context(), data)
		var refusal *tenant.LogoError
		switch {
		case err != nil && !errors.As(err, &refusal):
			t.Fatalf("an error that is no refusal: %v", err)
		case err != nil:
			return
		}
		config, err := png.DecodeConfig(bytes.NewReader(logo.Bytes))
		if err != nil || config.Width != logo.Width || config.Height != logo.Height || config.Width > 800 && config.Height > 400 {
			t.Fatalf("stored %d × %d as %+v, %v", logo.Width, logo.Height, config, err)
		}
	})
}

func BenchmarkCheckLogo(b *testing.B) {
	img := picture(1600, 800)
	random := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(img.Pix); i += 16 {
		img.Pix[i] ^= uint8(random.Uint32() & 3)
	}
	for name, data := range map[string][]byte{"1600x800": asPNG(b, img), "bomb": huge(20000, 20000)} {
		b.Run(name, func(b *testing.B) {
			checker := tenant.NewLogoChecker()
			for b.Loop() {
				_, _ = checker.Check(context.Background(), data)
			}
		})
	}
}
